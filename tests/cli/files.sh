#!/bin/bash
# cli.files: an input or output that fails gives exit status 3 and one line that names the file and
# the error, and damages nothing.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh" "$1" || exit 1

check_fails() { # PATTERN ARGUMENT…
  local pattern=$1
  shift
  run "$@"
  check_equal "$*: status" 3 "$status"
  check_empty "$*: standard output" out
  check_line err "^handoff: $pattern"
  check_equal "$*: lines" 1 "$(wc -l <err)"
}

check_full_device() { # ARGUMENT…
  run_with "$@" >/dev/full 2>err
  check_equal "$* >/dev/full: status" 3 "$status"
  check_line err '^handoff: standard output: no space left on device$'
}

seq 1 1000 >numbers
cp numbers original
mkdir directory

# Whatever the file name, the message is one line and ends in the reason.
check_fails "(a/){600}: no such file or directory\$" -e 0 "$(printf 'a/%.0s' {1..600})"
check_fails '(a/){2048}: (file )?name too long' -e 0 "$(printf 'a/%.0s' {1..9000})"
check_fails 'x\?y\?\[1m: no such file or directory$' -e 0 $'x\ny\e[1m'

check_fails 'missing: no such file or directory$' missing
check_fails 'text: no such file or directory; did you mean --stats=text\?$' --stats text
check_fails 'json: no such file or directory; did you mean --stats=json\?$' --stats json
check_fails 'missing: no such file or directory$' -o created missing
check 'a missing source: nothing created' test ! -e created
check_fails 'directory: is a directory$' -o created directory
check 'a directory as source: nothing created' test ! -e created
check_fails 'numbers/x: not a directory$' numbers/x
check_fails 'standard input: is a directory$' - <directory
ln -s loop loop
check_fails 'loop: too many symbolic links' loop
if [[ -e /proc/self/mem ]]; then
  check_fails '/proc/self/mem: i/o error$' -e 1h /proc/self/mem
fi

check_fails 'missing/file: no such file or directory$' -e 0 -n 3 -o missing/file
check_fails 'directory: is a directory$' -e 0 -n 3 -o directory
check_fails 'directory: is a directory$' -e 0 -o directory numbers

# A full device: by name and as standard output, at the first write and later, paced and unpaced.
check_fails '/dev/full: no space left on device$' -e 0 -n 3 -o /dev/full
check_fails '/dev/full: no space left on device$' -e 0 -o /dev/full numbers
check_fails '/dev/full: no space left on device$' -e 1h -o /dev/full
check_fails '/dev/full: no space left on device$' -e 1h -o /dev/full numbers
check_full_device -e 0 -n 3
check_full_device -e 0
check_full_device -e 1h
check_full_device -e 0 numbers
check_full_device -e 1h numbers
check_full_device -e 0 -c 5 /dev/zero -0
mkfifo in
exec 3<>in
echo line >&3
check_full_device -e 0 - <in # does not wait for more input
exec 3>&-
{ head -c 300000 /dev/zero && seq 1 100; } >long
check_full_device -e 0 long

# Input and output must not be the same file.
ln -s numbers soft
ln numbers hard
for output in numbers ./numbers soft hard; do
  check_fails "$output: input and output are the same file" -e 0 -o $output numbers
  check_same "-o $output numbers" original numbers
  check_fails "$output: input and output are the same file" -e 0 -o $output - <numbers
  check_same "-o $output - <numbers" original numbers
done
# shellcheck disable=SC2094
run_with -e 0 numbers >>numbers 2>err
check_equal '>>numbers' 3 "$status"
check_line err '^handoff: standard output: input and output are the same file'
check_same '>>numbers' original numbers
# shellcheck disable=SC2094
run_with -e 0 - <numbers 1<>numbers 2>err
check_equal '<numbers 1<>numbers' 3 "$status"
check_same '<numbers 1<>numbers' original numbers
run_with -e 0 - </dev/null >/dev/null
check_equal 'a device may be both' 0 "$status"

if is_instrumented; then
  echo 'not checked: a line larger than memory, because sanitizers need more address space'
else
  (ulimit -v 200000 && exec timeout "$time_limit" "$command" -e 0 /dev/zero) >out 2>err
  check_equal 'a line larger than memory: status' 3 $?
  check_line err '^handoff: /dev/zero: not enough memory$'
  check_empty 'a line larger than memory' out
fi

# Permissions do not apply to root, so root becomes an ordinary user where it can.
as_user=()
if ((EUID == 0)); then
  as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi
chmod 755 . && cp "$command" ./handoff && chmod 755 handoff && mkdir locked && chmod 555 locked
chmod 000 hard
if "${as_user[@]}" ./handoff --version >/dev/null 2>&1; then
  "${as_user[@]}" timeout "$time_limit" ./handoff -e 0 numbers >out 2>err
  check_equal 'an unreadable source: status' 3 $?
  check_line err '^handoff: numbers: permission denied$'
  check_empty 'an unreadable source' out
  "${as_user[@]}" timeout "$time_limit" ./handoff -e 0 -n 3 -o locked/file >out 2>err
  check_equal 'an unwritable directory: status' 3 $?
  check_line err '^handoff: locked/file: permission denied$'
  check_empty 'an unwritable directory' out
else
  echo 'not checked: permissions, because setpriv(1) cannot drop root here'
fi

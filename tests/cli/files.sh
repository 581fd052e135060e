#!/bin/bash
# cli.files: inputs and outputs that fail: exit 3, the file and the error named, nothing harmed.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh" "$1" || exit 1

# faults PATTERN ARGUMENT…
faults() {
  local pattern=$1
  shift
  limit=$patience run "$@"
  check_equal "$*: status" 3 "$status"
  check_empty "$*: standard output" out
  check_says err "^handoff: $pattern"
  check_equal "$*: lines" 1 "$(wc -l <err)"
}

# fills_up ARGUMENT…: with standard output on a device that is full.
fills_up() {
  limit=$patience run_with "$@" >/dev/full 2>err
  check_equal "$* >/dev/full: status" 3 "$status"
  check_says err '^handoff: standard output: no space left on device$'
}

seq 1 1000 >numbers
cp numbers kept

# Whatever a file is called, it is one line, and the reason is in it.
faults "(a/){600}: no such file or directory\$" -e 0 "$(printf 'a/%.0s' {1..600})"
faults '(a/){2048}: file name too long|name too long' -e 0 "$(printf 'a/%.0s' {1..9000})"
faults 'x\?y\?\[1m: no such file or directory$' -e 0 $'x\ny\e[1m'
mkdir directory

faults 'missing: no such file or directory$' missing
faults 'missing: no such file or directory$' -o created missing
check 'a missing source: nothing created' test ! -e created
faults 'directory: illegal operation on a directory$' -o created directory
check 'a directory as source: nothing created' test ! -e created
faults 'numbers/x: not a directory$' numbers/x
faults 'standard input: illegal operation on a directory$' - <directory
ln -s loop loop
faults 'loop: too many symbolic links' loop
if [[ -e /proc/self/mem ]]; then
  faults '/proc/self/mem: i/o error$' -e 1h /proc/self/mem
fi

faults 'missing/file: no such file or directory$' -e 0 -n 3 -o missing/file
faults 'directory: illegal operation on a directory$' -e 0 -n 3 -o directory
faults 'directory: illegal operation on a directory$' -e 0 -o directory numbers

# A full device: by name and as standard output, at once and late, paced and not, long and short.
faults '/dev/full: no space left on device$' -e 0 -n 3 -o /dev/full
faults '/dev/full: no space left on device$' -e 0 -o /dev/full numbers
faults '/dev/full: no space left on device$' -e 1h -o /dev/full
faults '/dev/full: no space left on device$' -e 1h -o /dev/full numbers
fills_up -e 0 -n 3
fills_up -e 0
fills_up -e 1h
fills_up -e 0 numbers
fills_up -e 1h numbers
fills_up -e 0 -c 5 /dev/zero -0
mkfifo in
exec 3<>in
echo line >&3
fills_up -e 0 - <in # more may come, and is not waited for
exec 3>&-
{ head -c 300000 /dev/zero && seq 1 100; } >long
fills_up -e 0 long

# A file that may not grow further: what fits is written, the rest is an error and not lost in silence.
if (trap '' XFSZ && ulimit -f 1 && : >small) 2>/dev/null; then
  (trap '' XFSZ && ulimit -f 1 && exec timeout "$patience" "$command" -e 0 -n 100000 -o small) 2>err
  check_equal 'a file at its limit: status' 3 $?
  check_says err '^handoff: small: file too large$'
  check 'a file at its limit: what it has' is_lawful <(head -n 40 small) 1
fi

# The same file for input and output would eat itself.
ln -s numbers soft
ln numbers hard
for output in numbers ./numbers soft hard; do
  faults "$output: input and output are the same file" -e 0 -o $output numbers
  check_same "-o $output numbers" kept numbers
  faults "$output: input and output are the same file" -e 0 -o $output - <numbers
  check_same "-o $output - <numbers" kept numbers
done
# shellcheck disable=SC2094
run_with -e 0 numbers >>numbers 2>err
check_equal '>>numbers' 3 "$status"
check_says err '^handoff: standard output: input and output are the same file'
check_same '>>numbers' kept numbers
# shellcheck disable=SC2094
run_with -e 0 - <numbers 1<>numbers 2>err
check_equal '<numbers 1<>numbers' 3 "$status"
check_same '<numbers 1<>numbers' kept numbers
# But what is no file may be both.
run_with -e 0 - </dev/null >/dev/null
check_equal 'a device as both' 0 "$status"

if is_instrumented; then
  echo 'not checked: a line longer than memory; sanitizers need more address space than the limit leaves'
else
  (ulimit -v 200000 && exec timeout "$patience" "$command" -e 0 /dev/zero) >out 2>err
  check_equal 'a line longer than memory: status' 3 $?
  check_says err '^handoff: /dev/zero: not enough memory$'
  check_empty 'a line longer than memory' out
fi

# What an ordinary user may not touch. Root may, so it becomes nobody, where it can.
as_user=()
if ((EUID == 0)); then
  as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi
chmod 755 . && cp "$command" ./handoff && chmod 755 handoff && mkdir locked && chmod 555 locked
chmod 000 hard
if "${as_user[@]}" ./handoff --version >/dev/null 2>&1; then
  "${as_user[@]}" timeout "$patience" ./handoff -e 0 numbers >out 2>err
  check_equal 'an unreadable source: status' 3 $?
  check_says err '^handoff: numbers: permission denied$'
  check_empty 'an unreadable source' out
  "${as_user[@]}" timeout "$patience" ./handoff -e 0 -n 3 -o locked/file >out 2>err
  check_equal 'an unwritable directory: status' 3 $?
  check_says err '^handoff: locked/file: permission denied$'
  check_empty 'an unwritable directory' out
else
  echo 'not checked: permissions; setpriv(1) cannot make an ordinary user of root here'
fi

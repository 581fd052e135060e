#!/bin/bash
# cli.lines: the output is the input, byte for byte. unit.cli_line_reader and fuzz.lines test how
# lines are split; here a few inputs pass through the whole command.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh" "$1" || exit 1

# check_copy FILE ARGUMENT…: by name and through a pipe, whose reads have other sizes.
check_copy() {
  local file=$1
  shift
  run -e 0 "$@" "$file"
  check_equal "$* $file: status" 0 "$status"
  check_same "$* $file" "$file" out
  check_empty "$* $file" err
  # shellcheck disable=SC2002
  cat "$file" | run_with -e 0 "$@" - | cmp - "$file"
  check_equal "cat $file | handoff $* -" '0 0 0' "${PIPESTATUS[*]}"
}

: >empty
printf 'no newline' >bare
printf 'a\nb' >unended
printf '\n\n\na\n\nb\n\n' >gaps
printf 'a\r\nb\r\n\r\n' >crlf
printf 'a\0b\n\0\n\0\0\nend\0' >nuls
printf '\377\376\n\200\n' >bytes
seq 1 20000 >numbers
for file in empty bare unended gaps crlf nuls bytes numbers; do
  check_copy $file
done
check_copy nuls -0
check_copy unended --null --late shift
# Lines around the size of the read buffer, 64 KiB, and short lines in a buffer that has grown.
for size in 65534 65535 65536 65537 131072; do
  head -c $size /dev/zero | tr '\0' x >long
  { echo first && cat long && echo && echo last && cat long; } >"long$size"
  check_copy "long$size"
done
{ yes x | head -n 300000 | tr -d '\n' && echo; } >long
{ cat long && echo short && head -c 70000 long && echo && echo short; } >grown
head -c 1000000 /dev/urandom >random
for capacity in 0 5; do
  check_copy grown -c $capacity
  check_copy random -c $capacity
  check_copy numbers -c $capacity
done
check_copy random -0

{ head -c 67108864 /dev/zero | tr '\0' y && printf '\nlast\n'; } >huge
check_copy huge # a line of 64 MiB
rm -f huge out

# -n stops after that many items.
head -n 7 numbers >expected
run -e 0 -n 7 numbers
check_equal '-n 7' 0 "$status"
check_same '-n 7' expected out
for n in 20000 20001; do
  for capacity in 0 1 5; do
    run -e 0 -c $capacity -n $n numbers
    check_equal "-n $n -c $capacity" 0 "$status"
    check_same "-n $n -c $capacity" numbers out
  done
done
for arguments in '-n 0' '--for 0'; do
  # shellcheck disable=SC2086
  run -e 0 $arguments numbers
  check_equal "$arguments" 0 "$status"
  check_empty "$arguments" out
done
run -e 0 -n 1 -0 nuls
printf 'a\0' >expected
check_same '-0 -n 1' expected out
run -e 0 -0 -n 2 nuls
printf 'a\0b\n\0' >expected
check_same '-0 -n 2' expected out

# Pacing changes no byte, and the run ends with the last line.
seq 1 30 >short
run -e 2ms short
check_same paced short out
run -r 500/s --late burst=4 - <short
check_same 'paced, burst' short out
run --produce-every 2ms --consume-every 0 short
check_same 'a paced producer' short out
head -n 3 numbers >expected
for arguments in '-n 3 numbers' '--for 1s numbers'; do
  # shellcheck disable=SC2086
  run -r 1/d --late burst=3 --burst-start $arguments
  check_equal "a full bucket, $arguments" 0 "$status"
  check_same "a full bucket, $arguments" expected out
done
run -r 1/d --late burst=100 --burst-start short
check_same 'a bucket for more than there are' short out
run -r 1000000/s numbers
check_same 'paced in batches' numbers out
echo one >one
run -e 1h one
check_equal '-e 1h, one line' 0 "$status"
check_same '-e 1h, one line' one out
run -e 1h empty
check_equal '-e 1h, no line' 0 "$status"
head -n 1 numbers >expected
run -e 1h --for 1s numbers
check_equal '--for' 0 "$status"
check_same '--for' expected out
# However many lines were copied by then, the output is a prefix of the input.
run -e 0 --for 5ms random
check '--for, unpaced' cmp -n "$(wc -c <out)" out random

run -e 0 -o copy numbers
check_same '-o FILE' numbers copy
check_empty '-o FILE: standard output' out
# File names that look like standard input or like an option.
cp short ./-
cp short ./-n
run -e 0 ./-
check_same ./- short out
run -e 0 -- -n
check_same '-- -n' short out

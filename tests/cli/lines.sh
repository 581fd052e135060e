#!/bin/bash
# cli.lines: what goes in comes out, byte for byte, whatever it is.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh" "$1" || exit 1

# passes FILE ARGUMENT…: by name and as standard input, unpaced, whatever the capacity.
passes() {
  local file=$1 capacity
  shift
  for capacity in 0 1 5; do
    run -e 0 -c $capacity "$@" "$file"
    check_equal "$file $*: status" 0 "$status"
    check_same "$file $*" "$file" out
    check_empty "$file $*" err
    run -e 0 -c $capacity "$@" - <"$file"
    check_equal "- <$file $*: status" 0 "$status"
    check_same "- <$file $*" "$file" out
  done
  # Through a pipe reads are of other sizes.
  # shellcheck disable=SC2002
  cat "$file" | run_with -e 0 "$@" - | cmp - "$file"
  check_equal "cat $file | … | cmp" '0 0 0' "${PIPESTATUS[*]}"
}

: >empty
echo one >one
printf 'no newline' >bare
printf 'a\nb' >unended
printf '\n' >newline
printf '\n\n\n' >newlines
printf '\na\n\nb\n\n' >gaps
printf 'a\r\nb\r\n\r\n' >crlf
printf 'a\0b\n\0\n\0\0\nend\0' >nuls
printf '\377\376\n\200\n' >bytes
printf 'x' >x
seq 1 20000 >numbers
for file in empty one bare unended newline newlines gaps crlf nuls bytes x numbers; do
  passes $file
  passes $file -0
  passes $file --null --late shift
done
# About the sizes of the buffers: 64 KiB, and the line that crosses it.
for size in 65534 65535 65536 65537 131071 131072 131073; do
  head -c $size /dev/zero | tr '\0' x >long
  passes long
  { echo first && cat long && echo && echo last; } >among
  passes among
done
# A buffer that has grown holds short lines and long ones together.
{ yes x | head -n 300000 | tr -d '\n' && echo; } >long
{ cat long && echo short && head -c 70000 long && echo && echo short && head -c 65537 long && echo; } >grown
passes grown
head -c 1000000 /dev/urandom >random
passes random
passes random -0

{ head -c 67108864 /dev/zero | tr '\0' y && printf '\nlast\n'; } >huge
run -e 0 huge
check_same 'a line of 64 MiB' huge out
# shellcheck disable=SC2094
run_with -e 0 - <huge | cmp - huge
check_equal 'a line of 64 MiB through a pipe' '0 0' "${PIPESTATUS[*]}"
rm -f huge out

# -n takes whole items and no more.
head -n 7 numbers >expected
run -e 0 -n 7 numbers
check_equal '-n 7' 0 "$status"
check_same '-n 7' expected out
for capacity in 0 1 5; do
  run -e 0 -c $capacity -n 20001 numbers
  check_equal "-n above the end at -c $capacity" 0 "$status"
  check_same "-n above the end at -c $capacity" numbers out
done
run -e 0 -n 20000 numbers
check_same '-n at the end' numbers out
run -n 0 numbers
check_equal '-n 0' 0 "$status"
check_empty '-n 0' out
printf 'a\nb\0' >expected
run -e 0 -n 1 -0 nuls
printf 'a\0' >expected
check_same '-0 -n 1' expected out
run -e 0 -0 -n 2 nuls
printf 'a\0b\n\0' >expected
check_same '-0 -n 2' expected out

# Paced, one line at a time, the same; and the end comes when the last one was written.
seq 1 30 >short
limit=$patience run -e 2ms short
check_same paced short out
limit=$patience run -r 500/s --late burst=4 - <short
check_same 'paced, burst' short out
limit=$patience run --produce-every 2ms --consume-every 0 short
check_same 'a paced producer' short out
limit=$patience run -e 1h one
check_equal 'one line an hour, one line' 0 "$status"
check_same 'one line an hour, one line' one out
limit=$patience run -e 1h empty
check_equal 'one line an hour, none' 0 "$status"
head -n 1 numbers >expected
limit=$patience run -e 1h --for 100ms numbers
check_equal '--for' 0 "$status"
check_same '--for' expected out
# However many were read by then: what came out is the beginning of what went in, in whole lines.
run -e 0 --for 5ms random
check '--for, unpaced' cmp -n "$(wc -c <out)" out random

run -e 0 -o copy numbers
check_same '-o FILE' numbers copy
check_empty '-o FILE: standard output' out
# A name that looks like a flag or like standard input.
cp short ./-
cp short ./-n
run -e 0 ./-
check_same ./- short out
run -e 0 -- -n
check_same '-- -n' short out

#!/bin/bash
# cli.counter: what the counter prints, exactly, and when it stops.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh" "$1" || exit 1

for capacity in 0 1; do
  for n in 1 2 1000; do
    counted $n >expected
    run -e 0 -c $capacity -n $n
    check_equal "-c $capacity -n $n" 0 "$status"
    check_same "-c $capacity -n $n" expected out
    check_empty "-c $capacity -n $n" err
  done
done

# The sum that the project promises, paced by nothing.
expected=$(counted 100000 | sha256sum)
check_equal '100000 items' "$expected" "$(run_with --every 0 -n 100000 | sha256sum)"
check_equal '100000 items at a rendezvous' "$expected" "$(run_with -e 0 -c 0 -n 100000 | sha256sum)"

for capacity in 5 64; do
  run -e 0 -c $capacity -n 20000
  check "lawful at $capacity" is_lawful out $capacity
  check_equal "-c $capacity: producer's lines" 20000 "$(grep -c '^Producer' out)"
  check_equal "-c $capacity: consumer's lines" 20000 "$(grep -c '^Consumer' out)"
done
# With a slow consumer the slot fills to its capacity, and no further: three puts before the first get
# of the second item is due.
run --produce-every 0 --consume-every 50ms -c 3 -n 6
check 'slow consumer: lawful at 3' is_lawful out 3
check 'slow consumer: not at 2' bash -c "! $(declare -f is_lawful); ! is_lawful out 2 >/dev/null"
run --produce-every 20ms --consume-every 0 -c 3 -n 4
counted 4 >expected
check_same 'fast consumer' expected out

# Paced, alternating as well; late policies change the times only.
for late in skip shift burst=3; do
  counted 20 >expected
  run -e 2ms --late $late -n 20
  check_same "--late $late" expected out
done

run -e 1h -n 0
check_equal '-n 0' 0 "$status"
check_empty '-n 0' out
check_empty '-n 0' err

# The first item comes at once, so one takes no interval, and the end does not wait for a tick.
limit=$patience run -e 1h -n 1
counted 1 >expected
check_equal '-e 1h -n 1' 0 "$status"
check_same '-e 1h -n 1' expected out

limit=$patience run -e 1h --for 100ms
check_equal '-e 1h --for' 0 "$status"
check_same '-e 1h --for' expected out
run -e 0 --for 50ms
check_equal '-e 0 --for' 0 "$status"
check '-e 0 --for' is_lawful out 1
run -e 0 --for 0
check_equal '--for 0' 0 "$status"
check '--for 0' is_lawful out 1
# 51 instants lie in 500 ms on the grid of 10 ms, both ends counted: never more are used.
run -e 10ms --for 500ms --stats=json
check '--for 500ms at 10 ms: at most 51 items' test "$(stat_of err items)" -le 51
check '--for 500ms: not shorter' test "$(stat_of err elapsed_ns)" -ge 500000000
run -e 10ms -n 11 --stats=json
check '11 items at 10 ms: never early' test "$(stat_of err elapsed_ns)" -ge 100000000

run -q -e 0 -n 1000
check_equal -q 0 "$status"
check_empty -q out
check_empty -q err

# Standard input is not the counter's.
mkfifo in
exec 3<>in
echo untouched >&3
run -e 0 -n 5 <&3
check_equal 'with an input' 0 "$status"
check 'the input has its line' read -r -t "$patience" -u 3 line
check_equal 'the input' untouched "${line-}"

counted 1000 >expected
echo 'longer than what comes, or the rest would stay' >out.txt
yes | head -n 50000 >>out.txt
run -e 0 -n 1000 -o out.txt
check_equal '-o FILE' 0 "$status"
check_same '-o FILE' expected out.txt
check_empty '-o FILE: standard output' out
run -e 0 -n 1000 -o -
check_same '-o -' expected out
check '-o -: no file' test ! -e ./-
run -e 0 -n 1000 -o /dev/stdout
check_same '-o /dev/stdout' expected out
# Appending is the shell's business, and stays so.
run_with -e 0 -n 1 >appended
run_with -e 0 -n 1 >>appended
{ counted 1 && counted 1; } >expected
check_same '>>' expected appended

#!/bin/bash
# cli.counter: the counter prints exactly its log, and stops at -n, at --for, or at a signal.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh" "$1" || exit 1

for capacity in 0 1; do
  for n in 1 2 1000; do
    counter_log $n >expected
    run -e 0 -c $capacity -n $n
    check_equal "-c $capacity -n $n" 0 "$status"
    check_same "-c $capacity -n $n" expected out
    check_empty "-c $capacity -n $n" err
  done
done

expected=$(counter_log 100000 | sha256sum)
check_equal '100000 items' "$expected" "$(run_with --every 0 -n 100000 | sha256sum)"
check_equal '100000 rendezvous' "$expected" "$(run_with -e 0 -c 0 -n 100000 | sha256sum)"

check_sides() { # ITEMS CAPACITY
  check "occupancy at -c $2" is_within_capacity out "$2"
  check_equal "-c $2: lines of the producer" "$1" "$(grep -c '^Producer' out)"
  check_equal "-c $2: lines of the consumer" "$1" "$(grep -c '^Consumer' out)"
}
for capacity in 5 64; do
  run -e 0 -c $capacity -n 20000
  check_sides 20000 $capacity
done
run --produce-every 2ms --consume-every 0 -c 3 -n 4
check_sides 4 3

# The consumer takes one item and waits for an hour. The producer fills the queue and no more.
rm -f out
start --produce-every 0 --consume-every 1h -c 3 >out 2>err
wait_for_line out '^Producer: 4$'
wait_for_line out '^Consumer: 1$'
wait_until_idle 'the queue is full'
kill -TERM "$pid"
wait_for_exit
check 'slow consumer: occupancy' is_within_capacity out 3
check_equal 'slow consumer: lines' 5 "$(wc -l <out)"

# The policy for missed ticks changes times only.
counter_log 20 >expected
for policy in skip shift burst=3; do
  run -e 2ms --late $policy -n 20
  check_same "--late $policy" expected out
done

for arguments in '-n 0' '--for 0' '-e 0 --for 0'; do
  # shellcheck disable=SC2086
  run -e 1h $arguments
  check_equal "$arguments" 0 "$status"
  check_empty "$arguments" out
  check_empty "$arguments" err
done

# The first item comes at once, and the end does not wait for another tick.
run -e 1h -n 1
counter_log 1 >expected
check_equal '-e 1h -n 1' 0 "$status"
check_same '-e 1h -n 1' expected out

run -e 1h --for 1s
check_equal '-e 1h --for' 0 "$status"
check_same '-e 1h --for' expected out
run -e 0 --for 50ms
check_equal '-e 0 --for' 0 "$status"
check '-e 0 --for' is_within_capacity out 1

# On a grid of 10 ms, n items need at least (n - 1) * 10 ms, and --for ends no run early.
run -e 10ms --for 500ms --stats=json
elapsed=$(json_number err elapsed_ns)
check '--for 500ms: not shorter' test "$elapsed" -ge 500000000
check '--for 500ms: no tick is early' \
  test $((($(json_number err items) - 1) * 10000000)) -le "$elapsed"
run -e 10ms -n 11 --stats=json
check '11 items: no tick is early' test "$(json_number err elapsed_ns)" -ge 100000000

# A bucket starts with one token, or with --burst-start full. The numbers go on after the burst.
for bucket in '1 burst=5' '5 burst=5 --burst-start' '1 burst=1 --burst-start'; do
  read -r n arguments <<<"$bucket"
  counter_log "$n" >expected
  rm -f out
  # shellcheck disable=SC2086
  start -e 1h --late $arguments >out 2>err
  wait_for_line out "^Consumer: $n\$"
  wait_until_idle 'the bucket is empty'
  kill -TERM "$pid"
  wait_for_exit
  check_same "$arguments" expected out
done
for arguments in '-e 1h -n 5' '-e 1h -n 3' '-e 1ms -n 20' '-e 1ms -n 20 -c 0'; do
  n=${arguments#*-n }
  counter_log "${n% -c 0}" >expected
  # shellcheck disable=SC2086
  run --late burst=5 --burst-start $arguments
  check_equal "$arguments, a full bucket" 0 "$status"
  check_same "$arguments, a full bucket" expected out
done

run -q -e 0 -n 1000
check_equal -q 0 "$status"
check_empty -q out
check_empty -q err

# A wall clock that another program has set plays no role. libfaketime also replaces timers.
if is_instrumented || ! faketime '2001-01-01' true 2>/dev/null; then
  echo 'not checked: another wall clock, because faketime(1) does not run here'
else
  timeout "$time_limit" faketime '2001-01-01' "$command" -e 10ms -n 3 >out 2>err
  check_equal 'in 2001' 0 $?
  counter_log 3 >expected
  check_same 'in 2001' expected out
fi

# Without `-`, standard input is not read.
mkfifo in
exec 3<>in
echo untouched >&3
run -e 0 -n 5 <&3
check_equal 'with an input' 0 "$status"
check 'the input still has its line' read -r -t "$time_limit" -u 3 line
check_equal 'the input' untouched "${line-}"

# An output file is truncated; a standard output that the shell opened for appending is not.
counter_log 1000 >expected
yes 'longer than the output' | head -n 50000 >out.txt
run -e 0 -n 1000 -o out.txt
check_equal '-o FILE' 0 "$status"
check_same '-o FILE' expected out.txt
check_empty '-o FILE: standard output' out
run -e 0 -n 1000 -o -
check_same '-o -' expected out
check '-o -: no file' test ! -e ./-
run -e 0 -n 1000 -o /dev/stdout
check_same '-o /dev/stdout' expected out
run_with -e 0 -n 1 >appended
run_with -e 0 -n 1 >>appended
{ counter_log 1 && counter_log 1; } >expected
check_same '>>' expected appended

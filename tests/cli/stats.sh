#!/bin/bash
# cli.stats: what is told beside the data, and where: statistics, the log of -v, and nothing unasked.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh" "$1" || exit 1

seq 1 500 >numbers

# The whole form: six lines.
duration='(-|[0-9]+(\.[0-9]+)?(ns|us|ms|s)|[0-9]+m[0-9]*s?|[0-9]+h[0-9]*m?)'
rate='(-|[0-9]+(\.[0-9]+)?/[smh])'
check_text() { # FILE ITEMS
  local form
  for form in "items     $2 in $duration" "rate      asked $rate, achieved $rate" \
    "lateness  p50 $duration, p99 $duration, max $duration" \
    "hand-off  p50 $duration, p99 $duration, max $duration" \
    'missed    producer [0-9]+ ticks, consumer [0-9]+ ticks' \
    "blocked   producer $duration, consumer $duration"; do
    check_says "$1" "^$form\$"
  done
}
n='[0-9]+'
float='[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?'
spread="\\{\"count\":$n,\"p50\":$n,\"p99\":$n,\"max\":$n\\}"
check_json() { # FILE
  check_equal "$1: lines" 1 "$(wc -l <"$1")"
  check_says "$1" "^\\{\"items\":$n,\"produced\":$n,\"elapsed_ns\":$n,\"asked_per_s\":$float,\"achieved_per_s\":$float,\"lateness_ns\":$spread,\"handoff_ns\":$spread,\"missed\":\\{\"producer\":$n,\"consumer\":$n\\},\"blocked_ns\":\\{\"producer\":$n,\"consumer\":$n\\}\\}\$"
}

for arguments in '-e 0 -n 500' '-e 0 numbers' '-e 0 - -c 5' '-e 0 -n 500 -q'; do
  # shellcheck disable=SC2086
  run --stats $arguments <numbers
  check_equal "$arguments: status" 0 "$status"
  check_text err 500
  check_equal "$arguments: nothing more" 6 "$(wc -l <err)"
  check_says err '^rate      asked -, '
  check_says err '^lateness  p50 -, p99 -, max -$'
  check "$arguments: only data on standard output" bash -c '! grep -q items out'
  # shellcheck disable=SC2086
  run --stats=text $arguments <numbers
  check_text err 500
  # shellcheck disable=SC2086
  run --stats=json $arguments <numbers
  check_json err
  check_equal "$arguments: items" 500 "$(stat_of err items)"
  check_equal "$arguments: produced" 500 "$(stat_of err produced)"
  check_equal "$arguments: asked" 0 "$(stat_of err asked_per_s)"
  check_says err '"lateness_ns":\{"count":0,.*"handoff_ns":\{"count":500,'
done

# Paced: every turn of a paced side has its lateness, and the asked rate is the slower side's.
run --stats=json -e 1ms -n 50
check_json err
check_equal 'asked of 1ms' 1000 "$(stat_of err asked_per_s)"
check_says err '"lateness_ns":\{"count":100,.*"handoff_ns":\{"count":50,'
check 'the achieved rate is told' awk -v rate="$(stat_of err achieved_per_s)" 'BEGIN { exit rate <= 0 }'
check 'never early' test "$(stat_of err elapsed_ns)" -ge 49000000
run --stats=json -r 500/s -n 20 numbers
check_equal 'asked of 500/s' 500 "$(stat_of err asked_per_s)"
check_says err '"lateness_ns":\{"count":20,.*"handoff_ns":\{"count":20,'
run --stats=json --produce-every 1ms --consume-every 4ms -n 10
check_equal 'asked of 1ms and 4ms' 250 "$(stat_of err asked_per_s)"
run --stats -r 100/m -n 1
check_says err '^rate      asked 1\.667/s, achieved -$'
run --stats -e 1h -n 1 numbers
check_text err 1
check_says err '^rate      asked 1/h, achieved -$'
# The producer misses what it cannot use while it waits: the consumer takes twenty times as long.
run --stats=json --produce-every 1ms --consume-every 20ms -n 5
check 'missed ticks' grep -Eq '"missed":\{"producer":([2-9]|[1-9][0-9]+),' err
check 'waiting is told' awk -v ns="$(sed -E 's/.*"blocked_ns":\{"producer":([0-9]+).*/\1/' err)" \
  'BEGIN { exit ns < 20000000 }'
run --stats=json --produce-every 20ms --consume-every 0 -n 3
check 'waiting of the consumer is told' \
  awk -v ns="$(sed -E 's/.*"blocked_ns":.*"consumer":([0-9]+).*/\1/' err)" 'BEGIN { exit ns < 20000000 }'

# Late policies: the consumer waits for an item through many of its ticks. It misses them, or counts
# anew from when it has the item, or has them all in store, up to so many.
waits=(--stats=json --produce-every 200ms --consume-every 2ms -n 3)
missed='"missed":\{"producer":0,"consumer"'
run "${waits[@]}"
check_says err "$missed:[1-9]"
run "${waits[@]}" --late skip
check_says err "$missed:[1-9]"
run "${waits[@]}" --late shift
check_says err "$missed:0\}"
run "${waits[@]}" --late burst=2 -n 4 # what is missed is told with the tick after it
check_says err "$missed:[1-9]"
run "${waits[@]}" --late burst=1000
check_says err "$missed:0\}"
check 'the store of ticks is used' awk -v ns="$(sed -E 's/.*"lateness_ns":[^}]*"max":([0-9]+).*/\1/' err)" \
  'BEGIN { exit ns < 100000000 }'

# None, and the last form wins.
run --stats -n 0
check_text err 0
run --stats=json -n 0
check_json err
run --stats=json --stats -e 0 -n 1
check_text err 1
for nothing in '-e 0 -n 500' '-e 0 numbers' '-q -e 0 numbers' '-e 1ms -n 20 numbers'; do
  # shellcheck disable=SC2086
  run $nothing
  check_empty "$nothing" err
done

# -v: each hand-off in its order, on standard error; the data on standard output, untouched.
counted 500 >expected
for arguments in 'numbers' '-c 0 numbers' '-'; do
  # shellcheck disable=SC2086
  run -e 0 -v $arguments <numbers
  check_equal "-v $arguments: status" 0 "$status"
  check_same "-v $arguments: the data" numbers out
  check_same "-v $arguments: the log" expected err
done
run -e 0 -v -c 5 numbers
check '-v at capacity 5' is_lawful err 5
check_equal '-v at capacity 5: lines' 1000 "$(wc -l <err)"
run -e 1ms -v -n 20 numbers
counted 20 >expected
check_same '-v, paced' expected err
seq 1 20000 >many
counted 20000 >expected
run -e 0 -v many
check_same '-v, many: the data' many out
check_same '-v, many: the log' expected err
run -e 0 -v -o copy many
check_same '-v -o: the data' many copy
check_same '-v -o: the log' expected err
check_empty '-v -o' out
# The statistics come after the log, in one stream too.
run_with -e 0 -v --stats -o copy many 2>err
head -n 40000 err >log
check_same '-v --stats: the log first' expected log
check_text err 20000
run_with -e 0 --stats -n 20000 >both 2>&1
head -n 40000 both >log
check_same 'the counter and its statistics in one stream' expected log
# The last of -v and -q wins.
run -e 0 -v -q numbers
check_empty '-v -q' err
run -e 0 -q -v -n 3
counted 3 >expected
check_same 'counter, -q -v' expected out

# Nobody to hear of it is no reason to fail: the data counts. But a log that was asked for does.
run_with -e 0 --stats numbers >out 2>/dev/full
check_equal '--stats 2>/dev/full' 0 "$status"
check_same '--stats 2>/dev/full' numbers out
run_with -e 0 -v numbers >out 2>/dev/full
check_equal '-v 2>/dev/full' 3 "$status"

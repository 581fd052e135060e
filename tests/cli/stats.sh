#!/bin/bash
# cli.stats: statistics and the log of -v go to standard error, in their form, and only on request.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh" "$1" || exit 1

seq 1 500 >numbers

duration='([0-9]+(\.[0-9]+)?(ns|us|ms|s)|[0-9]+m[0-9]*s?|[0-9]+h[0-9]*m?)'
rate='[0-9]+(\.[0-9]+)?/[smh]'
percentiles="(-|p50 $duration, p99 $duration, max $duration)"
check_text() { # FILE ITEMS: six lines
  local line
  for line in "items     $2 in $duration" "rate      (unthrottled|asked $rate)(, achieved $rate)?" \
    "lateness  $percentiles" "hand-off  $percentiles" \
    'missed    producer [0-9]+, consumer [0-9]+ ticks' \
    "waited    producer $duration for room, consumer $duration for an item"; do
    check_line "$1" "^$line\$"
  done
}
n='[0-9]+'
float='[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?'
spread="\\{\"count\":$n,\"p50\":$n,\"p99\":$n,\"max\":$n\\}"
sides="\\{\"producer\":$n,\"consumer\":$n\\}"
json="\\{\"items\":$n,\"produced\":$n,\"elapsed_ns\":$n,\"asked_per_s\":$float"
json+=",\"achieved_per_s\":($float|null),\"lateness_ns\":$spread,\"handoff_ns\":$spread"
json+=",\"missed\":$sides,\"blocked_ns\":$sides"
json+=',"late_because":(null|"source"|"output"|"machine")\}'
check_json() { # FILE
  check_equal "$1: lines" 1 "$(wc -l <"$1")"
  check_line "$1" "^$json\$"
}

for arguments in '-e 0 -n 500' '-e 0 numbers' '-e 0 - -c 5' '-e 0 -n 500 -q'; do
  # shellcheck disable=SC2086
  run --stats $arguments <numbers
  check_equal "$arguments: status" 0 "$status"
  check_text err 500
  check_equal "$arguments: nothing else" 6 "$(wc -l <err)"
  check_line err '^rate      unthrottled, achieved '
  check_line err '^lateness  -$'
  check "$arguments: only data on standard output" bash -c '! grep -q items out'
  # shellcheck disable=SC2086
  run --stats=json $arguments <numbers
  check_json err
  check_equal "$arguments: items" 500 "$(json_number err items)"
  check_equal "$arguments: produced" 500 "$(json_number err produced)"
  check_equal "$arguments: asked" 0 "$(json_number err asked_per_s)"
  check_line err '"lateness_ns":\{"count":0,.*"handoff_ns":\{"count":500,'
done

# Each tick of a paced side has a lateness, also if it was missed. The rate asked for is that of the
# slower side.
run --stats=json -e 1ms -n 50
check_json err
check_equal 'asked by 1ms' 1000 "$(json_number err asked_per_s)"
check_line err '"lateness_ns":\{"count":[1-9][0-9]{2,},.*"handoff_ns":\{"count":50,'
check 'an achieved rate' \
  awk -v rate="$(json_number err achieved_per_s)" 'BEGIN { exit rate <= 0 }'
check 'no tick is early' test "$(json_number err elapsed_ns)" -ge 49000000
run --stats=json -r 500/s -n 20 numbers
check_equal 'asked by 500/s' 500 "$(json_number err asked_per_s)"
check_line err '"lateness_ns":\{"count":20,.*"handoff_ns":\{"count":20,'
run --stats=json --produce-every 1ms --consume-every 4ms -n 10
check_equal 'asked by 1ms and 4ms' 250 "$(json_number err asked_per_s)"
run --stats -r 100/m -n 1
check_line err '^rate      asked 1\.667/s$'
run --stats -e 1h -n 1 numbers
check_text err 1
check_line err '^rate      asked 1/h$'

# While a side waits for the other one, it misses ticks.
waited='"blocked_ns":\{"producer"'
run --stats=json --produce-every 1ms --consume-every 20ms -n 5
check_line err '"missed":\{"producer":[1-9]'
check_line err "$waited:[1-9]"
run --stats=json --produce-every 20ms --consume-every 0 -n 3
check_line err "$waited:[0-9]+,\"consumer\":[1-9]"

# The producer needs 200 ms per item, so the consumer waits through many ticks. It skips them,
# shifts them, or saves them up to the burst. Ticks that are skipped count with the next one.
slow_producer=(--stats=json --produce-every 200ms --consume-every 2ms)
missed='"missed":\{"producer":[0-9]+,"consumer"'
run "${slow_producer[@]}" -n 3
check_line err "$missed:[1-9]"
run "${slow_producer[@]}" -n 3 --late skip
check_line err "$missed:[1-9]"
run "${slow_producer[@]}" -n 3 --late shift
check_line err "$missed:0\}"
run "${slow_producer[@]}" -n 4 --late burst=2
check_line err "$missed:[1-9]"
run "${slow_producer[@]}" -n 3 --late burst=1000000
check_line err "$missed:0\}"
check 'saved ticks are used late' \
  awk -v ns="$(sed -E 's/.*"lateness_ns":[^}]*"max":([0-9]+).*/\1/' err)" \
  'BEGIN { exit ns < 100000000 }'

# A stall is in the lateness: each tick of that time was late, not only the last one.
rm -f out err
start -e 10ms -n 300 --stats=json >out 2>err
wait_for_line out '^Consumer: 1$'
kill -STOP "$pid"
sleep 1 # the stall
kill -CONT "$pid"
wait_for_exit
check_json err
check 'a stall: the latest tick' \
  awk -v ns="$(sed -E 's/.*"lateness_ns":[^}]*"max":([0-9]+).*/\1/' err)" \
  'BEGIN { exit ns < 900000000 }'
check_line err '"p99":[0-9]{9,},"max":[0-9]+\},"handoff_ns"'
check_line err '"late_because":"machine"'

# A run that has ended by itself and was late says why. Nothing else is on standard error.
mkfifo in out.fifo
yes "$(head -c 4000 /dev/zero | tr '\0' x)" | head -n 100 >long
run_and_starve() { # ARGUMENT…: the source has no line for a second
  rm -f out err
  exec 3<>in
  start -r 200/s "$@" - <in >out 2>err
  seq 1 30 >&3
  wait_for_line out '^30$'
  sleep 1
  seq 31 60 >&3
  exec 3>&-
  wait_for_exit
  check_equal "$*: late, but complete" "0 60" "$status $(wc -l <out)"
}
late='^handoff: achieved [0-9.]+/s of [0-9.]+/s; '
run_and_starve
check_line err "${late}producer was late: the source had no line for [0-9.]+m?s\$"
check_equal 'a slow source: lines' 1 "$(wc -l <err)"
run_and_starve --stats
check_text err 60
check_equal 'a slow source, --stats: lines' 7 "$(wc -l <err)"
run_and_starve --stats=json
check_json err
check_line err '"late_because":"source"'
run_and_starve -q
check_empty 'a slow source, -q' err
exec 4<>out.fifo
start -r 500/s long >out.fifo 2>err
wait_until_idle 'the pipe is full'
sleep 1
check_equal 'a slow reader' "$(cksum <long)" "$(head -c "$(wc -c <long)" out.fifo 4>&- | cksum)"
wait_for_exit
exec 4>&-
check_line err "${late}consumer was late: the reader of the output was slow for [0-9.]+m?s\$"
rm -f in out.fifo

# --stats-every prints the statistics so far, and at the end.
rm -f out err
start -e 1h --stats-every 10ms >out 2>err
wait_for_line out '^Consumer: 1$'
has_statistics() { [[ $(grep -c '^waited ' err) -ge $1 ]]; }
check 'periodic statistics' wait_until has_statistics 4
kill -TERM "$pid"
wait_for_exit
check_text err 1
run --stats-every 1h -e 0 -n 2
check_text err 2

# No items; and the last of several formats wins.
run --stats -n 0
check_text err 0
run --stats=json -n 0
check_json err
run --stats=json --stats -e 0 -n 1
check_text err 1
for arguments in '-e 0 -n 500' '-e 0 numbers' '-q -e 0 numbers' '-q -e 1ms -n 20 numbers'; do
  # shellcheck disable=SC2086
  run $arguments
  check_empty "$arguments: no statistics without --stats" err
done

# -v logs each transfer in order to standard error, and leaves the data alone.
counter_log 500 >expected
for arguments in '-c 1 numbers' '-c 0 numbers' '-c 1 -'; do
  # shellcheck disable=SC2086
  run -e 0 -v $arguments <numbers
  check_equal "-v $arguments: status" 0 "$status"
  check_same "-v $arguments: the data" numbers out
  check_same "-v $arguments: the log" expected err
done
run -e 0 -v -c 5 numbers
check '-v -c 5: occupancy' is_within_capacity err 5
check_equal '-v -c 5: lines' 1000 "$(wc -l <err)"
run -e 1ms -v -n 20 numbers
counter_log 20 >expected
head -n 40 err >log # A busy machine adds a line.
check_same '-v, paced' expected log
seq 1 20000 >many
counter_log 20000 >expected
run -e 0 -c 1 -v -o copy many
check_same '-v -o: the data' many copy
check_same '-v -o: the log' expected err
check_empty '-v -o' out
# Statistics come after the log, also in one stream.
run_with -e 0 -c 1 -v --stats -o copy many 2>err
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
counter_log 3 >expected
check_same 'counter, -q -v' expected out

# Statistics and a log that cannot be written cost no data, and the exit status says so.
for option in --stats -v; do
  rm -f out
  run_with -e 0 $option many >out 2>/dev/full
  check_equal "$option 2>/dev/full" 3 "$status"
  check_same "$option 2>/dev/full" many out
done
run_with -e 0 -v numbers 2>/dev/full >/dev/full
check_equal '-v >/dev/full 2>/dev/full' 3 "$status"

# Only what has been written counts.
run_with -e 0 -n 5 --stats=json >/dev/full 2>err
check_equal 'a full device: items of the counter' 0 "$(json_number err items)"
run_with -e 0 --stats=json many >/dev/full 2>err
check_equal 'a full device: items' 0 "$(json_number err items)"
run -e 0 -n 5 -q --stats=json
check_equal '-q: items' 5 "$(json_number err items)"
# A file that takes a certain size is as good as a full disk. SIGXFSZ would end the process.
for action in default ignore; do
  limited=("env" "--$action-signal=XFSZ" timeout "$time_limit" "$command" -e 0 --stats=json)
  if ! (ulimit -f 1 && env --$action-signal=XFSZ true) 2>/dev/null; then
    echo "not checked: a file at its limit, $action"
    continue
  fi
  (ulimit -f 4 && exec "${limited[@]}" -o part many) 2>err
  check_equal "$action: a file at its limit" 3 $?
  check_line err '^handoff: part: file too large$'
  check "$action: what fits" cmp -n "$(wc -c <part)" many part
  check_equal "$action: items" "$(wc -l <part)" "$(json_number err items)"
  # Resuming by that figure continues the file.
  items=$(json_number err items)
  { head -n "$items" part && tail -n "+$((items + 1))" many; } >resumed
  check_same "$action: resumed" many resumed
  (ulimit -f 4 && exec "${limited[@]}" -n 100000 -o part) 2>err
  check_equal "$action: the counter at the limit" 3 $?
  # The letter keeps a number that is cut off from counting.
  check_equal "$action: items of the counter" \
    "$( (cat part && echo x) | grep -Ec '^Consumer: [0-9]+$')" "$(json_number err items)"
done

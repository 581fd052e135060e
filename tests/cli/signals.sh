#!/bin/bash
# cli.signals: SIGINT, SIGTERM and SIGHUP end the run, whatever it waits for. What was done is
# written, and the shell sees 128 + n. SIGUSR1 prints statistics, and the run continues.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh" "$1" || exit 1
env --default-signal=INT true 2>/dev/null || skip 'env(1) has no --default-signal'

mkfifo in out.fifo
seq 1 100000 >numbers

# Sends the signal to the process started last, which must die of it.
end_by() {
  kill "-$1" "$pid"
  wait_for_exit
  check_equal "ended by $1" $((128 + $(kill -l "$1"))) "$status"
}

# Leaves no room in out.fifo.
fill_fifo() { dd if=/dev/zero of=out.fifo bs=65536 count=1 status=none; }

for signal in INT TERM HUP; do
  # The counter: while it waits for an hour, unpaced, and between ticks.
  for every in 1h 0 1ms; do
    rm -f out err
    start -e $every --stats=json >out 2>err
    wait_for_line out '^Consumer: 1$'
    end_by $signal
    what="-e $every, $signal"
    check "$what: occupancy" is_within_capacity out 1
    check_equal "$what: consumed" "$(json_number err items)" "$(grep -c '^Consumer' out)"
    check_equal "$what: produced" "$(json_number err produced)" "$(grep -c '^Producer' out)"
    check_equal "$what: one line of statistics" 1 "$(wc -l <err)"
  done
  counter_log 1 >expected
  rm -f out
  start -e 1h >out 2>err
  wait_for_line out '^Consumer: 1$'
  end_by $signal
  check_same "-e 1h, $signal" expected out
  check_empty "-e 1h, $signal: no statistics without --stats" err

  # Lines: while it waits for input, and for its tick.
  exec 3<>in
  for every in 0 1h; do
    rm -f out err
    start -e $every --stats=json - <in >out 2>err
    echo line >&3
    wait_for_line out '^line$'
    end_by $signal
    check_equal "-e $every -, $signal: items" 1 "$(json_number err items)"
  done
  exec 3>&-
  rm -f out err
  start -e 1h --stats=json numbers >out 2>err
  wait_for_line out '^1$'
  end_by $signal
  check_equal "-e 1h numbers, $signal: the output" 1 "$(<out)"
  check_equal "-e 1h numbers, $signal: items" 1 "$(json_number err items)"
  check_equal "-e 1h numbers, $signal: only statistics" 1 "$(wc -l <err)"
done

# At full speed, every item that was transferred has been written. The source never ends. Twice,
# because the signal may come before or after the line writer's last flush.
for _ in 1 2; do
  rm -f out err
  start -e 0 --stats=json -0 /dev/zero >out 2>err
  check 'it writes' wait_until test -s out
  end_by TERM
  check_equal 'unpaced: written' "$(json_number err items)" "$(wc -c <out)"
done
for option in '' -v; do
  rm -f out err
  # shellcheck disable=SC2086
  start -e 1ms --stats=json $option numbers >out 2>err
  wait_for_line out '^5$'
  end_by INT
  check_equal "paced $option: written" "$(json_number err items)" "$(wc -l <out)"
  check "paced $option: a prefix of the input" cmp -n "$(wc -c <out)" out numbers
  if [[ -n $option ]]; then
    check_equal 'paced -v: logged' "$(json_number err items)" "$(grep -c '^Consumer' err)"
    check 'paced -v: statistics come last' grep -q '^{' <(tail -n 1 err)
  fi
done

# A reader that does not read cannot delay the end, and statistics are still printed. They count
# what is in the pipe, where a write has been cancelled half-way.
is_in_pipe() { # ITEMS ARGUMENTS
  local pattern='^.*$'
  [[ $2 == *numbers* ]] || pattern='^Consumer: [0-9]+$'
  [[ $1 == "$(sed '$d' got | grep -Ec "$pattern")" ]] # sed: the last line is not complete
}
for arguments in '-e 0' '-e 0 numbers' '-e 0 -c 5 numbers' '-e 0 -o out.fifo' \
  '-e 0 -o out.fifo numbers'; do
  exec 4<>out.fifo
  rm -f err
  # shellcheck disable=SC2086
  start $arguments --stats=json >out.fifo 2>err
  wait_until_idle 'the pipe is full'
  end_by TERM
  check_equal "$arguments, stuck: statistics" 1 "$(grep -c '^{' err)"
  echo end >&4 &
  timeout "$time_limit" sed '/end$/q' <&4 >got
  wait $!
  check "$arguments, stuck: items" is_in_pipe "$(json_number err items)" "$arguments"
  exec 4>&-
done
# Nor can a reader of the log.
exec 4<>out.fifo
start -e 0 -v --stats numbers >out 2>out.fifo
wait_until_idle 'the pipe is full'
end_by TERM
check 'a stuck log: a prefix of the input' cmp -n "$(wc -c <out)" out numbers
# A second signal ends it at once. The kernel may deliver the two in either order.
start -e 0 numbers >out.fifo
wait_until_idle 'the pipe is full'
kill -TERM "$pid" && kill -INT "$pid"
wait_for_exit
check "two signals: $status" test "$status" = 143 -o "$status" = 130
exec 4>&-

# Standard error is stuck: when the run ends by itself, and when a signal ends it.
exec 4<>out.fifo
fill_fifo
start -e 0 -n 5 --stats >out 2>out.fifo
wait_until_idle 'it waits for standard error'
end_by INT
counter_log 5 >expected
check_same 'stuck statistics' expected out
rm -f out
start -e 1h --stats >out 2>out.fifo
wait_for_line out '^Consumer: 1$'
end_by TERM
exec 4>&-

# SIGUSR1 prints statistics each time, with and without --stats.
for arguments in '-e 1h' '-e 1h --stats' '-e 1h numbers'; do
  rm -f out err
  # shellcheck disable=SC2086
  start $arguments >out 2>err
  wait_for_line out '1$'
  wait_until_idle 'it waits for its tick'
  for n in 1 2 3; do
    kill -USR1 "$pid"
    check "$arguments: statistics $n" \
      wait_until bash -c "[[ \$(grep -c '^waited ' err) == $n ]]"
    check_equal "$arguments: items $n" $n "$(grep -c '^items     1 in ' err)"
  done
  check "$arguments: it continues" kill -0 "$pid"
  end_by TERM
done
exec 3<>in
rm -f out err
start -e 0 - <in >out 2>err
for n in 1 2 3; do
  echo "line $n" >&3
  wait_for_line out "^line $n\$"
  kill -USR1 "$pid"
  wait_for_line err "^items     $n in "
done
echo last >&3
exec 3>&-
wait_for_exit
check_equal 'after SIGUSR1' 0 "$status"
printf 'line 1\nline 2\nline 3\nlast\n' >expected
check_same 'after SIGUSR1' expected out
rm -f err
start -e 1h --stats=json >out 2>err
wait_for_line out '^Consumer: 1$'
kill -USR1 "$pid"
wait_for_line err '^\{"items":1,'
end_by HUP
# Also while standard error is stuck.
exec 4<>out.fifo
fill_fifo
exec 3<>in
rm -f out
start -e 0 - <in >out 2>out.fifo
for n in 1 2 3; do
  echo "line $n" >&3
  wait_for_line out "^line $n\$"
  kill -USR1 "$pid"
done
echo last >&3
wait_for_line out '^last$'
exec 3>&-
wait_for_exit
check_equal 'SIGUSR1, stuck' 0 "$status"
exec 4>&-

# A flood of SIGUSR1 neither delays the end nor kills the process in its last moments. The thread
# sanitizer calls libuv's handler within itself, where it waits for itself.
floods=20
! grep -aq __tsan_init "$command" || floods=0
for ((flood = 0; flood < floods; flood++)); do
  rm -f out
  start -e 1ms -n 10 >out 2>err
  wait_until test -s out
  end=$((SECONDS + time_limit))
  while kill -USR1 "$pid" 2>/dev/null; do
    ((SECONDS < end)) || break
  done
  check 'flooded with SIGUSR1, it ends' test $SECONDS -lt $end
  wait_for_exit
  check_equal 'flooded with SIGUSR1' 0 "$status"
done

# A signal that the parent process ignored, as nohup does, stays ignored.
for signal in HUP INT TERM; do
  rm -f out err
  env --default-signal=INT,TERM,HUP --ignore-signal=$signal "$command" -e 1h >out 2>err &
  pid=$!
  wait_for_line out '^Consumer: 1$'
  kill -$signal "$pid"
  # Signals may be delivered in any order. Once it is idle again, it has received both.
  kill -USR1 "$pid"
  wait_for_line err '^waited '
  wait_until_idle 'it waits for its tick'
  check "an ignored $signal" kill -0 "$pid"
  other=TERM
  [[ $signal != TERM ]] || other=INT
  end_by $other
done

# It dies of the signal, rather than exiting with 128 + n. bash prints "Hangup" only then.
rm -f out
# shellcheck disable=SC2016
timeout "$time_limit" bash -c 'env --default-signal=HUP "$0" -e 1h >out 2>err & pid=$!
  until grep -qs "^Consumer: 1" out; do sleep 0.01; done
  kill -HUP $pid; wait $pid' "$command" 2>shell_err
check_equal 'a shell sees the signal' 129 $?
check_line shell_err 'Hangup'

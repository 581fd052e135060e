#!/bin/bash
# cli.signals: SIGINT, SIGTERM and SIGHUP end the run, whatever it waits for, with everything told that
# was done, and so that the shell sees 128 + n. SIGUSR1 tells how it goes, and on it goes.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh" "$1" || exit 1
env --default-signal=INT true 2>/dev/null || skip 'env(1) has no --default-signal'

mkfifo in out.fifo
seq 1 100000 >numbers

# ended_by SIGNAL: what was started last dies of it.
ended_by() {
  kill "-$1" "$pid"
  ends
  check_equal "ended by $1" $((128 + $(kill -l "$1"))) "$status"
}

# Everything that was done is in the log, and nothing else.
logs_what_was_done() { # WHAT
  check "$1: lawful" is_lawful out 1
  check_equal "$1: consumed" "$(stat_of err items)" "$(grep -c '^Consumer' out)"
  check_equal "$1: produced" "$(stat_of err produced)" "$(grep -c '^Producer' out)"
  check_equal "$1: one line of statistics" 1 "$(wc -l <err)"
}

for signal in INT TERM HUP; do
  # The counter: while it waits for an hour, while it works, while it ticks.
  for every in 1h 0 1ms; do
    rm -f out err
    start -e $every --stats=json >out 2>err
    appears out '^Consumer: 1$'
    ended_by $signal
    logs_what_was_done "-e $every, $signal"
  done
  counted 1 >expected
  rm -f out
  start -e 1h >out 2>err
  appears out '^Consumer: 1$'
  ended_by $signal
  check_same "-e 1h, $signal" expected out
  check_empty "-e 1h, $signal: no statistics unless asked for" err

  # Lines: waiting for input, waiting for the hour to pass, at work.
  exec 3<>in
  for every in 0 1h; do
    rm -f out err
    start -e $every --stats=json - <in >out 2>err
    echo line >&3
    appears out '^line$'
    ended_by $signal
    check_equal "-e $every, $signal: items" 1 "$(stat_of err items)"
  done
  exec 3>&-
  rm -f out err
  start -e 1h --stats=json numbers >out 2>err
  appears out '^1$'
  ended_by $signal
  check_equal "-e 1h numbers, $signal: the output" 1 "$(<out)"
  check_equal "-e 1h numbers, $signal: items" 1 "$(stat_of err items)"
  check_equal "-e 1h numbers: nothing but statistics" 1 "$(wc -l <err)"
done

# At work: what was handed over has been written, to the last line. Twice: there are two ways out of a
# batch. The source never ends.
for _ in 1 2; do
  rm -f out err
  start -e 0 --stats=json -0 /dev/zero >out 2>err
  check 'it writes' until_true "$patience" test -s out
  ended_by TERM
  check_equal 'at work: written' "$(stat_of err items)" "$(wc -c <out)"
done
for options in '' -v; do
  rm -f out err
  # shellcheck disable=SC2086
  start -e 1ms --stats=json $options numbers >out 2>err
  appears out '^5$'
  ended_by INT
  check_equal "paced $options: written" "$(stat_of err items)" "$(wc -l <out)"
  check "paced $options: the beginning of the input" cmp -n "$(wc -c <out)" out numbers
  if [[ -n $options ]]; then
    check_equal 'paced -v: logged' "$(stat_of err items)" "$(grep -c '^Consumer' err)"
    check 'paced -v: statistics are last' grep -q '^{' <(tail -n 1 err)
  fi
done

# A reader that does not read cannot hold it; statistics are told still.
for arguments in '-e 0' '-e 0 numbers' '-e 0 -c 5 numbers' '-e 0 -o out.fifo' '-e 0 -o out.fifo numbers'; do
  exec 4<>out.fifo
  rm -f err
  # shellcheck disable=SC2086
  start $arguments --stats=json >out.fifo 2>err
  check 'it fills the pipe' until_true "$patience" is_still "$pid"
  ended_by TERM
  check_equal "$arguments, stuck: statistics" 1 "$(grep -c '^{' err)"
  exec 4>&-
done
# Nor one of the log, where there is nobody to tell the statistics to.
exec 4<>out.fifo
start -e 0 -v --stats numbers >out 2>out.fifo
check 'it fills the pipe' until_true "$patience" is_still "$pid"
ended_by TERM
check "a stuck log: the output is the input's beginning" cmp -n "$(wc -c <out)" out numbers
# Two signals: the one that comes second, as the shell sees them, may be delivered first.
start -e 0 numbers >out.fifo
check 'it fills the pipe' until_true "$patience" is_still "$pid"
kill -TERM "$pid" && kill -INT "$pid"
ends
check "two signals: $status" test "$status" = 143 -o "$status" = 130
exec 4>&-

# At its end, with nobody to read the statistics.
exec 4<>out.fifo
dd if=/dev/zero of=out.fifo bs=65536 count=1 status=none
start -e 0 -n 5 --stats >out 2>out.fifo
check 'it waits' until_true "$patience" is_still "$pid"
ended_by INT
counted 5 >expected
check_same 'stuck statistics' expected out
exec 4>&-

# On the way there, with nobody to read them.
exec 4<>out.fifo
dd if=/dev/zero of=out.fifo bs=65536 count=1 status=none
rm -f out
start -e 1h --stats >out 2>out.fifo
appears out '^Consumer: 1$'
ended_by TERM
exec 4>&-

# SIGUSR1: the counter and lines, with and without --stats, as often as asked.
for arguments in '-e 1h' '-e 1h --stats' '-e 1h numbers'; do
  rm -f out err
  # shellcheck disable=SC2086
  start $arguments >out 2>err
  appears out '1$'
  check 'it sits out an hour' until_true "$patience" is_still "$pid"
  for n in 1 2 3; do
    kill -USR1 "$pid"
    check "$arguments: statistics $n" \
      until_true "$patience" bash -c "[[ \$(grep -c '^blocked ' err) == $n ]]"
    check_equal "$arguments: items $n" $n "$(grep -c '^items     1 in ' err)"
  done
  check "$arguments: it goes on" kill -0 "$pid"
  ended_by TERM
done
exec 3<>in
rm -f out err
start -e 0 - <in >out 2>err
for n in 1 2 3; do
  echo "line $n" >&3
  appears out "^line $n\$"
  kill -USR1 "$pid"
  appears err "^items     $n in "
done
echo last >&3
exec 3>&-
ends
check_equal 'after SIGUSR1' 0 "$status"
printf 'line 1\nline 2\nline 3\nlast\n' >expected
check_same 'after SIGUSR1' expected out
rm -f err
start -e 1h --stats=json >out 2>err
appears out '^Consumer: 1$'
kill -USR1 "$pid"
appears err '^\{"items":1,'
ended_by HUP
# With nobody to tell them to, it goes on as well.
exec 4<>out.fifo
dd if=/dev/zero of=out.fifo bs=65536 count=1 status=none
exec 3<>in
rm -f out
start -e 0 - <in >out 2>out.fifo
for n in 1 2 3; do
  echo "line $n" >&3
  appears out "^line $n\$"
  kill -USR1 "$pid"
done
echo last >&3
appears out '^last$'
exec 3>&-
ends
check_equal 'stuck statistics on the way' 0 "$status"
exec 4>&-

# However late it is asked, as it ends and when it has ended all but exiting; and to be asked without end
# does not keep it from ending.
for _ in {1..20}; do
  rm -f out
  start -e 1ms -n 10 >out 2>err
  until_true "$patience" test -s out
  end=$((SECONDS + patience))
  while kill -USR1 "$pid" 2>/dev/null; do
    ((SECONDS < end)) || break
  done
  check 'asked without end, it ends' test $SECONDS -lt $end
  ends
  check_equal 'asked to the end' 0 "$status"
done

# Who starts it with a signal ignored, as nohup does, wants it so.
for signal in HUP INT TERM; do
  rm -f out err
  env --default-signal=INT,TERM,HUP --ignore-signal=$signal "$command" -e 1h >out 2>err &
  pid=$!
  appears out '^Consumer: 1$'
  kill -$signal "$pid"
  # It is asked after it has been told to end: signals come in no order, but both have come when it
  # sleeps again.
  kill -USR1 "$pid"
  appears err '^blocked '
  check 'it sits out an hour' until_true "$patience" is_still "$pid"
  check "an ignored $signal" kill -0 "$pid"
  other=TERM
  [[ $signal != TERM ]] || other=INT
  ended_by $other
done

# It is of the signal that it dies, and does not only say so: a shell can tell the two apart.
rm -f out
# shellcheck disable=SC2016
timeout "$patience" bash -c 'env --default-signal=HUP "$0" -e 1h >out 2>err & pid=$!
  until grep -qs "^Consumer: 1" out; do sleep 0.01; done
  kill -HUP $pid; wait $pid' "$command" 2>told
check_equal 'a shell sees the signal' 129 $?
check_says told 'Hangup'

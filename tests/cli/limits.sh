#!/bin/bash
# cli.limits: memory that stays bounded, no work while there is none to do, and too few threads.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh" "$1" || exit 1
[[ -e /proc/self/status ]] || skip 'there is no /proc/self/status'
! is_instrumented || skip 'sanitizers take memory and have threads of their own'

most=8192 # KiB
peak_of() { sed -En 's/^VmHWM:[[:space:]]*([0-9]+) kB/\1/p' "/proc/$1/status"; }
check_peak() { # WHAT
  local peak
  peak=$(peak_of "$pid")
  check "$1: peak of $peak KiB, at most $most" test "$peak" -lt "$most"
}
position() { sed -En 's/^pos:[[:space:]]*//p' "/proc/$pid/fdinfo/0"; }

mkfifo in out.fifo
yes "$(head -c 4000 /dev/zero | tr '\0' x)" | head -n 16774 >large
size=$(wc -c <large) # a little over 64 MiB

# 64 MiB through, by file and by pipe, with many lines waiting and with a reader that takes its time;
# it is looked at while it still waits for more.
for capacity in 1 1000; do
  exec 3<>in 4<>out.fifo
  start -e 0 -c $capacity - <in >out.fifo 2>err
  (cat large >in) 3>&- 4>&- &
  check_equal "-c $capacity" "$(cksum <large)" "$(head -c "$size" out.fifo 4>&- | cksum)"
  check_peak "64 MiB, -c $capacity"
  exec 3>&-
  ends
  check_equal "-c $capacity" 0 "$status"
  exec 4>&-
done

# A reader that does not read: what was read ahead is a few buffers, not the file.
for arguments in '-e 0' '-e 0 -c 100' '-e 0 -v' '-e 0 --stats'; do
  exec 4<>out.fifo
  # shellcheck disable=SC2086
  start $arguments - <large >out.fifo 2>err
  check 'it fills the pipe' until_true "$patience" is_still "$pid"
  check "$arguments: read ahead: $(position)" test "$(position)" -le $((524288 + 100 * 4001))
  check_peak "$arguments, a stuck reader"
  kill -KILL "$pid"
  ends
  exec 4>&-
done
for arguments in '-e 0' '-e 0 -c 1000'; do
  exec 4<>out.fifo
  # shellcheck disable=SC2086
  start $arguments >out.fifo 2>err
  check 'it fills the pipe' until_true "$patience" is_still "$pid"
  check_peak "the counter $arguments, a stuck reader"
  kill -KILL "$pid"
  ends
  exec 4>&-
done
# A paced consumer holds the source back by what the slot takes and one buffer.
rm -f out
start -e 1h -c 5 - <large >out 2>err
check 'the first line' until_true "$patience" test -s out
check 'it sits out an hour' until_true "$patience" is_still "$pid"
check "paced: read ahead: $(position)" test "$(position)" -le 131072
kill -KILL "$pid"
ends

# Asleep it is not woken: not in an hour's pause, not for want of input, not by a full pipe.
check_asleep() { # WHAT
  local before
  check "$1: it comes to rest" until_true "$patience" is_still "$pid"
  before=$(switches_of "$pid")
  sleep 1 # what is measured, not what is waited for
  check_equal "$1: times woken in a second" "$before" "$(switches_of "$pid")"
  kill -KILL "$pid"
  ends
}
rm -f out
start -e 1h >out 2>err
appears out '^Consumer: 1$'
check_asleep 'the counter, -e 1h'
exec 3<>in 4<>out.fifo
start -e 0 - <in >out.fifo 2>err
echo line >&3
check 'the line' read -r -t "$patience" -u 4 _
check_asleep 'no input'
start -e 1ms - <in >out.fifo 2>err
echo line >&3
check 'the line' read -r -t "$patience" -u 4 _
check_asleep 'no input, at a pace'
start -e 0 >out.fifo 2>err
check_asleep 'a full pipe'
exec 3>&- 4>&-

# Too few descriptors: it says so, and leaves the output as it was, or it works.
seq 3 >three
for descriptors in {3..24}; do
  for arguments in '-n 3' 'three'; do
    echo kept >kept
    # shellcheck disable=SC2086
    (ulimit -n "$descriptors" && exec timeout "$patience" "$command" -e 0 -o kept $arguments) >out 2>err
    status=$?
    if ((status == 0)); then
      check_empty "descriptors: $descriptors, $arguments" err
    elif ((status == 3)); then
      check_says err '^handoff: .*too many open files'
      check_equal "descriptors: $descriptors, $arguments: the output" kept "$(<kept)"
    else
      ((descriptors < 8)) || fail "descriptors: $descriptors, $arguments: status $status: $(<err)"
    fi
  done
done
check_equal 'descriptors enough' 0 "$status"

# Too few threads: none beside the first, one, two; it takes three. Root has as many as it likes, so it
# becomes somebody else, where it can: each test another, who has no other threads.
as_user=()
if ((EUID == 0)); then
  as_user=(setpriv --reuid=$((60000 + $$ % 5000)) --regid=65534 --clear-groups)
fi
chmod 755 . && cp "$command" ./handoff && chmod 755 handoff
if "${as_user[@]}" ./handoff --version >/dev/null 2>&1; then
  for threads in 1 2 3; do
    for arguments in '-e 0 -n 3' '-e 1h' '-e 0 large'; do
      # shellcheck disable=SC2016,SC2086
      timeout "$patience" "${as_user[@]}" bash -c 'ulimit -u "$1" && shift && exec "$@"' - \
        $threads ./handoff $arguments >out 2>err
      check_equal "threads: $threads, $arguments: status" 3 $?
      check_empty "threads: $threads, $arguments" out
      check_says err '^handoff: cannot start: resource temporarily unavailable; .*ulimit -u'
    done
  done
else
  echo 'not checked: too few threads; setpriv(1) cannot make an ordinary user of root here'
fi

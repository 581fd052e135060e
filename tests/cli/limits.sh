#!/bin/bash
# cli.limits: memory is bounded, a waiting process does not wake up, and too few descriptors or
# threads are reported.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh" "$1" || exit 1
[[ -e /proc/self/status ]] || skip '/proc/self/status does not exist'
! is_instrumented || skip 'sanitizers use memory and threads of their own'

memory_limit=8192 # KiB
peak_of() { sed -En 's/^VmHWM:[[:space:]]*([0-9]+) kB/\1/p' "/proc/$1/status"; }
check_peak() { # WHAT
  local peak
  peak=$(peak_of "$pid")
  check "$1: peak of $peak KiB, at most $memory_limit" test "$peak" -lt $memory_limit
}
read_offset() { sed -En 's/^pos:[[:space:]]*//p' "/proc/$pid/fdinfo/0"; }
kill_it() {
  kill -KILL "$pid"
  wait_for_exit
}

mkfifo in out.fifo
yes "$(head -c 4000 /dev/zero | tr '\0' x)" | head -n 16774 >large
size=$(wc -c <large) # a little over 64 MiB

# 64 MiB pass through, with few and many lines in the queue. The input stays open, so that the
# process still exists when its peak is read.
for capacity in 1 1000; do
  exec 3<>in 4<>out.fifo
  start -e 0 -c $capacity - <in >out.fifo 2>err
  (cat large >in) 3>&- 4>&- &
  check_equal "-c $capacity" "$(cksum <large)" "$(head -c "$size" out.fifo 4>&- | cksum)"
  check_peak "64 MiB, -c $capacity"
  exec 3>&-
  wait_for_exit
  check_equal "-c $capacity" 0 "$status"
  exec 4>&-
done

# A line needs its own size once, and not again whenever its buffer grows: 65 MiB, just over a power
# of two. It comes out before the next line is there.
exec 3<>in 4<>out.fifo
start -e 0 - <in >out.fifo 2>err
(head -c $((65 * 1048576)) /dev/zero && echo) >in 3>&- 4>&- &
size=$((65 * 1048576 + 1))
check_equal 'a long line' $size "$(head -c $size out.fifo 4>&- | wc -c)"
check "a long line: peak of $(peak_of "$pid") KiB" test "$(peak_of "$pid")" -lt $((100 * 1024))
exec 3>&-
wait_for_exit
check_equal 'a long line: status' 0 "$status"
exec 4>&-

# With a reader that does not read, only a few buffers of the file are read ahead.
for arguments in '-e 0' '-e 0 -c 100' '-e 0 -v' '-e 0 --stats'; do
  exec 4<>out.fifo
  # shellcheck disable=SC2086
  start $arguments - <large >out.fifo 2>err
  wait_until_idle 'the pipe is full'
  check "$arguments: read ahead: $(read_offset)" \
    test "$(read_offset)" -le $((524288 + 100 * 4001))
  check_peak "$arguments, a stuck reader"
  kill_it
  exec 4>&-
done
for arguments in '-e 0' '-e 0 -c 1000'; do
  exec 4<>out.fifo
  # shellcheck disable=SC2086
  start $arguments >out.fifo 2>err
  wait_until_idle 'the pipe is full'
  check_peak "the counter $arguments, a stuck reader"
  kill_it
  exec 4>&-
done
# A paced consumer limits the read-ahead to the queue and one buffer.
rm -f out
start -e 1h -c 5 - <large >out 2>err
check 'the first line' wait_until test -s out
wait_until_idle 'it waits for its tick'
check "paced: read ahead: $(read_offset)" test "$(read_offset)" -le 131072
kill_it

# A process that waits for a tick, for input or for its reader never wakes up.
check_asleep() { # WHAT
  local before
  wait_until_idle "$1"
  before=$(voluntary_switches "$pid")
  sleep 1 # the period that is measured
  check_equal "$1: wake-ups in a second" "$before" "$(voluntary_switches "$pid")"
  kill_it
}
rm -f out
start -e 1h >out 2>err
wait_for_line out '^Consumer: 1$'
check_asleep 'the counter, -e 1h'
exec 3<>in 4<>out.fifo
for every in 0 1ms; do
  start -e $every - <in >out.fifo 2>err
  echo line >&3
  check 'the line' read -r -t "$time_limit" -u 4 _
  check_asleep "no input, -e $every"
done
start -e 0 >out.fifo 2>err
check_asleep 'a full pipe'
exec 3>&- 4>&-

# With too few descriptors it either works, or says so and leaves the output file as it was.
seq 3 >three
for descriptors in {3..24}; do
  for arguments in '-n 3' 'three'; do
    echo kept >kept
    # shellcheck disable=SC2086
    (ulimit -n "$descriptors" &&
      exec timeout "$time_limit" "$command" -e 0 -o kept $arguments) >out 2>err
    status=$?
    if ((status == 0)); then
      check_empty "descriptors: $descriptors, $arguments" err
    elif ((status == 3)); then
      check_line err '^handoff: .*too many open files'
      check_equal "descriptors: $descriptors, $arguments: the output" kept "$(<kept)"
    else # below 8 the dynamic linker or timeout(1) may fail first
      ((descriptors < 8)) ||
        fail "descriptors: $descriptors, $arguments: status $status: $(<err)"
    fi
  done
done
check_equal 'descriptors: 24 are enough' 0 "$status"

# With too few threads it says so. It needs three beside the first. The limit does not apply to
# root, so root becomes a user of whom no other thread exists.
as_user=()
if ((EUID == 0)); then
  as_user=(setpriv --reuid=$((60000 + $$ % 5000)) --regid=65534 --clear-groups)
fi
chmod 755 . && cp "$command" ./handoff && chmod 755 handoff
if "${as_user[@]}" ./handoff --version >/dev/null 2>&1; then
  for threads in 1 2 3; do
    for arguments in '-e 0 -n 3' '-e 1h' '-e 0 large'; do
      # shellcheck disable=SC2016,SC2086
      timeout "$time_limit" "${as_user[@]}" bash -c 'ulimit -u "$1" && shift && exec "$@"' - \
        $threads ./handoff $arguments >out 2>err
      check_equal "threads: $threads, $arguments: status" 3 $?
      check_empty "threads: $threads, $arguments" out
      check_line err '^handoff: cannot start: resource temporarily unavailable; .*ulimit -u'
    done
  done
else
  echo 'not checked: too few threads, because setpriv(1) cannot drop root here'
fi

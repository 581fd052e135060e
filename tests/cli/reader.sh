#!/bin/bash
# cli.reader: when the reader of the output exits, the command ends at once and silently with status
# 141, as SIGPIPE does, also if SIGPIPE is ignored, and whatever it is waiting for. Standard error
# without a reader costs no data.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh" "$1" || exit 1
env --ignore-signal=PIPE true 2>/dev/null || skip 'env(1) has no --ignore-signal'

seq 1 200000 >numbers
mkfifo in out.fifo

for action in default ignore; do
  start_with_action() {
    env "--$action-signal=PIPE" "$command" "$@" <&0 3>&- 4>&- &
    pid=$!
  }
  check_exit() { # WHAT
    wait_for_exit
    check_equal "$action: $1: status" 141 "$status"
    check_empty "$action: $1" err
  }
  check_head() { # ARGUMENT…: into head, which reads three lines
    env "--$action-signal=PIPE" timeout "$time_limit" "$command" "$@" 2>err | head -n 3 >out
    check_equal "$action: $* | head: status" 141 "${PIPESTATUS[0]}"
    check_empty "$action: $* | head" err
    check_equal "$action: $* | head: lines" 3 "$(wc -l <out)"
  }
  check_head -e 0
  check_head -e 1ms
  check_head -e 0 numbers
  check_head -e 0 -c 5 numbers
  check_head -e 1ms numbers
  yes | check_head -e 0 -

  # The reader exits while no line comes and no tick is due. Nothing is written, and it is noticed.
  exec 3<>in
  for arguments in '-e 0 -' '-e 1h -' '-e 0 -c 0 -' '--produce-every 1h --consume-every 0 -' \
    '-e 1h' '-e 1h numbers' '-e 1h -o out.fifo' '-e 1h -o out.fifo numbers'; do
    exec 4<>out.fifo
    # shellcheck disable=SC2086
    start_with_action $arguments <in >out.fifo 2>err
    wait_until_idle 'it waits'
    exec 4>&-
    check_exit "$arguments, waiting"
  done
  exec 3>&-

  # Statistics come first.
  for arguments in '-e 0 --stats=json' '-e 0 --stats=json numbers'; do
    # shellcheck disable=SC2086
    env "--$action-signal=PIPE" timeout "$time_limit" "$command" $arguments 2>err | head -n 5 >out
    check_equal "$action: $arguments | head: status" 141 "${PIPESTATUS[0]}"
    check_equal "$action: $arguments | head: only statistics" 1 "$(grep -c '^{' err)"
    check "$action: $arguments | head: items" test "$(json_number err items)" -ge 2
  done
  exec 4<>out.fifo
  start_with_action -e 1h --stats=json >out.fifo 2>err
  wait_until_idle 'it waits for its tick'
  exec 4>&-
  wait_for_exit
  check_equal "$action: statistics while it waits: status" 141 "$status"
  check_equal "$action: statistics while it waits: items" 1 "$(json_number err items)"

  # The reader exits while a write waits in a full pipe.
  for arguments in '-e 0' '-e 0 /dev/zero -0' '-e 0 numbers' '-e 0 -c 5 numbers'; do
    exec 4<>out.fifo
    # shellcheck disable=SC2086
    start_with_action $arguments >out.fifo 2>err
    wait_until_idle 'the pipe is full'
    exec 4>&-
    check_exit "$arguments, at a full pipe"
  done
done

# A reader that has read all there is may exit.
for arguments in '-n 3' '-n 6 numbers' '-n 6 -e 1ms numbers'; do
  # shellcheck disable=SC2086
  timeout "$time_limit" "$command" -e 0 $arguments 2>err | head -n 6 >out
  check_equal "$arguments | head: status" 0 "${PIPESTATUS[0]}"
done

# Without its reader, the log ends and the data goes on.
exec 4<>out.fifo
start -e 0 -v numbers >out 2>out.fifo
wait_until_idle 'the pipe is full'
exec 4>&-
wait_for_exit
check_equal 'the reader of the log exits: status' 3 "$status"
check_same 'the reader of the log exits' numbers out

# Statistics whose reader has exited do not change the data. Messages do not change the status.
exec 4<>out.fifo
exec 5>out.fifo
exec 4>&-
is_idle_or_gone() { has_exited "$pid" || is_idle "$pid"; }
for action in default ignore; do
  check_status() { # STATUS ARGUMENT…
    local expected=$1
    shift
    env "--$action-signal=PIPE" timeout "$time_limit" "$command" "$@" >out 2>&5
    check_equal "$action: $*, without a reader of errors: status" "$expected" $?
  }
  check_status 3 -e 0 -n 3 -q --stats
  check_status 3 -e 0 --stats numbers
  check_same "$action: --stats, without a reader of errors" numbers out
  check_status 2 --nothing
  check_status 3 -e 0 nothing
  env "--$action-signal=PIPE" --default-signal=INT "$command" -e 1h -q --stats >out 2>&5 5>&- &
  pid=$!
  wait_until_idle 'it waits for its tick'
  for signal in USR1 USR1 INT; do
    kill -"$signal" "$pid"
    check "it has handled $signal" wait_until is_idle_or_gone
  done
  wait_for_exit
  check_equal "$action: SIGUSR1, without a reader of errors: status" 130 "$status"
done
exec 5>&-

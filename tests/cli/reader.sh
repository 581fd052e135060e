#!/bin/bash
# cli.reader: who reads the output goes away: 141, as SIGPIPE would have it, at once and quietly, also
# where SIGPIPE is ignored, and whatever the command is waiting for.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh" "$1" || exit 1
env --ignore-signal=PIPE true 2>/dev/null || skip 'env(1) has no --ignore-signal'

seq 1 200000 >numbers
mkfifo in out.fifo

for way in default ignore; do
  start_way() {
    env "--$way-signal=PIPE" "$command" "$@" <&0 3>&- 4>&- &
    pid=$!
  }
  piped() { # ARGUMENT…: into head, which takes three lines
    env "--$way-signal=PIPE" timeout "$patience" "$command" "$@" 2>err | head -n 3 >out
    check_equal "$way: $* | head: status" 141 "${PIPESTATUS[0]}"
    check_empty "$way: $* | head" err
    check_equal "$way: $* | head: lines" 3 "$(wc -l <out)"
  }
  piped -e 0
  piped -e 1ms
  piped -e 0 numbers
  piped -e 0 -c 5 numbers
  piped -e 1ms numbers
  yes | piped -e 0 -

  # The reader has gone before the first line comes, and the input never ends.
  for arguments in '-e 0' '-e 1h' '-e 0 -c 0' '--produce-every 1h --consume-every 0'; do
    exec 3<>in 4<>out.fifo
    # shellcheck disable=SC2086
    start_way $arguments - <in >out.fifo 2>err
    check 'it comes to wait' until_true "$patience" is_still "$pid"
    exec 4>&-
    echo line >&3
    ends
    check_equal "$way: $arguments, waiting for input: status" 141 "$status"
    check_empty "$way: $arguments, waiting for input" err
    exec 3>&-
  done

  # A full pipe holds the writer when the reader goes.
  for arguments in '-e 0' '-e 0 /dev/zero -0' '-e 0 numbers' '-e 0 -c 5 numbers'; do
    exec 4<>out.fifo
    # shellcheck disable=SC2086
    start_way $arguments >out.fifo 2>err
    check 'it fills the pipe' until_true "$patience" is_still "$pid"
    exec 4>&-
    ends
    check_equal "$way: $arguments, at a full pipe: status" 141 "$status"
    check_empty "$way: $arguments, at a full pipe" err
  done
done

# The reader of the log is one too.
exec 4<>out.fifo
start -e 0 -v numbers >out 2>out.fifo
check 'it fills the pipe' until_true "$patience" is_still "$pid"
exec 4>&-
ends
check_equal 'the reader of the log goes: status' 141 "$status"
check 'the reader of the log goes: the data so far' cmp -n "$(wc -c <out)" out numbers

# Who was to hear what is said has gone: no reason to die of it, nor another status.
exec 4<>out.fifo
exec 5>out.fifo
exec 4>&-
is_still_or_gone() { is_gone "$pid" || is_still "$pid"; }
for way in default ignore; do
  said() { # STATUS ARGUMENT…
    local expected=$1
    shift
    env "--$way-signal=PIPE" timeout "$patience" "$command" "$@" >out 2>&5
    check_equal "$way: $*, with nobody to hear: status" "$expected" $?
  }
  said 0 -e 0 -n 3 -q --stats
  said 0 -e 0 --stats numbers
  check_same "$way: --stats, with nobody to hear" numbers out
  said 2 --nothing
  said 3 -e 0 nothing
  env "--$way-signal=PIPE" --default-signal=INT "$command" -e 1h -q --stats >out 2>&5 5>&- &
  pid=$!
  check 'it sits out an hour' until_true "$patience" is_still "$pid"
  for signal in USR1 USR1 INT; do
    kill -"$signal" "$pid"
    check 'it has heard' until_true "$patience" is_still_or_gone
  done
  ends
  check_equal "$way: asked, with nobody to hear: status" 130 "$status"
done
exec 5>&-

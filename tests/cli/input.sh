#!/bin/bash
# cli.input: the next reader of a seekable standard input finds it just behind the last item that
# was handed over, however the run has ended.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh" "$1" || exit 1

seq 1 10 >ten
seq 1 50000 >numbers
mkfifo out.fifo

# rest_of FILE ARGUMENT…: reads `-`, then copies what is left to `rest`. Sets $status.
rest_of() {
  local file=$1
  shift
  {
    run "$@" -
    cat >rest
  } <"$file"
}

# check_rest WHAT FILE: `out` and `rest` together are the file.
check_rest() { check_same "$1: the output and the rest" "$2" <(cat out rest); }

for n in 0 1 3 10 11; do
  for options in '-e 0' '-e 0 -c 5' '-e 0 -c 0' '-e 1ms' '-e 0 -v --stats'; do
    # shellcheck disable=SC2086
    rest_of ten $options -n $n
    check_equal "$options -n $n: status" 0 "$status"
    check_same "$options -n $n" <(head -n $n ten) out
    check_rest "$options -n $n" ten
  done
done
rest_of numbers -e 0 -n 30000
check_rest '-n 30000' numbers
rest_of numbers -e 1h --for 50ms
check_rest '--for' numbers
rest_of numbers -e 0 --for 5ms
check_rest '--for, unpaced' numbers
rest_of numbers --for 0
check_same '--for 0' numbers rest
rest_of ten -e 0 -o /dev/full
check_equal 'an output error: status' 3 "$status"
check_same 'an output error' ten rest
printf 'a\0b\0c' >nuls
rest_of nuls -e 0 -0 -n 2
check_equal -0 c "$(<rest)"

# It may begin anywhere, and one reader may follow another.
{
  read -r first
  for _ in 1 2; do
    timeout "$time_limit" "$command" -e 0 -n 3 - >>pieces
  done
  cat >>pieces
} <ten
check_same 'three readers' ten <(echo "$first" && cat pieces)

# A signal: while it waits for its tick, and while a write is blocked.
for what in tick pipe; do
  exec 4<>out.fifo 5<numbers
  rm -f out
  if [[ $what == tick ]]; then
    start -e 1h --stats=json - <&5 >out 2>err
    wait_for_line out '^1$'
  else
    start -e 0 --stats=json - <&5 >out.fifo 2>err
    wait_until_idle 'the pipe is full'
  fi
  kill -TERM "$pid"
  wait_for_exit
  check_equal "$what: a signal: status" 143 "$status"
  items=$(json_number err items)
  check_same "$what: a signal: the rest" <(tail -n "+$((items + 1))" numbers) <(cat <&5)
  exec 4>&- 5<&-
done

# The reader of the output exits.
exec 5<numbers
start -e 0 --stats=json - <&5 2>err > >(head -n 3 >out)
wait_for_exit
check_equal 'the reader exits: status' 141 "$status"
items=$(json_number err items)
check_same 'the reader exits: the rest' <(tail -n "+$((items + 1))" numbers) <(cat <&5)
exec 5<&-

# A file that is named has an offset of its own.
{
  run -e 0 -n 3 numbers
  cat >rest
} <ten
check_same 'a named file' ten rest

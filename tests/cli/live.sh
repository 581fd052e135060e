#!/bin/bash
# cli.live: lines that come one by one are shown one by one, each before the next one comes; and
# descriptors that are shared with others are used as they are, and left so.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh" "$1" || exit 1

mkfifo in out.fifo

# echoes TEXT [DELIMITER]: what is written to the input comes out, though nothing follows it.
echoes() {
  local got=''
  printf "%s$2" "$1" >&3
  checks=$((checks + 1))
  if [[ $2 == '\n' ]]; then
    read -r -t "$patience" -u 4 got || fail "$1 does not come out"
  else
    read -r -d '' -t "$patience" -u 4 got || fail "$1 does not come out"
  fi
  check_equal 'what comes out' "$1" "$got"
}

for arguments in '-e 0' '-e 5ms' '-e 5ms -c 0' '-e 0 -c 0' '-e 0 -c 5' '-e 5ms -c 5' \
  '--produce-every 5ms --consume-every 0' '-e 0 --stats -v'; do
  exec 3<>in 4<>out.fifo
  # shellcheck disable=SC2086
  start $arguments - <in >out.fifo 2>err
  for line in one two '' four "$(head -c 3000 /dev/zero | tr '\0' 5)"; do
    echoes "$line" '\n'
  done
  # A line is whole when its end has come, not earlier.
  printf 'half and ' >&3
  check 'it comes to wait' until_true "$patience" is_still "$pid"
  check 'half a line is kept back' bash -c '! read -rt 0 -u 4'
  echo half >&3
  check 'the line comes out' read -r -t "$patience" -u 4 got
  check_equal 'a line in two halves' 'half and half' "$got"
  exec 3>&-
  ends
  check_equal "$arguments: the end of the input" 0 "$status"
  exec 4>&-
done

exec 3<>in 4<>out.fifo
start -e 0 -0 - <in >out.fifo 2>err
echoes $'a line\nand another' '\0'
echoes '' '\0'
printf 'the rest' >&3
exec 3>&-
ends
check_equal '-0: the end of the input' 0 "$status"
read -r -t 0.1 -u 4 got
check_equal '-0: what lacks its end comes at the end' 'the rest' "$got"
exec 4>&-

# With an hour between two, the first comes at once, the second not; the end of the input ends nothing
# early, a signal does, and -n does.
exec 3<>in 4<>out.fifo
start -e 1h -n 1 - <in >out.fifo 2>err
echoes first '\n'
ends
check_equal '-e 1h -n 1' 0 "$status"
exec 3>&- 4>&-

# Where no line comes, the time that was set comes still.
for every in 0 1h; do
  exec 3<>in
  printf 'half a line' >&3
  limit=$patience run -e $every --for 100ms - <in
  check_equal "-e $every --for, no input" 0 "$status"
  check_empty "-e $every --for, no input" out
  exec 3>&-
done

# The counter, too, shows each hand-off when it is done, also where its output is no terminal.
exec 4<>out.fifo
start -e 1h >out.fifo 2>err
check 'the producer is shown' read -r -t "$patience" -u 4 got
check_equal 'the producer' 'Producer: 1' "$got"
check 'the consumer is shown' read -r -t "$patience" -u 4 got
check_equal 'the consumer' 'Consumer: 1' "$got"
kill -TERM "$pid"
ends
exec 4>&-

# One descriptor as input and output: what goes in comes round again.
exec 3<>in
echo round >&3
limit=$patience run_with -e 0 -n 1000 - <&3 >&3 2>err
check_equal 'one descriptor for both' 0 "$status"
check 'one descriptor for both: the line' read -r -t "$patience" -u 3 got
check_equal 'one descriptor for both: the line' round "$got"
exec 3>&-

# Flags of a descriptor of ours, as all processes that share it see them.
flags_of() { sed -n 's/^flags:[[:space:]]*//p' "/proc/$BASHPID/fdinfo/$1"; }
if [[ ! -e /proc/self/fdinfo/0 ]]; then
  echo 'not checked: flags of descriptors; there is no /proc/self/fdinfo'
  exit 0
fi
seq 1 100000 >numbers

# dd is what can set O_NONBLOCK on a descriptor that it was given.
for blocking in yes no; do
  exec 3<>in 4<>out.fifo
  if [[ $blocking == no ]]; then
    dd iflag=nonblock count=0 status=none <&3
    dd oflag=nonblock count=0 status=none >&4
  fi
  is_blocking() { (((8#$(flags_of "$1") & 8#4000) == 0)); }
  check_equal "input is blocking" "$blocking" "$(is_blocking 3 && echo yes || echo no)"
  check_equal "output is blocking" "$blocking" "$(is_blocking 4 && echo yes || echo no)"
  in_before=$(flags_of 3) out_before=$(flags_of 4)

  # Input comes slower, then faster than it is read; the output fills up and is emptied late.
  "$command" -e 0 -n 100000 - <&3 >&4 2>err 3>&- 4>&- &
  pid=$!
  check 'it comes to wait' until_true "$patience" is_still "$pid"
  (cat numbers >in) 3>&- 4>&- &
  check 'it fills the pipe' until_true "$patience" is_still "$pid"
  check_equal 'input flags during' "$in_before" "$(flags_of 3)"
  check_equal 'output flags during' "$out_before" "$(flags_of 4)"
  check_equal "all, $blocking" "$(cksum <numbers)" \
    "$(timeout "$patience" head -c "$(wc -c <numbers)" out.fifo | cksum)"
  ends
  check_equal "blocking: $blocking" 0 "$status"
  check_empty "blocking: $blocking" err
  check_equal 'input flags after' "$in_before" "$(flags_of 3)"
  check_equal 'output flags after' "$out_before" "$(flags_of 4)"

  # The counter's log, and the log and statistics on a standard error of that kind.
  "$command" -e 0 -n 20000 --stats >&4 2>&4 3>&- 4>&- &
  pid=$!
  check 'it fills the pipe' until_true "$patience" is_still "$pid"
  counted 20000 >expected
  timeout "$patience" head -c "$(wc -c <expected)" out.fifo >got
  check_same "the counter, blocking: $blocking" expected got
  ends
  check_equal "the counter, blocking: $blocking" 0 "$status"
  check_equal "log flags after, blocking: $blocking" "$out_before" "$(flags_of 4)"
  read -r -t "$patience" -u 4 got
  check_equal "statistics, blocking: $blocking" 'items' "${got%% *}"

  # And one ended by a signal leaves them, too.
  "$command" -e 1h - <&3 >&4 2>&4 3>&- 4>&- &
  pid=$!
  check 'it comes to wait' until_true "$patience" is_still "$pid"
  kill -TERM "$pid"
  ends
  check_equal "a signal, blocking: $blocking" 143 "$status"
  check_equal "input flags after a signal" "$in_before" "$(flags_of 3)"
  check_equal "output flags after a signal" "$out_before" "$(flags_of 4)"
  exec 3>&- 4>&-
done

#!/bin/bash
# cli.live: each line of a live input is output before the next one comes, and descriptors that
# other processes share keep their flags.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh" "$1" || exit 1

mkfifo in out.fifo

# check_echo TEXT DELIMITER: a line written to the input is output, although no other line follows.
check_echo() {
  local got='' delimiter=$'\n'
  [[ $2 == '\n' ]] || delimiter=''
  printf "%s$2" "$1" >&3
  check "$1 is output" read -r -d "$delimiter" -t "$time_limit" -u 4 got
  check_equal 'the line' "$1" "$got"
}

for arguments in '-e 0' '-r 1000000/s' '-e 5ms' '-e 5ms -c 0' '-e 0 -c 0' '-e 0 -c 5' \
  '-e 5ms -c 5' \
  '--produce-every 5ms --consume-every 0' '-e 0 --stats -v' \
  '-r 100/s --late burst=3 --burst-start'; do
  exec 3<>in 4<>out.fifo
  # shellcheck disable=SC2086
  start $arguments - <in >out.fifo 2>err
  for line in one two '' four "$(head -c 3000 /dev/zero | tr '\0' 5)"; do
    check_echo "$line" '\n'
  done
  # Half a line is not output until its newline has come.
  printf 'half and ' >&3
  wait_until_idle 'it waits for input'
  check 'half a line is not output' bash -c '! read -rt 0 -u 4'
  echo half >&3
  check 'the line is output' read -r -t "$time_limit" -u 4 got
  check_equal 'a line in two halves' 'half and half' "$got"
  exec 3>&-
  wait_for_exit
  check_equal "$arguments: the end of the input" 0 "$status"
  exec 4>&-
done

exec 3<>in 4<>out.fifo
start -e 0 -0 - <in >out.fifo 2>err
check_echo $'a line\nand another' '\0'
check_echo '' '\0'
printf 'the rest' >&3
exec 3>&-
wait_for_exit
check_equal '-0: the end of the input' 0 "$status"
read -r -t 0.1 -u 4 got # the text is in the pipe, without a newline
check_equal '-0: the last item lacks its NUL' 'the rest' "$got"
exec 4>&-

# -n ends the run while the input is open.
exec 3<>in 4<>out.fifo
start -e 1h -n 1 - <in >out.fifo 2>err
check_echo first '\n'
wait_for_exit
check_equal '-e 1h -n 1' 0 "$status"
exec 3>&- 4>&-

# --for ends the run while no line comes.
for every in 0 1h; do
  exec 3<>in
  printf 'half a line' >&3
  run -e $every --for 100ms - <in
  check_equal "-e $every --for, no input" 0 "$status"
  check_empty "-e $every --for, no input" out
  exec 3>&-
done

# The counter logs each transfer at once, also to a pipe.
exec 4<>out.fifo
start -e 1h >out.fifo 2>err
for expected in 'Producer: 1' 'Consumer: 1'; do
  check "$expected" read -r -t "$time_limit" -u 4 got
  check_equal 'the log' "$expected" "$got"
done
kill -TERM "$pid"
wait_for_exit
exec 4>&-

# The same pipe as input and output: the line passes through again and again.
exec 3<>in
echo round >&3
run_with -e 0 -n 1000 - <&3 >&3 2>err
check_equal 'one descriptor for both' 0 "$status"
check 'one descriptor for both: the line' read -r -t "$time_limit" -u 3 got
check_equal 'one descriptor for both: the line' round "$got"
exec 3>&-

# The flags of a descriptor of this shell, which every process that shares it sees.
flags_of() { sed -n 's/^flags:[[:space:]]*//p' "/proc/$BASHPID/fdinfo/$1"; }
is_blocking() { (((8#$(flags_of "$1") & 8#4000) == 0)); }
if [[ ! -e /proc/self/fdinfo/0 ]]; then
  echo 'not checked: flags of descriptors, because /proc/self/fdinfo does not exist'
  exit 0
fi
seq 1 100000 >numbers
counter_log 20000 >expected

# dd(1) can set O_NONBLOCK on a descriptor that it inherits.
for blocking in yes no; do
  exec 3<>in 4<>out.fifo
  if [[ $blocking == no ]]; then
    dd iflag=nonblock count=0 status=none <&3
    dd oflag=nonblock count=0 status=none >&4
  fi
  check_equal 'input is blocking' "$blocking" "$(is_blocking 3 && echo yes || echo no)"
  check_equal 'output is blocking' "$blocking" "$(is_blocking 4 && echo yes || echo no)"
  in_before=$(flags_of 3) out_before=$(flags_of 4)
  check_flags() { # WHAT
    check_equal "blocking: $blocking: input flags $1" "$in_before" "$(flags_of 3)"
    check_equal "blocking: $blocking: output flags $1" "$out_before" "$(flags_of 4)"
  }

  # It waits first for input, then for the reader of its output.
  "$command" -e 0 -n 100000 - <&3 >&4 2>err 3>&- 4>&- &
  pid=$!
  wait_until_idle 'it waits for input'
  (cat numbers >in) 3>&- 4>&- &
  wait_until_idle 'the pipe is full'
  check_flags during
  check_equal "all, $blocking" "$(cksum <numbers)" \
    "$(timeout "$time_limit" head -c "$(wc -c <numbers)" out.fifo | cksum)"
  wait_for_exit
  check_equal "blocking: $blocking" 0 "$status"
  check_empty "blocking: $blocking" err
  check_flags after

  # The counter's log and the statistics, on one descriptor.
  "$command" -e 0 -n 20000 --stats >&4 2>&4 3>&- 4>&- &
  pid=$!
  wait_until_idle 'the pipe is full'
  timeout "$time_limit" head -c "$(wc -c <expected)" out.fifo >got
  check_same "the counter, blocking: $blocking" expected got
  wait_for_exit
  check_equal "the counter, blocking: $blocking" 0 "$status"
  check_flags 'after the log'
  read -r -t "$time_limit" -u 4 got
  check_equal "statistics, blocking: $blocking" 'items' "${got%% *}"

  "$command" -e 1h - <&3 >&4 2>&4 3>&- 4>&- &
  pid=$!
  wait_until_idle 'it waits for input'
  kill -TERM "$pid"
  wait_for_exit
  check_equal "a signal, blocking: $blocking" 143 "$status"
  check_flags 'after a signal'
  exec 3>&- 4>&-
done

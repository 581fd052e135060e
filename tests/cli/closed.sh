#!/bin/bash
# cli.closed: standard input, output and error closed at the start, in all combinations. A file that
# is opened next must not get the descriptor of one of them and then be written to by mistake.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh" "$1" || exit 1

seq 1 5000 >numbers
cp numbers original
counter_log 2000 >counter_expected

# run_closed REDIRECTIONS ARGUMENT…; open streams are the files `input`, `out` and `err`.
run_closed() {
  local closed=$1
  shift
  : >out
  : >err
  printf 'input\n' >input
  # shellcheck disable=SC2294
  eval "timeout --kill-after=5 $time_limit \"\$command\" \"\$@\" <input >out 2>err $closed"
  status=$?
}

# is_closed CHARACTERS: whether one of the redirections contains them.
is_closed() { [[ $closed == *"$1"* ]]; }

for closed in '' '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
  # An output file needs none of the three.
  lost=0 # Requested text that standard error does not take is reported at the end.
  ! is_closed '2>' || lost=3
  run_closed "$closed" -e 0 -n 2000 --stats -o file
  check_equal "counter, -o, $closed: status" $lost "$status"
  check_same "counter, -o, $closed" counter_expected file
  check_empty "counter, -o, $closed" out
  run_closed "$closed" -e 0 -v --stats -o file numbers
  check_equal "source, -v -o, $closed: status" $lost "$status"
  check_same "source, -v -o, $closed" original file
  run_closed "$closed" -e 0 --stats -o file numbers
  check_equal "source, -o, $closed: status" $lost "$status"
  check_same "source, -o, $closed" original file
  check_empty "source, -o, $closed" out

  expected=0
  ! is_closed ' >' && [[ $closed != '>'* ]] || expected=3
  for arguments in '-e 0 -n 2000' '-e 0 numbers' '-e 1h numbers -n 1' '--help' '--version'; do
    # shellcheck disable=SC2086
    run_closed "$closed" $arguments
    check_equal "$arguments $closed: status" $expected "$status"
    if ((status == 3)) && ! is_closed '2>'; then
      check_line err '^handoff: standard output: bad file descriptor$'
    fi
  done

  run_closed "$closed" -e 0 -o file -
  if is_closed '<'; then
    check_equal "- $closed: status" 3 "$status"
    check_empty "- $closed" file
    is_closed '2>' || check_line err '^handoff: standard input: bad file descriptor$'
  else
    check_equal "- $closed: status" 0 "$status"
    check_same "- $closed" input file
  fi

  # Errors keep their status, and no other file receives the message.
  run_closed "$closed" -e 0 missing
  check_equal "missing $closed: status" 3 "$status"
  run_closed "$closed" -e x
  check_equal "-e x $closed: status" 2 "$status"
  check_empty "$closed" out
  check_same "the source, $closed" original numbers
  check_equal "the input, $closed" input "$(<input)"
  check "messages only on standard error, $closed" \
    bash -c '! grep -q handoff: numbers input file'
done

#!/bin/bash
# cli.closed: started with standard input, output or error closed, in all combinations. What is opened
# next must not take their place and be written to by mistake.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh" "$1" || exit 1

seq 1 5000 >numbers
cp numbers kept
counted 2000 >counter_expected

# with_closed REDIRECTIONS ARGUMENT…; the streams that are not closed are `input`, `out` and `err`.
with_closed() {
  local closed=$1
  shift
  : >out
  : >err
  printf 'input\n' >input
  # shellcheck disable=SC2294
  eval "timeout --kill-after=5 $patience \"\$command\" \"\$@\" <input >out 2>err $closed"
  status=$?
}

# closed CHARACTERS: is stream $1 among those that are?
is_closed() { [[ $closed == *"$1"* ]]; }

for closed in '' '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
  # An output of its own needs none of the three.
  with_closed "$closed" -e 0 -n 2000 --stats -o file
  check_equal "counter, -o, $closed: status" 0 "$status"
  check_same "counter, -o, $closed" counter_expected file
  check_empty "counter, -o, $closed" out
  with_closed "$closed" -e 0 -v --stats -o file numbers
  check_equal "source, -o, $closed: status" "$(is_closed '2>' && echo 3 || echo 0)" "$status"
  is_closed '2>' || check_same "source, -o, $closed" kept file
  check "source, -o, $closed: nothing but data in it" cmp -n "$(wc -c <file)" kept file
  with_closed "$closed" -e 0 --stats -o file numbers
  check_equal "source, -o, stats, $closed: status" 0 "$status"
  check_same "source, -o, stats, $closed" kept file
  check_empty "source, -o, $closed" out

  # Standard output, if it is there.
  for arguments in '-e 0 -n 2000' '-e 0 numbers' '-e 1h numbers -n 1' '--help' '--version'; do
    # shellcheck disable=SC2086
    with_closed "$closed" $arguments
    check_equal "$arguments $closed: status" "$(is_closed ' >' || [[ $closed == '>'* ]] && echo 3 || echo 0)" \
      "$status"
    if ((status == 3)) && ! is_closed '2>'; then
      check_says err '^handoff: standard output: bad file descriptor$'
    fi
  done

  # Standard input.
  with_closed "$closed" -e 0 -o file -
  if is_closed '<'; then
    check_equal "- $closed: status" 3 "$status"
    check_empty "- $closed" file
    is_closed '2>' || check_says err '^handoff: standard input: bad file descriptor$'
  else
    check_equal "- $closed: status" 0 "$status"
    check_same "- $closed" input file
  fi

  # What is missing is still missing, and no other file gets to hear of it.
  with_closed "$closed" -e 0 missing
  check_equal "missing $closed: status" 3 "$status"
  with_closed "$closed" -e x
  check_equal "-e x $closed: status" 2 "$status"
  check_empty "$closed" out
  check_same "the source, $closed" kept numbers
  check_equal "the input, $closed" input "$(<input)"
  check "errors on standard error only, $closed" bash -c '! grep -q handoff: numbers input file'
done

#!/bin/bash
# cli.terminal: with a terminal, which script(1) creates, as standard input and output.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh" "$1" || exit 1
script -qec true /dev/null </dev/null >screen 2>&1 || skip 'script(1) cannot create a terminal'

# run_on_terminal ARGUMENTS: reads what is typed from the FIFO `keys`; `screen` shows what appears.
mkfifo keys
run_on_terminal() {
  timeout "$time_limit" script -qefc "exec '$command' $1" screen <keys >/dev/null 2>&1 3>&- &
  pid=$!
}

# `-` reads what is typed, up to the end of file (^D) at the beginning of a line.
exec 3<>keys
rm -f screen
run_on_terminal '-e 0 -o typed -'
check 'it reads' wait_until test -e typed
printf 'one\ntwo\n' >&3
wait_for_line typed '^two$'
printf '\004' >&3
wait_for_exit
check_equal 'typed: status' 0 "$status"
check_equal 'typed' $'one\ntwo' "$(<typed)"

# The terminal echoes ^C. The statistics begin on the next line.
rm -f screen
run_on_terminal '-e 1h --stats'
wait_for_line screen '^Consumer: 1'
printf '\003' >&3
wait_for_exit
check_line screen '^items     1 in '
exec 3>&-

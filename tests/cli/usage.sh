#!/bin/bash
# cli.usage: a usage error gives exit status 2 and one line, before anything is opened; --help and
# --version. unit.cli_options and unit.cli_option_scan test every message; here is one of each kind.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh" "$1" || exit 1

check_usage() { # MESSAGE ARGUMENT…
  local message=$1
  shift
  run -o created "$@" </dev/null
  check_equal "$*: status" 2 "$status"
  check_empty "$*: standard output" out
  check_equal "$*" "handoff: $message" "$(<err)"
  check_equal "$*: files" 'err out' "$(echo *)"
}

check_usage '--rate: "10" has no unit; try 10/s' --rate 10
check_usage '-e: "x" is not a number; try 5s, 250ms or 1m30s' -e x -e 1s
check_usage '-e: "?[31m?" is not a number; try 5s, 250ms or 1m30s' -e $'\e[31m\x7f'
check_usage '-n: "1e9" has an exponent; write 1000000000' -n 1e9
check_usage '-c: needs a value; try 0 to 1048576' -c
check_usage '--quiet: takes no value' --quiet=yes
check_usage '--rat3: unknown option; did you mean --rate?' --rat3
check_usage '-x: unknown option; try --help' -x
check_usage '-0, --null: needs a SOURCE; try a file name, or - for standard input' -0
check_usage '"b": there can be only one SOURCE; try cat FILES | handoff -' a b
check_usage "-- CMD: handoff does not run commands; pipe to xargs -d '\\n' -n 1 CMD" a -- echo
run --every "$(head -c 100000 /dev/zero | tr '\0' 9)"
check_equal 'a long value: status' 2 "$status"
check 'a long value: a short message' test "$(wc -c <err)" -lt 300

# Closed streams do not change that.
for closed in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
  eval "run_with -o created -e x $closed" 2>/dev/null
  check_equal "$closed" 2 "$status"
  check "$closed: nothing created" test ! -e created
done

for option in -h --help; do
  run "$option"
  check_equal "$option" 0 "$status"
  check_empty "$option" err
  check_line out '^Usage: handoff'
done
for option in -V --version; do
  run "$option"
  check_equal "$option" 0 "$status"
  check_empty "$option" err
  check_line out '^handoff [0-9]+\.[0-9]+\.[0-9]+ \(libuv [0-9.]+\)$'
  check_equal "$option: lines" 1 "$(wc -l <out)"
done
run -e 0 -n 3 missing --help
check_equal '--help wins over what comes before it' 0 "$status"
check_line out '^Usage: handoff'
run_with --help >/dev/full 2>err
check_equal '--help >/dev/full' 3 "$status"
check_line err '^handoff: standard output: no space left on device'

#!/bin/bash
# Checks one of the models with SPIN, its whole state space in each configuration, and that each of its mutants
# is caught, by the claim that is to catch it. Prints a table. Needs spin and a C compiler.
#
# Usage: run.sh slot|port|order [--full]
#   --full  also the configurations that take minutes, and up to 2 GiB
set -euo pipefail
export LC_ALL=C
model=$1 extent=${2-}
source=$(cd "$(dirname "$0")" && pwd)/$model.pml
compiler=${CC:-cc}

for tool in spin "$compiler"; do
  command -v "$tool" >/dev/null || { echo "skipped: there is no $tool on this machine" && exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

status=0
row='%-6s %-72s %10s %6s %7s  %s\n'

# verify DEFINITIONS COMPILER_FLAGS [PAN_FLAG…]: sets states, depth, seconds and found.
verify() {
  local definitions=() flags=() output start=$EPOCHREALTIME
  read -ra definitions <<<"$1"
  read -ra flags <<<"$2"
  spin "${definitions[@]/#/-D}" -a "$source" >spin.log || { cat spin.log && exit 1; }
  "$compiler" -w -DNOFAIR -DMEMLIM=2048 "${flags[@]}" pan.c -o pan
  output=$(./pan -m100000 "${@:3}" 2>&1) || true
  seconds=$(awk -v from="$start" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }')
  states=$(awk '/ states, stored/ { print $1 }' <<<"$output")
  depth=$(sed -nE 's/.*depth reached ([0-9]+).*/\1/p' <<<"$output")
  case $output in
    *'pan:1: assertion violated'*) found=$(sed -nE 's/.*\|\|([a-z_]+)\) \(at depth.*/\1/p' <<<"$output") ;;
    *'pan:1: invalid end state'*) found=every_call_ends ;;
    *'pan:1: non-progress cycle'*) found=no_endless_run ;;
    *'not completed'* | *'too small'* | *'out of memory'*) found='(not completed)' ;;
    *'errors: 0'*) found= ;;
    *) found="(what?) $output" ;;
  esac
}

verdict() {
  # shellcheck disable=SC2059 # the format of the table
  printf "$row" "$model" "$1" "$states" "$depth" "$seconds" "$2"
  [[ $2 != FAILED* ]] || status=1
}

# The model holds.
holds() {
  verify "$*" "-O1 -DSAFETY ${compress-}"
  verdict "$*" "${found:+FAILED: }${found:-holds}"
}

# It has no cycle at all, so every run of it is finite.
ends() {
  verify "$*" '-O1 -DNP' -l
  verdict "$*" "${found:+FAILED: }${found:-has no cycle}"
}

# For the large configurations: half as fast, in a third of the memory.
in_full() { [[ $extent != --full ]] || compress=-DCOLLAPSE "$@"; }

# caught MUTANT CLAIM DEFINITIONS…: the mutant is caught; breadth first, so by the shortest way there is, unless
# that does not fit.
caught() {
  local mutant=$1 claim=$2
  verify "MUTANT $mutant ${*:3}" "-O0 -DSAFETY ${search--DBFS}"
  if [[ $found == "$claim" ]]; then
    verdict "$mutant ${*:3}" "caught: $found, after $depth steps"
  else
    verdict "$mutant ${*:3}" "FAILED: ${found:-survived}, not $claim"
  fi
}

check_slot() {
  local capacity
  for capacity in 0 1 2; do
    holds P=1 C=1 CAPACITY="$capacity" ITEMS=2 SHUT=1 TIMEOUTS=2 SPURIOUS=2
    holds P=2 C=2 CAPACITY="$capacity"
    holds P=2 C=1 CAPACITY="$capacity" ITEMS=2
    in_full holds P=1 C=2 CAPACITY="$capacity" ITEMS=4
    holds P=1 C=1 CAPACITY="$capacity" ITEMS=3 TIMEOUTS=1 TSO=1
  done
  holds P=2 C=1 CAPACITY=1 SHUT=1
  holds P=3 C=1 CAPACITY=1
  ends P=2 C=1 CAPACITY=1 TIMEOUTS=1
  ends P=1 C=1 CAPACITY=1 SHUT=1 TIMEOUTS=1
  for capacity in 0 1 2; do
    in_full holds P=2 C=2 CAPACITY="$capacity" ITEMS=2 SPURIOUS=0
    in_full holds P=2 C=2 CAPACITY="$capacity" TIMEOUTS=1 SPURIOUS=0
    in_full holds P=2 C=1 CAPACITY="$capacity" SHUT=1 TIMEOUTS=1
    in_full holds P=1 C=2 CAPACITY="$capacity" ITEMS=2 SHUT=1
    in_full holds P=2 C=2 CAPACITY="$capacity" SHUT=1 SPURIOUS=0
    in_full holds P=3 C=1 CAPACITY="$capacity" ITEMS=2 SPURIOUS=0
    in_full holds P=3 C=3 CAPACITY="$capacity" SPURIOUS=0
  done

  # The mark and the locks. BARE: the lost wake-up itself, not the invariant that it broke before.
  caught MUTANT_NO_MARK every_call_ends P=1 C=1 BARE=1
  caught MUTANT_MARK_STORE every_call_ends P=1 C=1 BARE=1
  caught MUTANT_NO_RECHECK every_call_ends P=1 C=1 BARE=1
  caught MUTANT_MARK_FIRST every_call_ends P=1 C=1 BARE=1
  caught MUTANT_IGNORE_MARK every_call_ends P=1 C=1 BARE=1
  caught MUTANT_IGNORE_MARK slot_invariant P=1 C=1
  caught MUTANT_NO_FENCE every_call_ends P=1 C=1 TSO=1 BARE=1
  caught MUTANT_LOCK_ORDER every_call_ends P=2 C=1 SHUT=1 BARE=1
  caught MUTANT_NO_PIN slot_destroyed P=2 C=1 SHUT=1 BARE=1
  caught MUTANT_UNPIN_EARLY slot_destroyed P=2 C=1 SHUT=1
  caught MUTANT_DESTROY_UNLOCKED slot_destroyed P=1 C=1
  caught MUTANT_TOUCH_AFTER_WAKE slot_destroyed P=1 C=1
  # The turns and the shut.
  caught MUTANT_OVERTAKE no_overtaking P=2 C=1 ITEMS=2
  caught MUTANT_MOVE_THOUGH_QUEUED no_overtaking P=2 C=1 ITEMS=2
  caught MUTANT_SERVE_LAST no_overtaking P=3 C=1
  search=-DCOLLAPSE caught MUTANT_SETTLE_ONCE slot_invariant P=2 C=2 ITEMS=2 SPURIOUS=0
  caught MUTANT_SHUT_UNSETTLED served_before_shut P=2 C=1 SHUT=1
  caught MUTANT_SHUT_WAKES_ONE every_call_ends P=1 C=2 SHUT=1
  # The park.
  caught MUTANT_IF never_early P=1 C=1
  caught MUTANT_DROPPED_SIGNAL every_call_ends P=1 C=1
  caught MUTANT_WAKE_UNLOCKED every_call_ends P=1 C=1
  caught MUTANT_WAKE_BEFORE_STATUS two_outcomes P=1 C=1
  caught MUTANT_SIGNAL_AFTER_UNLOCK frame_gone P=1 C=1
  caught MUTANT_TIMEOUT_EATS frame_gone P=1 C=1 TIMEOUTS=1
  caught MUTANT_TIMEOUT_WINS exactly_once P=1 C=1 SHUT=1 TIMEOUTS=1
  caught MUTANT_NO_LAST_WAIT frame_gone P=1 C=1 TIMEOUTS=1
  # No mutant but a limit: only calls without a deadline are done with the slot when they are decided.
  caught STRICT=1 slot_destroyed P=1 C=1 TIMEOUTS=1
}

check_port() {
  local close
  for close in 0 1; do
    holds THREADS=1 PUTS=2 REQUESTS=2 GETS=2 CANCELS=2 DISPATCH_MAX=1 CLOSE="$close"
    holds THREADS=2 PUTS=2 REQUESTS=3 GETS=4 CANCELS=1 DISPATCH_MAX=2 CLOSE="$close"
  done
  holds THREADS=2 PUTS=2 REQUESTS=2 GETS=4 CANCELS=2 DISPATCH_MAX=1 CLOSE=1
  ends THREADS=2 PUTS=1 REQUESTS=2 GETS=2 CANCELS=1 DISPATCH_MAX=1 CLOSE=1
  in_full holds THREADS=3 PUTS=1 REQUESTS=3 GETS=3 CANCELS=2 DISPATCH_MAX=2 CLOSE=1
  in_full holds THREADS=3 PUTS=2 REQUESTS=3 GETS=4 CANCELS=1 DISPATCH_MAX=3 CLOSE=1

  caught MUTANT_CLEARED_LATE every_call_ends CLOSE=0
  caught MUTANT_CLEARED_UNLOCKED every_call_ends CLOSE=0
  caught MUTANT_DROPPED_SEND every_call_ends CLOSE=0
  caught MUTANT_NO_RESEND every_call_ends DISPATCH_MAX=1
  caught MUTANT_CANCEL_BLIND exactly_once CLOSE=0
  caught MUTANT_SEND_UNLOCKED send_after_close CLOSE=1
  caught MUTANT_CLOSED_EARLY send_after_close CLOSE=1
}

check_order() {
  local capacity reports
  for capacity in 0 1 2; do
    for reports in 1 2; do
      holds CAPACITY="$capacity" REPORTS="$reports" ITEMS=6
    done
  done
  ends CAPACITY=1 REPORTS=1 ITEMS=4

  caught MUTANT_REPORTED_LATER one_is_early CAPACITY=1
  caught MUTANT_NOT_SET_ASIDE law_of_the_slot CAPACITY=1
  caught MUTANT_NO_ROOM_AT_0 one_is_early CAPACITY=0
}

# shellcheck disable=SC2059 # the format of the table
printf "$row" model configuration states depth seconds verdict
case $model in
  slot) check_slot ;;
  port) check_port ;;
  order) check_order ;;
  *) echo "run.sh: there is no model $model" && exit 2 ;;
esac
exit $status

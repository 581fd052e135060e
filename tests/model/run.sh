#!/bin/bash
# Checks one of the models with SPIN, its whole state space in each configuration, and that each of its mutants
# is caught, by the claim that is to catch it. Prints a table. Needs spin and a C compiler.
#
# Usage: run.sh slot|lock|lot|port|order [--full]
#   --full  also the configurations that take minutes, and up to 16 GiB
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
row='%-6s %-86s %10s %6s %7s %6s  %s\n'

# verify DEFINITIONS COMPILER_FLAGS [PAN_FLAG…]: sets states, depth, seconds, mib and found.
verify() {
  local definitions=() flags=() output start=$EPOCHREALTIME
  read -ra definitions <<<"$1"
  read -ra flags <<<"$2"
  spin "${definitions[@]/#/-D}" -a "$source" >spin.log || { cat spin.log && exit 1; }
  "$compiler" -w -DNOFAIR -DMEMLIM=16000 "${flags[@]}" pan.c -o pan
  output=$(./pan -m20000 -w20 "${@:3}" 2>&1) || true
  seconds=$(awk -v from="$start" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }')
  mib=$(awk '/total actual memory usage/ { printf "%.0f", $1 }' <<<"$output")
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
  printf "$row" "$model" "$1" "$states" "$depth" "$seconds" "$mib" "$2"
  [[ $2 != FAILED* ]] || status=1
}

# How the searches are compiled: -O1 takes longer to compile than it saves, up to a million states.
search=-O0
search_large='-O1 -DCOLLAPSE' # half as fast, in a third of the memory

# The model holds.
holds() {
  verify "$*" "$search -DSAFETY"
  verdict "$*" "${found:+FAILED: }${found:-holds}"
}

# It has no cycle at all, so every run of it is finite.
ends() {
  verify "$*" "$search -DNP" -l
  verdict "$*" "${found:+FAILED: }${found:-has no cycle}"
}

# caught MUTANT CLAIM DEFINITIONS…: the mutant is caught; breadth first, so by the shortest way there is.
caught() {
  local mutant=$1 claim=$2
  verify "MUTANT $mutant ${*:3}" "-O0 -DSAFETY -DBFS"
  if [[ $found == "$claim" ]]; then
    verdict "$mutant ${*:3}" "caught: $found, after $depth steps"
  else
    verdict "$mutant ${*:3}" "FAILED: ${found:-survived}, not $claim"
  fi
}

check_slot() {
  local capacity
  for capacity in 0 1 2; do
    holds P=1 C=1 CAPACITY="$capacity" ITEMS=2 SHUT=1 TIMEOUTS=2 SPURIOUS=2 PEEKS=1
    holds P=1 C=1 CAPACITY="$capacity" ITEMS=2 SHUT=2 TIMEOUTS=1 PEEKS=1
    holds P=2 C=2 CAPACITY="$capacity" ITEMS=2
    holds P=2 C=2 CAPACITY="$capacity" TIMEOUTS=2
    holds P=2 C=2 CAPACITY="$capacity" SHUT=1
    holds P=2 C=1 CAPACITY="$capacity" SHUT=2 ITEMS=2 SPURIOUS=0
    holds P=3 C=1 CAPACITY="$capacity"
    holds P=1 C=3 CAPACITY="$capacity" ITEMS=3
  done
  holds P=3 C=3 CAPACITY=2 SPURIOUS=0
  holds P=2 C=1 CAPACITY=2 ITEMS=2 GETS=2
  holds P=2 C=1 CAPACITY=1 ITEMS=2 TIMEOUTS=2
  holds P=1 C=2 CAPACITY=0 ITEMS=2 TIMEOUTS=2
  for capacity in 1 2; do
    holds P=2 C=1 CAPACITY="$capacity" ITEMS=2 LATEST=1 GETS=1 PEEKS=1
    holds P=1 C=2 CAPACITY="$capacity" ITEMS=3 LATEST=1 SHUT=2 SPURIOUS=0
    holds P=1 C=1 CAPACITY="$capacity" ITEMS=3 TIMEOUTS=1 TSO=1
    holds P=2 C=1 CAPACITY="$capacity" ITEMS=2 TSO=1
  done
  ends P=2 C=1 CAPACITY=1 TIMEOUTS=1
  ends P=1 C=1 CAPACITY=1 SHUT=2 TIMEOUTS=1
  if [[ $extent == --full ]]; then
    search=$search_large
    for capacity in 0 1 2; do
      holds P=2 C=2 CAPACITY="$capacity" ITEMS=2 TIMEOUTS=2
      holds P=2 C=2 CAPACITY="$capacity" ITEMS=2 SHUT=1 SPURIOUS=0
      holds P=2 C=2 CAPACITY="$capacity" ITEMS=2 SHUT=2 SPURIOUS=0
    done
    holds P=2 C=2 CAPACITY=1 ITEMS=2 TSO=1
    holds P=2 C=2 CAPACITY=1 ITEMS=2 LATEST=1 SHUT=1 SPURIOUS=0
    holds P=3 C=3 CAPACITY=0 SPURIOUS=0
    holds P=3 C=3 CAPACITY=1
    holds P=3 C=3 CAPACITY=2
  fi

  # The mark and the locks. BARE: what comes of it, not the invariant that it broke before.
  caught MUTANT_NO_MARK every_call_ends P=1 C=1 BARE=1
  caught MUTANT_NO_MARK_AGAIN slot_invariant P=2 C=1 ITEMS=2
  caught MUTANT_MARK_ALONE every_call_ends P=1 C=1 BARE=1
  caught MUTANT_IGNORE_MARK slot_invariant P=1 C=1
  caught MUTANT_IGNORE_MARK every_call_ends P=1 C=1 BARE=1
  caught MUTANT_IGNORE_MARK no_overtaking P=2 C=1 ITEMS=2 BARE=1
  caught MUTANT_NO_SETTLE slot_invariant P=1 C=1
  caught MUTANT_NO_SETTLE every_call_ends P=1 C=1 BARE=1
  caught MUTANT_NO_SETTLE served_before_shut P=1 C=1 SHUT=1 BARE=1
  caught MUTANT_SERVE_LAST no_overtaking P=3 C=1
  caught MUTANT_LOOK_BEFORE no_overtaking P=1 C=2 ITEMS=2 BARE=1
  caught MUTANT_LOCK_ORDER every_call_ends P=1 C=2 ITEMS=2
  caught MUTANT_PUBLISH_FIRST exactly_once P=1 C=1
  caught MUTANT_NO_FENCE every_call_ends P=1 C=1 TSO=1 BARE=1
  caught MUTANT_NO_FENCE exactly_once P=2 C=1 TSO=1 BARE=1
  # The end of it.
  caught MUTANT_SHUT_GET_LOCK drained_first P=1 C=1 SHUT=1
  caught MUTANT_SHUT_WAKES_ONE every_call_ends P=1 C=2 SHUT=1
  caught MUTANT_SHUT_FORGETS_GETTERS every_call_ends P=1 C=1 SHUT=2 BARE=1
  caught MUTANT_ABORT_TAKES_ONE gone_when_aborted P=1 C=1 CAPACITY=2 ITEMS=2 SHUT=2
  caught MUTANT_DESTROY_UNLOCKED slot_destroyed P=1 C=1
  caught MUTANT_DESTROY_PUT_LOCK slot_destroyed P=1 C=1
  caught MUTANT_DESTROY_GET_LOCK slot_destroyed P=1 C=1
  caught MUTANT_TOUCH_AFTER_WAKE slot_destroyed P=1 C=1
  # The newest only, and the look at the oldest.
  caught MUTANT_REPLACE_IN_TWO newest_in_sight P=1 C=1 ITEMS=2 LATEST=1 GETS=1 PEEKS=1
  caught MUTANT_REPLACE_PUT_LOCK exactly_once P=1 C=1 ITEMS=2 LATEST=1 GETS=1
  caught MUTANT_DROP_UNLOCKED exactly_once P=2 C=1 ITEMS=2 LATEST=1 GETS=1
  caught MUTANT_PEEK_PUT_LOCK items_fifo P=1 C=1 PEEKS=1
  # The park.
  caught MUTANT_IF never_early P=1 C=1
  caught MUTANT_DROPPED_SIGNAL every_call_ends P=1 C=1
  caught MUTANT_WAKE_UNLOCKED every_call_ends P=1 C=1
  caught MUTANT_WAKE_BEFORE_STATUS two_outcomes P=1 C=1
  caught MUTANT_SIGNAL_AFTER_UNLOCK frame_gone P=1 C=1
  caught MUTANT_TIMEOUT_EATS frame_gone P=1 C=1 TIMEOUTS=1
  caught MUTANT_TIMEOUT_WINS exactly_once P=1 C=1 TIMEOUTS=1
  caught MUTANT_NO_LAST_WAIT frame_gone P=1 C=1 TIMEOUTS=1
  # Who gives up, and who serves.
  caught MUTANT_LEAVE_LOOKS_FIRST slot_destroyed P=1 C=1 TIMEOUTS=1
  caught MUTANT_LEAVE_BLIND frame_gone P=1 C=1 TIMEOUTS=1
  caught MUTANT_LEAVE_STAYS frame_gone P=1 C=1 TIMEOUTS=1
  caught MUTANT_CLAIM_IN_TWO frame_gone P=1 C=1 TIMEOUTS=1
  caught MUTANT_SERVE_BLIND frame_gone P=1 C=1 TIMEOUTS=1
  caught MUTANT_SKIP_ENDS slot_invariant P=1 C=2 ITEMS=2 TIMEOUTS=1
  caught MUTANT_SKIP_ENDS slot_invariant P=1 C=2 CAPACITY=0 ITEMS=2 TIMEOUTS=1
  caught MUTANT_SKIP_STAYS_QUEUED every_call_ends P=1 C=1 TIMEOUTS=1
}

check_lock() {
  holds THREADS=2 USES=3
  holds THREADS=3 USES=3
  holds THREADS=4 USES=2
  ends THREADS=2 USES=2

  caught MUTANT_TEST_THEN_SET mutual_exclusion
  caught MUTANT_SLOW_WITHOUT_WORD mutual_exclusion
  caught MUTANT_NOT_RELEASED nothing_lost
  caught MUTANT_LOOKS_AFTER lock_gone
  caught MUTANT_WANTED_LATE lock_gone
  caught MUTANT_DESTROYS_FAST lock_gone
  caught MUTANT_DESTROYS_WITHOUT_WORD nothing_lost
  caught MUTANT_SLEEPS_UNTIL_TOLD every_call_ends
}

check_lot() {
  local parks
  for parks in 1 2; do
    holds WAITERS=2 WAKERS=2 WAITS=2 PARKS="$parks" TIMEOUTS=1 SPURIOUS=1
    holds WAITERS=3 WAKERS=2 WAITS=1 PARKS="$parks" TIMEOUTS=1 SPURIOUS=1
    holds WAITERS=1 WAKERS=3 WAITS=4 PARKS="$parks" TIMEOUTS=2 SPURIOUS=1
  done
  ends WAITERS=2 WAKERS=2 WAITS=2 PARKS=1

  caught MUTANT_IF two_outcomes
  caught MUTANT_NOT_RESET two_outcomes
  caught MUTANT_BORROW_IN_TWO one_waiter
  caught MUTANT_RETURNED_EARLY one_waiter
  caught MUTANT_RETURNED_LATE lot_gone
  caught MUTANT_NO_KEEPER lot_gone
  caught MUTANT_ONE_KEEPER lot_gone
  caught MUTANT_SLOT_FREES lot_gone
  caught MUTANT_SIGNALS_AFTER lot_gone
  caught MUTANT_LATE_KEEPS all_freed
  caught MUTANT_OWN_LASTS frame_gone WAITERS=2
}

check_port() {
  local close
  for close in 0 1; do
    holds THREADS=1 PUTS=2 REQUESTS=2 GETS=2 CANCELS=2 POLLS=1 DISPATCH_MAX=1 CLOSE="$close"
    holds THREADS=1 PUTS=4 REQUESTS=3 GETS=4 CANCELS=1 POLLS=2 DISPATCH_MAX=2 CLOSE="$close"
    holds THREADS=2 PUTS=1 REQUESTS=2 GETS=2 CANCELS=2 POLLS=2 DISPATCH_MAX=1 CLOSE="$close"
  done
  for close in 0 1; do
    holds THREADS=1 PUTS=2 OWN_PUTS=2 REQUESTS=2 GETS=4 CANCELS=1 POLLS=1 DISPATCH_MAX=2 CLOSE="$close"
  done
  holds THREADS=1 PUTS=2 OWN_PUTS=2 REQUESTS=3 GETS=4 CANCELS=0 POLLS=0 DISPATCH_MAX=2 CLOSE=0
  holds THREADS=2 PUTS=2 REQUESTS=3 GETS=4 CANCELS=1 POLLS=0 DISPATCH_MAX=2 CLOSE=1
  holds THREADS=2 PUTS=2 REQUESTS=2 GETS=4 CANCELS=1 POLLS=1 DISPATCH_MAX=2 CLOSE=1 LANE=1
  ends THREADS=2 PUTS=1 REQUESTS=2 GETS=2 CANCELS=1 POLLS=1 DISPATCH_MAX=1 CLOSE=1
  if [[ $extent == --full ]]; then
    search=$search_large
    holds THREADS=3 PUTS=1 REQUESTS=3 GETS=3 CANCELS=2 POLLS=1 DISPATCH_MAX=2 CLOSE=1
    holds THREADS=2 PUTS=2 REQUESTS=3 GETS=4 CANCELS=1 POLLS=2 DISPATCH_MAX=1 CLOSE=1 LANE=1
    holds THREADS=3 PUTS=2 REQUESTS=3 GETS=4 CANCELS=1 POLLS=1 DISPATCH_MAX=3 CLOSE=1
  fi

  caught MUTANT_CLEARED_LATE every_call_ends CLOSE=0
  caught MUTANT_CLEARED_UNLOCKED every_call_ends CLOSE=0
  caught MUTANT_DROPPED_SEND every_call_ends CLOSE=0
  caught MUTANT_NO_RESEND every_call_ends DISPATCH_MAX=1
  caught MUTANT_CANCEL_BLIND exactly_once CLOSE=0
  caught MUTANT_SEND_UNLOCKED send_after_close CLOSE=1
  caught MUTANT_CLOSED_EARLY exactly_once CLOSE=1 LANE=1
  caught MUTANT_SELF_OUTSIDE every_call_ends CLOSE=0
  caught MUTANT_SELF_IGNORES_READY callbacks_in_order PUTS=3 REQUESTS=3 GETS=3
  caught MUTANT_SELF_OUTSIDE every_call_ends THREADS=1 PUTS=1 OWN_PUTS=1 GETS=2 CANCELS=0
  caught MUTANT_SELF_IGNORES_READY callbacks_in_order PUTS=2 OWN_PUTS=1 REQUESTS=3 GETS=3 CANCELS=0
  caught MUTANT_HAS_READY_LATE callbacks_in_order PUTS=3 REQUESTS=3 GETS=3
  caught MUTANT_POSTED_UNLOCKED callbacks_in_order THREADS=2
  caught MUTANT_POLL_ENDS_BLIND every_call_ends POLLS=1
}

check_order() {
  local capacity reports
  for capacity in 0 1 2; do
    for reports in 1 2; do
      holds CAPACITY="$capacity" REPORTS="$reports" ITEMS=6
      holds CAPACITY="$capacity" REPORTS="$reports" ITEMS=4 FAULTS=1
    done
  done
  ends CAPACITY=1 REPORTS=1 ITEMS=4

  caught MUTANT_OUT_OF_TURN law_of_the_slot CAPACITY=1
  caught MUTANT_END_WAITS every_call_ends CAPACITY=1
  caught MUTANT_WAITS_FOR_THE_ENDED every_call_ends CAPACITY=1 FAULTS=1
  caught MUTANT_NO_ROOM_AT_0 every_call_ends CAPACITY=0
}

# shellcheck disable=SC2059 # the format of the table
printf "$row" model configuration states depth seconds MiB verdict
case $model in
  slot) check_slot ;;
  lock) check_lock ;;
  lot) check_lot ;;
  port) check_port ;;
  order) check_order ;;
  *) echo "run.sh: there is no model $model" && exit 2 ;;
esac
exit $status

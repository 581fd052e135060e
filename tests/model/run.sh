#!/bin/bash
# Checks one of the models with SPIN: its whole state space in each configuration, and that each
# mutant is caught by the property that is there to catch it. Prints a table; the seconds are
# processor time. Needs spin and a C compiler; clang compiles the searches fastest.
#
# Usage: run.sh slot|lock|parker|port|order [--full|--huge]
#   (none)  a configuration and a mutant for each property: seconds
#   --full  all mutants, and configurations that take minutes
#   --huge  also the largest configurations of slot: 15 minutes, and up to 3 GiB
set -euo pipefail
export LC_ALL=C
model=$1 extent=${2-}
source=$(cd "$(dirname "$0")" && pwd)/$model.pml
compiler=${CC:-$(command -v clang || echo cc)}

[[ $extent =~ ^(|--full|--huge)$ ]] || { echo "run.sh: there is no option $extent" && exit 2; }
for tool in spin "$compiler"; do
  command -v "$tool" >/dev/null || { echo "skipped: there is no $tool on this machine" && exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

status=0
row='%-6s %-73s %9s %6s %7s %6s  %s\n'

# Sets cpu_ms: the processor time of this shell's finished children, in milliseconds.
look_at_cpu() {
  times >times.log # not in a subshell, which would have no children
  cpu_ms=$(awk 'NR == 2 { split($1 "m" $2, t, "m")
    printf "%d", (60 * (t[1] + t[3]) + t[2] + t[4]) * 1000 }' times.log)
}

# verify DEFINITIONS COMPILER_FLAGS [PAN_FLAG…]: sets states, depth, seconds, mib and found.
verify() {
  local definitions=() flags=() output from
  read -ra definitions <<<"$1"
  read -ra flags <<<"$2"
  look_at_cpu
  from=$cpu_ms
  spin "${definitions[@]/#/-D}" -a "$source" >spin.log || { cat spin.log && exit 1; }
  "$compiler" -w -DNOFAIR -DMEMLIM=16000 "${flags[@]}" pan.c -o pan
  output=$(./pan -m20000 -w20 "${@:3}" 2>&1) || true
  look_at_cpu
  seconds=$(awk -v ms="$((cpu_ms - from))" 'BEGIN { printf "%.1f", ms / 1000 }')
  mib=$(awk '/total actual memory usage/ { printf "%.0f", $1 }' <<<"$output")
  states=$(awk '/ states, stored/ { print $1 }' <<<"$output")
  depth=$(sed -nE 's/.*depth reached ([0-9]+).*/\1/p' <<<"$output")
  case $output in
    *'pan:1: assertion violated'*)
      found=$(sed -nE 's/.*\|\|([a-z_]+)\) \(at depth.*/\1/p' <<<"$output") ;;
    *'pan:1: invalid end state'*) found=every_call_ends ;;
    *'pan:1: non-progress cycle'*) found=no_endless_run ;;
    *'not completed'* | *'too small'* | *'out of memory'*) found='(not completed)' ;;
    *'errors: 0'*) found= ;;
    *) found="(unknown) $output" ;;
  esac
}

verdict() {
  # shellcheck disable=SC2059 # the format of the table
  printf "$row" "$model" "$1" "$states" "$depth" "$seconds" "$mib" "$2"
  [[ $2 != FAILED* ]] || status=1
}

# An optimized search takes longer to compile than it saves, up to a million states.
search=-O0
search_large='-O1 -DCOLLAPSE' # half as fast, in a third of the memory

# The model holds. A configuration of the quick list is not searched again for --full.
searched=
holds() {
  [[ $searched != *"|$*|"* ]] || return 0
  searched+="|$*|"
  verify "$*" "$search -DSAFETY"
  verdict "$*" "${found:+FAILED: }${found:-holds}"
}

# The model has no cycle at all, so every run is finite.
ends() {
  verify "$*" "$search -DNP" -l
  verdict "$*" "${found:+FAILED: }${found:-has no cycle}"
}

# caught MUTANT PROPERTY DEFINITIONS…: breadth first, so by a shortest run.
caught() {
  local mutant=$1 property=$2
  if [[ $property == no_endless_run ]]; then
    verify "MUTANT MUTANT_$mutant ${*:3}" "-O0 -DNP" -l
  else
    verify "MUTANT MUTANT_$mutant ${*:3}" "-O0 -DSAFETY -DBFS"
  fi
  if [[ $found == "$property" ]]; then
    verdict "$mutant ${*:3}" "caught: $found, after $depth steps"
  else
    verdict "$mutant ${*:3}" "FAILED: ${found:-survived}, not $property"
  fi
}

check_slot() {
  local capacity
  holds P=1 C=1 CAPACITY=1 ITEMS=2 SHUT=1 TIMEOUTS=1 SPURIOUS=1 PEEKS=1
  holds P=1 C=1 CAPACITY=2 ITEMS=2 SHUT=2 SPURIOUS=0
  holds P=2 C=1 CAPACITY=0 ITEMS=1 TIMEOUTS=1
  holds P=2 C=2 CAPACITY=1 SPURIOUS=0
  holds P=2 C=1 CAPACITY=1 ITEMS=2 DROP_OLDEST=1 GETS=1 PEEKS=1
  holds P=2 C=1 CAPACITY=1 ITEMS=2 TSO=1 SPURIOUS=0
  ends P=1 C=1 CAPACITY=1 SHUT=2 TIMEOUTS=1

  caught NO_MATCH slot_invariant P=1 C=1
  caught NO_MARK every_call_ends P=1 C=1 BARE=1 # BARE: the consequence, not the broken invariant
  caught NO_MATCH served_before_shut P=1 C=1 SHUT=1 BARE=1
  caught SERVE_LAST no_overtaking P=3 C=1
  caught RELAXED_RELEASE exactly_once P=2 C=1 TSO=1 BARE=1
  caught SHUT_ONE_LOCK drained_first P=1 C=1 SHUT=1
  caught ABORT_TAKES_ONE discarded_by_abort P=1 C=1 CAPACITY=2 ITEMS=2 SHUT=2
  caught TOUCH_AFTER_WAKE slot_destroyed P=1 C=1
  caught EVICT_IN_TWO eviction_atomic P=1 C=1 ITEMS=2 DROP_OLDEST=1 GETS=1 PEEKS=1
  caught PEEK_ONE_LOCK items_fifo P=1 C=1 PEEKS=1
  caught IF never_early P=1 C=1
  caught NOTIFY_BEFORE_STATUS two_outcomes P=1 C=1
  caught SERVE_IGNORES_CLAIM frame_gone P=1 C=1 TIMEOUTS=1

  [[ -n $extent ]] || return 0
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
    holds P=2 C=1 CAPACITY="$capacity" ITEMS=2 DROP_OLDEST=1 GETS=1 PEEKS=1
    holds P=1 C=2 CAPACITY="$capacity" ITEMS=3 DROP_OLDEST=1 SHUT=2 SPURIOUS=0
    holds P=1 C=1 CAPACITY="$capacity" ITEMS=3 TIMEOUTS=1 TSO=1
    holds P=2 C=1 CAPACITY="$capacity" ITEMS=2 TSO=1
  done
  ends P=2 C=1 CAPACITY=1 TIMEOUTS=1

  # HAS_WAITERS and the locks.
  caught NO_REMARK slot_invariant P=2 C=1 ITEMS=2
  caught MARK_ONE_LOCK every_call_ends P=1 C=1 BARE=1
  caught IGNORE_MARK slot_invariant P=1 C=1
  caught IGNORE_MARK every_call_ends P=1 C=1 BARE=1
  caught IGNORE_MARK no_overtaking P=2 C=1 ITEMS=2 BARE=1
  caught NO_MATCH every_call_ends P=1 C=1 BARE=1
  caught STALE_STATE no_overtaking P=1 C=2 ITEMS=2 BARE=1
  caught LOCK_ORDER every_call_ends P=1 C=2 ITEMS=2
  caught PUBLISH_FIRST exactly_once P=1 C=1
  caught RELAXED_RELEASE every_call_ends P=1 C=1 TSO=1 BARE=1
  # Shut and destroy.
  caught SHUT_WAKES_ONE every_call_ends P=1 C=2 SHUT=1
  caught SHUT_SKIPS_GETTERS every_call_ends P=1 C=1 SHUT=2 BARE=1
  caught DESTROY_UNLOCKED slot_destroyed P=1 C=1
  caught DESTROY_PRODUCER_LOCK slot_destroyed P=1 C=1
  caught DESTROY_CONSUMER_LOCK slot_destroyed P=1 C=1
  # Eviction.
  caught EVICT_ONE_LOCK exactly_once P=1 C=1 ITEMS=2 DROP_OLDEST=1 GETS=1
  caught FINALIZE_IN_CELL exactly_once P=1 C=1 ITEMS=2 DROP_OLDEST=1 GETS=1
  caught SHARED_COPY exactly_once P=2 C=1 ITEMS=2 DROP_OLDEST=1 GETS=1
  caught READ_DROP_LATE slot_destroyed P=1 C=1 ITEMS=2 DROP_OLDEST=1 GETS=1
  # The parker.
  caught NO_SIGNAL every_call_ends P=1 C=1
  caught WAIT_IN_TWO every_call_ends P=1 C=1
  caught SIGNAL_AFTER_UNLOCK frame_gone P=1 C=1
  caught CLAIMED_TIMES_OUT frame_gone P=1 C=1 TIMEOUTS=1
  caught TIMEOUT_WINS exactly_once P=1 C=1 TIMEOUTS=1
  caught NO_SECOND_WAIT frame_gone P=1 C=1 TIMEOUTS=1
  # The claim of a waiter.
  caught CANCEL_LOCKS_FIRST slot_destroyed P=1 C=1 TIMEOUTS=1
  caught CANCEL_IGNORES_CLAIM frame_gone P=1 C=1 TIMEOUTS=1
  caught CANCEL_STAYS_QUEUED frame_gone P=1 C=1 TIMEOUTS=1
  caught CLAIM_IN_TWO frame_gone P=1 C=1 TIMEOUTS=1
  caught SKIP_STOPS slot_invariant P=1 C=2 ITEMS=2 TIMEOUTS=1
  caught SKIP_STOPS slot_invariant P=1 C=2 CAPACITY=0 ITEMS=2 TIMEOUTS=1
  caught SKIP_STAYS_QUEUED every_call_ends P=1 C=1 TIMEOUTS=1

  search=$search_large
  holds P=2 C=2 CAPACITY=1 ITEMS=2 DROP_OLDEST=1 SHUT=1 SPURIOUS=0
  [[ $extent == --huge ]] || return 0
  for capacity in 0 1 2; do
    holds P=2 C=2 CAPACITY="$capacity" ITEMS=2 TIMEOUTS=2
    holds P=2 C=2 CAPACITY="$capacity" ITEMS=2 SHUT=1 SPURIOUS=0
    holds P=2 C=2 CAPACITY="$capacity" ITEMS=2 SHUT=2 SPURIOUS=0
  done
  holds P=2 C=2 CAPACITY=1 ITEMS=2 TSO=1
  holds P=3 C=3 CAPACITY=0 SPURIOUS=0
  holds P=3 C=3 CAPACITY=1
  holds P=3 C=3 CAPACITY=2
}

check_lock() {
  holds THREADS=3 USES=2
  ends THREADS=2 USES=2

  caught TEST_THEN_SET mutual_exclusion
  caught RELAXED_RELEASE nothing_lost
  caught LOOK_AFTER_RELEASE lock_gone
  caught SLEEP_UNTIL_NOTIFIED every_call_ends
  caught NEVER_WAIT no_endless_run

  [[ -n $extent ]] || return 0
  holds THREADS=3 USES=3
  holds THREADS=4 USES=3

  caught RELEASE_FIRST nothing_lost
  caught DESTROY_UNLOCKED nothing_lost
  caught COUNT_DOWN_LATE lock_gone
}

check_parker() {
  local parkers
  holds WAITERS=2 WAKERS=2 WAITS=2 PARKERS=1 SPURIOUS=0
  holds WAITERS=2 WAKERS=2 WAITS=1 PARKERS=2 TIMEOUTS=2
  ends WAITERS=2 WAKERS=2 WAITS=1 PARKERS=1

  caught IF two_outcomes
  caught CLAIM_IN_TWO one_waiter
  caught ONE_REF memory_gone WAITS=1
  caught CANCEL_KEEPS_REF all_freed WAITS=1
  caught UNPARK_OWN_UNLOCKED frame_gone
  caught NO_SIGNAL every_call_ends

  [[ -n $extent ]] || return 0
  for parkers in 1 2; do
    holds WAITERS=2 WAKERS=2 WAITS=2 PARKERS="$parkers"
    holds WAITERS=3 WAKERS=2 WAITS=1 PARKERS="$parkers"
    holds WAITERS=1 WAKERS=3 WAITS=4 PARKERS="$parkers" TIMEOUTS=2
  done
  ends WAITERS=2 WAKERS=2 WAITS=2 PARKERS=1

  caught NO_RESET two_outcomes
  caught RETURN_BEFORE_CANCEL one_waiter
  caught UNREF_BEFORE_RETURN memory_gone
  caught NO_REF memory_gone
  caught DESTROY_FREES memory_gone
  caught SIGNAL_AFTER_UNREF memory_gone
}

check_port() {
  local close
  holds THREADS=2 PUTS=1 REQUESTS=2 GETS=2 CANCELS=2 BUDGET=1 CLOSE=1
  holds THREADS=1 PUTS=2 OWN_PUTS=2 REQUESTS=2 GETS=4 CANCELS=1 BUDGET=2 CLOSE=0
  holds THREADS=2 PUTS=1 REQUESTS=2 GETS=2 CANCELS=1 BUDGET=2 CLOSE=1 LANE=1
  ends THREADS=1 PUTS=2 REQUESTS=2 GETS=2 CANCELS=1 BUDGET=1 CLOSE=1 LANE=1

  caught NO_SEND every_call_ends
  caught CANCEL_IGNORES_CLAIM exactly_once
  caught NO_STATUS two_outcomes
  caught SEND_UNLOCKED send_after_close CLOSE=1
  caught TOUCH_AFTER_POST port_gone
  caught NO_SEND port_invariant INVARIANT=1
  caught AHEAD_OF_INBOX callbacks_in_order PUTS=3 REQUESTS=3 GETS=3

  [[ -n $extent ]] || return 0
  for close in 0 1; do
    holds THREADS=1 PUTS=2 REQUESTS=2 GETS=2 CANCELS=2 BUDGET=1 CLOSE="$close"
    holds THREADS=1 PUTS=4 REQUESTS=3 GETS=4 CANCELS=1 BUDGET=2 CLOSE="$close"
    holds THREADS=2 PUTS=1 REQUESTS=2 GETS=2 CANCELS=2 BUDGET=1 CLOSE="$close"
    holds THREADS=1 PUTS=2 OWN_PUTS=2 REQUESTS=2 GETS=4 CANCELS=1 BUDGET=2 CLOSE="$close"
    holds THREADS=2 PUTS=2 REQUESTS=2 GETS=4 CANCELS=1 BUDGET=2 CLOSE="$close" LANE=1
  done
  holds THREADS=1 PUTS=2 OWN_PUTS=2 REQUESTS=3 GETS=4 CANCELS=0 BUDGET=2 CLOSE=0
  holds THREADS=2 PUTS=2 REQUESTS=3 GETS=4 CANCELS=1 BUDGET=2 CLOSE=1
  ends THREADS=2 PUTS=1 REQUESTS=2 GETS=2 CANCELS=1 BUDGET=1 CLOSE=1
  search=$search_large
  holds THREADS=3 PUTS=1 REQUESTS=3 GETS=3 CANCELS=2 BUDGET=2 CLOSE=1
  holds THREADS=2 PUTS=2 REQUESTS=3 GETS=4 CANCELS=1 BUDGET=1 CLOSE=1 LANE=1
  holds THREADS=3 PUTS=2 REQUESTS=3 GETS=4 CANCELS=1 BUDGET=3 CLOSE=1

  caught CLEAR_LATE every_call_ends
  caught CLEAR_UNLOCKED every_call_ends
  caught NO_RESEND every_call_ends BUDGET=1
  caught CLOSE_ACTIVE exactly_once CLOSE=1 LANE=1
  caught AHEAD_WHEN_IDLE every_call_ends
  caught AHEAD_WHEN_IDLE every_call_ends PUTS=1 OWN_PUTS=1 GETS=2 CANCELS=0
  caught AHEAD_OF_INBOX callbacks_in_order PUTS=2 OWN_PUTS=1 REQUESTS=3 GETS=3 CANCELS=0
  caught HAS_INBOX_LATE callbacks_in_order PUTS=3 REQUESTS=3 GETS=3
  caught POST_UNLOCKED callbacks_in_order THREADS=2
  caught LANE_STAYS_MEMBER exactly_once CLOSE=1 LANE=1
  caught LANE_CLOSES_RUNNING exactly_once CLOSE=1 LANE=1
}

check_order() {
  local capacity queue
  holds CAPACITY=0 QUEUE=1 ITEMS=4
  holds CAPACITY=1 QUEUE=1 ITEMS=4 FAULTS=1
  holds CAPACITY=1 QUEUE=1 ITEMS=3 COALESCE=1 CLOSE=0
  ends CAPACITY=1 QUEUE=1 ITEMS=4

  caught ANY_ORDER occupancy_invariant
  caught END_WAITS every_call_ends
  caught TAKE_TWO consecutive CAPACITY=2
  caught END_UNREPORTED all_handled
  caught DISCARD_IF_FULL all_delivered ITEMS=2
  caught FLAG_IN_TWO look_posted_once COALESCE=1
  caught LOOK_TOO_RARELY every_call_ends COALESCE=1 CLOSE=0

  [[ -n $extent ]] || return 0
  for capacity in 0 1 2; do
    for queue in 1 2; do
      holds CAPACITY="$capacity" QUEUE="$queue" ITEMS=6
      holds CAPACITY="$capacity" QUEUE="$queue" ITEMS=4 FAULTS=1
    done
    holds CAPACITY="$capacity" QUEUE=1 ITEMS=3 COALESCE=1
    holds CAPACITY="$capacity" QUEUE=2 ITEMS=4 COALESCE=1 CLOSE=0
  done
  holds CAPACITY=1 QUEUE=4 ITEMS=6 COALESCE=1 CLOSE=0
  holds CAPACITY=1 QUEUE=1 ITEMS=3 COALESCE=1 FAULTS=1
  ends CAPACITY=1 QUEUE=1 ITEMS=2 COALESCE=1

  caught WAIT_FOR_ENDED every_call_ends FAULTS=1
  caught NO_ROOM_AT_0 every_call_ends CAPACITY=0
  caught CLEAR_FLAG_LATE every_call_ends COALESCE=1 CLOSE=0
  caught LOOK_TOO_RARELY every_call_ends COALESCE=1 CLOSE=0 QUEUE=2
}

# shellcheck disable=SC2059 # the format of the table
printf "$row" model configuration states depth seconds MiB verdict
case $model in
  slot) check_slot ;;
  lock) check_lock ;;
  parker) check_parker ;;
  port) check_port ;;
  order) check_order ;;
  *) echo "run.sh: there is no model $model" && exit 2 ;;
esac
look_at_cpu
echo "$model: $((cpu_ms / 1000)) s of processor time"
exit $status

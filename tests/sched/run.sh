#!/bin/bash
# Runs the library's code under the scheduler, then breaks it: each mutant must be found, by a check that is
# named for it, and its run must replay twice to the same end. Prints a table. Needs a C compiler.
#
# Usage: run.sh [--full]
#   --full  a million seeds for the code as it is, instead of ten thousand
# CFLAGS in the environment says where <uv.h> is, if the compiler does not know.
set -euo pipefail
export LC_ALL=C
seeds=10000 limit=200000
[[ ${1-} != --full ]] || seeds=1000000
root=$(cd "$(dirname "$0")/../.." && pwd)
read -ra compile <<<"${CC:-cc} -std=c11 -D_GNU_SOURCE -O2 -w ${CFLAGS-} -I$root/tests"
wraps=('-Wl,--wrap=malloc' '-Wl,--wrap=calloc' '-Wl,--wrap=free' '-Wl,--wrap=memcpy')
rooms=(busy_poll end inspect lock lot park pass port request slot thread tick)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir shim sound mutant

status=0
row='%-34s %-9s %8s %8s  %s\n'
verdict() {
  # shellcheck disable=SC2059 # the format of the table
  printf "$row" "$@"
  [[ $5 != FAILED* ]] || status=1
}

# build FOLDER ROOM…: compiles those rooms of the folder, and links FOLDER/sched with the sound ones of the rest.
build() {
  local folder=$1 room objects=()
  for room in "${@:2}"; do
    "${compile[@]}" -fsanitize=thread -I"$folder" -c "$folder/$room.c" -o "$folder/$room.o"
  done
  for room in "${rooms[@]}"; do
    [[ -e $folder/$room.o ]] && objects+=("$folder/$room.o") || objects+=("sound/$room.o")
  done
  "${compile[@]}" shim/*.o "${objects[@]}" "${wraps[@]}" -o "$folder/sched"
}

# mutate FILE SED_COMMAND: a copy of the sources, so changed, in mutant/, built. Where that is impossible it says why.
mutate() {
  rm -rf mutant && mkdir mutant
  cp "$root"/src/*.[ch] mutant/
  sed -z -i -E "$2" "mutant/$1"
  if cmp -s "mutant/$1" "$root/src/$1"; then
    echo "$1 is not changed by $2"
    return 1
  fi
  if [[ $1 == *.h ]]; then
    build mutant "${rooms[@]}"
  else
    build mutant "${1%.c}"
  fi
}

# caught NAME KINDS FILE SED_COMMAND: some seed fails, by one of the checks, and always in the same way.
caught() {
  local name=$1${HANDOFF_RACES:+, races pass}${HANDOFF_HISTORIES:+, blind} kinds=$2 output kind seed step replay again
  if ! output=$(mutate "${@:3}" 2>&1); then
    verdict "$name" '' '' '' "FAILED: $output"
    return
  fi
  if output=$(HANDOFF_SEEDS=$limit ./mutant/sched); then
    verdict "$name" '' '' '' "FAILED: survived $limit seeds"
    return
  fi
  kind=$(sed -nE 's/^FAILED: ([a-z]+): .*/\1/p' <<<"$output")
  seed=$(sed -nE 's/^  HANDOFF_SEED=([0-9]+), .*/\1/p' <<<"$output")
  step=$(sed -nE 's/^  HANDOFF_SEED=.*, step ([0-9]+), .*/\1/p' <<<"$output")
  replay=$(HANDOFF_SEED=$seed ./mutant/sched) && kind=none
  again=$(HANDOFF_SEED=$seed ./mutant/sched) && kind=none
  if [[ ! $kind =~ ^($kinds)$ ]]; then
    verdict "$name" "$kind" "$seed" "$step" "FAILED: not by $kinds: ${output%%$'\n'*}"
  elif [[ $replay != "$again" || $replay != *"$output" ]]; then
    verdict "$name" "$kind" "$seed" "$step" 'FAILED: does not replay'
  else
    verdict "$name" "$kind" "$seed" "$step" 'caught; replayed twice, step by step'
  fi
}

# The same without judging races: what the order of the steps alone leads to.
bare() { HANDOFF_RACES=0 "$@"; }
# Or without the search for an order.
blind() { HANDOFF_HISTORIES=0 "$@"; }

# sound NAME FILE SED_COMMAND: a variant that must pass all the same.
sound() {
  local output
  if ! output=$(mutate "${@:2}" 2>&1); then
    verdict "$1" '' '' '' "FAILED: $output"
    return
  fi
  if output=$(HANDOFF_SEEDS=$seeds ./mutant/sched); then
    verdict "$1" '' "$seeds" '' 'holds'
  else
    verdict "$1" '' '' '' "FAILED: $output"
  fi
}

for file in "$root"/tests/sched/*.c; do
  [[ $file != */test_*.c ]] || continue
  "${compile[@]}" -I"$root/src" -c "$file" -o "shim/$(basename "$file" .c).o"
done
cp "$root"/src/*.[ch] sound/
build sound "${rooms[@]}"
echo "HANDOFF_SEEDS=$seeds, the code as it is:"
time HANDOFF_SEEDS=$seeds ./sound/sched || exit 1

# shellcheck disable=SC2059 # the format of the table
printf "\n$row" mutant found_by seed step verdict

# The marks, the cells and their order in memory.
caught mark_ignored 'deadlock|history' pass.c 's/(if \()state( == ready && !\(s->shut)/\1(state \& HANDOFF__CELL_FULL)\2/'
caught no_mark 'deadlock' end.c 's/    mark\(s, way\);\n//'
caught settled_unmarked 'deadlock' end.c 's/  mark\(s, HANDOFF_PRODUCER\);\n//'
caught mark_ignored_quickly 'deadlock|history' pass.h 's/handoff__end_fetch\(s, way\) !=/(handoff__end_fetch(s, way) \& HANDOFF__CELL_FULL) !=/'
caught shut_ignored_quickly 'history|outcome|items' pass.h 's/ \|\|\n *\(s->shut && way == HANDOFF_PRODUCER\)//'
caught quickly_unlocked 'race|history|items|deadlock' pass.h 's/\*is_held = handoff__lock_try\([^)]*\);\n  if \(!\*is_held/*is_held = handoff__lock_try(\&s->sides[way].lock);\n  if ((!*is_held \&\& s->capacity == 0)/'
caught held_ignored 'endless' pass.c 's/is_held \|\| (handoff__end_lock_either)/\1/'
caught held_by_nobody 'lock|race|history|items|deadlock' pass.c 's/is_held \|\| (handoff__end_lock_either)/is_held || s->capacity == 1 || \1/'
caught held_not_let_go_of 'endless' end.c 's/    handoff__end_unlock_either\(s, way, is_fast\);\n    handoff__slot_lock\(s\);/    if (!is_fast) handoff__end_unlock(s, way);\n    handoff__slot_lock(s);/'
caught settled_unmarked_get 'deadlock|history' end.c 's/  mark\(s, HANDOFF_CONSUMER\);\n//'
caught settle_dropped 'deadlock' pass.c 's/    handoff__slot_settle\(s, &woken\);\n//'
caught queued_though_ready 'deadlock|history' pass.c 's/else if \(handoff__end_is_ready\(s, way\)\)/else if (waiter == NULL \&\& handoff__end_is_ready(s, way))/'
caught store_relaxed 'race' end.h 's/memory_order_release/memory_order_relaxed/g'
caught look_relaxed 'race' end.h 's/memory_order_acquire/memory_order_relaxed/g'
# The locks and the end.
caught word_passed_by 'race' lock.h 's/if \(!has_mutex \|\| \(lock->has_word && !handoff__lock_take_word\(lock\)\)\)/if (!has_mutex)/'
caught word_not_awaited 'race' lock.c 's/while (\(is_taken\(lock\))/if \1/'
caught word_taken_relaxed 'race' lock.h 's/memory_order_acquire/memory_order_relaxed/'
caught word_given_relaxed 'race' lock.h 's/memory_order_release/memory_order_relaxed/'
caught word_kept 'endless' lock.h 's/(release_fast\(struct handoff__lock \*lock\) \{\n)[^}]*/\1/'
looked_after='s/(atomic_store_explicit\(&lock->taken, false, memory_order_release\);)/\1 if (handoff__lock_is_contended(lock)) lock->tries = 0;/'
caught looked_after 'freed|race' lock.h "$looked_after"
caught lock_kept 'deadlock|lock|endless' pass.c 's/  handoff__end_unlock_either\(s, way, is_fast\);/  if (way == HANDOFF_PRODUCER) handoff__end_unlock_either(s, way, is_fast);/'
caught kept_out_of_order 'deadlock' end.c 's/(!is_fast && )way == HANDOFF_PRODUCER(\) \{\n    handoff__end_lock\(s, )HANDOFF_CONSUMER/\1true\2way == HANDOFF_PRODUCER ? HANDOFF_CONSUMER : HANDOFF_PRODUCER/'
slowly_one_lock='s/(static int pass_with_both.*)  handoff__end_unlock\(s, HANDOFF_CONSUMER\);(.*)  handoff__end_unlock\(s, HANDOFF_PRODUCER\);(\n  handoff__wake.*)    handoff__slot_lock_too\(s, way, is_fast\);\n(.*)    handoff__slot_lock\(s\);\n/\1\2  handoff__end_unlock(s, way);\3    if (is_fast) { handoff__lock_release_fast(\&s->sides[way].lock); handoff__end_lock(s, way); }\n\4    handoff__end_lock(s, way);\n/'
caught slowly_one_lock 'race' pass.c "$slowly_one_lock"
destroy_unlocked='s/  handoff__slot_lock\(s\);\n  handoff__slot_unlock\(s\);\n(  count)/\1/'
caught destroy_unlocked 'freed|lock|race' slot.c "$destroy_unlocked"
caught destroy_one_lock 'freed|lock|race' slot.c \
  's/  handoff__slot_lock\(s\);\n  handoff__slot_unlock\(s\);\n(  count)/  handoff__end_lock(s, HANDOFF_PRODUCER); handoff__end_unlock(s, HANDOFF_PRODUCER);\n\1/'
caught destroy_mutex_only 'freed|lock|race' slot.c \
  's/  handoff__slot_lock\(s\);\n  handoff__slot_unlock\(s\);\n(  count)/  uv_mutex_lock(\&s->sides[0].lock.mutex); uv_mutex_unlock(\&s->sides[0].lock.mutex); uv_mutex_lock(\&s->sides[1].lock.mutex); uv_mutex_unlock(\&s->sides[1].lock.mutex);\n\1/'
caught destroy_other_lock 'freed|lock|race' slot.c \
  's/  handoff__slot_lock\(s\);\n  handoff__slot_unlock\(s\);\n(  count)/  handoff__end_lock(s, HANDOFF_CONSUMER); handoff__end_unlock(s, HANDOFF_CONSUMER);\n\1/'
touch_after_wake='s/(waiter->wake\(waiter\);) \/\*/\1 waiter->status = 0; \/*/'
caught touch_after_wake 'frame|race|lock' end.c "$touch_after_wake"
leave_unlocked='s/handoff__end_lock\(s, way\);\n(  handoff__end_leave\(s, way, waiter\);)\n  handoff__end_unlock\(s, way\);/\1/'
caught leave_unlocked 'race' pass.c "$leave_unlocked"
# Who gives up, and who serves.
looked_first='s/  if \(!handoff__waiter_claim\(waiter\)\) \{\n    return false;\n  \}\n(  s = slot->impl;[^\n]*\n  handoff__end_lock\(s, way\);\n)/\1  if (!handoff__waiter_claim(waiter)) { handoff__end_unlock(s, way); return false; }\n/'
caught looked_first 'freed|race|lock' pass.c "$looked_first"
claim_ignored='s/if \(handoff__waiter_claim\(waiter\)\) \{/(void)handoff__waiter_claim(waiter); {/'
caught claim_ignored 'deadlock|items|outcome|frame|race|crash|lock' end.c "$claim_ignored"
caught leaves_anyway 'deadlock|items|outcome|frame|race|crash|lock|history' pass.c 's/(if \(!handoff__waiter_claim\(waiter\)\)) \{\n    return false;/\1 {/'
caught cancelled_when_done 'deadlock|outcome|callback|items|history|race|lock|crash|freed|frame' request.c 's/    handoff__waiter_claim_unqueued[^;]*;/    req->waiter.claim = 0;/'
caught never_unlocked 'deadlock|lock|endless' pass.c 's/  handoff__end_unlock_either\(s, way, is_fast\);/  if (err == 0) handoff__end_unlock_either(s, way, is_fast);/'
caught waits_for_ever 'endless' slot.c 's/(  handoff__slot_unlock\(s\);\n)(  count = empty\(s, &first\);\n  drop)/\1  while (atomic_load(\&s->sides[0].lock.wanted) == 0) {}\n\2/'
# The turns.
caught served_last 'history' end.c 's/handoff__list_pop\(waiters\)([^;]*;\n)/waiters->prev\1 handoff__list_remove(\&waiter->link);\n/'
caught spin_hopes_wrong 'deadlock|order|history|items|race' pass.c 's/(handoff__end_despair\(end\);\n  \}\n  return) state/\1 ready/'
caught meet_turned 'history' pass.c \
  's/(  struct handoff__waiter \*met = )(handoff__end_take_first)/\1handoff__queue_is_empty(\&s->sides[other].waiters) ? NULL : (handoff__list_push(\&s->sides[other].waiters, handoff__list_pop(\&s->sides[other].waiters)), 0) ? NULL : \2/'
caught meet_anybody 'deadlock|history|outcome|items' pass.c 's/(else if \(s->capacity == 0 && )(meet\(s, way, item, &woken\)\))/\1waiter == NULL \&\& \2/'
# The shut.
caught shut_no_getters 'deadlock' slot.c 's/handoff__end_release\(s, HANDOFF_CONSUMER, [^;]*;//'
caught shut_no_putters 'deadlock|history' slot.c 's/handoff__end_release\(s, HANDOFF_PRODUCER, [^;]*;//'
shut_looks_again='s/(void handoff_slot_shut.*)  shut\(s, &woken\);\n  handoff__slot_unlock\(s\);(.*size_t handoff_slot_abort)/\1  shut(s, \&woken);\n  handoff__slot_unlock(slot->impl);\2/'
caught shut_looks_again 'race|crash' slot.c "$shut_looks_again"
bare caught shut_looks_again 'crash' slot.c "$shut_looks_again"
caught release_one 'deadlock|history' end.c 's/while (\(\(waiter = handoff__end_take_first\(s, way, status\)\) != NULL\))/if \1/'
caught eof_undrained 'history' pass.c 's/(else if \(waiter == NULL && )(\(state & HANDOFF__CELL_FULL\) != ready)/\1(\2 || s->shut)/'
caught put_after_shut 'history' pass.c 's/ && !\(s->shut && way == HANDOFF_PRODUCER\)//'
caught put_slowly_after_shut 'outcome|history' pass.c 's/if \(s->shut && way == HANDOFF_PRODUCER\)/if (false)/'
# The rest of what a slot can do.
caught latest_second 'order|history|items|race' pass.c 's/  s->ends\[HANDOFF_CONSUMER\]\.cell = put->cell;\n//'
latest_in_place='s/  put->cell = handoff__cell_after\(s, put->cell\);\n  s->ends\[HANDOFF_CONSUMER\]\.cell = put->cell;\n//'
caught latest_in_place 'order|history' pass.c "$latest_in_place"
blind caught latest_in_place 'order' pass.c "$latest_in_place"
caught latest_not_counted 'history' pass.c 's/  put->replaced\+\+;\n//'
latest_drops_new='s/s->drop\(s->spare, /s->drop((void *)(uintptr_t)item, /'
caught latest_drops_new 'items|history|race' pass.c "$latest_drops_new"
bare caught latest_drops_new 'items|history' pass.c "$latest_drops_new"
caught latest_drops_unlocked 'race|history' pass.c \
  's/(  if \(is_replaced && s->drop != NULL\) \{[^}]*\}\n)(  handoff__end_unlock\(s, HANDOFF_PRODUCER\);\n)/\2\1/'
caught abort_unshut 'history|deadlock|items' slot.c 's/(handoff__slot_lock\(s\);\n)  shut\(s, &woken\);/\1/'
caught abort_unlocked 'race' slot.c \
  's/(  count = empty\(s, &first\);\n)(  handoff__slot_unlock\(s\);\n)/\2\1/'
caught abort_no_drop 'outcome' slot.c 's/(  handoff__wake\(&woken\);\n)  drop\(s, first, count\);/\1/'
caught abort_not_counted 'history' slot.c 's/  s->dropped \+= count;\n//'
caught destroy_no_drop 'items' slot.c 's/  drop\(s, first, count\);\n(  handoff__lock_destroy)/\1/'
caught peek_unlocked 'race' pass.c \
  's/  handoff__slot_lock\(s\);( \/\* both: .*  \} else if \(s->shut\) \{\n    err = UV_EOF;\n  \}\n)  handoff__slot_unlock\(s\);/\1/'
stats_unlocked='s/  handoff__slot_lock\([^;]*;\n(  [^;]* = stats_of\([^;]*;\n)  handoff__slot_unlock\([^;]*;/\1/'
caught stats_unlocked 'history|race' inspect.c "$stats_unlocked"
bare caught stats_unlocked 'history|crash' inspect.c "$stats_unlocked"
caught counted_twice 'history' end.h 's/(const uint64_t moved = handoff__end_count\(end\);)/\1 if (way == HANDOFF_CONSUMER \&\& end->waiters.next != \&end->waiters) handoff__end_count(end);/'
caught slot_leak 'faults|leak' slot.c 's/(err = init_ends\(s\);\n  if \(err != 0\) \{\n[^\n]*\n)    free\(s->memory\);/\1/'
# The park.
caught wait_if 'outcome|race|frame|lock' park.c 's/      continue;/      break;/'
caught signal_dropped 'deadlock' park.c 's/  uv_cond_signal\(&park->cond\);//g'
wake_unlocked='s/(void handoff__parker_unpark_locked[^}]*)uv_mutex_lock\(&park->lock\);([^}]*)uv_mutex_unlock\(&park->lock\);/\1\2/g'
caught wake_unlocked 'deadlock|race' park.c "$wake_unlocked"
signal_after_unlock='s/(  uv_cond_signal\(&park->cond\);\n)(  uv_mutex_unlock\(&park->lock\);\n)/\2\1/'
caught signal_after_unlock 'frame|lock|race' park.c "$signal_after_unlock"
timeout_eats='s/!is_woken && !handoff__waitq_cancel\(slot, &self\.waiter\)/false/'
caught timeout_eats 'crash|frame|lock|race|items|outcome' thread.c "$timeout_eats"
no_last_wait='s/handoff__parker_wait\(self\.park, HANDOFF_NEVER\)/true/'
caught no_last_wait 'frame|lock|race|items|outcome' thread.c "$no_last_wait"
caught timeout_wins 'items|history|race' thread.c \
  's/err = is_woken \? self/err = is_woken \&\& uv_hrtime() < deadline_ns ? self/'
caught early_timeout 'outcome' park.c 's/now >= deadline_ns/now + 100 >= deadline_ns/'
caught park_leak 'faults|leak|limit' park.c 's/    uv_mutex_destroy\(&park->lock\);\n//'
# The lot.
lent_twice='s/!atomic_exchange_explicit\(&place->is_lent, true, memory_order_acquire\)/!atomic_load(\&place->is_lent) \&\& (atomic_store(\&place->is_lent, true), true)/'
caught lent_twice 'deadlock|race|frame|outcome|items|leak|freed|lock' lot.c "$lent_twice"
caught not_reset 'outcome|items|frame|crash|race|lock' lot.c 's/      handoff__parker_reset\(&place->park\);\n//'
caught keepers_relaxed 'race' lot.c 's/keepers, 1, memory_order_acq_rel/keepers, 1, memory_order_relaxed/'
signals_after='s/(  handoff__parker_unpark_unlocked\(park\);\n)(  handoff__lot_let_go\(lot\);\n)/\2\1/'
caught signals_after 'freed|lock|race' lot.c "$signals_after"
returned_late='s/(  handoff__annotate_give\(&place.*is_lent, false[^\n]*\n)(  handoff__lot_let_go\(lot\);\n)/\2\1/'
caught returned_late 'freed|race|crash' lot.c "$returned_late"
caught late_keeps 'leak' thread.c 's/    handoff__lot_let_go\(self->lot\);[^\n]*\n//'
caught lot_kept 'leak' slot.c 's/  handoff__lot_let_go\(s->lot\);\n(  free\(s->memory\);\n\})/\1/'
caught lot_kept_in_vain 'faults|leak' slot.c 's/    handoff__lot_let_go\(s->lot\);\n//'
caught lot_leak 'leak' lot.c 's/    free\(lot\);\n//'
caught lot_half 'faults|leak|limit' lot.c 's/      destroy_parks\(l, i\);\n//'
# The port, its requests, and the loop that looks for them.
caught cleared_late 'deadlock' port.c \
  's/  p->signalled = ![^;]*;\n//; s/  handoff__port_note_idle\(p\);/  uv_mutex_lock(\&p->lock); p->signalled = false; uv_mutex_unlock(\&p->lock);/'
cleared_unlocked='s/(  p->signalled = ![^;]*;)\n(  uv_mutex_unlock\(&p->lock\);)/\2\n\1/'
caught cleared_unlocked 'deadlock|race' port.c "$cleared_unlocked"
caught send_dropped 'deadlock' port.c 's/\(void\)uv_async_send\(&p->async\); \/\* it fails[^\n]*//'
caught no_resend 'deadlock' port.c \
  's/DISPATCH_NS 100000u/DISPATCH_NS 0u/; s/LOOK 4u/LOOK 1u/; s/\(void\)uv_async_send\(&p->async\); \/\* still[^\n]*//'
caught send_unlocked 'freed|handle|lock|race' port.c \
  's/( *)\(void\)uv_async_send\(&p->async\); \/\* it fails[^\n]*\n  \}\n  uv_mutex_unlock\(&p->lock\);/uv_mutex_unlock(\&p->lock); uv_async_send(\&p->async); return; }\n  uv_mutex_unlock(\&p->lock);/'
caught sent_after_close 'handle' port.c 's/    close_handles\(p\);/    close_handles(p); uv_async_send(\&p->async);/'
caught self_first 'history' port.c 's/ && !handoff__port_has_ready\(p\)//g'
caught self_unheard 'deadlock|race' port.c 's/  set_runner\(p, 0\);\n//'
caught self_anybody 'race|deadlock|history|crash' port.c 's/handoff__port_runner\(p\) == \(uintptr_t\)uv_thread_self\(\) && //'
caught self_first_after 'history' port.h 's/ && !handoff__port_has_ready\(port\)//'
caught after_outside 'deadlock' port.h 's/handoff__port_runner\(port\) != 0 && //'
caught after_before 'history' port.h 's/handoff__list_push\(last->next, /handoff__list_push(last, /'
caught ready_unsaid 'history|deadlock' port.c 's/  set_has_ready\(p, true\);\n//'
caught port_leak 'faults|leak' port.c 's/    uv_mutex_destroy\(&p->lock\);\n    free\(p\);\n    return/    return/'
caught cancel_blind 'deadlock|outcome|callback|items|history|race' request.c 's/if \(!handoff__waitq_cancel\([^;]*;\n  \}/handoff__waitq_cancel(req->slot, \&req->waiter);/'
caught called_back_inside 'callback' request.c \
  's/    handoff__port_post_after\(port->impl, last, &req->job\);/    on_req_done(\&req->job);/'
caught out_of_order 'history' request.c 's/is_ordered = true/is_ordered = false/'
caught poll_unreturned 'deadlock' busy_poll.c 's/    \(void\)uv_async_send\(&p->async\);\n//'
caught poll_cleared 'deadlock' busy_poll.c 's/if \(is_to_return \|\| [^{]*\{/if (false) {/'
caught poll_unended 'deadlock' busy_poll.c 's/    p->signalled = false;\n//'
# What the races had hidden: the other checks can fail too.
bare caught word_passed_by 'deadlock|history|items|crash|outcome|frame|order|endless' lock.h 's/if \(!has_mutex \|\| \(lock->has_word && !handoff__lock_take_word\(lock\)\)\)/if (!has_mutex)/'
bare caught looked_after 'freed' lock.h "$looked_after"
bare caught slowly_one_lock 'deadlock|history|items|crash|outcome|frame' pass.c "$slowly_one_lock"
bare caught destroy_unlocked 'freed|lock' slot.c "$destroy_unlocked"
bare caught wake_unlocked 'deadlock|lock|frame' park.c "$wake_unlocked"
bare caught signal_after_unlock 'frame|lock' park.c "$signal_after_unlock"
bare caught touch_after_wake 'frame|crash' end.c "$touch_after_wake"
bare caught timeout_eats 'crash|frame|lock|outcome|items' thread.c "$timeout_eats"
bare caught no_last_wait 'crash|frame|lock|outcome|items' thread.c "$no_last_wait"
bare caught signals_after 'freed|lock' lot.c "$signals_after"
bare caught returned_late 'freed|crash' lot.c "$returned_late"
bare caught cleared_unlocked 'deadlock' port.c "$cleared_unlocked"
# No mutants: what decides about the pace only, and what is not needed for what is run here (README.md). They hold.
sound dispatch_one port.c 's/DISPATCH_NS 100000u/DISPATCH_NS 0u/'
sound always_hopeful busy_poll.c 's/p->is_hopeful && handoff__port_is_ahead/handoff__port_is_ahead/'
sound never_hopeful busy_poll.c 's/p->is_hopeful && handoff__port_is_ahead/false \&\& handoff__port_is_ahead/'
sound no_spin slot.c 's/(may_spin\[HANDOFF__...\] = )[^;]*;/\1false;/g'
sound never_wanted lock.h 's/(handoff__lock_is_contended\(struct handoff__lock \*lock\) \{\n  return )[^;]*;/\1false;/'
sound own_parks lot.c 's/!atomic_exchange_explicit\(&place->is_lent, true, memory_order_acquire\)/false/'
sound no_word slot.c 's/has_word = [^;]*;/has_word = false;/'
sound closed_early port.c 's/p->closing && p->active == 0/p->closing/'
exit $status

# shellcheck shell=bash
# The mutants of run.sh:
#   caught NAME CHECKS FILE OLD NEW…         replaces OLD, which occurs once in src/FILE, by NEW
#   no_races CHECKS caught NAME …            the same, and once more without the race detector
#   sound NAME FILE OLD NEW…                 a variant that no check fails
# CHECKS: the checks that may find the mutant, as a regular expression.

# Cells, HAS_WAITERS and the fast path.
caught has_waiters_ignored 'deadlock|history' slot/transfer.c \
  'if (state == ready' 'if ((state & HANDOFF__CELL_FULL) == ready'
caught has_waiters_ignored_by_fast_path 'deadlock|history' slot/transfer.h \
  'handoff__ring_state(s, side) !=' '(handoff__ring_state(s, side) & HANDOFF__CELL_FULL) !='
caught push_sets_no_has_waiters 'deadlock' slot/waitq.c \
  '    mark_cell(s, side);' ''
caught match_sets_no_has_waiters_for_putters 'deadlock|history' slot/waitq.c \
  'mark_cell(s, HANDOFF_PRODUCER);' ''
caught match_sets_no_has_waiters_for_getters 'deadlock|history' slot/waitq.c \
  'mark_cell(s, HANDOFF_CONSUMER);' ''
caught match_skipped 'deadlock' slot/transfer.c \
  'handoff__match_waiters(s, &wake_list);' ''
caught pushed_though_ready 'deadlock|history' slot/transfer.c \
  '} else if (handoff__ring_is_ready' '} else if (waiter == NULL && handoff__ring_is_ready'
caught shut_ignored_by_fast_path 'history|outcome|items' slot/transfer.h \
  's->is_shut && side' 'false && side'
caught fast_path_without_lock 'lock|race|history|items|deadlock' slot/transfer.h \
  '!*is_locked' 's->capacity == 0'
caught cell_store_relaxed 'race' slot/ring.h memory_order_release memory_order_relaxed
caught cell_load_relaxed 'race' slot/ring.h memory_order_acquire memory_order_relaxed
caught spin_result_assumed 'deadlock|history|items|race|events' slot/transfer.c \
  'side->spin_budget /= 2;
  }
  return handoff__ring_state(s, which);' 'side->spin_budget /= 2;
  }
  return HANDOFF__READY_STATE(which);'

# The lock.
caught lock_try_test_then_set 'race' base/lock.h \
  '!atomic_exchange_explicit(&lock->locked, true, memory_order_acquire)' \
  '!atomic_load(&lock->locked) && (atomic_store(&lock->locked, true), true)'
caught lock_acquire_test_then_set 'race' base/lock.h \
  'if (atomic_exchange_explicit(&lock->locked, true, memory_order_acquire)) {' \
  'if (!atomic_load(&lock->locked)) {
    atomic_store(&lock->locked, true);
  } else {'
caught lock_try_relaxed 'race' base/lock.h \
  '!atomic_exchange_explicit(&lock->locked, true, memory_order_acquire)' \
  '!atomic_exchange_explicit(&lock->locked, true, memory_order_relaxed)'
caught lock_acquire_relaxed 'race' base/lock.h \
  '(atomic_exchange_explicit(&lock->locked, true, memory_order_acquire)' \
  '(atomic_exchange_explicit(&lock->locked, true, memory_order_relaxed)'
caught lock_release_relaxed 'race' base/lock.h memory_order_release memory_order_relaxed
caught lock_not_released 'endless' base/lock.h \
  'atomic_store_explicit(&lock->locked, false, memory_order_release);' ''
caught lock_acquired_without_exchange 'race' base/lock.c \
  '!handoff__lock_try(lock)' 'false'
caught lock_not_waited_for 'race' base/lock.h \
  'handoff__lock_wait(lock);' ''
no_races 'freed' caught lock_touched_after_release 'freed|race' base/lock.h \
  'memory_order_release);' \
  'memory_order_release); if (handoff__lock_is_contended(lock)) lock->is_spinlock = true;'
caught is_locked_ignored 'endless' slot/transfer.c '!is_locked' 'true'
caught is_locked_assumed 'lock|race|history|items|deadlock' slot/transfer.c \
  '!is_locked' '!is_locked && s->capacity != 1'
caught consumer_lock_kept_for_both 'lock|endless|deadlock' slot/transfer.c \
  'handoff__lock_release(&s->sides[HANDOFF_CONSUMER].lock);' ''
caught consumer_lock_kept 'deadlock|lock|endless' slot/transfer.c \
  '
  }
  handoff__lock_release(&s->sides[side].lock)' '
  }
  if (side == HANDOFF_PRODUCER) handoff__lock_release(&s->sides[side].lock)'
caught lock_kept_on_failure 'deadlock|lock|endless' slot/transfer.c \
  '
  }
  handoff__lock_release(&s->sides[side].lock)' '
  }
  if (err == 0) handoff__lock_release(&s->sides[side].lock)'
caught locks_out_of_order 'deadlock|endless' slot/transfer.c \
  'handoff__lock_release(&s->sides[HANDOFF_CONSUMER].lock);
    handoff__slot_lock(s);' 'handoff__lock_acquire(&s->sides[HANDOFF_PRODUCER].lock);'
no_races any caught waiters_matched_under_one_lock 'race' slot/transfer.c \
  '  handoff__slot_unlock(s);
  handoff__wake_all(' '  if (s->capacity == 0) {
    handoff__slot_unlock(s);
  } else {
    handoff__lock_release(&s->sides[side].lock);
  }
  handoff__wake_all(' \
  'lock_other(s, side);' 'if (is_evicting) lock_other(s, side);' \
  'return transfer_both_locks(s, HANDOFF_PRODUCER' \
  'handoff__lock_release(&s->sides[1].lock); return transfer_both_locks(s, HANDOFF_PRODUCER'
no_races 'freed|lock' caught destroy_without_locks 'freed|lock|race' slot/lifecycle.c \
  '  handoff__slot_lock(s);
  handoff__slot_unlock(s);
' ''
caught destroy_without_consumer_lock 'freed|lock|race' slot/lifecycle.c \
  '  handoff__slot_lock(s);
  handoff__slot_unlock(s);
' 'handoff__lock_acquire(&s->sides[0].lock); handoff__lock_release(&s->sides[0].lock);'
caught destroy_without_producer_lock 'freed|lock|race' slot/lifecycle.c \
  '  handoff__slot_lock(s);
  handoff__slot_unlock(s);
' 'handoff__lock_acquire(&s->sides[1].lock); handoff__lock_release(&s->sides[1].lock);'

# Wait queues and claims.
no_races 'frame|crash' caught waker_touches_waiter 'frame|race|lock' slot/waitq.c \
  'waiter->wake(waiter); /*' 'waiter->wake(waiter); waiter->status = 0; /*'
caught cancel_without_lock 'race' slot/waitq.c \
  'handoff__lock_acquire(&side->lock);' '' 'handoff__lock_release(&side->lock);' ''
caught cancel_reads_slot_before_claim 'freed|race|lock|crash' slot/waitq.c \
  '  if (!claim(waiter)) {
    return false;
  }
' '' 'handoff__lock_acquire(&side->lock);' 'handoff__lock_acquire(&side->lock);
  if (!claim(waiter)) {
    handoff__lock_release(&side->lock);
    return false;
  }'
caught claim_ignored_by_pop any slot/waitq.c 'if (claim(waiter)) {' '(void)claim(waiter); {'
caught claim_ignored_by_cancel any slot/waitq.c \
  'if (!claim(waiter)) {
    return false;' 'if (!claim(waiter)) {'
caught claim_test_then_set any slot/waitq.c \
  'return atomic_exchange_explicit(' \
  'atomic_uint *claim = (atomic_uint *)(void *)&waiter->claim;
  return *claim == HANDOFF__CLAIMED ? false : atomic_exchange_explicit(' \
  '!= HANDOFF__CLAIMED;' '!= HANDOFF__CLAIMED || true;'
caught push_leaves_claim 'deadlock' slot/waitq.c \
  'atomic_init((atomic_uint *)(void *)&waiter->claim, 0);' ''
caught pop_leaves_is_queued any slot/waitq.c \
  'waiter->is_queued = false;
    if (claim' 'if (claim'
caught waiters_served_lifo 'history' slot/waitq.c \
  'handoff__list_pop(waiters), struct handoff__waiter, link);' \
  'waiters->prev, struct handoff__waiter, link);
    handoff__list_remove(&waiter->link);'
caught rendezvous_with_second_waiter 'history' slot/transfer.c \
  '  struct handoff__waiter *waiter = handoff__waitq_pop' \
  '  struct handoff__link *waiters = &s->sides[!side].waiters;
  if (!handoff__list_is_empty(waiters)) {
    handoff__list_push(waiters, handoff__list_pop(waiters));
  }
  struct handoff__waiter *waiter = handoff__waitq_pop'
caught rendezvous_only_without_waiter 'deadlock|history|outcome|items' slot/transfer.c \
  '|| !rendezvous' '|| waiter != NULL || !rendezvous'
caught request_completed_after_unlock 'history' loop/request.c \
  'is_request = true' 'is_request = false'

# Shut, abort and destroy.
caught shut_skips_getters 'deadlock' slot/lifecycle.c \
  'handoff__waitq_complete_all(s, HANDOFF_CONSUMER, UV_EOF,
                              wake_list);' ''
caught shut_skips_putters 'deadlock|history' slot/lifecycle.c \
  'handoff__waitq_complete_all(s, HANDOFF_PRODUCER, UV_EPIPE, wake_list);' ''
caught shut_completes_one_waiter 'deadlock|history' slot/waitq.c \
  'while ((waiter = ' 'if ((waiter = '
no_races 'crash' caught shut_rereads_slot 'race|crash' slot/lifecycle.c \
  'handoff__slot_unlock(s);
  handoff__wake_all(&wake_list);
}' 'handoff__slot_unlock(slot->impl);
  handoff__wake_all(&wake_list);
}'
caught eof_before_drained 'history' slot/transfer.c \
  '(state & HANDOFF__CELL_FULL) != ready' '((state & HANDOFF__CELL_FULL) != ready || s->is_shut)'
caught put_after_shut 'history' slot/transfer.c \
  'ready && !(s->is_shut && side == HANDOFF_PRODUCER)' 'ready'
caught put_after_shut_with_both_locks 'outcome|history' slot/transfer.c \
  'if (s->is_shut && side == HANDOFF_PRODUCER)' 'if (false)'
caught abort_does_not_shut 'history|deadlock|items' slot/lifecycle.c \
  'shut(s, &wake_list);
  count' 'count'
caught abort_takes_items_after_unlock 'race' slot/lifecycle.c \
  'count = take_all(s, &first);
  handoff__slot_unlock(s);' 'handoff__slot_unlock(s);
  count = take_all(s, &first);'
caught abort_finalizes_under_locks 'lock|endless' slot/lifecycle.c \
  'count = take_all(s, &first);
  handoff__slot_unlock(s);' 'count = take_all(s, &first);
  finalize_all(s, first, count);
  handoff__slot_unlock(s);' 'finalize_all(s, first, count);
  return count;' 'return count;'
caught abort_finalizes_nothing 'outcome' slot/lifecycle.c \
  'finalize_all(s, first, count);
  return count;' 'return count;'
caught abort_counts_nothing 'history' slot/lifecycle.c 's->discarded += count;' ''
caught destroy_finalizes_nothing 'items' slot/lifecycle.c \
  'finalize_all(s, first, count);
  handoff__lock_destroy' 'handoff__lock_destroy'

# Drop-oldest, peek and statistics.
caught eviction_keeps_consumer_cell 'history|items|race' slot/transfer.c \
  's->sides[HANDOFF_CONSUMER].cell = side->cell;' ''
caught eviction_in_place 'history' slot/transfer.c \
  'side->cell = handoff__cell_after(s, side->cell);
  s->sides[HANDOFF_CONSUMER].cell = side->cell;' ''
caught eviction_not_counted 'outcome|history' slot/transfer.c 'side->evicted++;' ''
no_races 'items|history' caught eviction_finalizes_new_item 'items|history|race' slot/transfer.c \
  'drop(evicted, ' 'drop(item, '
caught evicted_copied_after_unlock 'items|race|history' slot/transfer.c \
  'handoff__item_copy(evicted, side->cell, s->item_size);' '' \
  'evict_oldest(s, item, evicted);
  handoff__slot_unlock(s);' 'unsigned char *cell = s->sides[0].cell;
  evict_oldest(s, item, evicted);
  handoff__slot_unlock(s);
  handoff__item_copy(evicted, cell, s->item_size);'
caught new_item_copied_after_unlock 'items|race' slot/transfer.c \
  'handoff__item_copy(side->cell, item, s->item_size);' '' \
  'evict_oldest(s, item, evicted);
  handoff__slot_unlock(s);' 'unsigned char *cell = s->sides[0].cell;
  evict_oldest(s, item, evicted);
  handoff__slot_unlock(s);
  handoff__item_copy(cell, item, s->item_size);'
caught eviction_finalizes_under_locks 'lock|endless' slot/transfer.c \
  'evict_oldest(s, item, evicted);
  handoff__slot_unlock(s);' 'evict_oldest(s, item, evicted);' \
  '  }
  return 0;' '  }
  handoff__slot_unlock(s);
  return 0;'
caught peek_without_locks 'race' slot/transfer.c \
  'handoff__slot_lock(s); /*' '/*' '  handoff__slot_unlock(s);
  return err;' '  return err;'
no_races 'history|crash|outcome' caught stats_without_locks 'history|race' slot/stats.c \
  'handoff__slot_lock(slot->impl);' '' 'handoff__slot_unlock(slot->impl);' ''
caught get_counted_twice 'history|outcome' slot/ring.h \
  'const uint64_t moved = handoff__ring_count(side);' \
  'const uint64_t moved = handoff__ring_count(side);
  if (which == HANDOFF_CONSUMER && side->waiters.next != &side->waiters) {
    handoff__ring_count(side);
  }'
caught init_leaks_memory 'faults|leak' slot/lifecycle.c '    free(s->allocation);' ''
caught init_leaks_locks 'faults|leak' slot/lifecycle.c \
  '      handoff__lock_destroy(&s->sides[HANDOFF_PRODUCER].lock);' ''

# The parker.
caught wait_without_loop 'outcome|race|frame|lock' base/parker.c 'continue;' 'break;'
caught unpark_locked_signals_nothing 'deadlock' base/parker.c \
  'uv_cond_signal(&parker->cond);
  uv_mutex_unlock' 'uv_mutex_unlock'
caught unpark_unlocked_signals_nothing 'deadlock' base/parker.c \
  'uv_mutex_unlock(&parker->mutex);
  uv_cond_signal(&parker->cond);' 'uv_mutex_unlock(&parker->mutex);'
no_races 'deadlock|lock|frame' caught unpark_locked_without_mutex 'deadlock|race' base/parker.c \
  'uv_mutex_lock(&parker->mutex);
  atomic_store_explicit(&parker->notified, true, memory_order_relaxed);
  uv_cond_signal(&parker->cond);
  uv_mutex_unlock(&parker->mutex);' \
  'atomic_store_explicit(&parker->notified, true, memory_order_relaxed);
  uv_cond_signal(&parker->cond);'
caught unpark_unlocked_without_mutex 'deadlock|race' base/parker.c \
  'uv_mutex_lock(&parker->mutex);
  atomic_store_explicit(&parker->notified, true, memory_order_relaxed);
  uv_mutex_unlock(&parker->mutex);' \
  'atomic_store_explicit(&parker->notified, true, memory_order_relaxed);'
no_races 'frame|lock' caught own_parker_signalled_after_unlock 'frame|lock|race' base/parker.c \
  'uv_cond_signal(&parker->cond);
  uv_mutex_unlock(&parker->mutex);' 'uv_mutex_unlock(&parker->mutex);
  uv_cond_signal(&parker->cond);'
caught notification_read_without_mutex 'race' base/parker.c \
  '  handoff__cancel_disable(&cancel_state);' \
  '  if (atomic_load_explicit(&parker->notified, memory_order_relaxed)) return true;'
no_races any caught timed_out_waiter_not_cancelled any slot/blocking.c \
  '!is_notified && !handoff__waitq_cancel(&self.waiter)' 'false'
no_races any caught claimed_waiter_does_not_wait any slot/blocking.c \
  'handoff__parker_wait(self.parker, 0, HANDOFF_NEVER)' 'true'
caught timeout_beats_notification 'items|history|race|outcome' slot/blocking.c \
  'err = is_notified ?' 'err = is_notified && uv_hrtime() < deadline_ns ?'
caught early_timeout 'outcome' base/parker.c 'now_ns >= deadline_ns' 'now_ns + 100 >= deadline_ns'
caught parker_init_leaks_mutex 'faults|leak|limit' base/parker.c \
  '    uv_mutex_destroy(&parker->mutex);' ''

# The parkers that a slot lends, and its references.
caught parker_claimed_test_then_set any slot/blocking.c \
  '!atomic_exchange_explicit(&place->is_claimed, true, memory_order_acquire)' \
  '!atomic_load(&place->is_claimed) && (atomic_store(&place->is_claimed, true), true)'
caught parker_claim_relaxed 'race' slot/blocking.c memory_order_acquire memory_order_relaxed
caught parker_return_relaxed 'race' slot/blocking.c memory_order_release memory_order_relaxed
caught parker_not_reset any slot/blocking.c 'handoff__parker_reset(&place->parker);' ''
caught unref_relaxed 'race' slot/blocking.c memory_order_acq_rel memory_order_relaxed
caught unref_without_acquire 'race' slot/blocking.c memory_order_acq_rel memory_order_release
caught unref_without_release 'race' slot/blocking.c memory_order_acq_rel memory_order_acquire
no_races 'freed|lock' caught signal_after_unref 'freed|lock|race' slot/blocking.c \
  'handoff__parker_unpark_unlocked(thread->parker);' \
  'struct handoff__parker *parker = thread->parker;' \
  'handoff__slot_unref(lender, 1);' \
  'handoff__slot_unref(lender, 1);
    handoff__parker_unpark_unlocked(parker);'
no_races 'freed|crash' caught parker_returned_after_unref 'freed|race|crash' slot/blocking.c \
  'atomic_store_explicit(&place->is_claimed, false, memory_order_release);' '' \
  'handoff__slot_unref(self->lender, is_notified ? 1 : 2);' \
  'handoff__slot_unref(self->lender, is_notified ? 1 : 2);
  atomic_store_explicit(&place->is_claimed, false, memory_order_release);'
caught lender_read_after_unpark 'frame|race|crash' slot/blocking.c \
  'unref(lender, 1)' 'unref(thread->lender, 1)'
caught waiter_drops_one_reference_too_few 'leak' slot/blocking.c 'is_notified ? 1 : 2' '1'
caught waiter_drops_one_reference_too_many any slot/blocking.c 'is_notified ? 1 : 2' '2'
caught waker_drops_no_reference 'leak' slot/blocking.c 'handoff__slot_unref(lender, 1);' ''
caught waker_drops_two_references any slot/blocking.c 'unref(lender, 1)' 'unref(lender, 2)'
caught loan_takes_one_reference any slot/blocking.c '&s->refs, 2' '&s->refs, 1'
caught loan_takes_three_references 'leak' slot/blocking.c '&s->refs, 2' '&s->refs, 3'
caught init_takes_two_references 'leak' slot/blocking.c '&s->refs, 1' '&s->refs, 2'
caught destroy_drops_no_reference 'leak' slot/lifecycle.c 'handoff__slot_unref(s, 1);' ''
caught freed_before_last_unref 'freed|race|lock' slot/blocking.c '== count' '<= 3'
caught last_unref_leaks_parker 'leak' slot/blocking.c \
  'handoff__parker_destroy(&s->parkers[1].parker);' ''
caught init_leaks_first_parker 'faults|leak|limit' slot/blocking.c \
  'handoff__parker_destroy(&s->parkers[0].parker);
    return err;' 'return err;'

# The task queue.
caught pending_cleared_late 'deadlock' loop/task_queue.c \
  'queue->wakeup_pending = !handoff__list_is_empty(&queue->run_list);' '' \
  'queue->idle_start_ns = uv_hrtime();' 'queue->idle_start_ns = uv_hrtime();
  uv_mutex_lock(&queue->lock);
  queue->wakeup_pending = false;
  uv_mutex_unlock(&queue->lock);'
no_races 'deadlock' caught pending_cleared_after_unlock 'deadlock|race' loop/task_queue.c \
  'queue->wakeup_pending = !handoff__list_is_empty(&queue->run_list);
  uv_mutex_unlock(&queue->lock);' 'uv_mutex_unlock(&queue->lock);
  queue->wakeup_pending = !handoff__list_is_empty(&queue->run_list);'
caught post_sends_nothing 'deadlock' loop/task_queue.c \
  '(void)uv_async_send(&queue->async); /* it' '/* it'
caught rest_not_sent_again 'deadlock' loop/task_queue.c \
  'DISPATCH_NS 100000u' 'DISPATCH_NS 0u' '(void)uv_async_send(&queue->async); /* the' '; /* the'
caught post_sends_after_unlock 'freed|handle|lock|race' loop/task_queue.c \
  '(void)uv_async_send(&queue->async); /* it' 'uv_mutex_unlock(&queue->lock);
    (void)uv_async_send(&queue->async);
    return; /* it'
caught own_post_overtakes_inbox 'history|freed' loop/task_queue.c \
  '!atomic_load_explicit(&queue->has_inbox, memory_order_acquire)' 'true'
caught runner_not_cleared 'deadlock|race' loop/task_queue.c \
  'atomic_store_explicit(&queue->runner, 0, memory_order_relaxed);' ''
caught post_of_any_thread_takes_no_lock any loop/task_queue.c \
  'atomic_load_explicit(&queue->runner, memory_order_relaxed) == self' 'true'
caught has_inbox_not_set 'history|deadlock|freed' loop/task_queue.c \
  'atomic_store_explicit(&queue->has_inbox, true, memory_order_release);' ''
caught post_after_overtakes_inbox 'history|freed' loop/task_queue.h \
  '!atomic_load_explicit(&queue->has_inbox, memory_order_acquire)' 'true'
caught post_after_outside_of_run 'deadlock' loop/task_queue.h \
  'atomic_load_explicit(&queue->runner, memory_order_relaxed) != 0' 'true'
caught post_after_comes_before 'history' loop/task_queue.h 'push(last->next, ' 'push(last, '
caught task_queue_init_leaks_mutex 'faults|leak' loop/task_queue.c \
  '    uv_mutex_destroy(&queue->lock);' ''

# The port and its requests.
caught port_init_leaks_memory 'faults|leak' loop/port.c '    free(p);' ''
caught request_not_claimed any loop/request.c \
  'handoff__waiter_claim_unqueued(&req->waiter)' 'req->waiter.claim = 0'
caught cancel_ignores_claim any loop/request.c \
  'if (!handoff__waitq_cancel(&req->waiter)) {' \
  'if (!handoff__waitq_cancel(&req->waiter) && false) {'
caught callback_inside_call 'callback' loop/request.c \
  'handoff__task_queue_post_after(&p->tasks, last, &req->task)' 'on_task(&req->task)'
caught close_skips_first_member 'outcome|leak' loop/port.c \
  'link = p->members.next; link != &p->members;' \
  'link = p->members.next->next; link != &p->members && link->prev != &p->members;'
caught close_tells_no_member 'outcome|leak' loop/port.c 'member->on_port_close(member);' ''
caught close_accepted_twice 'outcome' loop/port.c '  if (p->is_closing) {' '  if (false) {'
caught closing_port_accepts_requests 'outcome' loop/request.c 'port->impl->is_closing' 'false'
caught close_wakes_nothing 'deadlock' loop/port.c 'handoff__task_queue_wake(&p->tasks);' ''
caught sent_after_close 'handle' loop/port.c \
  'on_async_closed);' 'on_async_closed);
  handoff__task_queue_wake(&p->tasks);'
caught closed_with_pending_requests 'callback|handle|freed|race|leak|deadlock' loop/port.c \
  '|| p->activities != 0' ''

# The lane.
caught look_flag_not_cleared 'deadlock' lane/events.c \
  '(void)atomic_exchange_explicit(&l->is_look_posted, false, memory_order_acq_rel);' ''
caught look_flag_cleared_late 'deadlock' lane/events.c \
  '(void)atomic_exchange_explicit(&l->is_look_posted, false, memory_order_acq_rel);
  if (l->is_running) {
    handle_completions(l);
  }' 'if (l->is_running) {
    handle_completions(l);
  }
  (void)atomic_exchange_explicit(&l->is_look_posted, false, memory_order_acq_rel);'
caught look_posted_twice any lane/worker.c \
  '!atomic_exchange_explicit(&l->is_look_posted, true, memory_order_acq_rel)' 'true'
caught occupancy_ignored 'events' lane/events.c \
  'may_deliver = l->options.on_event == NULL ||' 'may_deliver = true ||'
caught items_not_shut_at_end 'deadlock' lane/events.c 'handoff_slot_shut(&l->items);' ''
caught threads_not_joined any lane/events.c \
  '(void)uv_thread_join(&l->sides[HANDOFF_PRODUCER].thread);' '' \
  '(void)uv_thread_join(&l->sides[HANDOFF_CONSUMER].thread);' ''
caught credit_not_returned 'deadlock' lane/events.c \
  'handoff__credits_on_completion(side, completion);' ''
caught coalescing_timer_not_disarmed 'freed|race|callback' lane/events.c \
  'handoff__timer_disarm(&l->handle->port->impl->timers, &l->coalesced);' ''
caught void_credits_still_count 'deadlock' lane/credits.c \
  'take_back(side);
    side->credits_out = 0;' 'take_back(side);'
caught unpaced_credit_not_granted 'deadlock' lane/credits.c \
  '    grant_unpaced(side);
    return;' '    return;'
caught turn_before_its_tick 'events' lane/worker.c \
  'err = await_tick(side, turn->event.due_ns, now_ns);' 'err = 0;'
caught refused_item_not_finalized 'items' lane/worker.c \
  'l->options.drop(side->item, l->options.drop_arg);' ''
caught start_does_not_join any lane/lifecycle.c '(void)uv_thread_join(&producer->thread);' ''
caught start_keeps_is_stopping 'outcome' lane/lifecycle.c \
  'atomic_store(&l->sides[which].is_stopping, false);' ''
caught close_by_finalizer_ignored any lane/lifecycle.c \
  'l->is_starting = false;
  if (l->is_closing) {' 'l->is_starting = false;
  if (false) {'
caught init_leaks_lane 'faults|leak' lane/lifecycle.c '    destroy(l);
    return err;' '    return err;'
caught closing_lane_is_no_activity any lane/lifecycle.c 'handoff__port_begin(p);' ''
caught close_leaves_lane_paused 'deadlock' lane/lifecycle.c 'l->is_paused = false;
  handoff__events_resume(l);
  return 0;' 'handoff__events_resume(l);
  return 0;'

# Hints, and what only changes speed.
sound contenders_never_decremented base/lock.c \
  'atomic_fetch_sub_explicit(&lock->contenders, 1' 'atomic_fetch_sub_explicit(&lock->contenders, 0'
sound contention_ignored_by_spinner base/lock.h \
  'atomic_load_explicit(&lock->contenders, memory_order_relaxed) != 0' 'false'
sound lock_waiter_sleeps_early base/lock.c \
  'RELAX_ATTEMPTS 64u' 'RELAX_ATTEMPTS 2u' 'YIELD_ATTEMPTS 64u' 'YIELD_ATTEMPTS 1u'
sound lock_waiter_never_yields base/lock.c \
  'RELAX_ATTEMPTS 64u' 'RELAX_ATTEMPTS 2u' 'handoff__cpu_yield' 'handoff__cpu_relax'
sound always_a_mutex slot/lifecycle.c '&side->lock, has_many_cpus' '&side->lock, false'
sound always_a_spinlock slot/lifecycle.c '&side->lock, has_many_cpus' '&side->lock, true'
sound no_spinning slot/lifecycle.c 'may_spin[which] = has_many_cpus' 'may_spin[which] = false'
sound only_own_parkers slot/blocking.c \
  '!atomic_exchange_explicit(&place->is_claimed, true, memory_order_acquire)' 'false'
sound dispatch_of_one_task loop/task_queue.c 'DISPATCH_NS 100000u' 'DISPATCH_NS 0u'
sound requests_always_spin loop/request.c 'p->is_spin_allowed && p->tasks.was_block_short' 'true'
sound requests_never_spin loop/request.c 'p->is_spin_allowed' 'false'
sound has_inbox_not_cleared loop/task_queue.c \
  'atomic_store_explicit(&queue->has_inbox, false, memory_order_release);' ''

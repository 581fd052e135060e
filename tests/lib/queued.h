/* queued: waits until a slot has a number of waiters. So tests order threads without sleeps.
 *
 * It reads the wait queue under the lock of its side. bounded.h limits how long it waits. */

#ifndef TESTS_LIB_QUEUED_H
#define TESTS_LIB_QUEUED_H

#include <sched.h>

#include "slot/ring.h"

static inline size_t queued_count(handoff_slot_t *slot, handoff_side_t which) {
  struct handoff__slot_side *side = &slot->impl->sides[which];
  const struct handoff__link *link;
  size_t count = 0;

  handoff__lock_acquire(&side->lock);
  for (link = side->waiters.next; link != &side->waiters; link = link->next) {
    count++;
  }
  handoff__lock_release(&side->lock);
  return count;
}

static inline size_t queued_putters(handoff_slot_t *slot) {
  return queued_count(slot, HANDOFF_PRODUCER);
}

static inline size_t queued_getters(handoff_slot_t *slot) {
  return queued_count(slot, HANDOFF_CONSUMER);
}

/* The items in the ring. No thread puts or gets meanwhile. */
static inline size_t queued_items(handoff_slot_t *slot) {
  struct handoff__slot *s = slot->impl;
  unsigned char *cell;
  size_t count = 0;

  for (cell = s->cells; cell != s->cells_end; cell += s->stride) {
    count += (atomic_load(handoff__cell_state(s, cell)) & HANDOFF__CELL_FULL) != 0;
  }
  return count;
}

/* Waits for so many waiters, or more. */
static inline void queued_await(handoff_slot_t *slot, handoff_side_t which, size_t count) {
  while (queued_count(slot, which) < count) {
    sched_yield();
  }
}

static inline void queued_await_putters(handoff_slot_t *slot, size_t count) {
  queued_await(slot, HANDOFF_PRODUCER, count);
}

static inline void queued_await_getters(handoff_slot_t *slot, size_t count) {
  queued_await(slot, HANDOFF_CONSUMER, count);
}

#endif /* TESTS_LIB_QUEUED_H */

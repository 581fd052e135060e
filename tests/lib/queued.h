/* queued: waits until so many waiters, or more, are queued in a slot. That is how tests order threads: no sleeps.
 *
 * It looks into the slot under the slot's lock. What it waits for comes, or bounded.h's watchdog. */

#ifndef TESTS_LIB_QUEUED_H
#define TESTS_LIB_QUEUED_H

#include <sched.h>

#include "slot/ring.h"

static inline size_t queued_count(handoff_slot_t *slot, handoff_side_t way) {
  struct handoff__slot_side *end = &slot->impl->sides[way];
  const struct handoff__link *link;
  size_t count = 0;

  handoff__lock_acquire(&end->lock);
  for (link = end->waiters.next; link != &end->waiters; link = link->next) {
    count++;
  }
  handoff__lock_release(&end->lock);
  return count;
}

static inline size_t queued_putters(handoff_slot_t *slot) {
  return queued_count(slot, HANDOFF_PRODUCER);
}

static inline size_t queued_getters(handoff_slot_t *slot) {
  return queued_count(slot, HANDOFF_CONSUMER);
}

/* Items in the ring, while nobody puts or gets. */
static inline size_t queued_items(handoff_slot_t *slot) {
  struct handoff__slot *s = slot->impl;
  unsigned char *cell;
  size_t count = 0;

  for (cell = s->cells; cell != s->cells_end; cell += s->stride) {
    count += (atomic_load(handoff__cell_state(s, cell)) & HANDOFF__CELL_FULL) != 0;
  }
  return count;
}

static inline void queued_await_putters(handoff_slot_t *slot, size_t count) {
  while (queued_putters(slot) < count) {
    sched_yield();
  }
}

static inline void queued_await_getters(handoff_slot_t *slot, size_t count) {
  while (queued_getters(slot) < count) {
    sched_yield();
  }
}

#endif /* TESTS_LIB_QUEUED_H */

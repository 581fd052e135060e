/* queued: waits until so many waiters, or more, are queued in a slot. That is how tests order threads: no sleeps.
 *
 * It looks into the slot under the slot's lock. What it waits for comes, or bounded.h's watchdog. */

#ifndef TESTS_LIB_QUEUED_H
#define TESTS_LIB_QUEUED_H

#include <sched.h>

#include "slot.h"

static inline size_t queued_count(struct handoff__slot *s, const struct handoff__link *queue) {
  const struct handoff__link *link;
  size_t count = 0;

  uv_mutex_lock(&s->lock);
  for (link = queue->next; link != queue; link = link->next) {
    count++;
  }
  uv_mutex_unlock(&s->lock);
  return count;
}

static inline size_t queued_putters(handoff_slot_t *slot) {
  return queued_count(slot->impl, &slot->impl->putters);
}

static inline size_t queued_getters(handoff_slot_t *slot) {
  return queued_count(slot->impl, &slot->impl->getters);
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

/* slot: the items, the queue of waiters, the lock.
 *
 * A slot knows one thing about who waits for it: a waiter, with a place for its item and a `wake`.
 * How a thread waits is park's business, how a loop waits is port's. */

#ifndef HANDOFF_SLOT_H
#define HANDOFF_SLOT_H

#include "handoff.h"

struct handoff__slot {
  /* Set at init, then constant. */
  size_t item_size;
  size_t capacity;
  const char *name;
  handoff_drop_cb drop;
  void *drop_arg;

  uv_mutex_t lock;
  /* Guarded by lock. */
  size_t first; /* index in the ring of the item that is next to go */
  size_t count; /* items in the ring */
  bool shut;
  struct handoff__link putters;               /* waiters; not empty only while the ring is full */
  struct handoff__link getters;               /* waiters; not empty only while the ring is empty */
  _Alignas(max_align_t) unsigned char ring[]; /* room for `capacity` items */
};

/* Put the item, or get one, at once, or queue the waiter, whose `item` and `wake` have been set. The
 * waiter may be NULL.
 * Returns: 0: done; UV_EPIPE or UV_EOF: shut; UV_EAGAIN: not done, and, if there is a waiter, it is
 * queued: it will be taken out of the queue exactly once, by handoff__slot_leave or by whoever sets
 * its status (0, UV_EPIPE or UV_EOF) and then calls its wake. */
int handoff__slot_put(handoff_slot_t *slot, const void *item, struct handoff__waiter *waiter);
int handoff__slot_get(handoff_slot_t *slot, void *item, struct handoff__waiter *waiter);

/* Takes the waiter out of its queue, unless somebody else has. True: it was still queued, its wake
 * will not be called. False: its wake has been, is being or will be called. */
bool handoff__slot_leave(handoff_slot_t *slot, struct handoff__waiter *waiter);

/* Shut, and nothing left to get. */
bool handoff__slot_is_drained(handoff_slot_t *slot);

/* Makes it open and empty again; what is left is dropped. Nobody may be using it. */
void handoff__slot_reset(handoff_slot_t *slot);

#endif /* HANDOFF_SLOT_H */

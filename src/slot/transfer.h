/* transfer: how an item passes through a slot: the fast path, inline, and the slow path. */

#ifndef HANDOFF_SLOT_TRANSFER_H
#define HANDOFF_SLOT_TRANSFER_H

#include "slot/ring.h"

/* How long a caller that would have to wait may spin first. */
enum handoff__spin {
  HANDOFF__SPIN_NONE,
  HANDOFF__SPIN_SHORT,   /* 1 to 3 us: for a loop */
  HANDOFF__SPIN_ADAPTIVE /* at most 10 to 25 us: for a thread that would sleep */
};

/* The fast path, which every put and get tries first. Any thread; never waits. True: done. False:
 * handoff__transfer has to go on, and *is_locked says whether the caller holds this side's lock.
 * Always false with capacity 0, which has no cells, and on one CPU, where the locks are mutexes. */
static inline bool handoff__transfer_fast(struct handoff__slot *s, handoff_side_t side, void *item,
                                          bool *is_locked) {
  *is_locked = s->capacity != 0 && handoff__lock_try(&s->sides[side].lock);
  if (!*is_locked || handoff__ring_state(s, side) != HANDOFF__READY_STATE(side) ||
      (s->is_shut && side == HANDOFF_PRODUCER)) {
    return false;
  }
  handoff__ring_move(s, side, item);
  handoff__lock_release(&s->sides[side].lock);
  return true;
}

/* The slow path. Puts the item (which is then only read) or gets one at once, or else queues the
 * waiter, if it is not NULL; see handoff__waitq_push. is_locked: the caller holds this side's lock,
 * which is released here. Returns: 0: done; UV_EPIPE or UV_EOF: shut; UV_EAGAIN: not done, and the
 * waiter, if any, is queued. */
int handoff__transfer(struct handoff__slot *s, handoff_side_t side, void *item,
                      struct handoff__waiter *waiter, enum handoff__spin spin, bool is_locked);

#endif /* HANDOFF_SLOT_TRANSFER_H */

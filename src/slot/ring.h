/* ring: the cells of a slot, and the locks of its two sides.
 *
 * The state of a cell is an atomic word behind its item (as in Vyukov's bounded MPMC queue,
 * 1024cores.net). FREE changes to FULL only under the producer's lock, and FULL to FREE only under
 * the consumer's, by a store that releases the item, or the room, to the other side. In these
 * functions the lock of `side` is held unless stated otherwise. */

#ifndef HANDOFF_SLOT_RING_H
#define HANDOFF_SLOT_RING_H

#include <string.h>

#include "slot/slot.h"

#define HANDOFF__CELL_FREE 0u
#define HANDOFF__CELL_FULL 1u
/* A flag, combined with either state. Changing the state then takes both locks, and the waiters
 * must be matched. */
#define HANDOFF__CELL_HAS_WAITERS 2u

/* No lock is held. Acquires both, in lock order. */
static inline void handoff__slot_lock(struct handoff__slot *s) {
  handoff__lock_acquire(&s->sides[HANDOFF_PRODUCER].lock);
  handoff__lock_acquire(&s->sides[HANDOFF_CONSUMER].lock);
}

static inline void handoff__slot_unlock(struct handoff__slot *s) {
  handoff__lock_release(&s->sides[HANDOFF_CONSUMER].lock);
  handoff__lock_release(&s->sides[HANDOFF_PRODUCER].lock);
}

static inline atomic_uint *handoff__cell_state(const struct handoff__slot *s, unsigned char *cell) {
  return (atomic_uint *)(void *)(cell + s->state_offset);
}

static inline unsigned char *handoff__cell_after(const struct handoff__slot *s,
                                                 unsigned char *cell) {
  unsigned char *next = cell + s->stride;
  return next == s->cells_end ? s->cells : next;
}

/* The state of a cell with which this side can transfer an item at once. */
#define HANDOFF__READY_STATE(side) \
  ((side) == HANDOFF_PRODUCER ? HANDOFF__CELL_FREE : HANDOFF__CELL_FULL)

/* The state of this side's next cell. Prefetches the cell for writing, for a caller that means to
 * change its state: one cache line transfer instead of two. */
static inline unsigned handoff__ring_state(const struct handoff__slot *s, handoff_side_t side) {
  unsigned char *cell = s->sides[side].cell;

  handoff__cpu_prefetchw(cell + s->state_offset);
  return atomic_load_explicit(handoff__cell_state(s, cell), memory_order_acquire);
}

/* Whether this side can transfer an item at once, waiters or not. False with capacity 0. */
static inline bool handoff__ring_is_ready(const struct handoff__slot *s, handoff_side_t side) {
  return s->capacity != 0 &&
         (handoff__ring_state(s, side) & HANDOFF__CELL_FULL) == HANDOFF__READY_STATE(side);
}

static inline void handoff__item_copy(void *to, const void *from, size_t size) {
  if (size == sizeof(uint64_t)) { /* usually a pointer or a number: one move instead of a call */
    memcpy(to, from, sizeof(uint64_t));
  } else {
    memcpy(to, from, size);
  }
}

/* Counts one item. The side's lock makes this the only writer, so the addition is not atomic. */
static inline uint64_t handoff__ring_count(struct handoff__slot_side *side) {
  uint64_t moved = atomic_load_explicit(&side->moved, memory_order_relaxed) + 1;
  atomic_store_explicit(&side->moved, moved, memory_order_relaxed);
  return moved;
}

/* The producer's lock is held. Called when there may be more items than ever before. Reading the
 * consumer's count costs a cache line transfer. So it is read only when `moved` shows that
 * high_water may have been exceeded, and never again once the slot has been full. */
static inline void handoff__ring_raise_high_water(struct handoff__slot *s, uint64_t puts) {
  struct handoff__slot_side *side = &s->sides[HANDOFF_PRODUCER];
  const uint64_t gone =
      atomic_load_explicit(&s->sides[HANDOFF_CONSUMER].moved, memory_order_relaxed) + s->discarded;

  if (puts - gone > side->high_water) {
    side->high_water = puts - gone;
  }
  side->high_water_puts = side->high_water < s->capacity ? gone + side->high_water : UINT64_MAX;
}

/* The first cell in a cache line prefetches a later line, so that it arrives before the cursor
 * does. */
static inline void handoff__ring_prefetch(const struct handoff__slot *s,
                                          const unsigned char *cell) {
  const size_t left = (size_t)(s->cells_end - cell);
  const size_t distance = s->prefetch_distance;

  if (distance != 0 && (uintptr_t)cell % HANDOFF__CACHE_LINE < s->stride) {
    handoff__cpu_prefetchw(distance < left ? cell + distance : s->cells + (distance - left));
  }
}

/* Transfers one item between `item` and this side's next cell, which is ready. The store of its
 * state clears HAS_WAITERS: if it was set, the caller holds both locks and then matches the
 * waiters. */
static inline void handoff__ring_move(struct handoff__slot *s, handoff_side_t which, void *item) {
  struct handoff__slot_side *side = &s->sides[which];
  unsigned char *cell = side->cell;
  const uint64_t moved = handoff__ring_count(side);

  side->cell = handoff__cell_after(s, cell);
  handoff__ring_prefetch(s, cell);
  if (which == HANDOFF_PRODUCER) {
    if (moved > side->high_water_puts) {
      handoff__ring_raise_high_water(s, moved);
    }
    handoff__item_copy(cell, item, s->item_size);
  } else {
    handoff__item_copy(item, cell, s->item_size);
  }
  atomic_store_explicit(handoff__cell_state(s, cell),
                        which == HANDOFF_PRODUCER ? HANDOFF__CELL_FULL : HANDOFF__CELL_FREE,
                        memory_order_release);
}

#endif /* HANDOFF_SLOT_RING_H */

/* end: the parts that a hand-off is made of: an end's lock, its cells, its waiters.
 *
 * `s` is the slot, `way` says which of its ends. Unless said otherwise that end's lock is held. pass.c says
 * why it is right. Only slot.c, pass.c, pass.h (for thread.c and request.c) and inspect.c look in here. */

#ifndef HANDOFF_END_H
#define HANDOFF_END_H

#include <string.h>

#include "cpu.h"
#include "slot.h"

/* A cell's state, an atomic word behind its item. */
#define HANDOFF__FREE 0u
#define HANDOFF__FULL 1u
#define HANDOFF__WAITED 2u /* beside either: who changes it must hold both locks, and settle */

/* Pauses while hoping, at most, and where it has not been worth it lately. How long one takes is the processor's
 * business: all of them some 10 to 25 us. */
#define HANDOFF__SPIN_MAX 512u
#define HANDOFF__SPIN_MIN 128u
/* And for a loop. */
#define HANDOFF__SPIN_BRIEF 64u
/* So often it is tried for the whole time all the same. */
#define HANDOFF__SPIN_PROBE 16u

/* How long to hope now. */
static inline unsigned handoff__end_hope(const struct handoff__end *end) {
  return end->spin_misses % HANDOFF__SPIN_PROBE == 0 ? HANDOFF__SPIN_MAX : end->spin_limit;
}

/* It was worth it. */
static inline void handoff__end_rejoice(struct handoff__end *end) {
  end->spin_limit =
      end->spin_limit < HANDOFF__SPIN_MAX / 2 ? end->spin_limit * 2 : HANDOFF__SPIN_MAX;
  end->spin_misses = 0;
}

/* It was in vain. */
static inline void handoff__end_despair(struct handoff__end *end) {
  end->spin_misses++;
  end->spin_limit /= 2;
  if (end->spin_limit < HANDOFF__SPIN_MIN) {
    end->spin_limit = HANDOFF__SPIN_MIN;
  }
}

/* ------------------------------------------------------------------------------- the locks -- */

/* The slow way. */
static inline void handoff__end_lock(struct handoff__slot *s, enum handoff__way way) {
  handoff__lock_acquire(&s->ends[way].lock);
}

static inline void handoff__end_unlock(struct handoff__slot *s, enum handoff__way way) {
  handoff__lock_release(&s->ends[way].lock);
}

/* Either way; true: the fast one. */
static inline bool handoff__end_lock_either(struct handoff__slot *s, enum handoff__way way) {
  if (handoff__lock_try_fast(&s->ends[way].lock)) {
    return true;
  }
  handoff__end_lock(s, way);
  return false;
}

static inline void handoff__end_unlock_either(struct handoff__slot *s, enum handoff__way way,
                                              bool is_fast) {
  if (is_fast) {
    handoff__lock_release_fast(&s->ends[way].lock);
  } else {
    handoff__end_unlock(s, way);
  }
}

/* Both locks, in the one order in which they may be taken. */
void handoff__slot_lock(struct handoff__slot *s);
/* That end's lock is held, the fast way or the slow one; then both are. Somebody else may have had it in between. */
void handoff__slot_lock_too(struct handoff__slot *s, enum handoff__way way, bool is_fast);
void handoff__slot_unlock(struct handoff__slot *s);

/* ------------------------------------------------------------------------------- the cells -- */

static inline atomic_uint *handoff__state_of(const struct handoff__slot *s, unsigned char *cell) {
  return (atomic_uint *)(void *)(cell + s->state_offset);
}

static inline unsigned char *handoff__cell_after(const struct handoff__slot *s,
                                                 unsigned char *cell) {
  unsigned char *next = cell + s->stride;
  return next == s->cells_end ? s->cells : next;
}

/* What a cell is that an item can be put into, or got from, at once. */
static inline unsigned handoff__ready_state(enum handoff__way way) {
  return way == HANDOFF__PUT ? HANDOFF__FREE : HANDOFF__FULL;
}

/* The state of the cell that comes next at this end. */
static inline unsigned handoff__end_state(const struct handoff__slot *s, enum handoff__way way) {
  return atomic_load_explicit(handoff__state_of(s, s->ends[way].cell), memory_order_acquire);
}

/* The same, by who would change it and so needs its cache line to write to. */
static inline unsigned handoff__end_fetch(const struct handoff__slot *s, enum handoff__way way) {
  handoff__cpu_fetch_to_write(s->ends[way].cell + s->state_offset);
  return handoff__end_state(s, way);
}

/* The first cell in a cache line fetches the line after it, so that it is on its way meanwhile. */
static inline void handoff__end_fetch_ahead(const struct handoff__slot *s,
                                            const unsigned char *cell) {
  const size_t left = (size_t)(s->cells_end - cell);

  if (s->ahead != 0 && (uintptr_t)cell % HANDOFF__LINE < s->stride) {
    handoff__cpu_fetch_to_write(s->ahead < left ? cell + s->ahead : s->cells + (s->ahead - left));
  }
}

static inline bool handoff__end_is_ready(const struct handoff__slot *s, enum handoff__way way) {
  return s->capacity != 0 &&
         (handoff__end_state(s, way) & HANDOFF__FULL) == handoff__ready_state(way);
}

static inline void handoff__copy(void *to, const void *from, size_t size) {
  if (size == sizeof(uint64_t)) { /* a pointer or a number, mostly: one move instead of a call */
    memcpy(to, from, sizeof(uint64_t));
  } else {
    memcpy(to, from, size);
  }
}

/* Counts an item. Its only writer holds the end's lock, so that an addition need not be atomic. */
static inline uint64_t handoff__end_count(struct handoff__end *end) {
  uint64_t moved = atomic_load_explicit(&end->moved, memory_order_relaxed) + 1;
  atomic_store_explicit(&end->moved, moved, memory_order_relaxed);
  return moved;
}

/* The putting lock is held. There may be more items now than ever. What the other side has done is in a cache line of that
 * side, so it is not looked at again for so many puts that there cannot be; nor once the slot has been full, from when on
 * what has been replaced may be among the puts. */
static inline void handoff__slot_raise_high_water(struct handoff__slot *s, uint64_t puts) {
  struct handoff__end *end = &s->ends[HANDOFF__PUT];
  const uint64_t gone =
      atomic_load_explicit(&s->ends[HANDOFF__GET].moved, memory_order_relaxed) + s->dropped;

  if (puts - gone > end->high_water) {
    end->high_water = puts - gone;
  }
  end->high_at = end->high_water < s->capacity ? gone + end->high_water : UINT64_MAX;
}

/* The cell is ready, and whoever waits for it to change is seen to afterwards: a mark goes. */
static inline void handoff__end_move(struct handoff__slot *s, enum handoff__way way, void *item) {
  struct handoff__end *end = &s->ends[way];
  unsigned char *cell = end->cell;
  const uint64_t moved = handoff__end_count(end);

  end->cell = handoff__cell_after(s, cell);
  handoff__end_fetch_ahead(s, cell);
  if (way == HANDOFF__PUT) {
    if (moved > end->high_at) {
      handoff__slot_raise_high_water(s, moved);
    }
    handoff__copy(cell, item, s->item_size);
  } else {
    handoff__copy(item, cell, s->item_size);
  }
  atomic_store_explicit(handoff__state_of(s, cell),
                        way == HANDOFF__PUT ? HANDOFF__FULL : HANDOFF__FREE, memory_order_release);
}

/* ----------------------------------------------------------------------------- the waiters -- */

/* Both locks are held in all that follows, but for leave and wake. */

/* There is no ready cell for it. */
void handoff__end_enqueue(struct handoff__slot *s, enum handoff__way way,
                          struct handoff__waiter *waiter);

/* Takes the first waiter who has not given up out of the queue, with its status; and those before it, who
 * have. NULL: there is none. */
struct handoff__waiter *handoff__end_take_first(struct handoff__slot *s, enum handoff__way way,
                                                int status);

/* This end's lock is held. Takes this waiter out, which has claimed itself, if nobody has. */
void handoff__end_leave(struct handoff__slot *s, enum handoff__way way,
                        struct handoff__waiter *waiter);

/* It is done: wakes it if it must be in order, or else adds it to those to be woken without a lock. */
void handoff__end_wake(struct handoff__waiter *waiter, struct handoff__link *woken);

/* Completes everybody who waits here, with this status. */
void handoff__end_release(struct handoff__slot *s, enum handoff__way way, int status,
                          struct handoff__link *woken);

/* Completes everybody at both ends for whom there are ready cells, in their order, and marks the cells that
 * the others wait for. */
void handoff__slot_settle(struct handoff__slot *s, struct handoff__link *woken);

/* No lock is held. Wakes them; none of them is there any more when it returns. */
void handoff__wake(struct handoff__link *woken);

#endif /* HANDOFF_END_H */

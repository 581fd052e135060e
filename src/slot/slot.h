/* slot: the types of a slot: a ring of cells with two sides, each with a lock and a wait queue.
 *
 * All that a slot knows of a waiting thread or request is its waiter, with a place for its item
 * and a `wake` function. How a thread waits is blocking.c; how a loop waits is
 * src/loop/request.c. */

#ifndef HANDOFF_SLOT_SLOT_H
#define HANDOFF_SLOT_SLOT_H

#include "base/cpu.h"
#include "base/lock.h"
#include "base/parker.h"
#include "handoff.h"

/* Bounds of spinning, in pauses of the CPU: 1 to 3 us and 10 to 25 us. The latter is about what
 * it costs to sleep and to be woken. */
#define HANDOFF__SPIN_MIN 64u
#define HANDOFF__SPIN_MAX 512u

/* The two sides and the cells share no cache line: neither side writes to a line that the other one
 * needs, except for the cells. What every transfer needs of its side is in the first line: with the
 * cursor in a line of its own, a transfer with capacity 64 took 1.1 times as long. */
struct handoff__slot_side {
  _Alignas(HANDOFF__CACHE_LINE) struct handoff__lock lock;
  /* Guarded by lock. */
  unsigned char *cell; /* the next cell to put into or to get from */
  /* Atomic, because the other side reads it; written under lock: items put, or taken out. */
  atomic_uint_fast64_t moved;
  /* Guarded by lock. Adaptive spinning (as glibc's adaptive mutexes): pauses that a thread spins
   * before it sleeps, on top of HANDOFF__SPIN_MIN. A hit restores the maximum and a miss halves it,
   * because a miss often means that the other thread does not run: it may lack this CPU. */
  unsigned spin_budget;
  /* Guarded by lock. Producer side: high_water can be exceeded only once `moved` exceeds this.
   * UINT64_MAX: the slot has been full. */
  uint64_t high_water_puts;
  /* Guarded by lock; a push needs both locks. */
  struct handoff__link waiters; /* FIFO */
  /* Guarded by lock: the statistics of handoff_slot_side_stats_t. */
  uint64_t waits;
  uint64_t blocked_ns;
  uint64_t timeouts;
  uint64_t cancels;
  /* Guarded by lock. Producer side only. */
  uint64_t evicted;
  uint64_t high_water;
};

/* A parker that a waiting thread borrows: see blocking.c. Each has cache lines of its own. */
struct handoff__slot_parker {
  _Alignas(HANDOFF__CACHE_LINE) struct handoff__parker parker;
  atomic_bool is_claimed;
};

/* Lock order: the producer's lock, then the consumer's. */
/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): each side has its own cache lines */
struct handoff__slot {
  struct handoff__slot_side sides[2]; /* by handoff_side_t */
  /* Set at init, then constant. */
  void *allocation; /* from malloc; the slot begins at the first cache line in it */
  size_t item_size;
  size_t capacity;
  size_t state_offset; /* of the state in a cell */
  size_t stride;       /* from one cell to the next */
  unsigned char *cells;
  unsigned char *cells_end;
  size_t prefetch_distance; /* in bytes; 0: the ring is too short for prefetching */
  const char *name;
  handoff_drop_cb drop;
  void *drop_arg;
  bool may_spin[2]; /* by handoff_side_t */
  bool drops_oldest;
  /* Guarded by both locks: to be read with either, to be changed with both. */
  bool is_shut;
  uint64_t discarded;
  uv_thread_t bound[2]; /* by handoff_side_t: the only thread there, if is_bound */
  /* Atomic: by handoff_side_t. Orders nothing; only the bound thread acts on it. */
  atomic_bool is_bound[2];
  /* Atomic. How many producers hold the slot. A release makes its producer's puts visible to the
   * last one, which shuts the slot. */
  atomic_uint holders;
  /* Atomic: 1 for the slot until it is destroyed, 2 for each loan of a parker. Written when a
   * thread sleeps. See blocking.c. */
  atomic_uint refs;
  struct handoff__slot_parker parkers[2];
};

#endif /* HANDOFF_SLOT_SLOT_H */

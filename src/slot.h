/* slot: a ring of cells with two ends, each with its lock and its queue of waiters.
 *
 * A slot knows one thing about who waits for it: a waiter, with a place for its item and a `wake`.
 * How a thread waits is thread's business, but for the lot, which a slot makes and lets go of; how a loop waits is
 * port's. The life of a slot is slot.c; how items pass through it, and why that is right, is pass.c. */

#ifndef HANDOFF_SLOT_H
#define HANDOFF_SLOT_H

#include <stdatomic.h>

#include "cpu.h"
#include "handoff.h"
#include "lock.h"

enum handoff__way { HANDOFF__PUT = 0, HANDOFF__GET = 1 };

/* Where items are put, or got. Neither end shares a cache line with anything else, and the cells begin at one: neither side
 * writes to a line that the other one needs. The first line is what a rendezvous needs; what every other item needs begins
 * the second. */
struct handoff__end {
  _Alignas(HANDOFF__LINE) struct handoff__lock lock;
  /* Guarded by lock. */
  struct handoff__link waiters; /* first in, first out */
  unsigned char *cell;          /* the next one to put into, or to get from */
  /* Atomic, for the other end reads it; written with the lock held: items put, or taken out. */
  atomic_uint_fast64_t moved;
  /* Guarded by lock, and of the putting end only: up to so many puts there are not more items in it than there have
   * been before. UINT64_MAX: it has been full. */
  uint64_t high_at;
  /* Guarded by lock. */
  unsigned spin_limit; /* how long it has lately been worth to hope before sleeping */
  unsigned spin_misses;
  /* Guarded by lock: for those who ask. As in handoff_slot_side_stats_t. */
  uint64_t waits;
  uint64_t blocked_ns;
  uint64_t timeouts;
  uint64_t cancels;
  /* Guarded by lock, and of the putting end only. */
  uint64_t replaced;
  uint64_t high_water;
};

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): the ends are to be apart */
struct handoff__slot {
  struct handoff__end ends[2]; /* by handoff__way */
  /* Set at init, then constant. */
  void *memory; /* what malloc gave: the slot begins at the first line in it */
  size_t item_size;
  size_t capacity;
  size_t state_offset; /* in a cell, of its state */
  size_t stride;       /* from cell to cell */
  unsigned char *cells;
  unsigned char *cells_end;
  size_t ahead; /* how far on in the ring a line is fetched, in bytes; 0: it is too short */
  const char *name;
  handoff_drop_cb drop;
  void *drop_arg;
  struct handoff__lot *lot; /* where threads wait */
  bool has_many_cpus;
  bool may_spin[2]; /* by handoff__way */
  /* HANDOFF_LATEST: room for the item that is being replaced, guarded by the putting lock; else NULL. */
  unsigned char *spare;
  /* Written with both locks held, so read with either. */
  bool shut;
  uint64_t dropped;
  uv_thread_t bound[2]; /* by handoff__way: the only thread there, if `is_bound` */
  /* Atomic: by handoff__way; only the bound thread acts on it. */
  atomic_bool is_bound[2];
};

/* A waiter's claim. Who waits may give up, because it is late or cancelled, at the moment at which somebody
 * else is about to serve it: whoever claims it first decides. So who gives up learns without a look at
 * the slot, which may be gone, that it is too late. It orders nothing: the locks and the wake do. Any
 * thread; true: claimed. */
#define HANDOFF__CLAIMED 1u

static inline bool handoff__waiter_claim(struct handoff__waiter *waiter) {
  return atomic_exchange_explicit((atomic_uint *)(void *)&waiter->claim, HANDOFF__CLAIMED,
                                  memory_order_relaxed) != HANDOFF__CLAIMED;
}

/* The same for a waiter that has not been queued, so that nobody else can be at it: a store will do. */
static inline void handoff__waiter_claim_unqueued(struct handoff__waiter *waiter) {
  atomic_store_explicit((atomic_uint *)(void *)&waiter->claim, HANDOFF__CLAIMED,
                        memory_order_relaxed);
}

/* How long a caller who would have to wait may hope first, with its end's lock held, that it need not: no
 * longer than that has lately been worth it, 10 to 25 us at most; or briefly, 1 to 3 us, for a loop, which knows
 * by itself whether it is worth it. */
enum handoff__hope { HANDOFF__HOPE_NONE, HANDOFF__HOPE_BRIEF, HANDOFF__HOPE_LONG };

/* Puts the item, which is then only read, or gets one, at once, or queues the waiter, whose `item`, `wake`, `is_ordered`,
 * `since_ns` and `who` have been set. The waiter may be NULL. `is_held`: that end's lock is the caller's, the fast way, and is
 * let go of in here (pass.h).
 * Returns: 0: done; UV_EPIPE or UV_EOF: shut; UV_EAGAIN: not done, and, if there is a waiter, it is
 * queued: it will be claimed exactly once, by handoff__slot_leave or by whoever sets its status (0,
 * UV_EPIPE or UV_EOF) and then calls its wake. */
int handoff__slot_pass(handoff_slot_t *slot, enum handoff__way way, void *item,
                       struct handoff__waiter *waiter, enum handoff__hope hope, bool is_held);

/* Takes the waiter, which has been queued, out of its queue, unless somebody else has claimed it. True: its
 * wake will not be called. False: its wake has been, is being or will be called; the slot has not been
 * looked at, and may be gone. */
bool handoff__slot_leave(handoff_slot_t *slot, struct handoff__waiter *waiter);

/* Copies the oldest item. Returns: 0; UV_EOF; UV_EAGAIN. */
int handoff__slot_peek(handoff_slot_t *slot, void *item);

/* Whether what goes on at that end goes on only on the calling thread. */
bool handoff__slot_is_bound_here(handoff_slot_t *slot, enum handoff__way way);

/* Shut, and nothing left to get. */
bool handoff__slot_is_drained(handoff_slot_t *slot);

/* Makes it open and empty again; what is left is dropped. Nobody may be using it. */
void handoff__slot_reset(handoff_slot_t *slot);

#endif /* HANDOFF_SLOT_H */

/* waitq: the wait queues of a slot: waiting threads and requests, FIFO on each side.
 *
 * Both locks are held in these functions unless stated otherwise. */

#ifndef HANDOFF_SLOT_WAITQ_H
#define HANDOFF_SLOT_WAITQ_H

#include "slot/slot.h"

#define HANDOFF__CLAIMED 1u

/* Claims a waiter that no other thread can see, because it was never queued. Needs no lock. */
static inline void handoff__waiter_claim_unqueued(struct handoff__waiter *waiter) {
  atomic_store_explicit((atomic_uint *)(void *)&waiter->claim, HANDOFF__CLAIMED,
                        memory_order_relaxed);
}

/* Queues a waiter that cannot be served now. Its `item`, `wake`, `is_request`, `wait_start_ns` and
 * `owner_id` have been set. It will be claimed exactly once, by handoff__waitq_cancel or by a
 * thread that sets its status (0, UV_EPIPE or UV_EOF) and then calls its `wake`. */
void handoff__waitq_push(struct handoff__slot *s, handoff_side_t side,
                         struct handoff__waiter *waiter);

/* Dequeues the first waiter that has not cancelled, with that status, and the cancelled ones before
 * it. NULL: there is none. */
struct handoff__waiter *handoff__waitq_pop(struct handoff__slot *s, handoff_side_t side,
                                           int status);

/* Completes a popped waiter: wakes a request at once, in the order of the items, and adds a thread
 * to the wake list. */
void handoff__waitq_complete(struct handoff__waiter *waiter, struct handoff__link *wake_list);

/* Completes every waiter of this side with that status. */
void handoff__waitq_complete_all(struct handoff__slot *s, handoff_side_t side, int status,
                                 struct handoff__link *wake_list);

/* Direct hand-off to the waiters: transfers the items of all waiters for which cells are ready, in
 * FIFO order, and sets HAS_WAITERS on the cells that the remaining ones wait for. */
void handoff__match_waiters(struct handoff__slot *s, struct handoff__link *wake_list);

/* No lock is held. Wakes the threads in the list. After it returns, neither the waiters nor the
 * slot may be accessed. */
void handoff__wake_all(struct handoff__link *wake_list);

/* No lock is held. Takes back a waiter that has been queued. True: it is dequeued and its `wake`
 * will not be called. False: another thread has claimed it, and its `wake` has been or will be
 * called; the slot has not been accessed and may be gone. */
bool handoff__waitq_cancel(struct handoff__waiter *waiter);

#endif /* HANDOFF_SLOT_WAITQ_H */

/* parker: how a thread sleeps until another thread notifies it (as parking_lot's ThreadParker).
 *
 * Each parker has one waiting thread, with a mutex and a condition variable of its own. With one
 * waiter per condition variable, glibc bug 25847 (a signal lost when waiters steal from one
 * another) cannot occur, and a woken thread need not access what it waited for. */

#ifndef HANDOFF_BASE_PARKER_H
#define HANDOFF_BASE_PARKER_H

#include <stdatomic.h>

#include "handoff.h"

struct handoff__parker {
  uv_mutex_t mutex;
  uv_cond_t cond; /* signalled when `notified` becomes true */
  /* Atomic. Written under the mutex, or by handoff__parker_reset. */
  atomic_bool notified;
};

/* Returns: 0; what uv_mutex_init and uv_cond_init return. */
int handoff__parker_init(struct handoff__parker *parker);
void handoff__parker_destroy(struct handoff__parker *parker);

/* The waiting thread. Spins for at most so many iterations, then sleeps until notified or until
 * uv_hrtime() reaches the deadline. True: notified. The notifier's earlier writes are then visible:
 * the mutex orders them, also after spinning. */
bool handoff__parker_wait(struct handoff__parker *parker, unsigned spins, uint64_t deadline_ns);

/* Any thread, once. Notifies, and signals while it holds the mutex: the waiting thread may destroy
 * the parker as soon as it returns from its wait. */
void handoff__parker_unpark_locked(struct handoff__parker *parker);

/* The same, but signals after unlocking, so that the woken thread does not block on the mutex. The
 * parker must outlive this call. */
void handoff__parker_unpark_unlocked(struct handoff__parker *parker);

/* Prepares the parker for another wait. The previous wait has ended and `notified` will not be set
 * for it any more; its signal may still come. */
void handoff__parker_reset(struct handoff__parker *parker);

/* Sleeps for that long. Returns: 0; what handoff__parker_init returns, without having slept. */
int handoff__parker_sleep(uint64_t duration_ns);

#endif /* HANDOFF_BASE_PARKER_H */

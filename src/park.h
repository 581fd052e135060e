/* park: how a thread waits until somebody wakes it.
 *
 * Each wait has a mutex and a condition variable of its own while it lasts. One waiter per condition variable makes glibc's
 * bug 25847 (a signal lost when waiters steal from one another) impossible, and lets a woken thread go on without
 * touching the slot that it waited for. */

#ifndef HANDOFF_PARK_H
#define HANDOFF_PARK_H

#include <stdatomic.h>

#include "handoff.h"

struct handoff__park {
  uv_mutex_t lock;
  uv_cond_t cond; /* signalled when woken becomes true */
  /* Atomic, written with the lock held; or, to reset it, by who has just borrowed the park. */
  atomic_bool woken;
};

/* Returns: 0, or what uv_mutex_init and uv_cond_init return. */
int handoff__park_init(struct handoff__park *park);
void handoff__park_destroy(struct handoff__park *park);

/* Waits for so many pauses at most, without sleeping. */
void handoff__park_hope(const struct handoff__park *park, unsigned pauses);

/* Waits until woken, or until uv_hrtime() reaches the deadline. True: woken. */
bool handoff__park_wait(struct handoff__park *park, uint64_t deadline_ns);

/* Wakes the waiting thread. The park may be gone when this returns. Any thread, once. */
void handoff__park_wake(struct handoff__park *park);

/* The same, where the park stays until this has returned: the woken thread finds the lock free. */
void handoff__park_wake_lasting(struct handoff__park *park);

/* For another wait. Who waited has seen that it was woken, or nobody will wake it. */
void handoff__park_reset(struct handoff__park *park);

#endif /* HANDOFF_PARK_H */

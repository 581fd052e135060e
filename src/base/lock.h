/* lock: the lock of one side of a slot. A spinlock on several CPUs, a mutex on one.
 *
 * The spinlock is a test-and-test-and-set lock (see Concurrency Kit, ck_spinlock_fas): one atomic
 * exchange acquires it and one release store releases it. A mutex costs a second atomic operation
 * to unlock, which also has to wait until the store buffer has drained. Critical sections are short
 * as a rule: the copy of one item. A thread that finds the lock taken spins, then yields, then
 * sleeps between attempts, because the kernel may have preempted the holder. It has no place in a
 * queue, so any running thread can take a free lock. On one CPU a waiter that spins waits for a
 * thread that does not run; there the lock is a mutex.
 *
 * A holder that spins for its cell checks is_contended and releases the lock early. Releasing is
 * the last access to the lock: the next holder may destroy it at once.
 *
 * Models: tests/model/lock.pml; memory order: tests/sched. */

#ifndef HANDOFF_BASE_LOCK_H
#define HANDOFF_BASE_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>

struct handoff__lock {
  /* Atomic: false to true by an exchange that acquires, back by a store that releases. */
  atomic_bool locked;
  bool is_spinlock; /* Constant. */
  /* Atomic, a hint: how many threads wait for the spinlock. It orders nothing. */
  atomic_uint contenders;
  uv_mutex_t mutex; /* Not initialised if is_spinlock. */
};

/* Returns: 0; what uv_mutex_init returns. */
int handoff__lock_init(struct handoff__lock *lock, bool is_spinlock);

/* No thread waits for the lock or will use it; the last holder has released it. */
void handoff__lock_destroy(struct handoff__lock *lock);

/* Any thread. Whether other threads wait for the lock, so that a holder that only spins can release
 * it. */
static inline bool handoff__lock_is_contended(struct handoff__lock *lock) {
  return atomic_load_explicit(&lock->contenders, memory_order_relaxed) != 0;
}

/* Any thread. Never waits. True: acquired. Always false for a mutex. */
static inline bool handoff__lock_try(struct handoff__lock *lock) {
  return lock->is_spinlock && !atomic_exchange_explicit(&lock->locked, true, memory_order_acquire);
}

/* The contended path of handoff__lock_acquire. */
void handoff__lock_wait(struct handoff__lock *lock);

/* Any thread; waits for the holder. */
static inline void handoff__lock_acquire(struct handoff__lock *lock) {
  if (!lock->is_spinlock) {
    uv_mutex_lock(&lock->mutex);
  } else if (atomic_exchange_explicit(&lock->locked, true, memory_order_acquire)) {
    handoff__lock_wait(lock);
  }
}

static inline void handoff__lock_release(struct handoff__lock *lock) {
  if (lock->is_spinlock) {
    atomic_store_explicit(&lock->locked, false, memory_order_release);
  } else {
    uv_mutex_unlock(&lock->mutex);
  }
}

#endif /* HANDOFF_BASE_LOCK_H */

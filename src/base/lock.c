/* lock: how a thread waits for a spinlock. See lock.h. */

#include "base/lock.h"

#include "base/cpu.h"
#include "base/parker.h"

/* Attempts that only relax the CPU: 1 to 3 us. A holder that runs needs less. */
#define RELAX_ATTEMPTS 64u
/* Attempts that yield it, after those. */
#define YIELD_ATTEMPTS 64u
/* The sleep between the attempts after those. It matters where the waiter's priority is higher than
 * that of the preempted holder, which a yield would not let run. */
#define SLEEP_NS UINT64_C(50000)

int handoff__lock_init(struct handoff__lock *lock, bool is_spinlock) {
  atomic_init(&lock->locked, false);
  atomic_init(&lock->contenders, 0);
  lock->is_spinlock = is_spinlock;
  return is_spinlock ? 0 : uv_mutex_init(&lock->mutex);
}

void handoff__lock_destroy(struct handoff__lock *lock) {
  if (!lock->is_spinlock) {
    uv_mutex_destroy(&lock->mutex);
  }
}

static void back_off(unsigned attempt) {
  if (attempt < RELAX_ATTEMPTS) {
    handoff__cpu_relax();
  } else if (attempt < RELAX_ATTEMPTS + YIELD_ATTEMPTS || handoff__parker_sleep(SLEEP_NS) != 0) {
    handoff__cpu_yield();
  }
}

void handoff__lock_wait(struct handoff__lock *lock) {
  unsigned attempt = 0;

  (void)atomic_fetch_add_explicit(&lock->contenders, 1, memory_order_relaxed);
  do {
    /* Test before test-and-set: a load leaves the cache line shared. */
    while (atomic_load_explicit(&lock->locked, memory_order_relaxed)) {
      back_off(attempt);
      attempt += attempt < RELAX_ATTEMPTS + YIELD_ATTEMPTS;
    }
  } while (!handoff__lock_try(lock));
  (void)atomic_fetch_sub_explicit(&lock->contenders, 1, memory_order_relaxed);
}

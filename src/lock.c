/* lock: see lock.h. Here is what waits. */

#include "lock.h"

#include "cpu.h"

/* Looks at the word, some 10 us of them, before the first sleep between two of them. */
#define WORD_TRIES 512u
/* The first sleep, and the longest: each is twice as long as the one before. */
#define SLEEP_MIN_NS UINT64_C(50000)
#define SLEEP_MAX_NS UINT64_C(1600000)

int handoff__lock_init(struct handoff__lock *lock, bool has_word, unsigned short tries) {
  atomic_init(&lock->wanted, 0);
  atomic_init(&lock->taken, false);
  lock->has_word = has_word;
  lock->tries = tries;
  return uv_mutex_init(&lock->mutex);
}

void handoff__lock_destroy(struct handoff__lock *lock) {
  handoff__annotate_gone(&lock->taken);
  uv_mutex_destroy(&lock->mutex);
}

static void wait_for_mutex(struct handoff__lock *lock) {
  unsigned tries = lock->tries;

  while (tries != 0 && uv_mutex_trylock(&lock->mutex) != 0) {
    handoff__cpu_relax();
    tries--;
  }
  if (tries == 0) {
    uv_mutex_lock(&lock->mutex);
  }
}

/* By a condition variable that nobody signals; where there is none, not at all. The lock's mutex stays locked, so that those
 * who come later sleep for it, undisturbed. */
static void sleep_for(uint64_t ns) {
  uv_mutex_t mutex;
  uv_cond_t cond;

  if (uv_mutex_init(&mutex) != 0) {
    return;
  }
  if (uv_cond_init(&cond) == 0) {
    uv_mutex_lock(&mutex);
    (void)uv_cond_timedwait(&cond, &mutex, ns);
    uv_mutex_unlock(&mutex);
    uv_cond_destroy(&cond);
  }
  uv_mutex_destroy(&mutex);
}

/* To look takes the word's line away from nobody; to try to take the word does. */
static bool is_taken(const struct handoff__lock *lock) {
  return atomic_load_explicit(&lock->taken, memory_order_relaxed);
}

/* The mutex is held. */
static void wait_for_word(struct handoff__lock *lock) {
  uint64_t sleep_ns = SLEEP_MIN_NS;
  unsigned tries = WORD_TRIES;

  while (is_taken(lock) || !handoff__lock_take_word(lock)) {
    if (tries != 0) {
      handoff__cpu_relax();
      tries--;
    } else {
      sleep_for(sleep_ns);
      sleep_ns = sleep_ns < SLEEP_MAX_NS ? sleep_ns * 2 : SLEEP_MAX_NS;
    }
  }
}

void handoff__lock_wait(struct handoff__lock *lock, bool has_mutex) {
  (void)atomic_fetch_add_explicit(&lock->wanted, 1, memory_order_relaxed);
  if (!has_mutex) {
    wait_for_mutex(lock);
  }
  if (lock->has_word) {
    wait_for_word(lock);
  }
  (void)atomic_fetch_sub_explicit(&lock->wanted, 1, memory_order_relaxed);
}

/* lock: see lock.h. Here is what waits. */

#include "lock.h"

#include "cpu.h"

/* Looks at the word, some 25 us of them, before the first sleep between two of them. */
#define WORD_TRIES 2048u
#define SLEEP_NS 200000u

int handoff__lock_init(struct handoff__lock *lock, bool has_word, unsigned short tries) {
  atomic_init(&lock->wanted, 0);
  atomic_init(&lock->taken, false);
  lock->has_word = has_word;
  lock->tries = tries;
  return uv_mutex_init(&lock->mutex);
}

void handoff__lock_destroy(struct handoff__lock *lock) { uv_mutex_destroy(&lock->mutex); }

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

/* The mutex is held, and let go of meanwhile: somebody else may be luckier. */
static void sleep_a_little(struct handoff__lock *lock) {
  uv_cond_t unheard; /* nobody signals it */

  if (uv_cond_init(&unheard) == 0) {
    (void)uv_cond_timedwait(&unheard, &lock->mutex, SLEEP_NS);
    uv_cond_destroy(&unheard);
  }
}

/* The mutex is held. */
static void wait_for_word(struct handoff__lock *lock) {
  unsigned tries = WORD_TRIES;

  while (!handoff__lock_take_word(lock)) {
    if (tries != 0) {
      handoff__cpu_relax();
      tries--;
    } else {
      sleep_a_little(lock);
    }
  }
}

void handoff__lock_wait(struct handoff__lock *lock, bool has_mutex) {
  (void)atomic_fetch_add_explicit(&lock->wanted, 1, memory_order_relaxed);
  if (!has_mutex) {
    wait_for_mutex(lock);
  }
  wait_for_word(lock);
  (void)atomic_fetch_sub_explicit(&lock->wanted, 1, memory_order_relaxed);
}

/* lock: the lock of a slot's end: a mutex, and in front of it, where that pays, a word.
 *
 * Who has the word has the lock. There are two ways to it:
 *
 *   fast   Take the word, if it is free and nobody waits for it, and give it back by a store: after a few instructions,
 *          or, by who hopes, when that is over or somebody wants it. That costs half of what a mutex does, whose unlocking
 *          is one more atomic change, which waits for all that has been written before it.
 *   slow   Lock the mutex, then take the word: for all that queues or works off a queue, and for who has come in vain. So
 *          those come one by one, asleep in the mutex, and only the first of them waits for the word: by looking at it, since
 *          whoever gives it back by a mere store cannot know of it. (To store and then to look for who waits takes a fence in
 *          between, which is what is being spared.) Who has the word the fast way gives it back soon; but if the kernel has
 *          stopped that thread just there, who waits for it sleeps between two looks, each time twice as long, up to 1.6 ms.
 *
 * A lock without a word is the mutex alone, and has no fast way.
 *
 * Invariant: who holds it the slow way has the mutex and the word; the fast way, the word. The word goes from false to true
 * by an atomic exchange that acquires, and back by a store that releases: what each holder has written, the next one
 * sees. Giving back the word, or the mutex after it, is the last that a holder does to the lock: who has held it the
 * slow way after that may destroy it. tests/model/lock.pml shows that, but for the acquire, which tests/sched does. */

#ifndef HANDOFF_LOCK_H
#define HANDOFF_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>

#include "annotate.h"

struct handoff__lock {
  uv_mutex_t mutex;
  /* Atomic: threads on the slow way that have not got it at once. They go before those on the fast way. */
  atomic_uint wanted;
  atomic_bool taken; /* the word */
  /* Constant. */
  bool has_word;
  unsigned short tries; /* looks at the mutex before sleeping for it */
};

/* On one processor there should be no word, and no tries: who waits there waits for somebody who does not run.
 * Returns: 0; what uv_mutex_init does. */
int handoff__lock_init(struct handoff__lock *lock, bool has_word, unsigned short tries);
/* Nobody wants it, and who has held it is about to have given it back: see above. */
void handoff__lock_destroy(struct handoff__lock *lock);

/* Any thread. Whether somebody wants it: who holds it and is in no hurry gives it back. */
static inline bool handoff__lock_is_wanted(struct handoff__lock *lock) {
  return atomic_load_explicit(&lock->wanted, memory_order_relaxed) != 0;
}

/* The lock has a word. True: it was free and is the caller's. */
static inline bool handoff__lock_take_word(struct handoff__lock *lock) {
  if (atomic_exchange_explicit(&lock->taken, true, memory_order_acquire)) {
    return false;
  }
  handoff__annotate_take(&lock->taken);
  return true;
}

/* The lock has a word, which is the caller's. */
static inline void handoff__lock_give_word(struct handoff__lock *lock) {
  handoff__annotate_give(&lock->taken);
  atomic_store_explicit(&lock->taken, false, memory_order_release);
}

/* The fast way. Any thread; does not wait. True: it is held. */
static inline bool handoff__lock_try_fast(struct handoff__lock *lock) {
  return lock->has_word && !handoff__lock_is_wanted(lock) && handoff__lock_take_word(lock);
}

static inline void handoff__lock_release_fast(struct handoff__lock *lock) {
  handoff__lock_give_word(lock);
}

/* For acquire, where it could not be had at once. */
void handoff__lock_wait(struct handoff__lock *lock, bool has_mutex);

/* The slow way. Any thread; blocks. */
static inline void handoff__lock_acquire(struct handoff__lock *lock) {
  const bool has_mutex = uv_mutex_trylock(&lock->mutex) == 0;

  if (!has_mutex || (lock->has_word && !handoff__lock_take_word(lock))) {
    handoff__lock_wait(lock, has_mutex);
  }
}

static inline void handoff__lock_release(struct handoff__lock *lock) {
  if (lock->has_word) {
    handoff__lock_give_word(lock);
  }
  uv_mutex_unlock(&lock->mutex);
}

#endif /* HANDOFF_LOCK_H */

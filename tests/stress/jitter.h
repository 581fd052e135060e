/* jitter: threads of the library are held up, by chance, where they take a lock, let go of it and go to sleep: as if the
 * scheduler had cut in just there, which left to itself it does once in a million times.
 *
 * Where the linker can, it puts the __wrap functions below in the library's way (tests/CMakeLists.txt); elsewhere
 * nobody is held up. */

#ifndef TESTS_STRESS_JITTER_H
#define TESTS_STRESS_JITTER_H

#include <stdatomic.h>

#include "stress/dice.h"

#define JITTER_MOST 4000 /* as dice_dawdle has it: some microseconds */

static size_t jitter_odds; /* once in so many times; 0: never. Set while there are no threads */

#ifdef JITTER_IS_LINKED
static inline void jitter(void) {
  static atomic_uint_fast64_t threads;
  static _Thread_local dice_t dice;

  if (jitter_odds == 0) {
    return;
  }
  if (dice.state == 0) {
    dice = dice_new(4000000 + atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed));
  }
  if (dice_hit(&dice, jitter_odds)) {
    dice_dawdle(&dice, JITTER_MOST);
  }
}

void __real_uv_mutex_lock(uv_mutex_t *mutex);
void __wrap_uv_mutex_lock(uv_mutex_t *mutex);
void __wrap_uv_mutex_lock(uv_mutex_t *mutex) {
  jitter();
  __real_uv_mutex_lock(mutex);
}

int __real_uv_mutex_trylock(uv_mutex_t *mutex);
int __wrap_uv_mutex_trylock(uv_mutex_t *mutex);
int __wrap_uv_mutex_trylock(uv_mutex_t *mutex) {
  jitter();
  return __real_uv_mutex_trylock(mutex);
}

void __real_uv_mutex_unlock(uv_mutex_t *mutex);
void __wrap_uv_mutex_unlock(uv_mutex_t *mutex);
void __wrap_uv_mutex_unlock(uv_mutex_t *mutex) {
  jitter();
  (void)*(volatile unsigned char *)mutex; /* lets AddressSanitizer see whether it is still there */
  __real_uv_mutex_unlock(mutex);
  jitter();
}

void __real_uv_cond_wait(uv_cond_t *cond, uv_mutex_t *mutex);
void __wrap_uv_cond_wait(uv_cond_t *cond, uv_mutex_t *mutex);
void __wrap_uv_cond_wait(uv_cond_t *cond, uv_mutex_t *mutex) {
  jitter();
  __real_uv_cond_wait(cond, mutex);
}
#endif

#endif /* TESTS_STRESS_JITTER_H */

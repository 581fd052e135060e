/* delay_injection: delays the library's threads at random, where they lock or unlock a mutex or go
 * to sleep, as if the kernel had preempted them there. By itself that happens once in a million
 * times.
 *
 * The mutexes are those of parkers and task queues. A slot's locks are mutexes only on one CPU; on
 * several CPUs they are spinlocks, whose atomic operations are inline and cannot be intercepted.
 * delay_cpus therefore lets a test create slots as on one CPU, so that delays reach their locks
 * too. tests/sched explores the schedules of the spinlocks.
 *
 * The linker replaces libuv's functions by the __wrap functions below (tests/CMakeLists.txt). Where
 * it cannot, no thread is delayed. */

#ifndef TESTS_STRESS_DELAY_INJECTION_H
#define TESTS_STRESS_DELAY_INJECTION_H

#include "stress/stress.h"

#define DELAY_MAX 4000 /* for rng_busy_wait: a few microseconds */

/* Set while no other thread runs the library. */
static size_t delay_odds;       /* one call in so many is delayed; 0: none */
static unsigned delay_cpus = 2; /* what the library takes for the number of CPUs */

#ifdef DELAY_INJECTION
static inline void delay(void) {
  static atomic_uint_fast64_t threads;
  static _Thread_local rng_t rng;

  if (delay_odds == 0) {
    return;
  }
  if (rng.state == 0) {
    rng = rng_new(4000000 + atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed));
  }
  if (rng_one_in(&rng, delay_odds)) {
    rng_busy_wait(&rng, DELAY_MAX);
  }
}

void __real_uv_mutex_lock(uv_mutex_t *mutex);
void __wrap_uv_mutex_lock(uv_mutex_t *mutex);
void __wrap_uv_mutex_lock(uv_mutex_t *mutex) {
  delay();
  __real_uv_mutex_lock(mutex);
}

void __real_uv_mutex_unlock(uv_mutex_t *mutex);
void __wrap_uv_mutex_unlock(uv_mutex_t *mutex);
void __wrap_uv_mutex_unlock(uv_mutex_t *mutex) {
  delay();
  (void)*(volatile unsigned char *)mutex; /* AddressSanitizer reports it if it has been freed */
  __real_uv_mutex_unlock(mutex);
  delay();
}

void __real_uv_cond_wait(uv_cond_t *cond, uv_mutex_t *mutex);
void __wrap_uv_cond_wait(uv_cond_t *cond, uv_mutex_t *mutex);
void __wrap_uv_cond_wait(uv_cond_t *cond, uv_mutex_t *mutex) {
  delay();
  __real_uv_cond_wait(cond, mutex);
}

unsigned int __wrap_uv_available_parallelism(void);
unsigned int __wrap_uv_available_parallelism(void) { return delay_cpus; }
#endif

#endif /* TESTS_STRESS_DELAY_INJECTION_H */

/* unit.lock: the two ways to a lock, and who waits for whom. */

#include "base/lock.h"

#include <sched.h>

#include "lib/bounded.h"

#define THREADS 4
#define ROUNDS 20000

static struct handoff__lock lock;
static uv_sem_t slept;         /* posted by whoever sleeps for the word */
static atomic_bool no_mutexes; /* once */
static atomic_bool no_conds;   /* once */

int __real_uv_mutex_init(uv_mutex_t *mutex);
int __wrap_uv_mutex_init(uv_mutex_t *mutex);
int __wrap_uv_mutex_init(uv_mutex_t *mutex) {
  return atomic_exchange(&no_mutexes, false) ? UV_ENOMEM : __real_uv_mutex_init(mutex);
}

int __real_uv_cond_init(uv_cond_t *cond);
int __wrap_uv_cond_init(uv_cond_t *cond);
int __wrap_uv_cond_init(uv_cond_t *cond) {
  return atomic_exchange(&no_conds, false) ? UV_ENOMEM : __real_uv_cond_init(cond);
}

int __real_uv_cond_timedwait(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t timeout);
int __wrap_uv_cond_timedwait(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t timeout);
int __wrap_uv_cond_timedwait(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t timeout) {
  uv_sem_post(&slept);
  return __real_uv_cond_timedwait(cond, mutex, timeout);
}

static void set_up(bool has_word) {
  bounded_start();
  assert_int_equal(handoff__lock_init(&lock, has_word, 8), 0);
  assert_int_equal(uv_sem_init(&slept, 0), 0);
}

static void take_down(void) {
  uv_sem_destroy(&slept);
  handoff__lock_destroy(&lock);
}

static void who_has_it_has_it_alone(void **state) {
  (void)state;
  set_up(true);
  assert_true(handoff__lock_try(&lock));
  assert_false(handoff__lock_try(&lock));
  handoff__lock_release_fast(&lock);
  handoff__lock_acquire(&lock);
  assert_false(handoff__lock_try(&lock));
  handoff__lock_release(&lock);
  assert_true(handoff__lock_try(&lock));
  handoff__lock_release_fast(&lock);
  assert_false(handoff__lock_is_contended(&lock));
  take_down();
}

static void without_a_word_there_is_no_fast_way(void **state) {
  (void)state;
  set_up(false);
  assert_false(handoff__lock_try(&lock));
  handoff__lock_acquire(&lock);
  assert_false(handoff__lock_try(&lock));
  assert_int_equal(uv_mutex_trylock(&lock.mutex), UV_EBUSY);
  handoff__lock_release(&lock);
  assert_int_equal(uv_mutex_trylock(&lock.mutex), 0);
  uv_mutex_unlock(&lock.mutex);
  take_down();
}

static void acquire(void *arg) {
  unsigned *order = arg;
  handoff__lock_acquire(&lock);
  *order = *order * 10 + 1;
  handoff__lock_release(&lock);
}

/* Whoever has the word need not say so: who waits for it looks, and sleeps between two looks. */
static void who_waits_for_the_word_sleeps_and_goes_first(void **state) {
  unsigned order = 0;
  uv_thread_t thread;
  (void)state;
  set_up(true);
  atomic_store(&no_mutexes, true); /* where there is nothing to sleep by it looks on */
  atomic_store(&no_conds, true);
  assert_true(handoff__lock_try(&lock));
  assert_int_equal(uv_thread_create(&thread, acquire, &order), 0);
  uv_sem_wait(&slept);
  uv_sem_wait(&slept);
  assert_false(atomic_load(&no_mutexes));
  assert_false(atomic_load(&no_conds));
  assert_true(handoff__lock_is_contended(&lock));
  assert_int_equal(order, 0); /* it is ours */
  handoff__lock_release_fast(&lock);
  while (!handoff__lock_try(&lock)) {
    sched_yield();
  }
  assert_int_equal(order, 1);
  handoff__lock_release_fast(&lock);
  assert_int_equal(uv_thread_join(&thread), 0);
  take_down();
}

static void who_waits_for_the_mutex_is_let_in(void **state) {
  unsigned order = 0;
  uv_thread_t threads[2];
  int i;
  (void)state;
  set_up(true);
  handoff__lock_acquire(&lock);
  for (i = 0; i < 2; i++) {
    assert_int_equal(uv_thread_create(&threads[i], acquire, &order), 0);
  }
  while (atomic_load(&lock.wanted) != 2) {
    sched_yield();
  }
  assert_int_equal(order, 0);
  handoff__lock_release(&lock);
  for (i = 0; i < 2; i++) {
    assert_int_equal(uv_thread_join(&threads[i]), 0);
  }
  assert_int_equal(order, 11);
  take_down();
}

/* Not atomic, and guarded by the lock. */
static unsigned held;
static unsigned overlaps;
static unsigned long sum;

static void hold(void) {
  overlaps += held;
  held = 1;
  sum++;
  held = 0;
}

static void hold_often(void *arg) {
  const unsigned odds = *(const unsigned *)arg;
  unsigned i;

  for (i = 0; i < ROUNDS; i++) {
    if (i % odds != 0 && handoff__lock_try(&lock)) {
      hold();
      handoff__lock_release_fast(&lock);
    } else {
      handoff__lock_acquire(&lock);
      hold();
      handoff__lock_release(&lock);
    }
  }
}

static void one_at_a_time_whichever_way(void **state) {
  unsigned odds[THREADS] = {1, 2, 7, 1000}; /* the slow way each time, every other time, … */
  uv_thread_t threads[THREADS];
  int i;
  (void)state;
  set_up(true);
  sum = 0;
  for (i = 0; i < THREADS; i++) {
    assert_int_equal(uv_thread_create(&threads[i], hold_often, &odds[i]), 0);
  }
  for (i = 0; i < THREADS; i++) {
    assert_int_equal(uv_thread_join(&threads[i]), 0);
  }
  assert_int_equal(overlaps, 0);
  assert_int_equal(sum, (unsigned long)THREADS * ROUNDS);
  assert_false(handoff__lock_is_contended(&lock));
  take_down();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_has_it_has_it_alone),
      cmocka_unit_test(without_a_word_there_is_no_fast_way),
      cmocka_unit_test(who_waits_for_the_word_sleeps_and_goes_first),
      cmocka_unit_test(who_waits_for_the_mutex_is_let_in),
      cmocka_unit_test(one_at_a_time_whichever_way),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

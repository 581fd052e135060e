/* unit.base_lock: mutual exclusion, and what a thread does while it waits for the lock.
 *
 * The linker replaces three functions (tests/CMakeLists.txt), so that the tests see a waiter sleep,
 * can stop it there, and can make inits fail. */

#include "base/lock.h"

#include "lib/bounded.h"

#define THREADS 4
#define ROUNDS 20000

static struct handoff__lock lock;
static uv_sem_t asleep;         /* posted by a waiter that goes to sleep */
static uv_sem_t resume;         /* a stopped waiter waits for it */
static atomic_bool stops;       /* waiters stop in their sleep */
static atomic_bool mutex_fails; /* once */
static atomic_bool cond_fails;  /* once */

int __real_uv_mutex_init(uv_mutex_t *mutex);
int __wrap_uv_mutex_init(uv_mutex_t *mutex);
int __wrap_uv_mutex_init(uv_mutex_t *mutex) {
  return atomic_exchange(&mutex_fails, false) ? UV_ENOMEM : __real_uv_mutex_init(mutex);
}

int __real_uv_cond_init(uv_cond_t *cond);
int __wrap_uv_cond_init(uv_cond_t *cond);
int __wrap_uv_cond_init(uv_cond_t *cond) {
  return atomic_exchange(&cond_fails, false) ? UV_ENOMEM : __real_uv_cond_init(cond);
}

int __real_uv_cond_timedwait(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t timeout);
int __wrap_uv_cond_timedwait(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t timeout);
int __wrap_uv_cond_timedwait(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t timeout) {
  uv_sem_post(&asleep);
  if (atomic_load(&stops)) {
    uv_sem_wait(&resume);
  }
  return __real_uv_cond_timedwait(cond, mutex, timeout);
}

static void set_up(bool is_spinlock) {
  bounded_start();
  atomic_store(&stops, false);
  assert_int_equal(uv_sem_init(&asleep, 0), 0);
  assert_int_equal(uv_sem_init(&resume, 0), 0);
  assert_int_equal(handoff__lock_init(&lock, is_spinlock), 0);
}

static void tear_down(void) {
  assert_false(handoff__lock_is_contended(&lock));
  handoff__lock_destroy(&lock);
  uv_sem_destroy(&resume);
  uv_sem_destroy(&asleep);
}

static void a_held_spinlock_cannot_be_acquired(void **state) {
  (void)state;
  set_up(true);
  assert_true(handoff__lock_try(&lock));
  assert_false(handoff__lock_try(&lock));
  handoff__lock_release(&lock);
  handoff__lock_acquire(&lock);
  assert_false(handoff__lock_try(&lock));
  handoff__lock_release(&lock);
  assert_true(handoff__lock_try(&lock));
  handoff__lock_release(&lock);
  tear_down();
}

static void without_spinning_the_lock_is_a_mutex_and_try_always_fails(void **state) {
  (void)state;
  set_up(false);
  assert_false(handoff__lock_try(&lock));
  handoff__lock_acquire(&lock);
  assert_int_equal(uv_mutex_trylock(&lock.mutex), UV_EBUSY);
  handoff__lock_release(&lock);
  assert_int_equal(uv_mutex_trylock(&lock.mutex), 0);
  uv_mutex_unlock(&lock.mutex);
  tear_down();
}

static void init_returns_the_mutexs_error_and_a_spinlock_needs_no_mutex(void **state) {
  (void)state;
  bounded_start();
  atomic_store(&mutex_fails, true);
  assert_int_equal(handoff__lock_init(&lock, true), 0);
  handoff__lock_destroy(&lock);
  assert_int_equal(handoff__lock_init(&lock, false), UV_ENOMEM);
  assert_false(atomic_load(&mutex_fails));
}

/* Guarded by the lock, and therefore not atomic. */
static unsigned long acquired;
static unsigned holders;
static unsigned overlaps;

static void hold(void) {
  overlaps += holders;
  holders = 1;
  acquired++;
  holders = 0;
}

static void acquire_once(void *arg) {
  (void)arg;
  handoff__lock_acquire(&lock);
  hold();
  handoff__lock_release(&lock);
}

/* The caller holds the lock. Starts a waiter and returns once it sleeps between its attempts. */
static uv_thread_t start_waiter(void) {
  uv_thread_t thread;
  acquired = 0;
  assert_int_equal(uv_thread_create(&thread, acquire_once, NULL), 0);
  uv_sem_wait(&asleep);
  assert_true(handoff__lock_is_contended(&lock));
  assert_int_equal(acquired, 0);
  return thread;
}

static void a_waiter_sleeps_between_attempts_until_the_lock_is_released(void **state) {
  uv_thread_t thread;
  (void)state;
  set_up(true);
  atomic_store(&mutex_fails, true); /* a waiter that cannot sleep yields instead */
  atomic_store(&cond_fails, true);
  handoff__lock_acquire(&lock);
  thread = start_waiter();
  assert_false(atomic_load(&mutex_fails));
  assert_false(atomic_load(&cond_fails));
  uv_sem_wait(&asleep); /* again and again */
  uv_sem_wait(&asleep);
  handoff__lock_release(&lock);
  assert_int_equal(uv_thread_join(&thread), 0);
  assert_int_equal(acquired, 1);
  tear_down();
}

static void a_waiter_that_does_not_run_leaves_a_free_lock_to_others(void **state) {
  uv_thread_t thread;
  (void)state;
  set_up(true);
  atomic_store(&stops, true);
  handoff__lock_acquire(&lock);
  thread = start_waiter();
  handoff__lock_release(&lock);
  assert_true(handoff__lock_try(&lock));
  assert_int_equal(acquired, 0);
  handoff__lock_release(&lock);
  atomic_store(&stops, false);
  uv_sem_post(&resume);
  assert_int_equal(uv_thread_join(&thread), 0);
  assert_int_equal(acquired, 1);
  tear_down();
}

static void acquire_often(void *arg) {
  const unsigned every = *(const unsigned *)arg;
  unsigned i;

  for (i = 0; i < ROUNDS; i++) {
    if (i % every == 0 || !handoff__lock_try(&lock)) {
      handoff__lock_acquire(&lock);
    }
    hold();
    handoff__lock_release(&lock);
  }
}

static void one_thread_holds_it_at_a_time(void **state) {
  unsigned every[THREADS] = {1, 2, 7, 1000}; /* turn without a try before it */
  uv_thread_t threads[THREADS];
  int is_spinlock;
  int i;
  (void)state;
  for (is_spinlock = 0; is_spinlock <= 1; is_spinlock++) {
    set_up(is_spinlock != 0);
    acquired = 0;
    for (i = 0; i < THREADS; i++) {
      assert_int_equal(uv_thread_create(&threads[i], acquire_often, &every[i]), 0);
    }
    for (i = 0; i < THREADS; i++) {
      assert_int_equal(uv_thread_join(&threads[i]), 0);
    }
    assert_int_equal(overlaps, 0);
    assert_int_equal(acquired, (unsigned long)THREADS * ROUNDS);
    tear_down();
  }
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_held_spinlock_cannot_be_acquired),
      cmocka_unit_test(without_spinning_the_lock_is_a_mutex_and_try_always_fails),
      cmocka_unit_test(init_returns_the_mutexs_error_and_a_spinlock_needs_no_mutex),
      cmocka_unit_test(a_waiter_sleeps_between_attempts_until_the_lock_is_released),
      cmocka_unit_test(a_waiter_that_does_not_run_leaves_a_free_lock_to_others),
      cmocka_unit_test(one_thread_holds_it_at_a_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

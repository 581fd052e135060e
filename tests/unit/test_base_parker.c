/* unit.base_parker: a parker wakes its thread when it is notified or at the deadline, and not
 * before. */

#include "base/parker.h"

#include <limits.h>
#include <sched.h>

#include "lib/bounded.h"

static const uint64_t durations_ns[] = {0, 1, 1000, 50000, MS_NS, 7 * MS_NS, 20 * MS_NS + 1};
#define DURATIONS (sizeof durations_ns / sizeof durations_ns[0])

static struct handoff__parker parker;

static int set_up(void **state) {
  (void)state;
  bounded_start();
  return handoff__parker_init(&parker);
}

static int tear_down(void **state) {
  (void)state;
  handoff__parker_destroy(&parker);
  return 0;
}

static void a_notified_parker_does_not_wait_until_it_is_reset(void **state) {
  (void)state;
  handoff__parker_unpark_locked(&parker);
  assert_true(handoff__parker_wait(&parker, 0, HANDOFF_NEVER));
  assert_true(handoff__parker_wait(&parker, UINT_MAX, HANDOFF_NEVER)); /* nor does it spin */
  assert_true(handoff__parker_wait(&parker, 0, 0)); /* the deadline has passed too */
  handoff__parker_reset(&parker);
  assert_false(handoff__parker_wait(&parker, 10, 0));
  handoff__parker_unpark_unlocked(&parker);
  assert_true(handoff__parker_wait(&parker, 0, HANDOFF_NEVER));
}

static void a_wait_ends_at_its_deadline_and_not_before(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < DURATIONS; i++) {
    uint64_t deadline_ns = uv_hrtime() + durations_ns[i];
    assert_false(handoff__parker_wait(&parker, (unsigned)i, deadline_ns));
    assert_true(uv_hrtime() >= deadline_ns);
  }
}

static void a_sleep_lasts_at_least_as_long_as_asked(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < DURATIONS; i++) {
    uint64_t end_ns = uv_hrtime() + durations_ns[i];
    assert_int_equal(handoff__parker_sleep(durations_ns[i]), 0);
    assert_true(uv_hrtime() >= end_ns);
  }
}

static void unpark_locked(void *arg) { handoff__parker_unpark_locked(arg); }

static void unpark_unlocked(void *arg) { handoff__parker_unpark_unlocked(arg); }

/* Deadlines so late that adding the current time overflows. */
static void a_notification_ends_a_wait_with_any_deadline(void **state) {
  static const uint64_t deadlines_ns[] = {HANDOFF_NEVER, HANDOFF_NEVER - 1, HANDOFF_NEVER / 2};
  unsigned round;
  (void)state;
  for (round = 0; round < 300; round++) {
    const bool is_locked = round % 2 == 0;
    struct handoff__parker short_lived;
    uv_thread_t thread;
    assert_int_equal(handoff__parker_init(&short_lived), 0);
    assert_int_equal(
        uv_thread_create(&thread, is_locked ? unpark_locked : unpark_unlocked, &short_lived), 0);
    assert_true(handoff__parker_wait(&short_lived, round, deadlines_ns[round % 3]));
    if (is_locked) { /* the thread that notified may not have returned yet */
      handoff__parker_destroy(&short_lived);
    }
    assert_int_equal(uv_thread_join(&thread), 0);
    if (!is_locked) {
      handoff__parker_destroy(&short_lived);
    }
  }
}

static atomic_bool is_unparked;

static void signal_then_unpark(void *arg) {
  unsigned i;
  (void)arg;
  for (i = 0; i < 200; i++) {
    uv_mutex_lock(&parker.mutex);
    uv_cond_signal(&parker.cond);
    uv_mutex_unlock(&parker.mutex);
    sched_yield();
  }
  atomic_store(&is_unparked, true);
  handoff__parker_unpark_unlocked(&parker);
}

static void a_signal_without_a_notification_does_not_end_the_wait(void **state) {
  unsigned round;
  (void)state;
  for (round = 0; round < 20; round++) {
    uv_thread_t thread;
    handoff__parker_reset(&parker);
    atomic_store(&is_unparked, false);
    assert_int_equal(uv_thread_create(&thread, signal_then_unpark, NULL), 0);
    assert_true(
        handoff__parker_wait(&parker, round, round % 2 == 0 ? HANDOFF_NEVER : HANDOFF_NEVER - 1));
    assert_true(atomic_load(&is_unparked));
    assert_int_equal(uv_thread_join(&thread), 0);
  }
}

#define parker_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
  static const struct CMUnitTest tests[] = {
      parker_test(a_notified_parker_does_not_wait_until_it_is_reset),
      parker_test(a_wait_ends_at_its_deadline_and_not_before),
      bounded_test(a_sleep_lasts_at_least_as_long_as_asked),
      bounded_test(a_notification_ends_a_wait_with_any_deadline),
      parker_test(a_signal_without_a_notification_does_not_end_the_wait),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

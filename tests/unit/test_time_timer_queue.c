/* unit.tick: many deadlines on a loop: in order, never early, changed from within, never starving it. */

#include "lib/bounded.h"
#include "time/timer_queue.h"

#define US_NS UINT64_C(1000)
#define MS_NS UINT64_C(1000000)
#define COUNT ((size_t)3000)

typedef struct {
  struct handoff__timer tick; /* first: the tick is the subject */
  unsigned ran;
} subject_t;

static uv_loop_t loop;
static uv_idle_t awake; /* ticks do not keep their loop alive: this does */
static struct handoff__timer_queue ticks;
static subject_t subjects[COUNT];
static uint64_t last_due_ns; /* of the tick that ran last */
static unsigned ran;         /* ticks, altogether */
static bool was_closed;
static uint64_t seed;

/* splitmix64 */
static uint64_t random_next(void) {
  uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static void on_due(struct handoff__timer *tick) {
  assert_false(tick->armed);
  assert_true(uv_hrtime() >= tick->due_ns);
  ((subject_t *)tick)->ran++;
  ran++;
}

static void on_due_in_order(struct handoff__timer *tick) {
  assert_true(tick->due_ns >= last_due_ns);
  last_due_ns = tick->due_ns;
  on_due(tick);
}

static void on_closed(struct handoff__timer_source *alarm) {
  assert_ptr_equal(alarm, &ticks.alarm);
  was_closed = true;
}

static void on_idle(uv_idle_t *idle) { (void)idle; }

static int set_up(void **state) {
  size_t i;
  (void)state;
  bounded_start();
  last_due_ns = 0;
  ran = 0;
  seed = 1;
  was_closed = false;
  for (i = 0; i < COUNT; i++) {
    subjects[i].ran = 0;
    handoff__timer_init(&subjects[i].tick, on_due);
  }
  return uv_loop_init(&loop) != 0 || uv_idle_init(&loop, &awake) != 0 ||
         uv_idle_start(&awake, on_idle) != 0 || handoff__timer_queue_init(&loop, &ticks) != 0;
}

static int tear_down(void **state) {
  (void)state;
  handoff__timer_queue_close(&ticks, on_closed);
  uv_close((uv_handle_t *)&awake, NULL);
  return uv_run(&loop, UV_RUN_DEFAULT) != 0 || !was_closed || uv_loop_close(&loop) != 0;
}

static void arm(size_t i, uint64_t due_ns) {
  handoff__timer_arm(&ticks, &subjects[i].tick, due_ns);
}
static void disarm(size_t i) { handoff__timer_disarm(&ticks, &subjects[i].tick); }

static void run_until(unsigned count) {
  while (ran != count) {
    uv_run(&loop, UV_RUN_ONCE);
  }
}

static void run_for(uint64_t ns) {
  uint64_t until_ns = uv_hrtime() + ns;
  while (uv_hrtime() < until_ns) {
    uv_run(&loop, UV_RUN_ONCE);
  }
}

/* -------------------------------------------------------------------------------------- order -- */

static void ticks_come_in_the_order_of_their_deadlines(void **state) {
  static const uint64_t rests_us[] = {300, 0, 900, 100, 100, 500, 2000, 1, 700, 100};
  uint64_t now_ns = uv_hrtime();
  size_t i;
  (void)state;
  for (i = 0; i < 10; i++) {
    subjects[i].tick.on_due = on_due_in_order;
    arm(i, now_ns + rests_us[i] * US_NS);
  }
  run_until(10);
  run_for(MS_NS);
  for (i = 0; i < 10; i++) {
    assert_int_equal(subjects[i].ran, 1);
  }
  assert_null(ticks.root);
}

static void a_tick_comes_from_the_loop_and_not_from_within_arm(void **state) {
  (void)state;
  arm(0, 0);
  arm(1, 1);
  assert_int_equal(ran, 0);
  run_until(2);
}

static void a_tick_for_never_is_not_armed(void **state) {
  (void)state;
  arm(0, HANDOFF_NEVER);
  assert_false(subjects[0].tick.armed);
  arm(0, 0);
  assert_true(subjects[0].tick.armed);
  arm(0, HANDOFF_NEVER); /* disarms */
  assert_false(subjects[0].tick.armed);
  assert_true(ticks.alarm.due_ns == HANDOFF_NEVER); /* an idle loop is not woken */
  run_for(MS_NS);
  assert_int_equal(ran, 0);
}

static void ticks_that_are_due_come_in_one_turn_of_the_loop(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < 10; i++) {
    arm(i, i);
  }
  while (ran == 0) {
    uv_run(&loop, UV_RUN_ONCE);
  }
  assert_int_equal(ran, 10);
}

static void disarming_what_is_not_armed_does_nothing(void **state) {
  (void)state;
  disarm(0);
  arm(1, 0);
  disarm(0);
  run_until(1);
  disarm(1);
  assert_int_equal(subjects[1].ran, 1);
}

static void arming_again_moves_the_deadline(void **state) {
  (void)state;
  arm(0, 0);
  arm(0, uv_hrtime() + 3 * MS_NS); /* later: on_due checks that it is not early */
  run_until(1);
  arm(0, uv_hrtime() + 3600000 * MS_NS);
  arm(0, uv_hrtime() + MS_NS); /* sooner */
  run_until(2);
  run_for(MS_NS);
  assert_int_equal(ran, 2);
}

/* --------------------------------------------------------------------------- from within a tick -- */

static void on_due_disarm_next(struct handoff__timer *tick) {
  on_due(tick);
  disarm((size_t)((subject_t *)tick - subjects) + 1);
}

static void a_tick_may_disarm_another_that_is_due_too(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < 10; i++) {
    subjects[i].tick.on_due = on_due_disarm_next;
    arm(i, 100 + i);
  }
  run_until(5);
  run_for(MS_NS);
  for (i = 0; i < 10; i++) {
    assert_int_equal(subjects[i].ran, i % 2 == 0);
  }
}

static void on_due_put_off_next(struct handoff__timer *tick) {
  size_t next = (size_t)((subject_t *)tick - subjects) + 1;
  on_due(tick);
  arm(next, uv_hrtime() + MS_NS);
}

static void a_tick_may_put_off_another_that_is_due_too(void **state) {
  (void)state;
  subjects[0].tick.on_due = on_due_put_off_next;
  arm(0, 100);
  arm(1, 200);
  run_until(1);
  assert_int_equal(subjects[1].ran, 0);
  run_until(2);
}

static void on_due_again(struct handoff__timer *tick) {
  on_due(tick);
  handoff__timer_arm(&ticks, tick, 0);
}

static bool timer_ran;
static void on_timer(uv_timer_t *timer) {
  timer_ran = true;
  uv_close((uv_handle_t *)timer, NULL);
}

static void a_tick_that_is_always_due_does_not_starve_the_loop(void **state) {
  uv_timer_t timer;
  unsigned before;
  (void)state;
  timer_ran = false;
  assert_int_equal(uv_timer_init(&loop, &timer), 0);
  assert_int_equal(uv_timer_start(&timer, on_timer, 2, 0), 0);
  subjects[0].tick.on_due = on_due_again;
  arm(0, 0);
  while (!timer_ran) {
    before = ran;
    uv_run(&loop, UV_RUN_ONCE);
    assert_true(ran - before <= 1); /* one round at a time */
  }
  run_for(MS_NS);
  assert_true(ran > 1);
  disarm(0);
}

/* ---------------------------------------------------------------------------------- at random -- */

/* Thousands of random arms, moves and disarms, against the plain record in `armed`. */
static void random_ticks_come_once_each_in_order_and_never_early(void **state) {
  static bool armed[COUNT];
  uint64_t now_ns = uv_hrtime();
  unsigned wanted = 0;
  size_t i;
  (void)state;
  for (i = 0; i < COUNT; i++) {
    subjects[i].tick.on_due = on_due_in_order;
    armed[i] = false;
  }
  for (i = 0; i < 8 * COUNT; i++) {
    size_t which = random_next() % COUNT;
    if (random_next() % 4 == 0) {
      disarm(which);
      armed[which] = false;
    } else { /* many deadlines are equal; the loop runs later */
      arm(which, now_ns + 1 + random_next() % 1000 * 10 * US_NS);
      armed[which] = true;
    }
    assert_int_equal(subjects[which].tick.armed, armed[which]);
  }
  for (i = 0; i < COUNT; i++) {
    wanted += armed[i];
  }
  run_until(wanted);
  run_for(MS_NS);
  assert_int_equal(ran, wanted);
  for (i = 0; i < COUNT; i++) {
    assert_int_equal(subjects[i].ran, armed[i]);
  }
  assert_null(ticks.root);
}

/* Each tick, when it comes, moves, arms and disarms others: the heap while it is being taken apart. */
static void on_due_at_random(struct handoff__timer *tick) {
  unsigned i;
  on_due(tick);
  for (i = 0; i < 3 && ran < 20000; i++) {
    size_t which = random_next() % COUNT;
    if (random_next() % 3 == 0) {
      disarm(which);
    } else {
      arm(which, uv_hrtime() + random_next() % 50 * US_NS);
    }
  }
}

static void random_changes_from_within_ticks_keep_them_from_being_early_or_lost(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < COUNT; i++) {
    subjects[i].tick.on_due = on_due_at_random;
    arm(i, uv_hrtime() + random_next() % 50 * US_NS);
  }
  while (ticks.root != NULL) { /* on_due arms nothing any more in the end */
    uv_run(&loop, UV_RUN_ONCE);
  }
  assert_true(ran >= 20000);
  for (i = 0; i < COUNT; i++) {
    assert_false(subjects[i].tick.armed); /* none was lost on the way */
  }
}

static void closing_runs_no_tick(void **state) {
  (void)state;
  arm(0, 0); /* due, and closed by tear_down */
}

static void after_close_no_tick_has_run(void **state) {
  (void)state;
  assert_int_equal(ran, 0);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
#define TICK_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
      TICK_TEST(ticks_come_in_the_order_of_their_deadlines),
      TICK_TEST(a_tick_comes_from_the_loop_and_not_from_within_arm),
      TICK_TEST(a_tick_for_never_is_not_armed),
      TICK_TEST(ticks_that_are_due_come_in_one_turn_of_the_loop),
      TICK_TEST(disarming_what_is_not_armed_does_nothing),
      TICK_TEST(arming_again_moves_the_deadline),
      TICK_TEST(a_tick_may_disarm_another_that_is_due_too),
      TICK_TEST(a_tick_may_put_off_another_that_is_due_too),
      TICK_TEST(a_tick_that_is_always_due_does_not_starve_the_loop),
      TICK_TEST(random_ticks_come_once_each_in_order_and_never_early),
      TICK_TEST(random_changes_from_within_ticks_keep_them_from_being_early_or_lost),
      TICK_TEST(closing_runs_no_tick),
      cmocka_unit_test(after_close_no_tick_has_run),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

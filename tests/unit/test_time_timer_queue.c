/* unit.time_timer_queue: many timers on a loop: in order, never early, changed from their own
 * callbacks, and without starving the loop. */

#include "lib/loop.h"
#include "time/timer_queue.h"

#define US_NS UINT64_C(1000)
#define MS_NS UINT64_C(1000000)
#define COUNT ((size_t)3000)

static uv_loop_t loop;
static uv_idle_t idle; /* keeps the loop alive, which timers do not */
static struct handoff__timer_queue queue;
static struct handoff__timer timers[COUNT];
static unsigned runs_of[COUNT]; /* how often each timer has run */
static unsigned runs;           /* of all timers */
static uint64_t last_due_ns;    /* of the timer that ran last */
static bool was_closed;
static uint64_t seed;

/* Steele, Lea and Flood, splitmix64, OOPSLA 2014. */
static uint64_t random_next(void) {
  uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static void on_due(struct handoff__timer *timer) {
  assert_false(timer->is_armed);
  assert_true(uv_hrtime() >= timer->due_ns);
  runs_of[timer - timers]++;
  runs++;
}

static void on_due_in_order(struct handoff__timer *timer) {
  assert_true(timer->due_ns >= last_due_ns);
  last_due_ns = timer->due_ns;
  on_due(timer);
}

static void on_closed(struct handoff__timer_source *source) {
  assert_ptr_equal(source, &queue.source);
  was_closed = true;
}

static void on_idle(uv_idle_t *handle) { (void)handle; }

static int set_up(void **state) {
  size_t i;
  (void)state;
  bounded_start();
  last_due_ns = 0;
  runs = 0;
  seed = 1;
  was_closed = false;
  for (i = 0; i < COUNT; i++) {
    runs_of[i] = 0;
    handoff__timer_init(&timers[i], on_due);
  }
  return uv_loop_init(&loop) != 0 || uv_idle_init(&loop, &idle) != 0 ||
         uv_idle_start(&idle, on_idle) != 0 || handoff__timer_queue_init(&loop, &queue) != 0;
}

/* No timer runs once the queue is closed. */
static int tear_down(void **state) {
  const unsigned before = runs;
  (void)state;
  handoff__timer_queue_close(&queue, on_closed);
  uv_close((uv_handle_t *)&idle, NULL);
  return uv_run(&loop, UV_RUN_DEFAULT) != 0 || !was_closed || runs != before ||
         uv_loop_close(&loop) != 0;
}

static void arm(size_t i, uint64_t due_ns) { handoff__timer_arm(&queue, &timers[i], due_ns); }

static void disarm(size_t i) { handoff__timer_disarm(&queue, &timers[i]); }

static void run_until(unsigned count) {
  while (runs != count) {
    uv_run(&loop, UV_RUN_ONCE);
  }
}

/* ------------------------------------------------------------------------------- arm, disarm -- */

static void timers_run_in_the_order_of_their_times(void **state) {
  static const uint64_t rests_us[] = {300, 0, 900, 100, 100, 500, 2000, 1, 700, 100};
  uint64_t now_ns = uv_hrtime();
  size_t i;
  (void)state;
  for (i = 0; i < 10; i++) {
    timers[i].on_due = on_due_in_order;
    arm(i, now_ns + rests_us[i] * US_NS);
  }
  run_until(10);
  loop_run_for(&loop, MS_NS);
  for (i = 0; i < 10; i++) {
    assert_int_equal(runs_of[i], 1);
  }
  assert_null(queue.root);
}

static void a_timer_runs_from_the_loop_and_not_inside_arm(void **state) {
  (void)state;
  arm(0, 0);
  arm(1, 1);
  assert_int_equal(runs, 0);
  run_until(2);
}

static void arming_for_never_disarms(void **state) {
  (void)state;
  arm(0, HANDOFF_NEVER);
  assert_false(timers[0].is_armed);
  arm(0, 0);
  assert_true(timers[0].is_armed);
  arm(0, HANDOFF_NEVER);
  assert_false(timers[0].is_armed);
  assert_true(queue.source.due_ns == HANDOFF_NEVER); /* an idle loop is not woken */
  loop_run_for(&loop, MS_NS);
  assert_int_equal(runs, 0);
}

static void all_due_timers_run_in_one_turn_of_the_loop(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < 10; i++) {
    arm(i, i);
  }
  while (runs == 0) {
    uv_run(&loop, UV_RUN_ONCE);
  }
  assert_int_equal(runs, 10);
}

static void disarming_a_timer_that_is_not_armed_does_nothing(void **state) {
  (void)state;
  disarm(0);
  arm(1, 0);
  disarm(0);
  run_until(1);
  disarm(1);
  assert_int_equal(runs_of[1], 1);
}

static void arming_an_armed_timer_moves_it(void **state) {
  (void)state;
  arm(0, 0);
  arm(0, uv_hrtime() + 3 * MS_NS); /* later: on_due checks that it is not early */
  run_until(1);
  arm(0, uv_hrtime() + 3600000 * MS_NS);
  arm(0, uv_hrtime() + MS_NS); /* sooner */
  run_until(2);
  loop_run_for(&loop, MS_NS);
  assert_int_equal(runs, 2);
}

/* ------------------------------------------------------------------------ changes in a round -- */

static void on_due_disarm_next(struct handoff__timer *timer) {
  on_due(timer);
  handoff__timer_disarm(&queue, timer + 1);
}

static void a_timer_may_disarm_another_one_that_is_due(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < 10; i++) {
    timers[i].on_due = on_due_disarm_next;
    arm(i, 100 + i);
  }
  run_until(5);
  loop_run_for(&loop, MS_NS);
  for (i = 0; i < 10; i++) {
    assert_int_equal(runs_of[i], i % 2 == 0);
  }
}

static void on_due_postpone_next(struct handoff__timer *timer) {
  on_due(timer);
  handoff__timer_arm(&queue, timer + 1, uv_hrtime() + MS_NS);
}

static void a_timer_may_postpone_another_one_that_is_due(void **state) {
  (void)state;
  timers[0].on_due = on_due_postpone_next;
  arm(0, 100);
  arm(1, 200);
  run_until(1);
  assert_int_equal(runs_of[1], 0);
  run_until(2);
}

static void on_due_again(struct handoff__timer *timer) {
  on_due(timer);
  handoff__timer_arm(&queue, timer, 0);
}

static void on_uv_timer(uv_timer_t *uv_timer) {
  *(bool *)uv_timer->data = true;
  uv_close((uv_handle_t *)uv_timer, NULL);
}

static void a_timer_that_is_always_due_does_not_starve_the_loop(void **state) {
  bool has_run = false;
  uv_timer_t uv_timer = {.data = &has_run};
  (void)state;
  assert_int_equal(uv_timer_init(&loop, &uv_timer), 0);
  assert_int_equal(uv_timer_start(&uv_timer, on_uv_timer, 2, 0), 0);
  timers[0].on_due = on_due_again;
  arm(0, 0);
  while (!has_run) {
    const unsigned before = runs;
    uv_run(&loop, UV_RUN_ONCE);
    assert_true(runs - before <= 1); /* it waits for the next round */
  }
  run_until(runs + 2);
  disarm(0);
}

/* ---------------------------------------------------------------------------- random changes -- */

/* Thousands of random calls, compared with a plain record of which timers are armed. */
static void random_timers_run_once_each_in_order(void **state) {
  static bool is_armed[COUNT];
  uint64_t now_ns = uv_hrtime();
  unsigned expected = 0;
  size_t i;
  (void)state;
  for (i = 0; i < COUNT; i++) {
    timers[i].on_due = on_due_in_order;
    is_armed[i] = false;
  }
  for (i = 0; i < 8 * COUNT; i++) {
    size_t which = random_next() % COUNT;
    is_armed[which] = random_next() % 4 != 0;
    if (!is_armed[which]) {
      disarm(which);
    } else { /* many times are equal; the loop runs later */
      arm(which, now_ns + 1 + random_next() % 1000 * 10 * US_NS);
    }
    assert_int_equal(timers[which].is_armed, is_armed[which]);
  }
  for (i = 0; i < COUNT; i++) {
    expected += is_armed[i];
  }
  run_until(expected);
  loop_run_for(&loop, MS_NS);
  assert_int_equal(runs, expected);
  for (i = 0; i < COUNT; i++) {
    assert_int_equal(runs_of[i], is_armed[i]);
  }
  assert_null(queue.root);
}

/* Each timer that runs moves, arms and disarms others while the round takes the heap apart. */
static void on_due_at_random(struct handoff__timer *timer) {
  unsigned i;
  on_due(timer);
  for (i = 0; i < 3 && runs < 20000; i++) {
    size_t which = random_next() % COUNT;
    if (random_next() % 3 == 0) {
      disarm(which);
    } else {
      arm(which, uv_hrtime() + random_next() % 50 * US_NS);
    }
  }
}

static void random_changes_from_callbacks_lose_no_timer(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < COUNT; i++) {
    timers[i].on_due = on_due_at_random;
    arm(i, uv_hrtime() + random_next() % 50 * US_NS);
  }
  while (queue.root != NULL) { /* after 20,000 runs on_due_at_random arms nothing */
    uv_run(&loop, UV_RUN_ONCE);
  }
  assert_true(runs >= 20000);
  for (i = 0; i < COUNT; i++) {
    assert_false(timers[i].is_armed);
  }
}

static void a_closed_queue_runs_no_timer_that_is_due(void **state) {
  (void)state;
  arm(0, 0); /* tear_down closes the queue and checks */
}

int main(void) {
  static const struct CMUnitTest tests[] = {
#define QUEUE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
      QUEUE_TEST(timers_run_in_the_order_of_their_times),
      QUEUE_TEST(a_timer_runs_from_the_loop_and_not_inside_arm),
      QUEUE_TEST(arming_for_never_disarms),
      QUEUE_TEST(all_due_timers_run_in_one_turn_of_the_loop),
      QUEUE_TEST(disarming_a_timer_that_is_not_armed_does_nothing),
      QUEUE_TEST(arming_an_armed_timer_moves_it),
      QUEUE_TEST(a_timer_may_disarm_another_one_that_is_due),
      QUEUE_TEST(a_timer_may_postpone_another_one_that_is_due),
      QUEUE_TEST(a_timer_that_is_always_due_does_not_starve_the_loop),
      QUEUE_TEST(random_timers_run_once_each_in_order),
      QUEUE_TEST(random_changes_from_callbacks_lose_no_timer),
      QUEUE_TEST(a_closed_queue_runs_no_timer_that_is_due),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* unit.time_timer_source: one time on a loop, never early; the same for both implementations, the
 * timerfd and, in the preset portable, the uv_timer_t. */

#include "lib/loop.h"
#include "time/timer_source.h"

#define US_NS UINT64_C(1000)
#define MS_NS UINT64_C(1000000)

static uv_loop_t loop;
static uv_idle_t idle; /* keeps the loop alive, which a source does not */
static struct handoff__timer_source source;
static uint64_t due_ns; /* the time that was set */
static unsigned runs;   /* of on_due */
static unsigned left;   /* how often on_due sets the source again */
static bool is_setting; /* handoff__timer_source_set is running */
static bool was_closed;

static void set(uint64_t at_ns) {
  due_ns = at_ns;
  is_setting = true;
  handoff__timer_source_set(&source, at_ns);
  is_setting = false;
}

static void on_due(struct handoff__timer_source *due) {
  assert_ptr_equal(due, &source);
  assert_false(is_setting);
  assert_true(uv_hrtime() >= due_ns);
  runs++;
  if (left != 0) {
    left--;
    set(uv_hrtime() + US_NS * left);
  }
}

static void on_closed(struct handoff__timer_source *closed) {
  assert_ptr_equal(closed, &source);
  was_closed = true;
}

static void on_idle(uv_idle_t *handle) { (void)handle; }

static int set_up(void **state) {
  (void)state;
  bounded_start();
  runs = 0;
  left = 0;
  was_closed = false;
  return uv_loop_init(&loop) != 0 || uv_idle_init(&loop, &idle) != 0 ||
         uv_idle_start(&idle, on_idle) != 0 ||
         handoff__timer_source_init(&loop, &source, on_due) != 0;
}

/* on_due does not run once the source is closed. */
static int tear_down(void **state) {
  const unsigned before = runs;
  (void)state;
  handoff__timer_source_close(&source, on_closed);
  uv_close((uv_handle_t *)&idle, NULL);
  return uv_run(&loop, UV_RUN_DEFAULT) != 0 || !was_closed || runs != before ||
         uv_loop_close(&loop) != 0;
}

static void run_until(unsigned count) {
  while (runs != count) {
    uv_run(&loop, UV_RUN_ONCE);
  }
}

static void a_time_comes_once_and_not_early(void **state) {
  static const uint64_t rests_ns[] = {0,     1,         1000,    300000,        999999,
                                      MS_NS, MS_NS + 1, 1999999, 3 * MS_NS + 7, 7 * MS_NS};
  unsigned i;
  (void)state;
  for (i = 0; i < sizeof rests_ns / sizeof rests_ns[0]; i++) {
    set(uv_hrtime() + rests_ns[i]);
    run_until(i + 1);
    assert_true(source.due_ns == HANDOFF_NEVER);
  }
  loop_run_for(&loop, 3 * MS_NS);
  assert_int_equal(runs, i);
}

static void a_time_that_has_passed_comes_from_the_loop(void **state) {
  static const uint64_t times_ns[] = {0, 1, 1000, 999999999, 1000000000};
  unsigned i;
  (void)state;
  for (i = 0; i < sizeof times_ns / sizeof times_ns[0]; i++) {
    set(times_ns[i]);
    assert_int_equal(runs, i);
    run_until(i + 1);
  }
}

static void a_time_can_be_moved_back_and_forward(void **state) {
  (void)state;
  set(uv_hrtime() + MS_NS);
  set(uv_hrtime() + 6 * MS_NS);
  run_until(1); /* on_due has checked that it was not early */
  set(uv_hrtime() + 3600000 * MS_NS);
  set(uv_hrtime() + MS_NS);
  run_until(2);
}

static void a_time_that_is_unset_does_not_come(void **state) {
  (void)state;
  set(uv_hrtime() + MS_NS);
  set(HANDOFF_NEVER);
  loop_run_for(&loop, 3 * MS_NS);
  set(0);
  set(HANDOFF_NEVER); /* although it is due */
  loop_run_for(&loop, 2 * MS_NS);
  assert_int_equal(runs, 0);
  set(uv_hrtime() + 100);
  run_until(1);
}

static void the_latest_times_of_the_clock_do_not_come(void **state) {
  static const uint64_t times_ns[] = {HANDOFF_NEVER, HANDOFF_NEVER - 1, HANDOFF_NEVER / 2};
  size_t i;
  (void)state;
  for (i = 0; i < sizeof times_ns / sizeof times_ns[0]; i++) {
    set(times_ns[i]);
    loop_run_for(&loop, 2 * MS_NS);
  }
  assert_int_equal(runs, 0);
}

static void a_time_can_be_set_from_the_callback(void **state) {
  (void)state;
  left = 100;
  set(uv_hrtime());
  run_until(101);
}

static void a_source_does_not_keep_its_loop_alive(void **state) {
  (void)state;
  set(uv_hrtime() + 3600000 * MS_NS);
  uv_unref((uv_handle_t *)&idle);
  assert_int_equal(uv_loop_alive(&loop), 0);
  uv_ref((uv_handle_t *)&idle);
}

static void a_closed_source_does_not_run_although_it_is_due(void **state) {
  (void)state;
  set(0); /* tear_down closes the source and checks */
}

int main(void) {
  static const struct CMUnitTest tests[] = {
#define SOURCE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
      SOURCE_TEST(a_time_comes_once_and_not_early),
      SOURCE_TEST(a_time_that_has_passed_comes_from_the_loop),
      SOURCE_TEST(a_time_can_be_moved_back_and_forward),
      SOURCE_TEST(a_time_that_is_unset_does_not_come),
      SOURCE_TEST(the_latest_times_of_the_clock_do_not_come),
      SOURCE_TEST(a_time_can_be_set_from_the_callback),
      SOURCE_TEST(a_source_does_not_keep_its_loop_alive),
      SOURCE_TEST(a_closed_source_does_not_run_although_it_is_due),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

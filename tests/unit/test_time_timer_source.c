/* unit.alarm: one instant on a loop, never early; the same for the timerfd and for the portable one. */

#include "lib/bounded.h"
#include "time/timer_source.h"

#define US_NS UINT64_C(1000)
#define MS_NS UINT64_C(1000000)

static uv_loop_t loop;
static struct handoff__timer_source alarm_;
static uint64_t due_ns; /* what it has been set to */
static unsigned rung;   /* how many times on_due ran */
static unsigned left;   /* how many times on_due sets it again */
static bool was_closed;
static bool is_setting; /* handoff__timer_source_set is running */
static uv_idle_t awake; /* an alarm does not keep its loop alive: this does */

static void set(uint64_t at_ns) {
  due_ns = at_ns;
  is_setting = true;
  handoff__timer_source_set(&alarm_, at_ns);
  is_setting = false;
}

static void on_due(struct handoff__timer_source *alarm) {
  assert_ptr_equal(alarm, &alarm_);
  assert_false(is_setting);
  assert_true(uv_hrtime() >= due_ns);
  rung++;
  if (left != 0) {
    left--;
    set(uv_hrtime() + US_NS * left);
  }
}

static void on_closed(struct handoff__timer_source *alarm) {
  assert_ptr_equal(alarm, &alarm_);
  was_closed = true;
}

static void on_idle(uv_idle_t *idle) { (void)idle; }

static int set_up(void **state) {
  (void)state;
  bounded_start();
  rung = 0;
  left = 0;
  was_closed = false;
  return uv_loop_init(&loop) != 0 || uv_idle_init(&loop, &awake) != 0 ||
         uv_idle_start(&awake, on_idle) != 0 ||
         handoff__timer_source_init(&loop, &alarm_, on_due) != 0;
}

static int tear_down(void **state) {
  (void)state;
  handoff__timer_source_close(&alarm_, on_closed);
  uv_close((uv_handle_t *)&awake, NULL);
  return uv_run(&loop, UV_RUN_DEFAULT) != 0 || !was_closed || uv_loop_close(&loop) != 0;
}

static void run_until_rung(unsigned times) {
  while (rung != times) {
    uv_run(&loop, UV_RUN_ONCE);
  }
}

/* Runs the loop for so long. */
static void run_for(uint64_t ns) {
  uint64_t until_ns = uv_hrtime() + ns;
  while (uv_hrtime() < until_ns) {
    uv_run(&loop, UV_RUN_ONCE);
  }
}

static void it_rings_once_and_not_early(void **state) {
  static const uint64_t rests_ns[] = {0,     1,         1000,    300000,        999999,
                                      MS_NS, MS_NS + 1, 1999999, 3 * MS_NS + 7, 7 * MS_NS};
  size_t i;
  (void)state;
  for (i = 0; i < sizeof rests_ns / sizeof rests_ns[0]; i++) {
    set(uv_hrtime() + rests_ns[i]);
    run_until_rung((unsigned)i + 1);
    assert_true(alarm_.due_ns == HANDOFF_NEVER);
  }
  run_for(3 * MS_NS);
  assert_int_equal(rung, i);
}

static void an_instant_that_has_passed_rings_from_the_loop(void **state) {
  static const uint64_t instants_ns[] = {0, 1, 1000, 999999999, 1000000000};
  size_t i;
  (void)state;
  for (i = 0; i < sizeof instants_ns / sizeof instants_ns[0]; i++) {
    set(instants_ns[i]);
    assert_int_equal(rung, i);
    run_until_rung((unsigned)i + 1);
  }
}

static void it_can_be_put_off_and_moved_forward(void **state) {
  (void)state;
  set(uv_hrtime() + MS_NS);
  set(uv_hrtime() + 6 * MS_NS);
  run_until_rung(1); /* on_due has checked that it was not early */
  set(uv_hrtime() + 3600000 * MS_NS);
  set(uv_hrtime() + MS_NS);
  run_until_rung(2);
}

static void what_is_taken_back_does_not_ring(void **state) {
  (void)state;
  set(uv_hrtime() + MS_NS);
  set(HANDOFF_NEVER);
  run_for(3 * MS_NS);
  set(0);
  set(HANDOFF_NEVER); /* even though it is due */
  run_for(2 * MS_NS);
  assert_int_equal(rung, 0);
  set(uv_hrtime() + 100);
  run_until_rung(1);
}

static void the_farthest_instants_do_not_ring(void **state) {
  static const uint64_t instants_ns[] = {HANDOFF_NEVER, HANDOFF_NEVER - 1, HANDOFF_NEVER / 2};
  size_t i;
  (void)state;
  for (i = 0; i < sizeof instants_ns / sizeof instants_ns[0]; i++) {
    set(instants_ns[i]);
    run_for(2 * MS_NS);
  }
  assert_int_equal(rung, 0);
}

static void it_can_be_set_again_when_it_rings(void **state) {
  (void)state;
  left = 100;
  set(uv_hrtime());
  run_until_rung(101);
}

static void it_does_not_keep_its_loop_alive(void **state) {
  (void)state;
  set(uv_hrtime() + 3600000 * MS_NS);
  uv_unref((uv_handle_t *)&awake);
  assert_int_equal(uv_loop_alive(&loop), 0);
  uv_ref((uv_handle_t *)&awake);
}

static void closing_it_silences_it(void **state) {
  (void)state;
  set(0); /* due, and closed by tear_down */
}

static void after_close_it_has_not_rung(void **state) {
  (void)state;
  assert_int_equal(rung, 0);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(it_rings_once_and_not_early, set_up, tear_down),
      cmocka_unit_test_setup_teardown(an_instant_that_has_passed_rings_from_the_loop, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(it_can_be_put_off_and_moved_forward, set_up, tear_down),
      cmocka_unit_test_setup_teardown(what_is_taken_back_does_not_ring, set_up, tear_down),
      cmocka_unit_test_setup_teardown(the_farthest_instants_do_not_ring, set_up, tear_down),
      cmocka_unit_test_setup_teardown(it_can_be_set_again_when_it_rings, set_up, tear_down),
      cmocka_unit_test_setup_teardown(it_does_not_keep_its_loop_alive, set_up, tear_down),
      cmocka_unit_test_setup_teardown(closing_it_silences_it, set_up, tear_down),
      cmocka_unit_test(after_close_it_has_not_rung),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

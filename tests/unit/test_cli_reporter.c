/* unit.cli_reporter: how long the end of a run waits for standard error, which may be stuck. */

#include "cli/reporter.h"
#include "lib/bounded.h"

#define MS UINT64_C(1000000)
#define NOW (UINT64_C(1000) * MS)

static struct options options;
static struct lane_callbacks callbacks;
static struct reporter reporter;

static int set_up(void **state) {
  (void)state;
  bounded_start();
  callbacks.options = &options;
  options.stats = OPTIONS_STATS_TEXT;
  return reporter_init(&reporter, &callbacks);
}

static int tear_down(void **state) {
  (void)state;
  return !reporter_close(&reporter);
}

static void requested_statistics_have_no_deadline(void **state) {
  (void)state;
  assert_int_equal(reporter_deadline_ns(&reporter, NOW), HANDOFF_NEVER);
}

static void other_text_gets_10_ms(void **state) {
  (void)state;
  options.stats = OPTIONS_STATS_NONE;
  assert_int_equal(reporter_deadline_ns(&reporter, NOW), NOW + 10 * MS);
  reporter.signaled_ns = NOW - MS;
  assert_int_equal(reporter_deadline_ns(&reporter, NOW), NOW + 10 * MS);
}

/* The process must die within 100 ms of the signal. At least 10 ms are left for standard error. */
static void a_signal_limits_the_wait_to_95_ms(void **state) {
  (void)state;
  reporter.signaled_ns = NOW;
  assert_int_equal(reporter_deadline_ns(&reporter, NOW), NOW + 95 * MS);
  assert_int_equal(reporter_deadline_ns(&reporter, NOW + 40 * MS), NOW + 95 * MS);
  assert_int_equal(reporter_deadline_ns(&reporter, NOW + 85 * MS), NOW + 95 * MS);
  assert_int_equal(reporter_deadline_ns(&reporter, NOW + 90 * MS), NOW + 100 * MS);
  assert_int_equal(reporter_deadline_ns(&reporter, NOW + 1000 * MS), NOW + 1010 * MS);
}

int main(void) {
#define reporter_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
  static const struct CMUnitTest tests[] = {
      reporter_test(requested_statistics_have_no_deadline),
      reporter_test(other_text_gets_10_ms),
      reporter_test(a_signal_limits_the_wait_to_95_ms),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

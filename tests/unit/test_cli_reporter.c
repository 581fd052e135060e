/* unit.tell: how long the end of a run waits for its last word, which may be said to a terminal that nobody reads. */

#include "cli/tell.h"
#include "lib/bounded.h"

#define MS UINT64_C(1000000)
#define NOW (UINT64_C(1000) * MS)

static struct options options;
static struct work work;
static struct tell tell;

static int set_up(void **state) {
  (void)state;
  bounded_start();
  work.options = &options;
  options.stats = OPTIONS_STATS_TEXT;
  return tell_init(&tell, &work);
}

static int tear_down(void **state) {
  (void)state;
  return !tell_close(&tell);
}

static void statistics_that_were_asked_for_are_waited_for(void **state) {
  (void)state;
  assert_int_equal(tell_until_ns(&tell, NOW), HANDOFF_NEVER);
}

static void nothing_else_is_waited_for_for_long(void **state) {
  (void)state;
  options.stats = OPTIONS_STATS_NONE;
  assert_int_equal(tell_until_ns(&tell, NOW), NOW + 10 * MS);
  tell.killed_ns = NOW - MS;
  assert_int_equal(tell_until_ns(&tell, NOW), NOW + 10 * MS);
}

/* Whatever is left of the 100 ms that the end may take, and a little where nothing is. */
static void a_signal_leaves_the_rest_of_its_time(void **state) {
  (void)state;
  tell.killed_ns = NOW;
  assert_int_equal(tell_until_ns(&tell, NOW), NOW + 95 * MS);
  assert_int_equal(tell_until_ns(&tell, NOW + 40 * MS), NOW + 95 * MS);
  assert_int_equal(tell_until_ns(&tell, NOW + 85 * MS), NOW + 95 * MS);
  assert_int_equal(tell_until_ns(&tell, NOW + 90 * MS), NOW + 100 * MS);
  assert_int_equal(tell_until_ns(&tell, NOW + 1000 * MS), NOW + 1010 * MS);
}

int main(void) {
#define tell_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
  static const struct CMUnitTest tests[] = {
      tell_test(statistics_that_were_asked_for_are_waited_for),
      tell_test(nothing_else_is_waited_for_for_long),
      tell_test(a_signal_leaves_the_rest_of_its_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

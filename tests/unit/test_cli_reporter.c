/* unit.cli_reporter: how long the end of a run waits for standard error, which may be stuck, and
 * which items it counts. Built with --wrap, so that a test decides when the writing thread runs. */

#include <string.h>

#include "cli/fds.h"
#include "cli/reporter.h"
#include "lib/bounded.h"

#define MS UINT64_C(1000000)
#define NOW (UINT64_C(1000) * MS)

static struct options options;
static struct lane_callbacks callbacks;
static struct reporter reporter;

static uv_sem_t may_write;
static bool is_late; /* the thread runs only when the reporter asks whether its wait is of use */
static char written[STATS_TEXT_SIZE];

int __wrap_fds_write(int fd, const void *data, size_t size);
bool __wrap_fds_is_writable(int fd);

int __wrap_fds_write(int fd, const void *data, size_t size) {
  (void)fd;
  if (is_late) {
    uv_sem_wait(&may_write);
  }
  memcpy(written, data, size);
  return UV_ENOSPC;
}

bool __wrap_fds_is_writable(int fd) {
  (void)fd;
  uv_sem_post(&may_write);
  return true;
}

static int set_up(void **state) {
  (void)state;
  bounded_start();
  callbacks.options = &options;
  options.stats = OPTIONS_STATS_TEXT;
  options.source = NULL;
  is_late = false;
  memset(written, 0, sizeof written);
  atomic_store(&callbacks.consumed, 0);
  return reporter_init(&reporter, &callbacks);
}

/* A test may have given up an answer to SIGUSR1 that is still being written. */
static int tear_down(void **state) {
  (void)state;
  (void)stderr_writer_wait(&reporter.writer, HANDOFF_NEVER);
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

static void an_error_of_the_requested_statistics_is_returned(void **state) {
  (void)state;
  assert_int_equal(reporter_finish(&reporter, false), UV_ENOSPC);
  options.stats = OPTIONS_STATS_NONE;
  reporter_print(&reporter); /* an answer to SIGUSR1 */
  assert_int_equal(reporter_finish(&reporter, false), 0);
}

/* The deadline passes before the thread runs. */
static void on_a_busy_machine_the_statistics_come_late(void **state) {
  (void)state;
  is_late = true;
  assert_int_equal(uv_sem_init(&may_write, 0), 0);
  reporter.signaled_ns = 1;
  (void)reporter_finish(&reporter, false);
  assert_memory_equal(written, "items", 5);
  uv_sem_post(&may_write); /* so that a thread that was given up ends */
  (void)stderr_writer_wait(&reporter.writer, HANDOFF_NEVER);
  uv_sem_destroy(&may_write);
}

static void only_written_items_count(void **state) {
  static struct log_writer log;
  (void)state;
  atomic_store(&callbacks.consumed, 5);
  assert_int_equal(reporter_items(&reporter), 5);
  log.items = 3;
  reporter.log = &log;
  assert_int_equal(reporter_items(&reporter), 3);
  options.source = "file";
  atomic_store(&callbacks.writer.items, 2);
  assert_int_equal(reporter_items(&reporter), 2);
  (void)reporter_finish(&reporter, false);
  assert_memory_equal(written, "items     2 in", 14);
  reporter.stats.items[HANDOFF_CONSUMER] = 4; /* events */
  (void)reporter_finish(&reporter, false);
  assert_int_equal(reporter.stats.items[HANDOFF_CONSUMER], 4);
}

int main(void) {
#define reporter_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
  static const struct CMUnitTest tests[] = {
      reporter_test(requested_statistics_have_no_deadline),
      reporter_test(other_text_gets_10_ms),
      reporter_test(an_error_of_the_requested_statistics_is_returned),
      reporter_test(on_a_busy_machine_the_statistics_come_late),
      reporter_test(only_written_items_count),
      reporter_test(a_signal_limits_the_wait_to_95_ms),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* unit.answer: a text to standard error, with a reader that does not read, or that has gone. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/answer.h"
#include "lib/bounded.h"

static struct answer answer;
static int ends[2]; /* of the pipe that standard error is */
static int kept;    /* standard error itself */

static int set_up(void **state) {
  (void)state;
  bounded_start();
  kept = dup(STDERR_FILENO);
  return kept == -1 || pipe(ends) != 0 || dup2(ends[1], STDERR_FILENO) == -1 ||
         answer_init(&answer) != 0;
}

static int tear_down(void **state) {
  (void)state;
  assert_true(answer_close(&answer));
  (void)close(ends[0]);
  (void)close(ends[1]);
  return dup2(kept, STDERR_FILENO) == -1 || close(kept) != 0;
}

/* Leaves no room in the pipe. */
static size_t fill(void) {
  static const char filling[4096];
  const int flags = fcntl(ends[1], F_GETFL);
  size_t filled = 0;
  ssize_t n;
  assert_int_equal(fcntl(ends[1], F_SETFL, flags | O_NONBLOCK), 0);
  while ((n = write(ends[1], filling, sizeof filling)) > 0) {
    filled += (size_t)n;
  }
  assert_int_equal(errno, EAGAIN);
  assert_int_equal(fcntl(ends[1], F_SETFL, flags), 0);
  return filled;
}

static void discard(size_t size) {
  char buffer[4096];
  while (size != 0) {
    ssize_t n = read(ends[0], buffer, size < sizeof buffer ? size : sizeof buffer);
    assert_true(n > 0);
    size -= (size_t)n;
  }
}

static void assert_reads(const char *text) {
  char got[64] = "";
  assert_true(strlen(text) < sizeof got);
  assert_int_equal(read(ends[0], got, strlen(text)), strlen(text));
  assert_string_equal(got, text);
}

static void what_is_given_is_written(void **state) {
  (void)state;
  assert_true(answer_await(&answer, 0)); /* nothing to wait for */
  answer_give(&answer, "one\n", 4);
  assert_true(answer_await(&answer, HANDOFF_NEVER));
  answer_give(&answer, "two\n", 4);
  assert_true(answer_await(&answer, HANDOFF_NEVER));
  assert_reads("one\ntwo\n");
}

static void where_nobody_reads_neither_giving_nor_waiting_takes_for_ever(void **state) {
  size_t filled = fill();
  (void)state;
  answer_give(&answer, "one\n", 4);
  assert_false(answer_await(&answer, uv_hrtime() + 1000000));
  answer_give(&answer, "two\n", 4); /* not while there is another */
  assert_false(answer_await(&answer, 0));
  discard(filled);
  assert_true(answer_await(&answer, HANDOFF_NEVER));
  assert_reads("one\n");
  answer_give(&answer, "three\n", 6);
  assert_true(answer_await(&answer, HANDOFF_NEVER));
  assert_reads("three\n");
}

static void a_reader_that_has_gone_is_no_reason_to_die(void **state) {
  (void)state;
  assert_int_equal(signal(SIGPIPE, SIG_DFL) == SIG_ERR, 0);
  assert_int_equal(close(ends[0]), 0);
  answer_give(&answer, "one\n", 4);
  assert_true(answer_await(&answer, HANDOFF_NEVER));
}

int main(void) {
#define answer_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
  static const struct CMUnitTest tests[] = {
      answer_test(what_is_given_is_written),
      answer_test(where_nobody_reads_neither_giving_nor_waiting_takes_for_ever),
      answer_test(a_reader_that_has_gone_is_no_reason_to_die),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

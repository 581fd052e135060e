/* unit.cli_stderr_writer: a reader of standard error that reads, does not read, or has exited. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/stderr_writer.h"
#include "lib/bounded.h"

static struct stderr_writer writer;
static int pipe_fds[2]; /* standard error is a pipe during a test */
static int saved_stderr;

static int set_up(void **state) {
  (void)state;
  bounded_start();
  saved_stderr = dup(STDERR_FILENO);
  return saved_stderr == -1 || pipe(pipe_fds) != 0 || dup2(pipe_fds[1], STDERR_FILENO) == -1 ||
         stderr_writer_init(&writer) != 0;
}

static int tear_down(void **state) {
  (void)state;
  assert_true(stderr_writer_close(&writer));
  (void)close(pipe_fds[0]);
  (void)close(pipe_fds[1]);
  return dup2(saved_stderr, STDERR_FILENO) == -1 || close(saved_stderr) != 0;
}

/* Fills the pipe. Returns the number of bytes. */
static size_t fill_pipe(void) {
  static const char zeros[4096];
  const int flags = fcntl(pipe_fds[1], F_GETFL);
  size_t filled = 0;
  ssize_t n;
  assert_int_equal(fcntl(pipe_fds[1], F_SETFL, flags | O_NONBLOCK), 0);
  while ((n = write(pipe_fds[1], zeros, sizeof zeros)) > 0) {
    filled += (size_t)n;
  }
  assert_int_equal(errno, EAGAIN);
  assert_int_equal(fcntl(pipe_fds[1], F_SETFL, flags), 0);
  return filled;
}

static void discard(size_t size) {
  char buffer[4096];
  while (size != 0) {
    ssize_t n = read(pipe_fds[0], buffer, size < sizeof buffer ? size : sizeof buffer);
    assert_true(n > 0);
    size -= (size_t)n;
  }
}

static void assert_reads(const char *text) {
  char got[64] = "";
  assert_true(strlen(text) < sizeof got);
  assert_int_equal(read(pipe_fds[0], got, strlen(text)), strlen(text));
  assert_string_equal(got, text);
}

static void each_text_is_written(void **state) {
  (void)state;
  assert_true(stderr_writer_wait(&writer, 0)); /* nothing is being written */
  stderr_writer_start(&writer, "one\n", 4);
  assert_true(stderr_writer_wait(&writer, HANDOFF_NEVER));
  stderr_writer_start(&writer, "two\n", 4);
  assert_true(stderr_writer_wait(&writer, HANDOFF_NEVER));
  assert_reads("one\ntwo\n");
}

static void a_full_pipe_blocks_neither_start_nor_wait(void **state) {
  size_t filled = fill_pipe();
  (void)state;
  stderr_writer_start(&writer, "one\n", 4);
  assert_false(stderr_writer_wait(&writer, uv_hrtime() + 1000000));
  stderr_writer_start(&writer, "two\n", 4); /* ignored: "one" is still being written */
  assert_false(stderr_writer_wait(&writer, 0));
  discard(filled);
  assert_true(stderr_writer_wait(&writer, HANDOFF_NEVER));
  assert_reads("one\n");
  stderr_writer_start(&writer, "three\n", 6);
  assert_true(stderr_writer_wait(&writer, HANDOFF_NEVER));
  assert_reads("three\n");
}

static void errors_are_recorded(void **state) {
  (void)state;
  assert_true(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
  stderr_writer_start(&writer, "one\n", 4);
  assert_true(stderr_writer_wait(&writer, HANDOFF_NEVER));
  assert_int_equal(writer.err, 0);
  assert_int_equal(close(pipe_fds[0]), 0);
  stderr_writer_start(&writer, "two\n", 4);
  assert_true(stderr_writer_wait(&writer, HANDOFF_NEVER));
  assert_int_equal(writer.err, UV_EPIPE);
}

int main(void) {
#define writer_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
  static const struct CMUnitTest tests[] = {
      writer_test(each_text_is_written),
      writer_test(a_full_pipe_blocks_neither_start_nor_wait),
      writer_test(errors_are_recorded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

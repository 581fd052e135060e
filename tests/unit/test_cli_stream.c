/* unit.cli_stream: a call that blocks can be cancelled, and what it wrote is counted. */

#include <fcntl.h>
#include <unistd.h>
#include <uv.h>

#include "cli/stream.h"
#include "lib/bounded.h"

#define SIZE ((size_t)16 * 1024 * 1024) /* more than any pipe holds */

static struct stream stream;
static int pipe_fds[2];

static int set_up(void **state) {
  (void)state;
  bounded_start();
  return pipe(pipe_fds);
}

static int tear_down(void **state) {
  (void)state;
  return close(pipe_fds[0]) | (pipe_fds[1] == -1 ? 0 : close(pipe_fds[1]));
}

struct call {
  void (*run)(struct call *);
  uv_thread_t thread;
  char *bytes;
  long result;
  size_t written;
  atomic_bool has_returned;
};

static void run_call(void *arg) {
  struct call *call = arg;
  call->run(call);
  atomic_store(&call->has_returned, true);
}

static void run_write(struct call *call) {
  call->result = stream_write(&stream, call->bytes, SIZE, &call->written);
}

static void run_read(struct call *call) {
  char byte;
  call->result = stream_read(&stream, &byte, 1);
}

/* Cancels until the call has returned, because one signal may come too early. */
static void cancel(struct call *call) {
  while (!atomic_load(&call->has_returned)) {
    stream_cancel(&stream);
    uv_sleep(1);
  }
  assert_int_equal(uv_thread_join(&call->thread), 0);
}

static void a_cancelled_write_counts_what_it_wrote(void **state) {
  struct call call = {.run = run_write, .bytes = calloc(1, SIZE)};
  size_t in_pipe = 0;
  ssize_t n;

  (void)state;
  assert_non_null(call.bytes);
  stream_init(&stream, pipe_fds[1]);
  assert_int_equal(uv_thread_create(&call.thread, run_call, &call), 0);
  cancel(&call);
  assert_int_equal(call.result, UV_ECANCELED);
  assert_int_equal(close(pipe_fds[1]), 0);
  pipe_fds[1] = -1;
  while ((n = read(pipe_fds[0], call.bytes, SIZE)) > 0) {
    in_pipe += (size_t)n;
  }
  assert_int_equal(call.written, in_pipe);
  free(call.bytes);
}

static void after_a_cancel_nothing_is_written(void **state) {
  size_t written = 1;

  (void)state;
  stream_init(&stream, pipe_fds[1]);
  assert_int_equal(stream_write(&stream, "one", 3, &written), 0);
  assert_int_equal(written, 3);
  stream_cancel(&stream);
  assert_int_equal(stream_write(&stream, "two", 3, &written), UV_ECANCELED);
  assert_int_equal(written, 0);
}

static void a_read_that_blocks_is_interrupted(void **state) {
  struct call call = {.run = run_read};

  (void)state;
  stream_init(&stream, pipe_fds[0]);
  assert_int_equal(uv_thread_create(&call.thread, run_call, &call), 0);
  cancel(&call);
  assert_int_equal(call.result, UV_EINTR);
}

static void errors_are_returned(void **state) {
  char byte;
  size_t written = 1;

  (void)state;
  stream_init(&stream, pipe_fds[0]);
  assert_int_equal(stream_write(&stream, "x", 1, &written), UV_EBADF);
  assert_int_equal(written, 0);
  stream_init(&stream, pipe_fds[1]);
  assert_int_equal(stream_read(&stream, &byte, 1), UV_EBADF);
}

int main(void) {
#define stream_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      stream_test(a_cancelled_write_counts_what_it_wrote),
      stream_test(after_a_cancel_nothing_is_written),
      stream_test(a_read_that_blocks_is_interrupted),
      stream_test(errors_are_returned),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

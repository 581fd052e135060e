/* unit.cli_log_writer: all text arrives in order at a slow reader, the log says when it is full,
 * and after an error it discards later text. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/log_writer.h"
#include "lib/file_limit.h"

struct fixture {
  uv_loop_t loop;
  handoff_port_t port;
  struct log_writer log;
  int pipe_fds[2];
  unsigned written;
  size_t bytes;    /* of all batches */
  int err;         /* of the last batch */
  unsigned number; /* of the next line to add */
  unsigned last;   /* number of the last line to add; or bytes to read */
};

static int set_up(void **state) {
  struct fixture *f = calloc(1, sizeof *f);
  bounded_start();
  assert_non_null(f);
  assert_int_equal(uv_loop_init(&f->loop), 0);
  assert_int_equal(handoff_port_init(&f->loop, &f->port), 0);
  assert_int_equal(pipe(f->pipe_fds), 0);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  struct fixture *f = *state;
  log_writer_close(&f->log);
  assert_int_equal(handoff_port_close(&f->port, NULL), 0);
  assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(uv_loop_close(&f->loop), 0);
  assert_int_equal(close(f->pipe_fds[0]), 0);
  assert_int_equal(close(f->pipe_fds[1]), 0);
  free(f);
  return 0;
}

static void on_written(struct log_writer *log, int err, size_t written) {
  struct fixture *f = log->data;
  f->bytes += written;
  f->written++;
  f->err = err;
}

static void open_log(struct fixture *f, int fd, void (*cb)(struct log_writer *, int, size_t)) {
  assert_int_equal(log_writer_init(&f->log, &f->port, fd, cb), 0);
  f->log.data = f;
}

static void add_lines(struct fixture *f) {
  char text[32];
  while (f->number <= f->last && !log_writer_is_full(&f->log)) {
    int size = snprintf(text, sizeof text, "line %u\n", f->number++);
    log_writer_add(&f->log, text, (size_t)size);
  }
}

static void on_written_add(struct log_writer *log, int err, size_t written) {
  on_written(log, err, written);
  add_lines(log->data);
}

/* Reads and checks lines 1 to `last`, in pieces of many sizes. */
static void read_lines(void *arg) {
  struct fixture *f = arg;
  char expected[32];
  char text[1000];
  size_t size = 0;
  size_t at = 0;
  unsigned number;
  for (number = 1; number <= f->last; number++) {
    int length = snprintf(expected, sizeof expected, "line %u\n", number);
    int i;
    for (i = 0; i < length; i++) {
      if (at == size) {
        ssize_t n = read(f->pipe_fds[0], text, 1 + number % sizeof text);
        if (n <= 0) {
          abort();
        }
        size = (size_t)n;
        at = 0;
      }
      if (text[at++] != expected[i]) {
        abort();
      }
    }
  }
}

static void all_text_arrives_in_order(void **state) {
  struct fixture *f = *state;
  uv_thread_t reader;
  open_log(f, f->pipe_fds[1], on_written_add);
  f->number = 1;
  f->last = 100000;
  assert_int_equal(uv_thread_create(&reader, read_lines, f), 0);
  add_lines(f);
  assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(uv_thread_join(&reader), 0);
  assert_int_equal(f->number, f->last + 1);
  assert_int_equal(f->err, 0);
  assert_true(log_writer_is_idle(&f->log));
  assert_true(f->written < f->last / 100); /* batches, not lines */
}

/* Reads `last` bytes. */
static void read_bytes(void *arg) {
  struct fixture *f = arg;
  static char text[LOG_WRITER_SIZE];
  size_t seen = 0;
  while (seen < f->last) {
    ssize_t n = read(f->pipe_fds[0], text, sizeof text);
    if (n <= 0) {
      abort();
    }
    seen += (size_t)n;
  }
}

/* Without a reader, one batch is being written and the other buffer fills up. */
static void a_full_log_still_takes_its_reserve(void **state) {
  static char text[LOG_WRITER_RESERVE];
  struct fixture *f = *state;
  size_t added = 0;
  uv_thread_t reader;
  memset(text, 'x', sizeof text);
  open_log(f, f->pipe_fds[1], on_written);
  assert_true(log_writer_is_idle(&f->log));
  assert_false(log_writer_is_full(&f->log));
  for (; !log_writer_is_full(&f->log); added += 1000) {
    log_writer_add(&f->log, text, 1000);
    assert_false(log_writer_is_idle(&f->log));
  }
  assert_in_range(added, LOG_WRITER_SIZE - LOG_WRITER_RESERVE, 2 * LOG_WRITER_SIZE);
  log_writer_add(&f->log, text, LOG_WRITER_RESERVE - 1000);
  added += LOG_WRITER_RESERVE - 1000;
  f->last = (unsigned)added;
  assert_int_equal(uv_thread_create(&reader, read_bytes, f), 0);
  assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(uv_thread_join(&reader), 0);
  assert_int_equal(f->written, 2);
  assert_true(log_writer_is_idle(&f->log));
  assert_false(log_writer_is_full(&f->log));
}

static void after_an_error_text_is_discarded(void **state) {
  static char text[LOG_WRITER_RESERVE];
  struct fixture *f = *state;
  int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
  unsigned i;
  if (fd == -1) {
    open_log(f, f->pipe_fds[1], on_written);
    skip();
  }
  open_log(f, fd, on_written);
  log_writer_add(&f->log, "first", 5);
  log_writer_add(&f->log, "second", 6);
  assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(f->written, 1);
  assert_int_equal(f->err, UV_ENOSPC);
  for (i = 0; i < 100; i++) {
    log_writer_add(&f->log, text, sizeof text);
    assert_true(log_writer_is_idle(&f->log));
    assert_false(log_writer_is_full(&f->log));
  }
  assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(f->written, 1);
  assert_int_equal(close(fd), 0);
}

static void an_event_becomes_a_line(void **state) {
  static const handoff_event_t events[] = {
      {.side = HANDOFF_PRODUCER, .number = 1},
      {.side = HANDOFF_CONSUMER, .number = 1},
      {.side = HANDOFF_PRODUCER, .number = UINT64_MAX},
  };
  static const char expected[] = "Producer: 1\nConsumer: 1\nProducer: 18446744073709551615\n";
  struct fixture *f = *state;
  char text[sizeof expected];
  size_t i;

  open_log(f, f->pipe_fds[1], on_written);
  for (i = 0; i < sizeof events / sizeof events[0]; i++) {
    log_writer_add_event(&f->log, &events[i]);
  }
  assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(read(f->pipe_fds[0], text, sizeof text), sizeof expected - 1);
  assert_memory_equal(text, expected, sizeof expected - 1);
  assert_int_equal(strlen(strrchr(expected, 'P')), LOG_WRITER_EVENT_SIZE);
}

/* Adds the lines of `transfers` transfers, 26 bytes each, to a file that takes `limit` bytes. */
static void add_transfers(struct fixture *f, size_t limit, uint64_t transfers) {
  int fd = file_limit_open(limit);
  uint64_t n;

  open_log(f, fd, on_written);
  for (n = 0; n < transfers; n++) {
    log_writer_add_event(&f->log, &(handoff_event_t){.side = HANDOFF_PRODUCER, .number = 10 + n});
    log_writer_add_event(&f->log, &(handoff_event_t){.side = HANDOFF_CONSUMER, .number = 10 + n});
  }
  assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
  file_limit_end();
  assert_int_equal(close(fd), 0);
}

static void only_written_lines_of_the_consumer_count(void **state) {
  struct fixture *f = *state;

  add_transfers(f, 26 * 50 + 25, 80);
  assert_int_equal(f->err, UV_EFBIG);
  assert_int_equal(f->bytes, 26 * 50 + 25);
  assert_int_equal(f->log.items, 50);
}

static void all_lines_of_the_consumer_count(void **state) {
  struct fixture *f = *state;

  add_transfers(f, (size_t)26 * 80, 80);
  assert_int_equal(f->err, 0);
  assert_int_equal(f->log.items, 80);
}

/* Without a reader, the pipe fills. */
static void a_blocked_write_can_be_cancelled(void **state) {
  static char text[LOG_WRITER_RESERVE];
  struct fixture *f = *state;

  open_log(f, f->pipe_fds[1], on_written);
  log_writer_add(&f->log, text, sizeof text);
  log_writer_add(&f->log, text, sizeof text);
  while (!log_writer_is_idle(&f->log)) {
    log_writer_cancel(&f->log);
    (void)uv_run(&f->loop, UV_RUN_NOWAIT);
  }
  assert_int_equal(f->err, UV_ECANCELED);
  assert_in_range(f->bytes, 0, sizeof text - 1);
}

static void an_unused_log_can_be_closed(void **state) {
  struct fixture *f = *state;
  open_log(f, f->pipe_fds[1], on_written);
  assert_true(log_writer_is_idle(&f->log));
  assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(f->written, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(all_text_arrives_in_order, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_full_log_still_takes_its_reserve, set_up, tear_down),
      cmocka_unit_test_setup_teardown(after_an_error_text_is_discarded, set_up, tear_down),
      cmocka_unit_test_setup_teardown(an_event_becomes_a_line, set_up, tear_down),
      cmocka_unit_test_setup_teardown(only_written_lines_of_the_consumer_count, set_up, tear_down),
      cmocka_unit_test_setup_teardown(all_lines_of_the_consumer_count, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_blocked_write_can_be_cancelled, set_up, tear_down),
      cmocka_unit_test_setup_teardown(an_unused_log_can_be_closed, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

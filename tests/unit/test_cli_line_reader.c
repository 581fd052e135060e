/* unit.cli_line_reader: any bytes are split into lines, however they arrive. The descriptor is a
 * file, or a pipe that a thread feeds in pieces. Lines are released as the command does it, so the
 * sanitizers see whether each buffer is freed exactly once. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "cli/line_reader.h"
#include "lib/bounded.h"

#define PATH_SIZE 64
#define KIB ((size_t)1024)
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static int set_up(void **state) {
  (void)state;
  bounded_start();
  return 0;
}

/* Standard input becomes a pipe, and a thread writes the text into it, `piece` bytes at a time. */
struct feed {
  const char *text;
  size_t size;
  size_t piece;
  int fd; /* the pipe's write end */
  bool keeps_pipe_open;
  int saved_stdin;
  uv_thread_t thread;
};

static void feed_run(void *arg) {
  struct feed *feed = arg;
  size_t sent = 0;

  while (sent < feed->size) {
    size_t piece = feed->size - sent < feed->piece ? feed->size - sent : feed->piece;
    ssize_t n = write(feed->fd, feed->text + sent, piece);
    if (n <= 0) {
      abort();
    }
    sent += (size_t)n;
  }
  if (!feed->keeps_pipe_open) {
    (void)close(feed->fd);
  }
}

static void feed_start(struct feed *feed, const char *text, size_t size, size_t piece) {
  int pipe_fds[2];

  feed->text = text;
  feed->size = size;
  feed->piece = piece;
  assert_int_equal(pipe(pipe_fds), 0);
  feed->fd = pipe_fds[1];
  feed->saved_stdin = dup(STDIN_FILENO);
  assert_int_equal(dup2(pipe_fds[0], STDIN_FILENO), STDIN_FILENO);
  assert_int_equal(close(pipe_fds[0]), 0);
  assert_int_equal(uv_thread_create(&feed->thread, feed_run, feed), 0);
}

static void feed_stop(struct feed *feed) {
  assert_int_equal(uv_thread_join(&feed->thread), 0);
  if (feed->keeps_pipe_open) {
    assert_int_equal(close(feed->fd), 0);
  }
  if (feed->saved_stdin == -1) { /* the test was started without standard input */
    assert_int_equal(close(STDIN_FILENO), 0);
  } else {
    assert_int_equal(dup2(feed->saved_stdin, STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(close(feed->saved_stdin), 0);
  }
}

/* The reference: the length of the text's first line, or 0 if the text is empty. */
static size_t expected_line(const char *text, size_t size, char delimiter) {
  const char *end = size == 0 ? NULL : memchr(text, delimiter, size);
  return end == NULL ? size : (size_t)(end - text) + 1;
}

static void check_line(const struct line *line, const char *text, size_t size) {
  assert_int_equal(line->size, size);
  assert_memory_equal(line->data, text, size);
}

/* Reads to the end and compares. Each line is checked and released only when `behind` later ones
 * have been read, so its bytes must stay valid that long. */
static void check_lines(struct line_reader *reader, const char *text, size_t size, char delimiter,
                        size_t behind) {
  struct line *lines = calloc(behind + 1, sizeof *lines);
  size_t given = 0;
  size_t done = 0;
  int err = 0;

  assert_non_null(lines);
  while (err == 0 || done < given) {
    if (err == 0) {
      err = line_reader_next(reader, &lines[given % (behind + 1)]);
      given += err == 0;
    }
    if (given - done > behind || (err != 0 && done < given)) {
      struct line *line = &lines[done++ % (behind + 1)];
      size_t length = expected_line(text, size, delimiter);
      check_line(line, text, length);
      assert_true(length > 0);
      text += length;
      size -= length;
      line_release(line);
    }
  }
  assert_int_equal(err, UV_EOF);
  assert_int_equal(size, 0);
  assert_int_equal(line_reader_next(reader, &lines[0]), UV_EOF); /* again */
  free(lines);
}

static void check_piped(const char *text, size_t size, size_t piece, char delimiter,
                        size_t behind) {
  struct feed feed = {.keeps_pipe_open = false};
  struct line_reader reader;

  feed_start(&feed, text, size, piece);
  assert_int_equal(line_reader_open(&reader, "-", delimiter), 0);
  check_lines(&reader, text, size, delimiter, behind);
  line_reader_close(&reader);
  feed_stop(&feed);
}

static void make_file(char *path, const char *text, size_t size) {
  size_t sent = 0;
  int fd;

  (void)snprintf(path, PATH_SIZE, "/tmp/handoff-lines-XXXXXX");
  fd = mkstemp(path);
  assert_true(fd >= 0);
  while (sent < size) {
    ssize_t n = write(fd, text + sent, size - sent);
    assert_true(n > 0);
    sent += (size_t)n;
  }
  assert_int_equal(close(fd), 0);
}

static void check_file(const char *text, size_t size, char delimiter, size_t behind) {
  char path[PATH_SIZE];
  struct line_reader reader;

  make_file(path, text, size);
  assert_int_equal(line_reader_open(&reader, path, delimiter), 0);
  assert_int_equal(unlink(path), 0);
  check_lines(&reader, text, size, delimiter, behind);
  line_reader_close(&reader);
}

/* ------------------------------------------------------------------------------- the tests -- */

static void short_texts_are_split(void **state) {
  static const struct {
    const char *text;
    size_t size;
  } texts[] = {
#define TEXT(literal) {literal, sizeof(literal) - 1}
      TEXT(""),     TEXT("\n"),         TEXT("\n\n\n"),     TEXT("a"),        TEXT("a\n"),
      TEXT("a\nb"), TEXT("\na\n\nb\n"), TEXT("a\r\nb\r\n"), TEXT("\0"),       TEXT("a\0b\n\0"),
      TEXT("\0\0"), TEXT("\n\0\n\0"),   TEXT("\377\n\200"), TEXT("last\0\n"),
#undef TEXT
  };
  static const size_t behind[] = {0, 1, 5};
  size_t i;
  size_t j;
  (void)state;
  for (i = 0; i < COUNT_OF(texts); i++) {
    for (j = 0; j < COUNT_OF(behind); j++) {
      check_piped(texts[i].text, texts[i].size, 1, '\n', behind[j]);
      check_piped(texts[i].text, texts[i].size, 1, '\0', behind[j]);
      check_piped(texts[i].text, texts[i].size, 64, '\n', behind[j]);
      check_file(texts[i].text, texts[i].size, '\n', behind[j]);
      check_file(texts[i].text, texts[i].size, '\0', behind[j]);
    }
  }
}

/* Two lines of lengths around the size of the read buffer, then short ones. */
static void lines_may_cross_the_buffer_end(void **state) {
  static const size_t lengths[] = {1,
                                   2,
                                   32 * KIB - 1,
                                   32 * KIB,
                                   32 * KIB + 1,
                                   64 * KIB - 1,
                                   64 * KIB,
                                   64 * KIB + 1,
                                   128 * KIB - 1,
                                   128 * KIB,
                                   128 * KIB + 1,
                                   300 * KIB};
  size_t i;
  size_t j;
  (void)state;
  for (i = 0; i < COUNT_OF(lengths); i++) {
    for (j = 0; j < COUNT_OF(lengths); j++) {
      size_t size = lengths[i] + lengths[j] + 4;
      char *text = malloc(size);
      assert_non_null(text);
      memset(text, 'x', size);
      text[lengths[i] - 1] = '\n';
      text[lengths[i] + lengths[j] - 1] = '\n';
      text[size - 3] = '\n';
      text[size - 2] = '\n';
      check_file(text, size, '\n', 0);
      check_file(text, size, '\n', 2);
      check_file(text, size - 1, '\n', 1);       /* ends in a delimiter */
      check_file(text, lengths[i], '\n', 0);     /* one line */
      check_file(text, lengths[i] - 1, '\n', 0); /* one line without its delimiter */
      check_piped(text, size, 4096, '\n', 1);
      free(text);
    }
  }
}

static void input_may_come_one_byte_at_a_time(void **state) {
  size_t size = 3000;
  char *text = malloc(size);
  size_t i;
  (void)state;
  assert_non_null(text);
  for (i = 0; i < size; i++) {
    text[i] = (char)i;
    if (i % 7 == 0 || i % 31 == 0) {
      text[i] = '\n';
    }
  }
  check_piped(text, size, 1, '\n', 0);
  check_piped(text, size, 1, '\n', 3);
  check_piped(text, size, 1, '\0', 0);
  free(text);
}

static void a_line_may_have_8_mib(void **state) {
  size_t size = 8 * KIB * KIB;
  char *text = malloc(size);
  (void)state;
  assert_non_null(text);
  memset(text, 'y', size);
  text[10] = '\n';
  text[size - 5] = '\n';
  check_piped(text, size, (size_t)1000 * 1000, '\n', 0);
  check_file(text, size, '\n', 1);
  free(text);
}

static void random_texts_are_split(void **state) {
  unsigned seed = 12345;
  unsigned round;
  (void)state;
  for (round = 0; round < 60; round++) {
    size_t size = (size_t)rand_r(&seed) % (400 * KIB);
    int rarity = 1 << ((unsigned)rand_r(&seed) % 18); /* one delimiter in `rarity` bytes */
    size_t piece = 1 + (size_t)rand_r(&seed) % (100 * KIB);
    size_t behind = (size_t)rand_r(&seed) % 9;
    char delimiter = round % 2 == 0 ? '\n' : '\0';
    char *text = malloc(size + 1);
    size_t i;
    assert_non_null(text);
    for (i = 0; i < size; i++) {
      char byte = (char)(rand_r(&seed) & 0xff);
      text[i] = byte;
      if (rand_r(&seed) % rarity == 0) {
        text[i] = delimiter;
      }
    }
    if (round % 3 == 0) {
      check_file(text, size, delimiter, behind);
    } else {
      check_piped(text, size, piece, delimiter, behind);
    }
    free(text);
  }
}

/* The mark makes the consumer flush its output. Only the last line before a read has it. */
static void the_last_buffered_line_is_marked(void **state) {
  struct feed feed = {.keeps_pipe_open = true};
  struct line_reader reader;
  struct line line;
  (void)state;
  feed_start(&feed, "one\ntwo\nthree", 13, 13);
  assert_int_equal(uv_thread_join(&feed.thread), 0); /* all of it is in the pipe: one read */
  assert_int_equal(line_reader_open(&reader, "-", '\n'), 0);
  assert_int_equal(line_reader_next(&reader, &line), 0);
  check_line(&line, "one\n", 4);
  assert_false(line.is_last_buffered);
  assert_int_equal(line_reader_next(&reader, &line), 0);
  check_line(&line, "two\n", 4);
  assert_true(line.is_last_buffered);
  assert_int_equal(write(feed.fd, "\nfour\n", 6), 6);
  assert_int_equal(line_reader_next(&reader, &line), 0);
  check_line(&line, "three\n", 6);
  assert_false(line.is_last_buffered);
  assert_int_equal(line_reader_next(&reader, &line), 0);
  check_line(&line, "four\n", 5);
  assert_true(line.is_last_buffered);
  feed.text = "";
  feed.size = 0;
  assert_int_equal(uv_thread_create(&feed.thread, feed_run, &feed), 0);
  line_reader_close(&reader);
  feed_stop(&feed);
}

struct waiter {
  struct line_reader reader;
  struct line line;
  int status;
};

static void wait_for_line(void *arg) {
  struct waiter *waiter = arg;
  waiter->status = line_reader_next(&waiter->reader, &waiter->line);
}

/* With an empty pipe, and with half a line in it. The interrupt may come before or during the wait;
 * both must work, so the test needs no order. */
static void an_interrupt_ends_a_wait_for_input(void **state) {
  static const char *const texts[] = {"", "half a line"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT_OF(texts) * 20; i++) {
    const char *text = texts[i % COUNT_OF(texts)];
    struct feed feed = {.keeps_pipe_open = true};
    struct waiter waiter;
    uv_thread_t thread;
    feed_start(&feed, text, strlen(text), 64);
    assert_int_equal(line_reader_open(&waiter.reader, "-", '\n'), 0);
    assert_int_equal(uv_thread_create(&thread, wait_for_line, &waiter), 0);
    line_reader_interrupt(&waiter.reader);
    assert_int_equal(uv_thread_join(&thread), 0);
    assert_int_equal(waiter.status, UV_EOF);
    line_reader_interrupt(&waiter.reader); /* a second interrupt is harmless */
    assert_int_equal(line_reader_next(&waiter.reader, &waiter.line), UV_EOF);
    line_reader_close(&waiter.reader);
    feed_stop(&feed);
  }
}

/* An interrupt before the first read: input that is available is not read. */
static void an_interrupt_is_permanent(void **state) {
  struct feed feed = {.keeps_pipe_open = false};
  struct line_reader reader;
  struct line line;
  (void)state;
  feed_start(&feed, "one\ntwo\n", 8, 8);
  assert_int_equal(line_reader_open(&reader, "-", '\n'), 0);
  line_reader_interrupt(&reader);
  assert_int_equal(line_reader_next(&reader, &line), UV_EOF);
  assert_int_equal(line_reader_next(&reader, &line), UV_EOF);
  line_reader_close(&reader);
  feed_stop(&feed);
}

/* Discards lines while an earlier one is in use. The sanitizers detect a buffer freed early. */
static void discarding_a_line_keeps_buffers_of_earlier_lines(void **state) {
  size_t size = 500 * KIB;
  char *text = malloc(size);
  char path[PATH_SIZE];
  size_t kept;
  (void)state;
  assert_non_null(text);
  memset(text, 'z', size);
  for (kept = 999; kept < size; kept += 1000) {
    text[kept] = '\n';
  }
  make_file(path, text, size);
  for (kept = 0; kept < 200; kept += 33) {
    struct line_reader reader;
    struct line held;
    struct line line;
    size_t n;
    assert_int_equal(line_reader_open(&reader, path, '\n'), 0);
    for (n = 0; n < kept; n++) {
      assert_int_equal(line_reader_next(&reader, &held), 0);
      line_release(&held);
    }
    assert_int_equal(line_reader_next(&reader, &held), 0);
    for (n = 0; n < 250; n++) {
      assert_int_equal(line_reader_next(&reader, &line), 0);
      line_reader_discard(&reader, &line);
      line_reader_discard(&reader, &line); /* it carries nothing now */
    }
    check_line(&held, text + kept * 1000, 1000);
    line_release(&held);
    line_reader_close(&reader);
  }
  assert_int_equal(unlink(path), 0);
  free(text);
}

/* Closes after any number of lines, also with a buffer to carry and with half a line read. */
static void close_frees_what_is_left(void **state) {
  size_t size = 200 * KIB;
  char *text = malloc(size);
  char path[PATH_SIZE];
  size_t stop;
  (void)state;
  assert_non_null(text);
  memset(text, 'z', size);
  for (stop = 9; stop < size; stop += 10 * KIB) {
    text[stop] = '\n';
  }
  make_file(path, text, size);
  for (stop = 0; stop < 22; stop++) {
    struct line_reader reader;
    struct line line;
    size_t n;
    assert_int_equal(line_reader_open(&reader, path, '\n'), 0);
    for (n = 0; n < stop && line_reader_next(&reader, &line) == 0; n++) {
      line_release(&line);
    }
    line_reader_close(&reader);
  }
  assert_int_equal(unlink(path), 0);
  free(text);
}

static int lowest_free_fd(void) {
  int fd = dup(STDERR_FILENO);
  assert_true(fd >= 0);
  assert_int_equal(close(fd), 0);
  return fd; /* the lowest free one */
}

static void open_reports_errors_and_leaks_nothing(void **state) {
  struct line_reader reader;
  int before = lowest_free_fd();
  (void)state;
  assert_int_equal(line_reader_open(&reader, "/nonexistent/file", '\n'), UV_ENOENT);
  assert_int_equal(line_reader_open(&reader, "/tmp", '\n'), UV_EISDIR);
  assert_int_equal(line_reader_open(&reader, "/dev/null/x", '\n'), UV_ENOTDIR);
  assert_int_equal(lowest_free_fd(), before); /* nothing leaked */
  assert_int_equal(line_reader_open(&reader, "/dev/null", '\n'), 0);
  line_reader_close(&reader);
  assert_int_equal(lowest_free_fd(), before);
}

/* On standard input, which close must leave open. */
static void read_errors_are_reported(void **state) {
  struct line_reader reader;
  struct line line;
  int saved = dup(STDIN_FILENO);
  int fd = open("/dev/null", O_WRONLY);
  (void)state;
  assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
  assert_int_equal(close(fd), 0);
  assert_int_equal(line_reader_open(&reader, "-", '\n'), 0);
  assert_int_equal(line_reader_next(&reader, &line), UV_EBADF);
  line_reader_close(&reader);
  assert_true(fcntl(STDIN_FILENO, F_GETFD) != -1);
  fd = open("/tmp", O_RDONLY);
  assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
  assert_int_equal(close(fd), 0);
  assert_int_equal(line_reader_open(&reader, "-", '\n'), UV_EISDIR);
  assert_true(fcntl(STDIN_FILENO, F_GETFD) != -1);
  assert_int_equal(saved == -1 ? close(STDIN_FILENO) : dup2(saved, STDIN_FILENO), STDIN_FILENO);
  if (saved != -1) {
    assert_int_equal(close(saved), 0);
  }
}

/* Another process may have set O_NONBLOCK. The reader waits for input and keeps the flag. */
static void a_nonblocking_descriptor_is_waited_for(void **state) {
  struct feed feed = {.keeps_pipe_open = false};
  struct line_reader reader;
  (void)state;
  feed_start(&feed, "a\nb\nc\nd\n", 8, 1);
  assert_int_equal(fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK), 0);
  assert_int_equal(line_reader_open(&reader, "-", '\n'), 0);
  check_lines(&reader, "a\nb\nc\nd\n", 8, '\n', 0);
  assert_true((fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK) != 0);
  line_reader_close(&reader);
  feed_stop(&feed);
}

/* The lines of a file on standard input, of which some have been used. */
static void input_that_was_not_used_is_given_back(void **state) {
  static const char text[] = "one\ntwo\nthree\nfour";
  char path[PATH_SIZE];
  int saved = dup(STDIN_FILENO);
  uint64_t used;
  int fd;
  (void)state;
  make_file(path, text, sizeof text - 1);
  fd = open(path, O_RDONLY);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
  assert_int_equal(close(fd), 0);
  for (used = 0; used <= sizeof text - 1 - 4; used++) {
    struct line_reader reader;
    struct line line;
    assert_int_equal(lseek(STDIN_FILENO, 4, SEEK_SET), 4); /* another process has read a line */
    assert_int_equal(line_reader_open(&reader, "-", '\n'), 0);
    assert_int_equal(line_reader_next(&reader, &line), 0);
    check_line(&line, "two\n", 4);
    line_release(&line);
    line_reader_give_back(&reader, used);
    assert_int_equal(lseek(STDIN_FILENO, 0, SEEK_CUR), 4 + used);
    line_reader_close(&reader);
  }
  assert_int_equal(saved == -1 ? close(STDIN_FILENO) : dup2(saved, STDIN_FILENO), STDIN_FILENO);
  if (saved != -1) {
    assert_int_equal(close(saved), 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(short_texts_are_split, set_up),
      cmocka_unit_test_setup(lines_may_cross_the_buffer_end, set_up),
      cmocka_unit_test_setup(input_may_come_one_byte_at_a_time, set_up),
      cmocka_unit_test_setup(a_line_may_have_8_mib, set_up),
      cmocka_unit_test_setup(random_texts_are_split, set_up),
      cmocka_unit_test_setup(the_last_buffered_line_is_marked, set_up),
      cmocka_unit_test_setup(an_interrupt_ends_a_wait_for_input, set_up),
      cmocka_unit_test_setup(an_interrupt_is_permanent, set_up),
      cmocka_unit_test_setup(discarding_a_line_keeps_buffers_of_earlier_lines, set_up),
      cmocka_unit_test_setup(close_frees_what_is_left, set_up),
      cmocka_unit_test_setup(open_reports_errors_and_leaks_nothing, set_up),
      cmocka_unit_test_setup(read_errors_are_reported, set_up),
      cmocka_unit_test_setup(input_that_was_not_used_is_given_back, set_up),
      cmocka_unit_test_setup(a_nonblocking_descriptor_is_waited_for, set_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* unit.source: bytes into lines, whatever they are and however they arrive. The descriptor is a pipe
 * that a thread feeds in pieces, or a file. Every line is given back as the command does it, so that
 * the sanitizers see each buffer freed once. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "cli/source.h"
#include "lib/bounded.h"

#define PATH_SIZE 64
#define KIB ((size_t)1024)
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static int set_up(void **state) {
  (void)state;
  bounded_start();
  return 0;
}

/* Text for standard input, where a source takes what is no file, fed by a thread piece by piece. */
struct feed {
  const char *text;
  size_t size;
  size_t piece;
  int fd; /* the pipe's end to write to */
  bool stays_open;
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
  if (!feed->stays_open) {
    (void)close(feed->fd);
  }
}

static void feed_start(struct feed *feed, const char *text, size_t size, size_t piece) {
  int ends[2];

  feed->text = text;
  feed->size = size;
  feed->piece = piece;
  assert_int_equal(pipe(ends), 0);
  feed->fd = ends[1];
  feed->saved_stdin = dup(STDIN_FILENO);
  assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
  assert_int_equal(close(ends[0]), 0);
  assert_int_equal(uv_thread_create(&feed->thread, feed_run, feed), 0);
}

static void feed_stop(struct feed *feed) {
  assert_int_equal(uv_thread_join(&feed->thread), 0);
  if (feed->stays_open) {
    assert_int_equal(close(feed->fd), 0);
  }
  if (feed->saved_stdin == -1) { /* a test may be started without one */
    assert_int_equal(close(STDIN_FILENO), 0);
  } else {
    assert_int_equal(dup2(feed->saved_stdin, STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(close(feed->saved_stdin), 0);
  }
}

/* The next line of the text, as it should be: the reference. Returns its length; 0: there is none. */
static size_t expected_line(const char *text, size_t size, char delimiter) {
  const char *end = size == 0 ? NULL : memchr(text, delimiter, size);
  return end == NULL ? size : (size_t)(end - text) + 1;
}

static void check_line(const struct line *line, const char *text, size_t size) {
  assert_int_equal(line->size, size);
  assert_memory_equal(line->data, text, size);
}

/* Reads an open source to its end. `behind` lines wait before each is checked and given back: what a
 * line points to has to last so long. */
static void check_lines(struct source *source, const char *text, size_t size, char delimiter,
                        size_t behind) {
  struct line *lines = calloc(behind + 1, sizeof *lines);
  size_t given = 0;
  size_t done = 0;
  int err = 0;

  assert_non_null(lines);
  while (err == 0 || done < given) {
    if (err == 0) {
      err = source_next(source, &lines[given % (behind + 1)]);
      given += err == 0;
    }
    if (given - done > behind || (err != 0 && done < given)) {
      struct line *line = &lines[done++ % (behind + 1)];
      size_t length = expected_line(text, size, delimiter);
      check_line(line, text, length);
      assert_true(length > 0);
      text += length;
      size -= length;
      line_done(line);
    }
  }
  assert_int_equal(err, UV_EOF);
  assert_int_equal(size, 0);
  assert_int_equal(source_next(source, &lines[0]), UV_EOF); /* and so it stays */
  free(lines);
}

static void check_piped(const char *text, size_t size, size_t piece, char delimiter,
                        size_t behind) {
  struct feed feed = {.stays_open = false};
  struct source source;

  feed_start(&feed, text, size, piece);
  assert_int_equal(source_open(&source, "-", delimiter), 0);
  check_lines(&source, text, size, delimiter, behind);
  source_close(&source);
  feed_stop(&feed);
}

static void make_file(char *path, const char *text, size_t size) {
  size_t sent = 0;
  int fd;

  (void)snprintf(path, PATH_SIZE, "/tmp/handoff-source-XXXXXX");
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
  struct source source;

  make_file(path, text, size);
  assert_int_equal(source_open(&source, path, delimiter), 0);
  assert_int_equal(unlink(path), 0);
  check_lines(&source, text, size, delimiter, behind);
  source_close(&source);
}

/* ------------------------------------------------------------------------------- the tests -- */

static void short_texts(void **state) {
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

/* One line of `before` bytes, then one of `length`, then short ones, about where a buffer ends. */
static void lines_about_a_buffer(void **state) {
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
      check_file(text, size - 1, '\n', 1);       /* with its last delimiter */
      check_file(text, lengths[i], '\n', 0);     /* one line */
      check_file(text, lengths[i] - 1, '\n', 0); /* one without its delimiter */
      check_piped(text, size, 4096, '\n', 1);
      free(text);
    }
  }
}

static void a_byte_at_a_time(void **state) {
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

static void a_line_of_8_mib(void **state) {
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

static void random_texts(void **state) {
  unsigned seed = 12345;
  unsigned round;
  (void)state;
  for (round = 0; round < 60; round++) {
    size_t size = (size_t)rand_r(&seed) % (400 * KIB);
    int rarity = 1 << ((unsigned)rand_r(&seed) % 18); /* a delimiter in so many bytes */
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

/* The mark that makes the sink write out what it has: on the last line before a read, on no other. */
static void the_last_line_of_a_read_is_marked(void **state) {
  struct feed feed = {.stays_open = true};
  struct source source;
  struct line line;
  (void)state;
  feed_start(&feed, "one\ntwo\nthree", 13, 13);
  assert_int_equal(uv_thread_join(&feed.thread), 0); /* it is all there, in one read */
  assert_int_equal(source_open(&source, "-", '\n'), 0);
  assert_int_equal(source_next(&source, &line), 0);
  check_line(&line, "one\n", 4);
  assert_false(line.is_last_read);
  assert_int_equal(source_next(&source, &line), 0);
  check_line(&line, "two\n", 4);
  assert_true(line.is_last_read);
  assert_int_equal(write(feed.fd, "\nfour\n", 6), 6);
  assert_int_equal(source_next(&source, &line), 0);
  check_line(&line, "three\n", 6);
  assert_false(line.is_last_read);
  assert_int_equal(source_next(&source, &line), 0);
  check_line(&line, "four\n", 5);
  assert_true(line.is_last_read);
  feed.text = "";
  feed.size = 0;
  assert_int_equal(uv_thread_create(&feed.thread, feed_run, &feed), 0);
  source_close(&source);
  feed_stop(&feed);
}

struct waiter {
  struct source source;
  struct line line;
  int status;
};

static void wait_for_line(void *arg) {
  struct waiter *waiter = arg;
  waiter->status = source_next(&waiter->source, &waiter->line);
}

/* With nothing read, and with half a line. Whether the thread waits already or is yet to come to it
 * makes no difference, so nothing has to be ordered. */
static void an_interrupt_ends_the_wait(void **state) {
  static const char *const texts[] = {"", "half a line"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT_OF(texts) * 20; i++) {
    const char *text = texts[i % COUNT_OF(texts)];
    struct feed feed = {.stays_open = true};
    struct waiter waiter;
    uv_thread_t thread;
    feed_start(&feed, text, strlen(text), 64);
    assert_int_equal(source_open(&waiter.source, "-", '\n'), 0);
    assert_int_equal(uv_thread_create(&thread, wait_for_line, &waiter), 0);
    source_interrupt(&waiter.source);
    assert_int_equal(uv_thread_join(&thread), 0);
    assert_int_equal(waiter.status, UV_EOF);
    source_interrupt(&waiter.source); /* again is no harm */
    assert_int_equal(source_next(&waiter.source, &waiter.line), UV_EOF);
    source_close(&waiter.source);
    feed_stop(&feed);
  }
}

/* Before anything was read it keeps even what is there from being read. */
static void an_interrupt_is_for_good(void **state) {
  struct feed feed = {.stays_open = false};
  struct source source;
  struct line line;
  (void)state;
  feed_start(&feed, "one\ntwo\n", 8, 8);
  assert_int_equal(source_open(&source, "-", '\n'), 0);
  source_interrupt(&source);
  assert_int_equal(source_next(&source, &line), UV_EOF);
  assert_int_equal(source_next(&source, &line), UV_EOF);
  source_close(&source);
  feed_stop(&feed);
}

/* Lines that nobody works off, behind one that somebody still does: their buffers stay to the end. The
 * sanitizers watch. */
static void dropped_lines(void **state) {
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
    struct source source;
    struct line held;
    struct line line;
    size_t n;
    assert_int_equal(source_open(&source, path, '\n'), 0);
    for (n = 0; n < kept; n++) {
      assert_int_equal(source_next(&source, &held), 0);
      line_done(&held);
    }
    assert_int_equal(source_next(&source, &held), 0);
    for (n = 0; n < 250; n++) {
      assert_int_equal(source_next(&source, &line), 0);
      source_drop(&source, &line);
      source_drop(&source, &line); /* has nothing left to give */
    }
    check_line(&held, text + kept * 1000, 1000);
    line_done(&held);
    source_close(&source);
  }
  assert_int_equal(unlink(path), 0);
  free(text);
}

/* Closed at any point: with lines given, with one carrying a buffer, with half a line. */
static void closed_in_the_middle(void **state) {
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
    struct source source;
    struct line line;
    size_t n;
    assert_int_equal(source_open(&source, path, '\n'), 0);
    for (n = 0; n < stop && source_next(&source, &line) == 0; n++) {
      line_done(&line);
    }
    source_close(&source);
  }
  assert_int_equal(unlink(path), 0);
  free(text);
}

static int descriptors(void) {
  int fd = dup(STDERR_FILENO);
  assert_true(fd >= 0);
  assert_int_equal(close(fd), 0);
  return fd; /* the lowest that is free */
}

static void what_cannot_be_opened(void **state) {
  struct source source;
  int before = descriptors();
  (void)state;
  assert_int_equal(source_open(&source, "/nonexistent/file", '\n'), UV_ENOENT);
  assert_int_equal(source_open(&source, "/tmp", '\n'), UV_EISDIR);
  assert_int_equal(source_open(&source, "/dev/null/x", '\n'), UV_ENOTDIR);
  assert_int_equal(descriptors(), before); /* nothing was left open */
  assert_int_equal(source_open(&source, "/dev/null", '\n'), 0);
  source_close(&source);
  assert_int_equal(descriptors(), before);
}

/* On standard input, which stays open: it is not ours. */
static void what_cannot_be_read(void **state) {
  struct source source;
  struct line line;
  int saved = dup(STDIN_FILENO);
  int fd = open("/dev/null", O_WRONLY);
  (void)state;
  assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
  assert_int_equal(close(fd), 0);
  assert_int_equal(source_open(&source, "-", '\n'), 0);
  assert_int_equal(source_next(&source, &line), UV_EBADF);
  source_close(&source);
  assert_true(fcntl(STDIN_FILENO, F_GETFD) != -1);
  fd = open("/tmp", O_RDONLY);
  assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
  assert_int_equal(close(fd), 0);
  assert_int_equal(source_open(&source, "-", '\n'), UV_EISDIR);
  assert_true(fcntl(STDIN_FILENO, F_GETFD) != -1);
  assert_int_equal(saved == -1 ? close(STDIN_FILENO) : dup2(saved, STDIN_FILENO), STDIN_FILENO);
  if (saved != -1) {
    assert_int_equal(close(saved), 0);
  }
}

/* A descriptor that somebody made O_NONBLOCK is waited for, and stays so. */
static void a_descriptor_that_does_not_block(void **state) {
  struct feed feed = {.stays_open = false};
  struct source source;
  (void)state;
  feed_start(&feed, "a\nb\nc\nd\n", 8, 1);
  assert_int_equal(fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK), 0);
  assert_int_equal(source_open(&source, "-", '\n'), 0);
  check_lines(&source, "a\nb\nc\nd\n", 8, '\n', 0);
  assert_true((fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK) != 0);
  source_close(&source);
  feed_stop(&feed);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(short_texts, set_up),
      cmocka_unit_test_setup(lines_about_a_buffer, set_up),
      cmocka_unit_test_setup(a_byte_at_a_time, set_up),
      cmocka_unit_test_setup(a_line_of_8_mib, set_up),
      cmocka_unit_test_setup(random_texts, set_up),
      cmocka_unit_test_setup(the_last_line_of_a_read_is_marked, set_up),
      cmocka_unit_test_setup(an_interrupt_ends_the_wait, set_up),
      cmocka_unit_test_setup(an_interrupt_is_for_good, set_up),
      cmocka_unit_test_setup(dropped_lines, set_up),
      cmocka_unit_test_setup(closed_in_the_middle, set_up),
      cmocka_unit_test_setup(what_cannot_be_opened, set_up),
      cmocka_unit_test_setup(what_cannot_be_read, set_up),
      cmocka_unit_test_setup(a_descriptor_that_does_not_block, set_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

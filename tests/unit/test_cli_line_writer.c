/* unit.cli_line_writer: an item counts once all of its bytes have been written. */

#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "cli/line_writer.h"
#include "lib/file_limit.h"

static struct line_writer writer;

static void check_counts(uint64_t items, uint64_t bytes) {
  assert_int_equal(atomic_load(&writer.items), items);
  assert_int_equal(atomic_load(&writer.bytes), bytes);
}

static int append(const char *text) { return line_writer_append(&writer, text, strlen(text)); }

static void items_count_once_they_are_written(void **state) {
  int fd = file_limit_open(100);

  (void)state;
  line_writer_init(&writer, '\n');
  stream_init(&writer.stream, fd);
  assert_int_equal(append("one\n"), 0);
  assert_int_equal(append("\n"), 0);
  assert_int_equal(append("no newline"), 0);
  check_counts(0, 0);
  assert_int_equal(line_writer_flush(&writer), 0);
  check_counts(3, 15);
  assert_int_equal(line_writer_flush(&writer), 0);
  check_counts(3, 15);
  file_limit_end();
  assert_int_equal(close(fd), 0);
}

/* The file ends before, within, at the end of and behind the third item. */
static void an_item_that_is_cut_off_does_not_count(void **state) {
  static const struct {
    size_t limit;
    uint64_t items;
    uint64_t bytes;
  } cases[] = {{0, 0, 0}, {3, 0, 0},  {4, 1, 4},   {8, 2, 8},
               {9, 2, 8}, {13, 2, 8}, {14, 3, 14}, {15, 3, 14}};
  size_t i;

  (void)state;
  for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    int fd = file_limit_open(cases[i].limit);
    line_writer_init(&writer, '\0');
    stream_init(&writer.stream, fd);
    assert_int_equal(line_writer_append(&writer, "one", 4), 0);
    assert_int_equal(line_writer_append(&writer, "t\nw", 4), 0);
    assert_int_equal(line_writer_append(&writer, "three", 6), 0);
    assert_int_equal(line_writer_append(&writer, "four", 4), 0);
    assert_int_equal(line_writer_flush(&writer), UV_EFBIG);
    file_limit_end();
    check_counts(cases[i].items, cases[i].bytes);
    assert_int_equal(line_writer_flush(&writer), 0); /* the buffer is empty */
    check_counts(cases[i].items, cases[i].bytes);
    assert_int_equal(close(fd), 0);
  }
}

static void an_item_may_be_larger_than_the_buffer(void **state) {
  const size_t size = 2 * LINE_WRITER_SIZE;
  char *text = calloc(1, size);
  int fd = file_limit_open(size + 4);

  (void)state;
  assert_non_null(text);
  line_writer_init(&writer, '\n');
  stream_init(&writer.stream, fd);
  assert_int_equal(append("one\n"), 0);
  assert_int_equal(line_writer_append(&writer, text, size), 0);
  check_counts(2, 4 + size);
  assert_int_equal(line_writer_append(&writer, text, size), UV_EFBIG);
  check_counts(2, 4 + size);
  file_limit_end();
  assert_int_equal(close(fd), 0);
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      bounded_test(items_count_once_they_are_written),
      bounded_test(an_item_that_is_cut_off_does_not_count),
      bounded_test(an_item_may_be_larger_than_the_buffer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

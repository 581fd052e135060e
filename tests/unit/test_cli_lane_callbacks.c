/* unit.cli_lane_callbacks: when the consumer writes a line. A write is a datagram of a socket. */

#include <errno.h>
#include <sys/socket.h>

#include "cli/lane_callbacks.h"
#include "lib/bounded.h"

#define LINES 1000
#define FLUSH_NS (50 * US_NS)

static struct options options;
static struct lane_callbacks callbacks;
static handoff_lane_t lane = {.data = &callbacks};
static handoff_lane_options_t lane_options;
static int sockets[2];

static void begin(uint64_t interval_ns) {
  bounded_start();
  options = (struct options){.source = "/dev/null",
                             .delimiter = '\n',
                             .interval_ns = {0, interval_ns},
                             .capacity = 1,
                             .queued_bytes = SIZE_MAX};
  assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets), 0);
  assert_int_equal(lane_callbacks_init(&callbacks, &options), 0);
  stream_init(&callbacks.writer.stream, sockets[0]);
  lane_options = lane_callbacks_options(&callbacks);
}

static int tear_down(void **state) {
  (void)state;
  lane_callbacks_close(&callbacks);
  return close(sockets[0]) != 0 || close(sockets[1]) != 0;
}

static void consume(bool is_last_buffered) {
  struct line line = {.data = "line\n", .size = 5, .is_last_buffered = is_last_buffered};
  assert_int_equal(lane_options.consume(&lane, &line), 0);
}

/* Reads a write, if there is one. Returns: its size, or 0. */
static size_t take_write(void) {
  char buffer[LINE_WRITER_SIZE];
  const ssize_t n = recv(sockets[1], buffer, sizeof buffer, MSG_DONTWAIT);
  assert_true(n > 0 || errno == EAGAIN);
  return n > 0 ? (size_t)n : 0;
}

static void a_paced_line_is_written_at_once(void **state) {
  int i;
  (void)state;
  begin(FLUSH_NS + 1);
  for (i = 0; i < LINES; i++) {
    consume(false);
    assert_int_equal(take_write(), 5);
  }
}

/* The test's own clock counts how many writes there may be. */
static void fast_lines_are_written_every_50_us(void **state) {
  const uint64_t begun_ns = uv_hrtime();
  uint64_t writes = 0;
  size_t written = 0;
  int i;
  (void)state;
  begin(FLUSH_NS);
  for (i = 0; i < LINES; i++) {
    const size_t size = (consume(false), take_write());
    writes += size != 0;
    written += size;
  }
  assert_in_range(writes, 1, (uv_hrtime() - begun_ns) / FLUSH_NS + 1);
  assert_int_equal(written + callbacks.writer.filled, 5 * LINES);
}

static void nothing_is_held_back_while_the_source_is_read(void **state) {
  static const uint64_t intervals_ns[] = {0, 1, FLUSH_NS};
  size_t i;
  (void)state;
  for (i = 0; i < sizeof intervals_ns / sizeof intervals_ns[0]; i++) {
    size_t size;
    begin(intervals_ns[i]);
    consume(false);
    size = take_write();
    consume(true);
    assert_int_equal(size + take_write(), 10);
    assert_int_equal(callbacks.writer.filled, 0);
    assert_int_equal(tear_down(NULL), 0);
  }
  begin(0);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(a_paced_line_is_written_at_once, tear_down),
      cmocka_unit_test_teardown(fast_lines_are_written_every_50_us, tear_down),
      cmocka_unit_test_teardown(nothing_is_held_back_while_the_source_is_read, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

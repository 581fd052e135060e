/* unit.cli_byte_limit: how many bytes are queued at most, and what ends the wait for room. */

#include <stdatomic.h>

#include <uv.h>

#include "cli/byte_limit.h"
#include "handoff.h"
#include "lib/bounded.h"

#define LIMIT ((size_t)4096)
#define LINES 20000

static struct byte_limit limit;
static handoff_slot_t slot;
static atomic_size_t queued;

static int set_up(void **state) {
  (void)state;
  bounded_start();
  return byte_limit_init(&limit, LIMIT);
}

static int tear_down(void **state) {
  (void)state;
  byte_limit_destroy(&limit);
  return 0;
}

static void a_line_of_any_length_can_be_queued(void **state) {
  (void)state;
  byte_limit_add(&limit, LIMIT);
  byte_limit_add(&limit, 100 * LIMIT);
  byte_limit_remove(&limit, LIMIT);
  byte_limit_remove(&limit, 100 * LIMIT);
  byte_limit_add(&limit, LIMIT);
}

/* The consumer tells the producer of lines in groups. What it has not told is no reason to wait. */
static void an_empty_queue_always_has_room(void **state) {
  int i;
  (void)state;
  for (i = 0; i < 10000; i++) {
    byte_limit_add(&limit, (size_t)i % (LIMIT / 4));
    byte_limit_remove(&limit, (size_t)i % (LIMIT / 4));
  }
}

static void remove_lines(void *arg) {
  size_t size;
  (void)arg;
  while (handoff_slot_get(&slot, &size) == 0) {
    atomic_fetch_sub(&queued, size);
    byte_limit_remove(&limit, size);
  }
}

/* The queue has room for all lines, so only the limit keeps the producer from filling it. */
static void the_queued_lines_exceed_the_limit_by_one_at_most(void **state) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(size_t));
  uv_thread_t consumer;
  size_t i;
  (void)state;
  options.capacity = LINES;
  assert_int_equal(handoff_slot_init(&slot, &options), 0);
  for (i = 1; i <= LINES; i++) {
    const size_t size = i * 7919 % 1000;
    if (i == 4) { /* The limit is not reached yet. */
      assert_int_equal(uv_thread_create(&consumer, remove_lines, NULL), 0);
    }
    byte_limit_add(&limit, size);
    assert_in_range(atomic_fetch_add(&queued, size), 0, LIMIT);
    assert_int_equal(handoff_slot_put(&slot, &size), 0);
  }
  handoff_slot_shut(&slot);
  uv_thread_join(&consumer);
  handoff_slot_destroy(&slot);
}

static void add_two_lines(void *arg) {
  (void)arg;
  byte_limit_add(&limit, LIMIT + 1);
  byte_limit_add(&limit, 1);
  byte_limit_add(&limit, LIMIT);
}

static void the_end_ends_every_wait(void **state) {
  uv_thread_t producer;
  (void)state;
  assert_int_equal(uv_thread_create(&producer, add_two_lines, NULL), 0);
  byte_limit_end(&limit);
  uv_thread_join(&producer);
}

int main(void) {
#define limit_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
  static const struct CMUnitTest tests[] = {
      limit_test(a_line_of_any_length_can_be_queued),
      limit_test(an_empty_queue_always_has_room),
      limit_test(the_queued_lines_exceed_the_limit_by_one_at_most),
      limit_test(the_end_ends_every_wait),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

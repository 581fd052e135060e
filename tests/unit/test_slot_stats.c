/* unit.slot_stats: the counters of a slot, and its dump. */

#include <stdio.h>
#include <string.h>

#include "lib/bounded.h"
#include "lib/call.h"
#include "lib/loop.h"
#include "lib/slot.h"
#include "slot/lifecycle.h"

static handoff_slot_t slot;

static void set_up(size_t capacity, handoff_overflow_t overflow) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  options.capacity = capacity;
  options.overflow = overflow;
  options.name = "lunch";
  slot = slot_with(&options);
}

static handoff_slot_stats_t stats_of_slot(void) {
  handoff_slot_stats_t stats = {.size = sizeof stats};
  assert_int_equal(handoff_slot_stats(&slot, &stats), 0);
  assert_int_equal(stats.size, sizeof stats);
  assert_int_equal(stats.puts, stats.gets + stats.evicted + stats.discarded + stats.count);
  return stats;
}

/* ------------------------------------------------------------------------------------- stats -- */

static void a_new_slots_counters_are_0(void **state) {
  const handoff_slot_stats_t zero = {.size = sizeof zero};
  handoff_slot_stats_t stats;
  (void)state;
  set_up(3, HANDOFF_BLOCK);
  stats = stats_of_slot();
  assert_memory_equal(&stats, &zero, sizeof stats);
  handoff_slot_destroy(&slot);
}

/* A caller that was compiled with a shorter struct, or with a longer one. */
static void stats_fill_no_more_than_the_callers_size(void **state) {
  struct {
    handoff_slot_stats_t stats;
    unsigned char beyond[sizeof(handoff_slot_stats_t)];
  } caller;
  handoff_slot_stats_t all;
  size_t size;
  (void)state;
  set_up(3, HANDOFF_BLOCK);
  slot_put_items(&slot, 1, 3);
  slot_get_items(&slot, 1, 1);
  all = stats_of_slot();
  for (size = sizeof all.size; size <= sizeof caller; size++) {
    const size_t filled = size < sizeof all ? size : sizeof all;
    size_t i;
    memset(&caller, '#', sizeof caller);
    caller.stats.size = size;
    assert_int_equal(handoff_slot_stats(&slot, &caller.stats), 0);
    assert_int_equal(caller.stats.size, filled);
    assert_memory_equal((char *)&caller + sizeof size, (char *)&all + sizeof size,
                        filled - sizeof size);
    for (i = filled; i < sizeof caller; i++) {
      assert_int_equal(((char *)&caller)[i], '#');
    }
  }
  caller.stats.size = 0;
  assert_int_equal(handoff_slot_stats(&slot, &caller.stats), UV_EINVAL);
  caller.stats.size = sizeof size - 1;
  assert_int_equal(handoff_slot_stats(&slot, &caller.stats), UV_EINVAL);
  handoff_slot_destroy(&slot);
}

static void items_are_counted(void **state) {
  handoff_slot_stats_t stats;
  (void)state;
  set_up(3, HANDOFF_BLOCK);
  slot_put_items(&slot, 1, 2);
  slot_get_items(&slot, 1, 1);
  slot_put_items(&slot, 3, 1);
  stats = stats_of_slot();
  assert_int_equal(stats.puts, 3);
  assert_int_equal(stats.gets, 1);
  assert_int_equal(stats.count, 2);
  assert_int_equal(stats.high_water, 2);
  slot_get_items(&slot, 2, 2);
  assert_int_equal(stats_of_slot().high_water, 2);
  slot_put_items(&slot, 4, 3);
  assert_int_equal(stats_of_slot().high_water, 3);
  assert_int_equal(handoff_slot_abort(&slot), 3);
  stats = stats_of_slot();
  assert_int_equal(stats.discarded, 3);
  assert_int_equal(stats.count, 0);
  assert_int_equal(stats.high_water, 3);
  handoff_slot_destroy(&slot);
}

static void evicted_items_are_counted_and_do_not_raise_the_high_water(void **state) {
  handoff_slot_stats_t stats;
  (void)state;
  set_up(2, HANDOFF_DROP_OLDEST);
  slot_put_items(&slot, 1, 7);
  stats = stats_of_slot();
  assert_int_equal(stats.puts, 7);
  assert_int_equal(stats.evicted, 5);
  assert_int_equal(stats.count, 2);
  assert_int_equal(stats.high_water, 2);
  handoff__slot_reset(&slot);
  slot_put_items(&slot, 1, 1);
  assert_int_equal(stats_of_slot().high_water, 2);
  handoff_slot_destroy(&slot);
}

static void discarded_items_do_not_raise_the_high_water(void **state) {
  uint64_t round;
  (void)state;
  set_up(3, HANDOFF_DROP_OLDEST);
  for (round = 1; round <= 3; round++) {
    slot_put_items(&slot, 1, round);
    assert_int_equal(stats_of_slot().high_water, round);
    handoff__slot_reset(&slot);
  }
  handoff_slot_destroy(&slot);
}

static void waits_are_counted_on_the_side_that_waits(void **state) {
  handoff_slot_stats_t stats;
  uint64_t rest_ns = 20 * MS_NS;
  call_t calls[2];
  uint64_t got[2];
  (void)state;
  set_up(1, HANDOFF_BLOCK);
  call_get(&calls[0], &slot, &got[0], HANDOFF_NEVER);
  queued_await_getters(&slot, 1);
  do { /* until the second thread has waited too */
    call_get(&calls[1], &slot, &got[1], uv_hrtime() + rest_ns);
    assert_int_equal(call_end(&calls[1]), UV_ETIMEDOUT);
    rest_ns *= 2;
    stats = stats_of_slot();
  } while (stats.consumer.waits == 1);
  assert_int_equal(stats.consumer.waiting, 1);
  assert_int_equal(stats.consumer.waits, 2);
  assert_int_equal(stats.consumer.timeouts, 1);
  assert_true(stats.consumer.blocked_ns > 0); /* of the second; the first wait is not over */
  slot_put_items(&slot, 1, 1);
  assert_int_equal(call_end(&calls[0]), 0);
  /* The first wait began before the second one and ended after it. */
  assert_true(stats_of_slot().consumer.blocked_ns >= 2 * stats.consumer.blocked_ns);
  stats = stats_of_slot();
  assert_int_equal(stats.consumer.waiting, 0);
  assert_int_equal(stats.consumer.waits, 2);
  assert_int_equal(stats.consumer.cancels, 0);
  assert_int_equal(stats.producer.waits, 0);
  assert_int_equal(stats.puts, 1);
  assert_int_equal(stats.gets, 1);
  handoff_slot_destroy(&slot);
}

static void a_rendezvous_is_counted(void **state) {
  handoff_slot_stats_t stats;
  call_t call;
  uint64_t item = 1;
  (void)state;
  set_up(0, HANDOFF_BLOCK);
  call_put(&call, &slot, &item, HANDOFF_NEVER);
  queued_await_putters(&slot, 1);
  assert_int_equal(stats_of_slot().producer.waiting, 1);
  slot_get_items(&slot, 1, 1);
  assert_int_equal(call_end(&call), 0);
  stats = stats_of_slot();
  assert_int_equal(stats.puts, 1);
  assert_int_equal(stats.gets, 1);
  assert_int_equal(stats.high_water, 0);
  assert_int_equal(stats.producer.waits, 1);
  assert_true(stats.producer.blocked_ns > 0);
  handoff_slot_destroy(&slot);
}

static void on_cancelled(handoff_req_t *req, int status) {
  (void)req;
  assert_int_equal(status, UV_ECANCELED);
}

static void cancelled_requests_are_counted(void **state) {
  loop_fixture_t *fixture = *state;
  handoff_slot_stats_t stats;
  handoff_req_t req = {.data = NULL};
  uint64_t item;
  set_up(1, HANDOFF_BLOCK);
  assert_int_equal(handoff_port_get(&fixture->port, &req, &slot, &item, on_cancelled), 0);
  assert_int_equal(stats_of_slot().consumer.waiting, 1);
  assert_int_equal(handoff_cancel(&req), 0);
  uv_run(&fixture->loop, UV_RUN_DEFAULT);
  stats = stats_of_slot();
  assert_int_equal(stats.consumer.waiting, 0);
  assert_int_equal(stats.consumer.waits, 1);
  assert_int_equal(stats.consumer.cancels, 1);
  assert_int_equal(stats.consumer.timeouts, 0);
  assert_int_equal(stats.consumer.blocked_ns, 0); /* no thread waited */
  handoff_slot_destroy(&slot);
}

/* -------------------------------------------------------------------------------------- dump -- */

static void assert_dump(const char *expected) {
  char text[200];
  assert_int_equal(handoff_slot_dump(&slot, text, sizeof text), strlen(expected));
  assert_string_equal(text, expected);
}

static void a_dump_names_the_slot_and_counts_its_items(void **state) {
  (void)state;
  set_up(3, HANDOFF_BLOCK);
  slot_put_items(&slot, 1, 2);
  slot_get_items(&slot, 1, 1);
  assert_dump("slot lunch: open, 1 of 3 items, 2 puts, 1 gets\n");
  handoff_slot_shut(&slot);
  assert_dump("slot lunch: shut, 1 of 3 items, 2 puts, 1 gets\n");
  handoff_slot_destroy(&slot);
  slot = slot_new(1, 1);
  assert_dump("slot without a name: open, 0 of 1 items, 0 puts, 0 gets\n");
  handoff_slot_destroy(&slot);
}

static void a_dump_lists_the_waiters(void **state) {
  loop_fixture_t *fixture = *state;
  handoff_req_t req = {.data = NULL};
  char text[300];
  char expected[60];
  call_t call;
  uint64_t item;
  uint64_t got;
  char end;
  set_up(1, HANDOFF_BLOCK);
  call_get(&call, &slot, &got, HANDOFF_NEVER);
  queued_await_getters(&slot, 1);
  assert_int_equal(handoff_port_get(&fixture->port, &req, &slot, &item, on_cancelled), 0);
  assert_true(handoff_slot_dump(&slot, text, sizeof text) > 0);
  assert_non_null(strstr(text, "slot lunch: open, 0 of 1 items, 0 puts, 0 gets\n  thread 0x"));
  assert_int_equal(
      sscanf(strstr(text, "  thread"), "  thread 0x%*x waits to get for %*u.%*3u s%c", &end), 1);
  (void)snprintf(expected, sizeof expected, "\n  request 0x%jx waits to get for ",
                 (uintmax_t)(uintptr_t)&req);
  assert_non_null(strstr(text, expected));
  slot_put_items(&slot, 1, 1);
  assert_int_equal(call_end(&call), 0);
  assert_int_equal(handoff_cancel(&req), 0);
  uv_run(&fixture->loop, UV_RUN_DEFAULT);
  handoff_slot_destroy(&slot);
}

static void a_dump_is_truncated_to_the_buffer(void **state) {
  char whole[200];
  char text[200];
  int length;
  size_t size;
  (void)state;
  set_up(1, HANDOFF_BLOCK);
  length = handoff_slot_dump(&slot, whole, sizeof whole);
  assert_int_equal(handoff_slot_dump(&slot, NULL, 0), length);
  for (size = 1; size <= (size_t)length + 1; size++) {
    memset(text, '#', sizeof text);
    assert_int_equal(handoff_slot_dump(&slot, text, size), length);
    assert_int_equal(strlen(text), size - 1);
    assert_memory_equal(text, whole, size - 1);
    assert_int_equal(text[size], '#');
  }
  handoff_slot_destroy(&slot);
}

static void misuse_is_refused(void **state) {
  handoff_slot_stats_t stats = {.size = sizeof stats};
  char text[8];
  (void)state;
  set_up(1, HANDOFF_BLOCK);
  assert_int_equal(handoff_slot_stats(&slot, NULL), UV_EINVAL);
  assert_int_equal(handoff_slot_stats(NULL, &stats), UV_EINVAL);
  assert_int_equal(handoff_slot_dump(NULL, text, sizeof text), UV_EINVAL);
  assert_int_equal(handoff_slot_dump(&slot, NULL, 1), UV_EINVAL);
  handoff_slot_destroy(&slot);
  assert_int_equal(handoff_slot_stats(&slot, &stats), UV_EINVAL);
  assert_int_equal(handoff_slot_dump(&slot, text, sizeof text), UV_EINVAL);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      bounded_test(a_new_slots_counters_are_0),
      bounded_test(stats_fill_no_more_than_the_callers_size),
      bounded_test(items_are_counted),
      bounded_test(evicted_items_are_counted_and_do_not_raise_the_high_water),
      bounded_test(discarded_items_do_not_raise_the_high_water),
      bounded_test(waits_are_counted_on_the_side_that_waits),
      bounded_test(a_rendezvous_is_counted),
      loop_test(cancelled_requests_are_counted),
      bounded_test(a_dump_names_the_slot_and_counts_its_items),
      loop_test(a_dump_lists_the_waiters),
      bounded_test(a_dump_is_truncated_to_the_buffer),
      bounded_test(misuse_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

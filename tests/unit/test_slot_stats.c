/* unit.inspect: what a slot tells of itself: stats, dump; and bind, by which a call that could never return is
 * refused. */

#include <stdio.h>
#include <string.h>

#include "lib/bounded.h"
#include "lib/call.h"
#include "lib/loop.h"
#include "lib/queued.h"

static handoff_slot_t slot;

static void make(size_t capacity, handoff_overflow_t overflow) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  options.capacity = capacity;
  options.overflow = overflow;
  options.name = "lunch";
  assert_int_equal(handoff_slot_init(&slot, &options), 0);
}

static int set_up(void **state) {
  (void)state;
  bounded_start();
  return 0;
}

static handoff_slot_stats_t stats_of_slot(void) {
  handoff_slot_stats_t stats;
  assert_int_equal(handoff_slot_stats(&slot, &stats), 0);
  assert_int_equal(stats.puts, stats.gets + stats.replaced + stats.dropped + stats.count);
  return stats;
}

static void put_some(size_t count) {
  uint64_t item = 0;
  for (; count != 0; count--) {
    assert_int_equal(handoff_slot_try_put(&slot, &item), 0);
  }
}

static void get_some(size_t count) {
  uint64_t item;
  for (; count != 0; count--) {
    assert_int_equal(handoff_slot_try_get(&slot, &item), 0);
  }
}

/* ------------------------------------------------------------------------------------ stats -- */

static void a_new_slot_has_done_nothing(void **state) {
  const handoff_slot_stats_t nothing = {.puts = 0};
  handoff_slot_stats_t stats;
  (void)state;
  make(3, HANDOFF_BLOCK);
  stats = stats_of_slot();
  assert_memory_equal(&stats, &nothing, sizeof stats);
  handoff_slot_destroy(&slot);
}

static void items_are_counted(void **state) {
  handoff_slot_stats_t stats;
  (void)state;
  make(3, HANDOFF_BLOCK);
  put_some(2);
  get_some(1);
  put_some(1); /* 2 again */
  stats = stats_of_slot();
  assert_int_equal(stats.puts, 3);
  assert_int_equal(stats.gets, 1);
  assert_int_equal(stats.count, 2);
  assert_int_equal(stats.high_water, 2);
  get_some(2);
  assert_int_equal(stats_of_slot().high_water, 2);
  put_some(3);
  assert_int_equal(stats_of_slot().high_water, 3);
  assert_int_equal(handoff_slot_abort(&slot), 3);
  stats = stats_of_slot();
  assert_int_equal(stats.dropped, 3);
  assert_int_equal(stats.count, 0);
  assert_int_equal(stats.high_water, 3);
  handoff_slot_destroy(&slot);
}

static void what_is_replaced_is_counted(void **state) {
  handoff_slot_stats_t stats;
  (void)state;
  make(2, HANDOFF_DROP_OLDEST);
  put_some(7);
  stats = stats_of_slot();
  assert_int_equal(stats.puts, 7);
  assert_int_equal(stats.replaced, 5);
  assert_int_equal(stats.count, 2);
  assert_int_equal(stats.high_water, 2);
  handoff_slot_destroy(&slot);
}

static void waits_are_counted_on_the_side_that_waits(void **state) {
  handoff_slot_stats_t stats;
  uint64_t rest_ns = (uint64_t)20 * 1000000;
  call_t calls[2];
  uint64_t got[2];
  (void)state;
  make(1, HANDOFF_BLOCK);
  call_get(&calls[0], &slot, &got[0], HANDOFF_NEVER);
  queued_await_getters(&slot, 1);
  do { /* until it is quick enough to wait at all */
    call_get(&calls[1], &slot, &got[1], uv_hrtime() + rest_ns);
    assert_int_equal(call_end(&calls[1]), UV_ETIMEDOUT);
    rest_ns *= 2;
    stats = stats_of_slot();
  } while (stats.consumer.waits == 1);
  assert_int_equal(stats.consumer.waiting, 1);
  assert_int_equal(stats.consumer.waits, 2);
  assert_int_equal(stats.consumer.timeouts, 1);
  assert_true(stats.consumer.blocked_ns > 0); /* the second has; the first does yet */
  put_some(1);
  assert_int_equal(call_end(&calls[0]), 0);
  /* It has waited at least from before the other's wait to after it. */
  assert_true(stats_of_slot().sides[HANDOFF_CONSUMER].blocked_ns >= 2 * stats.consumer.blocked_ns);
  stats = stats_of_slot();
  assert_int_equal(stats.consumer.waiting, 0);
  assert_int_equal(stats.consumer.waits, 2);
  assert_int_equal(stats.consumer.cancels, 0);
  assert_int_equal(stats.producer.waits, 0);
  assert_int_equal(stats.puts, 1);
  assert_int_equal(stats.gets, 1);
  handoff_slot_destroy(&slot);
}

static void a_rendezvous_is_counted_too(void **state) {
  handoff_slot_stats_t stats;
  call_t call;
  uint64_t item = 1;
  (void)state;
  make(0, HANDOFF_BLOCK);
  call_put(&call, &slot, &item, HANDOFF_NEVER);
  queued_await_putters(&slot, 1);
  assert_int_equal(stats_of_slot().sides[HANDOFF_PRODUCER].waiting, 1);
  get_some(1);
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
  make(1, HANDOFF_BLOCK);
  assert_int_equal(handoff_port_get(&fixture->port, &req, &slot, &item, on_cancelled), 0);
  assert_int_equal(stats_of_slot().sides[HANDOFF_CONSUMER].waiting, 1);
  assert_int_equal(handoff_cancel(&req), 0);
  uv_run(&fixture->loop, UV_RUN_DEFAULT);
  stats = stats_of_slot();
  assert_int_equal(stats.consumer.waiting, 0);
  assert_int_equal(stats.consumer.waits, 1);
  assert_int_equal(stats.consumer.cancels, 1);
  assert_int_equal(stats.consumer.timeouts, 0);
  assert_int_equal(stats.consumer.blocked_ns, 0); /* no thread was */
  handoff_slot_destroy(&slot);
}

/* ------------------------------------------------------------------------------------- dump -- */

static void a_dump_names_the_slot_and_its_items(void **state) {
  char text[200];
  const char *expected = "slot lunch: open, 1 of 3 items, 2 puts, 1 gets\n";
  handoff_slot_options_t options = handoff_slot_options(1);
  (void)state;
  make(3, HANDOFF_BLOCK);
  put_some(2);
  get_some(1);
  assert_int_equal(handoff_slot_dump(&slot, text, sizeof text), strlen(expected));
  assert_string_equal(text, expected);
  handoff_slot_shut(&slot);
  assert_true(handoff_slot_dump(&slot, text, sizeof text) > 0);
  assert_string_equal(text, "slot lunch: shut, 1 of 3 items, 2 puts, 1 gets\n");
  handoff_slot_destroy(&slot);
  assert_int_equal(handoff_slot_init(&slot, &options), 0);
  assert_true(handoff_slot_dump(&slot, text, sizeof text) > 0);
  assert_string_equal(text, "slot without a name: open, 0 of 1 items, 0 puts, 0 gets\n");
  handoff_slot_destroy(&slot);
}

static void a_dump_names_who_waits(void **state) {
  loop_fixture_t *fixture = *state;
  handoff_req_t req = {.data = NULL};
  char text[300];
  char expected[60];
  call_t call;
  uint64_t item;
  uint64_t got;
  char end;
  make(1, HANDOFF_BLOCK);
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
  put_some(1);
  assert_int_equal(call_end(&call), 0);
  assert_int_equal(handoff_cancel(&req), 0);
  uv_run(&fixture->loop, UV_RUN_DEFAULT);
  handoff_slot_destroy(&slot);
}

static void a_dump_is_cut_to_the_buffer(void **state) {
  char whole[200];
  char text[200];
  int length;
  size_t size;
  (void)state;
  make(1, HANDOFF_BLOCK);
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

/* ------------------------------------------------------------------------------------- bind -- */

static void a_call_that_only_this_thread_could_end_is_refused(void **state) {
  uint64_t item = 3;
  (void)state;
  make(1, HANDOFF_BLOCK);
  assert_int_equal(handoff_slot_bind(&slot, HANDOFF_PRODUCER), 0);
  assert_int_equal(handoff_slot_get(&slot, &item), UV_EBUSY);
  assert_int_equal(handoff_slot_get_until(&slot, &item, HANDOFF_NEVER), UV_EBUSY);
  assert_int_equal(handoff_slot_get_until(&slot, &item, 0),
                   UV_ETIMEDOUT); /* it would not have waited */
  assert_int_equal(handoff_slot_try_get(&slot, &item), UV_EAGAIN);
  assert_int_equal(item, 3);
  assert_int_equal(handoff_slot_put(&slot, &item), 0); /* what need not wait is done */
  assert_int_equal(handoff_slot_bind(&slot, HANDOFF_CONSUMER), 0);
  assert_int_equal(handoff_slot_put(&slot, &item), UV_EBUSY);
  assert_int_equal(handoff_slot_put_until(&slot, &item, HANDOFF_NEVER), UV_EBUSY);
  assert_int_equal(handoff_slot_get(&slot, &item), 0);
  handoff_slot_shut(&slot);
  assert_int_equal(handoff_slot_put(&slot, &item), UV_EPIPE);
  assert_int_equal(handoff_slot_get(&slot, &item), UV_EOF);
  handoff_slot_destroy(&slot);
}

static void at_capacity_0_it_is_refused_too(void **state) {
  uint64_t item = 3;
  (void)state;
  make(0, HANDOFF_BLOCK);
  assert_int_equal(handoff_slot_bind(&slot, HANDOFF_CONSUMER), 0);
  assert_int_equal(handoff_slot_put(&slot, &item), UV_EBUSY);
  handoff_slot_destroy(&slot);
}

static void other_threads_wait_as_ever(void **state) {
  call_t call;
  uint64_t got = 0;
  uint64_t item = 3;
  (void)state;
  make(1, HANDOFF_BLOCK);
  assert_int_equal(handoff_slot_bind(&slot, HANDOFF_PRODUCER), 0);
  call_get(&call, &slot, &got, HANDOFF_NEVER);
  queued_await_getters(&slot, 1);
  assert_int_equal(handoff_slot_put(&slot, &item), 0);
  assert_int_equal(call_end(&call), 0);
  assert_int_equal(got, 3);
  handoff_slot_destroy(&slot);
}

static void bind_again(void *arg) {
  (void)arg;
  assert_int_equal(handoff_slot_bind(&slot, HANDOFF_CONSUMER), 0);
}

static void a_promise_can_be_moved_to_another_thread(void **state) {
  uv_thread_t thread;
  call_t call;
  uint64_t items[2] = {1, 2};
  (void)state;
  make(1, HANDOFF_BLOCK);
  put_some(1);
  assert_int_equal(handoff_slot_bind(&slot, HANDOFF_CONSUMER), 0);
  assert_int_equal(uv_thread_create(&thread, bind_again, NULL), 0);
  assert_int_equal(uv_thread_join(&thread), 0);
  call_get(&call, &slot, &items[1], HANDOFF_NEVER); /* makes room, sooner or later */
  assert_int_equal(handoff_slot_put(&slot, &items[0]), 0);
  assert_int_equal(call_end(&call), 0);
  handoff_slot_destroy(&slot);
}

static void misuse_is_refused(void **state) {
  handoff_slot_stats_t stats;
  char text[8];
  (void)state;
  make(1, HANDOFF_BLOCK);
  assert_int_equal(handoff_slot_stats(&slot, NULL), UV_EINVAL);
  assert_int_equal(handoff_slot_stats(NULL, &stats), UV_EINVAL);
  assert_int_equal(handoff_slot_dump(NULL, text, sizeof text), UV_EINVAL);
  assert_int_equal(handoff_slot_dump(&slot, NULL, 1), UV_EINVAL);
  assert_int_equal(handoff_slot_bind(NULL, HANDOFF_CONSUMER), UV_EINVAL);
  assert_int_equal(handoff_slot_bind(&slot, (handoff_side_t)2), UV_EINVAL);
  handoff_slot_destroy(&slot);
  assert_int_equal(handoff_slot_stats(&slot, &stats), UV_EINVAL);
  assert_int_equal(handoff_slot_dump(&slot, text, sizeof text), UV_EINVAL);
  assert_int_equal(handoff_slot_bind(&slot, HANDOFF_CONSUMER), UV_EINVAL);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(a_new_slot_has_done_nothing, set_up),
      cmocka_unit_test_setup(items_are_counted, set_up),
      cmocka_unit_test_setup(what_is_replaced_is_counted, set_up),
      cmocka_unit_test_setup(waits_are_counted_on_the_side_that_waits, set_up),
      cmocka_unit_test_setup(a_rendezvous_is_counted_too, set_up),
      loop_test(cancelled_requests_are_counted),
      cmocka_unit_test_setup(a_dump_names_the_slot_and_its_items, set_up),
      loop_test(a_dump_names_who_waits),
      cmocka_unit_test_setup(a_dump_is_cut_to_the_buffer, set_up),
      cmocka_unit_test_setup(a_call_that_only_this_thread_could_end_is_refused, set_up),
      cmocka_unit_test_setup(at_capacity_0_it_is_refused_too, set_up),
      cmocka_unit_test_setup(other_threads_wait_as_ever, set_up),
      cmocka_unit_test_setup(a_promise_can_be_moved_to_another_thread, set_up),
      cmocka_unit_test_setup(misuse_is_refused, set_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

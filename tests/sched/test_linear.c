/* sched.linear: the linearizability check by itself. Most tests have two histories that differ in
 * one detail: one is linearizable, the other is not. */

#include <string.h>

#include "lib/bounded.h"
#include "sched/linear.h"

static history_t h;

static void start(size_t capacity) {
  memset(&h, 0, sizeof h);
  h.capacity = capacity;
}

static call_t *add(call_type_t type, call_mode_t mode, int item, int result, uint64_t invoked,
                   uint64_t responded) {
  call_t *call = &h.calls[h.count];
  call->type = type;
  call->mode = mode;
  call->thread = h.count++; /* each call has its own thread unless a test changes that */
  call->item = item;
  call->result = result;
  call->invoked = invoked;
  call->queued = NOT_YET;
  call->responded = responded;
  return call;
}

static call_t *put(int item, uint64_t invoked, uint64_t responded) {
  return add(CALL_PUT, MODE_BLOCK, item, 0, invoked, responded);
}

static call_t *get(int item, uint64_t invoked, uint64_t responded) {
  return add(CALL_GET, MODE_BLOCK, item, 0, invoked, responded);
}

static call_t *failed(call_type_t type, int result, uint64_t invoked, uint64_t responded) {
  return add(type, MODE_TRY, -1, result, invoked, responded);
}

static call_t *shut(uint64_t invoked, uint64_t responded) {
  return add(CALL_SHUT, MODE_BLOCK, -1, 0, invoked, responded);
}

static void assert_linearizable(void) { assert_int_equal(linear_check(&h), LINEAR_YES); }
static void assert_not_linearizable(void) { assert_int_equal(linear_check(&h), LINEAR_NO); }

static void items_are_fifo(void **state) {
  (void)state;
  start(2);
  put(0, 1, 2), put(1, 3, 4), get(0, 5, 6), get(1, 7, 8);
  assert_linearizable();
  start(2);
  put(0, 1, 2), put(1, 3, 4), get(1, 5, 6), get(0, 7, 8);
  assert_not_linearizable();
  start(2); /* concurrent puts, in either order */
  put(0, 1, 10), put(1, 2, 9), get(1, 11, 12), get(0, 13, 14);
  assert_linearizable();
}

static void a_get_does_not_respond_before_its_put_is_invoked(void **state) {
  (void)state;
  start(1);
  put(0, 2, 4), get(0, 1, 3);
  assert_linearizable();
  start(1);
  put(0, 3, 4), get(0, 1, 2);
  assert_not_linearizable();
}

static void a_full_slot_accepts_no_put(void **state) {
  (void)state;
  start(1);
  put(0, 1, 2), put(1, 3, 6), get(0, 4, 5), get(1, 7, 8);
  assert_linearizable();
  start(1);
  put(0, 1, 2), put(1, 3, 4), get(0, 5, 6), get(1, 7, 8);
  assert_not_linearizable();
}

static void a_try_fails_only_if_the_slot_is_full_or_empty(void **state) {
  (void)state;
  start(1);
  put(0, 1, 2), failed(CALL_PUT, UV_EAGAIN, 3, 4), get(0, 5, 6);
  assert_linearizable();
  start(2);
  put(0, 1, 2), failed(CALL_PUT, UV_EAGAIN, 3, 4), get(0, 5, 6);
  assert_not_linearizable();
  start(1);
  failed(CALL_GET, UV_EAGAIN, 1, 2), put(0, 3, 4), get(0, 5, 6);
  assert_linearizable();
  start(1);
  put(0, 1, 2), failed(CALL_GET, UV_EAGAIN, 3, 4), get(0, 5, 6);
  assert_not_linearizable();
}

static void a_timed_out_put_found_the_slot_full_before_it_slept(void **state) {
  (void)state;
  start(1);
  put(0, 1, 2), add(CALL_PUT, MODE_DEADLINE, -1, UV_ETIMEDOUT, 3, 9)->queued = 4, get(0, 5, 6);
  assert_linearizable();
  start(1);
  put(0, 4, 5), add(CALL_PUT, MODE_DEADLINE, -1, UV_ETIMEDOUT, 1, 9)->queued = 2, get(0, 6, 7);
  assert_not_linearizable();
}

static void no_call_overtakes_a_waiter(void **state) {
  (void)state;
  start(1);
  put(0, 1, 2), put(1, 3, 15)->queued = 4, put(2, 5, 16), get(0, 6, 7), get(1, 8, 9),
                          get(2, 10, 11);
  assert_linearizable();
  h.calls[1].queued = NOT_YET;
  assert_linearizable();
  start(1);
  put(0, 1, 2), put(1, 3, 15)->queued = 4, put(2, 5, 16), get(0, 6, 7), get(2, 8, 9),
                          get(1, 10, 11);
  assert_not_linearizable();
  h.calls[1].queued = NOT_YET; /* it may have been queued later */
  assert_linearizable();
}

static void callbacks_of_one_loop_are_in_item_order(void **state) {
  int later;
  (void)state;
  for (later = 0; later < 2; later++) {
    start(2);
    put(0, 3, 4), put(1, 5, 6);
    get(0, 1, later == 1 ? 9u : 7u)->mode = MODE_REQUEST;
    get(1, 2, 8)->mode = MODE_REQUEST;
    h.calls[2].thread = h.calls[3].thread = 7;
    (later == 1 ? assert_not_linearizable : assert_linearizable)();
    h.calls[3].thread = 8;
    assert_linearizable();
  }
}

static void with_capacity_0_a_put_and_a_get_overlap(void **state) {
  (void)state;
  start(0);
  put(0, 1, 3), get(0, 2, 4);
  assert_linearizable();
  start(0);
  put(0, 1, 2), get(0, 3, 4);
  assert_not_linearizable();
  start(0); /* at least one of the two must wait */
  put(0, 1, 3), get(0, 2, 4)->mode = MODE_TRY;
  assert_linearizable();
  h.calls[0].mode = MODE_TRY;
  assert_not_linearizable();
  start(0);
  get(0, 1, 6)->queued = 4, failed(CALL_PUT, UV_EAGAIN, 2, 3), put(0, 5, 7);
  assert_linearizable();
  start(0);
  get(0, 1, 6)->queued = 2, failed(CALL_PUT, UV_EAGAIN, 3, 4), put(0, 5, 7);
  assert_not_linearizable();
}

static void shut_cannot_be_undone(void **state) {
  (void)state;
  start(1);
  shut(1, 2), failed(CALL_PUT, UV_EPIPE, 3, 4), failed(CALL_GET, UV_EOF, 5, 6);
  assert_linearizable();
  h.calls[1].result = UV_EAGAIN;
  assert_not_linearizable();
  start(1);
  failed(CALL_PUT, UV_EPIPE, 1, 2), shut(3, 4);
  assert_not_linearizable();
  start(1);
  shut(1, 2), put(0, 3, 4), get(0, 5, 6);
  assert_not_linearizable();
}

static void remaining_items_can_be_got_after_shut(void **state) {
  (void)state;
  start(1);
  put(0, 1, 2), shut(3, 4), get(0, 5, 6), failed(CALL_GET, UV_EOF, 7, 8);
  assert_linearizable();
  start(1);
  put(0, 1, 2), shut(3, 4), failed(CALL_GET, UV_EOF, 5, 6), get(0, 7, 8);
  assert_not_linearizable();
}

static void shut_refuses_no_waiter_that_has_room(void **state) {
  (void)state;
  start(1);
  put(0, 1, 2), failed(CALL_PUT, UV_EPIPE, 3, 9)->queued = 4, shut(5, 6), get(0, 7, 8);
  assert_linearizable();
  start(1);
  put(0, 1, 2), failed(CALL_PUT, UV_EPIPE, 3, 9)->queued = 4, get(0, 5, 6), shut(7, 8);
  assert_not_linearizable();
  h.calls[1].queued = NOT_YET;
  assert_linearizable();
}

static void destroy_finalizes_the_remaining_items_in_order(void **state) {
  (void)state;
  start(2);
  put(3, 1, 2), put(5, 3, 4);
  h.remaining[0] = 3, h.remaining[1] = 5, h.remaining_count = 2;
  assert_linearizable();
  h.remaining[0] = 5, h.remaining[1] = 3;
  assert_not_linearizable();
  h.remaining[0] = 3, h.remaining_count = 1;
  assert_not_linearizable();
}

static void a_put_into_a_full_slot_evicts_the_oldest(void **state) {
  call_t *third;
  (void)state;
  start(2);
  h.drops_oldest = true;
  put(0, 1, 2), put(1, 3, 4), third = put(2, 5, 6), get(1, 7, 8), get(2, 9, 10);
  assert_not_linearizable();
  third->finalized_count = 1; /* item 0 */
  assert_linearizable();
  third->finalized[0] = 1;
  assert_not_linearizable();
  start(2); /* there was room */
  h.drops_oldest = true;
  put(0, 1, 2), put(1, 3, 4)->finalized_count = 1, get(1, 5, 6);
  assert_not_linearizable();
  start(1);
  h.drops_oldest = true;
  put(0, 1, 2), failed(CALL_PUT, UV_EAGAIN, 3, 4), get(0, 5, 6);
  assert_not_linearizable();
}

static void abort_discards_all_items(void **state) {
  call_t *abort_call;
  (void)state;
  start(1);
  put(0, 1, 2), abort_call = add(CALL_ABORT, MODE_BLOCK, -1, 1, 3, 4);
  failed(CALL_GET, UV_EOF, 5, 6);
  assert_not_linearizable();
  abort_call->finalized_count = 1;
  assert_linearizable();
  abort_call->finalized[0] = 1;
  assert_not_linearizable();
}

static void peek_returns_the_oldest_item(void **state) {
  (void)state;
  start(2);
  put(0, 1, 2), put(1, 3, 4), add(CALL_PEEK, MODE_BLOCK, 0, 0, 5, 6), get(0, 7, 8), get(1, 9, 10);
  assert_linearizable();
  h.calls[2].item = 1;
  assert_not_linearizable();
  start(2); /* a waiter gets the item before a peek can return it */
  get(0, 1, 7), put(0, 3, 4), add(CALL_PEEK, MODE_BLOCK, 0, 0, 5, 6);
  assert_linearizable();
  h.calls[0].queued = 2;
  assert_not_linearizable();
}

static void stats_are_a_consistent_snapshot(void **state) {
  call_t *stats;
  (void)state;
  start(2);
  put(0, 1, 2), get(0, 3, 6), stats = add(CALL_STATS, MODE_BLOCK, -1, 0, 4, 5);
  stats->stats.puts = 1, stats->stats.count = 1;
  assert_linearizable();
  stats->stats.gets = 1, stats->stats.count = 0;
  assert_linearizable();
  stats->stats.count = 1;
  assert_not_linearizable();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(items_are_fifo),
      cmocka_unit_test(a_get_does_not_respond_before_its_put_is_invoked),
      cmocka_unit_test(a_full_slot_accepts_no_put),
      cmocka_unit_test(a_try_fails_only_if_the_slot_is_full_or_empty),
      cmocka_unit_test(a_timed_out_put_found_the_slot_full_before_it_slept),
      cmocka_unit_test(no_call_overtakes_a_waiter),
      cmocka_unit_test(callbacks_of_one_loop_are_in_item_order),
      cmocka_unit_test(with_capacity_0_a_put_and_a_get_overlap),
      cmocka_unit_test(shut_cannot_be_undone),
      cmocka_unit_test(remaining_items_can_be_got_after_shut),
      cmocka_unit_test(shut_refuses_no_waiter_that_has_room),
      cmocka_unit_test(destroy_finalizes_the_remaining_items_in_order),
      cmocka_unit_test(a_put_into_a_full_slot_evicts_the_oldest),
      cmocka_unit_test(abort_discards_all_items),
      cmocka_unit_test(peek_returns_the_oldest_item),
      cmocka_unit_test(stats_are_a_consistent_snapshot),
  };
  return cmocka_run_group_tests_name("sched.linear", tests, NULL, NULL);
}

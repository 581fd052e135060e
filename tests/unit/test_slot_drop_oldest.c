/* unit.latest: a slot that keeps the newest items: its puts never wait, and what they replace is dropped, once,
 * oldest first. And peek, for those who look without taking. */

#include "lib/bounded.h"
#include "lib/call.h"
#include "lib/loop.h"
#include "lib/queued.h"

#define CAPACITY_MAX 3

static handoff_slot_t slot;
static uint64_t dropped[16];
static size_t dropped_count;

static void on_drop(void *item, void *arg) {
  (void)arg;
  assert_int_equal((uintptr_t)item % _Alignof(uint64_t), 0);
  dropped[dropped_count++] = *(uint64_t *)item;
}

static void make(size_t capacity) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  options.capacity = capacity;
  options.overflow = HANDOFF_DROP_OLDEST;
  options.drop = on_drop;
  dropped_count = 0;
  assert_int_equal(handoff_slot_init(&slot, &options), 0);
}

static int set_up(void **state) {
  (void)state;
  bounded_start();
  return 0;
}

static void assert_peek(uint64_t expected) {
  uint64_t item = 0;
  assert_int_equal(handoff_slot_peek(&slot, &item), 0);
  assert_int_equal(item, expected);
}

static void assert_get(uint64_t expected) {
  uint64_t item = 0;
  assert_int_equal(handoff_slot_try_get(&slot, &item), 0);
  assert_int_equal(item, expected);
}

static void a_full_slot_keeps_the_newest_items_in_order(void **state) {
  size_t capacity;
  (void)state;
  for (capacity = 1; capacity <= CAPACITY_MAX; capacity++) {
    uint64_t item;
    make(capacity);
    for (item = 1; item <= 7; item++) { /* more than once around the ring */
      assert_int_equal(handoff_slot_put(&slot, &item), 0);
      assert_peek(item <= capacity ? 1 : item - capacity + 1);
    }
    assert_int_equal(dropped_count, 7 - capacity);
    for (item = 1; item <= 7 - capacity; item++) {
      assert_int_equal(dropped[item - 1], item);
    }
    for (item = 7 - capacity + 1; item <= 7; item++) {
      assert_get(item);
    }
    assert_int_equal(handoff_slot_try_get(&slot, &item), UV_EAGAIN);
    assert_int_equal(dropped_count, 7 - capacity); /* what was got is the getter's */
    handoff_slot_destroy(&slot);
    assert_int_equal(dropped_count, 7 - capacity);
  }
}

static void every_kind_of_put_replaces(void **state) {
  uint64_t item = 1;
  (void)state;
  make(1);
  assert_int_equal(handoff_slot_try_put(&slot, &item), 0);
  item = 2;
  assert_int_equal(handoff_slot_try_put(&slot, &item), 0);
  item = 3;
  assert_int_equal(handoff_slot_put_until(&slot, &item, 0), 0); /* a deadline that has passed */
  item = 4;
  assert_int_equal(handoff_slot_put(&slot, &item), 0);
  assert_int_equal(dropped_count, 3);
  assert_get(4);
  handoff_slot_destroy(&slot);
}

static void after_replacing_the_ring_goes_on(void **state) {
  uint64_t item;
  (void)state;
  make(2);
  for (item = 1; item <= 3; item++) {
    assert_int_equal(handoff_slot_put(&slot, &item), 0); /* 1 is replaced */
  }
  assert_get(2);
  assert_int_equal(handoff_slot_put(&slot, &item), 0); /* 4: there is room */
  assert_int_equal(dropped_count, 1);
  assert_get(3);
  assert_get(4);
  handoff_slot_destroy(&slot);
}

static void a_getter_that_waits_is_handed_the_item(void **state) {
  call_t call;
  uint64_t got = 0;
  uint64_t item = 5;
  (void)state;
  make(1);
  call_get(&call, &slot, &got, HANDOFF_NEVER);
  queued_await_getters(&slot, 1);
  assert_int_equal(handoff_slot_put(&slot, &item), 0);
  item = 6;
  assert_int_equal(handoff_slot_put(&slot, &item), 0);
  assert_int_equal(call_end(&call), 0);
  assert_int_equal(got, 5); /* nobody took it back */
  assert_int_equal(dropped_count, 0);
  assert_get(6);
  handoff_slot_destroy(&slot);
}

static void a_shut_slot_is_not_put_to(void **state) {
  uint64_t item = 1;
  (void)state;
  make(1);
  assert_int_equal(handoff_slot_put(&slot, &item), 0);
  handoff_slot_shut(&slot);
  assert_int_equal(handoff_slot_put(&slot, &item), UV_EPIPE);
  assert_int_equal(handoff_slot_try_put(&slot, &item), UV_EPIPE);
  assert_int_equal(dropped_count, 0);
  assert_peek(1);
  assert_get(1);
  assert_int_equal(handoff_slot_peek(&slot, &item), UV_EOF);
  handoff_slot_destroy(&slot);
}

static void init_refuses_an_overflow_that_cannot_be(void **state) {
  handoff_slot_options_t options = handoff_slot_options(8);
  (void)state;
  assert_int_equal(options.overflow, HANDOFF_BLOCK);
  options.overflow = HANDOFF_DROP_OLDEST;
  options.capacity = 0; /* there is nothing that could be replaced */
  assert_int_equal(handoff_slot_init(&slot, &options), UV_EINVAL);
  options.capacity = 1;
  options.overflow = (handoff_overflow_t)2;
  assert_int_equal(handoff_slot_init(&slot, &options), UV_EINVAL);
}

/* ------------------------------------------------------------------------------------ loops -- */

static void on_put(handoff_req_t *req, int status) {
  assert_int_equal(status, 0);
  ++*(int *)req->data;
}

static void a_loops_put_replaces_too(void **state) {
  loop_fixture_t *fixture = *state;
  handoff_req_t reqs[3] = {{.data = NULL}};
  uint64_t items[3] = {1, 2, 3};
  int done = 0;
  int i;
  make(1);
  for (i = 0; i < 3; i++) {
    reqs[i].data = &done;
    assert_int_equal(handoff_port_put(&fixture->port, &reqs[i], &slot, &items[i], on_put), 0);
  }
  assert_int_equal(dropped_count, 2);
  uv_run(&fixture->loop, UV_RUN_DEFAULT);
  assert_int_equal(done, 3);
  assert_get(3);
  handoff_slot_destroy(&slot);
}

/* ------------------------------------------------------------------------------------- peek -- */

static void peek_looks_and_leaves(void **state) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  uint64_t item = 4711;
  (void)state;
  options.capacity = 2;
  assert_int_equal(handoff_slot_init(&slot, &options), 0);
  assert_int_equal(handoff_slot_peek(&slot, &item), UV_EAGAIN);
  assert_int_equal(item, 4711); /* outputs are written only on success */
  for (item = 1; item <= 2; item++) {
    assert_int_equal(handoff_slot_put(&slot, &item), 0);
  }
  assert_peek(1);
  assert_peek(1);
  assert_get(1);
  assert_peek(2);
  assert_get(2);
  assert_int_equal(handoff_slot_peek(&slot, &item), UV_EAGAIN);
  handoff_slot_shut(&slot);
  assert_int_equal(handoff_slot_peek(&slot, &item), UV_EOF);
  assert_int_equal(handoff_slot_peek(&slot, NULL), UV_EINVAL);
  assert_int_equal(handoff_slot_peek(NULL, &item), UV_EINVAL);
  handoff_slot_destroy(&slot);
  assert_int_equal(handoff_slot_peek(&slot, &item), UV_EINVAL);
}

static void at_capacity_0_there_is_never_anything_to_peek_at(void **state) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  call_t call;
  uint64_t item = 8;
  uint64_t seen = 0;
  (void)state;
  options.capacity = 0;
  assert_int_equal(handoff_slot_init(&slot, &options), 0);
  call_put(&call, &slot, &item, HANDOFF_NEVER);
  queued_await_putters(&slot, 1);
  assert_int_equal(handoff_slot_peek(&slot, &seen), UV_EAGAIN);
  assert_get(8);
  assert_int_equal(call_end(&call), 0);
  handoff_slot_destroy(&slot);
}

/* What has been replaced is neither in it nor has it been taken out. */
static void it_has_never_been_fuller_than_full(void **state) {
  handoff_slot_stats_t stats;
  uint64_t item;
  (void)state;
  make(2);
  for (item = 1; item <= 7; item++) {
    assert_int_equal(handoff_slot_put(&slot, &item), 0);
  }
  handoff__slot_reset(&slot);
  assert_int_equal(handoff_slot_put(&slot, &item), 0);
  assert_int_equal(handoff_slot_stats(&slot, &stats), 0);
  assert_int_equal(stats.high_water, 2);
  handoff_slot_destroy(&slot);
}

static void what_has_been_dropped_is_not_in_it(void **state) {
  handoff_slot_stats_t stats;
  uint64_t item;
  uint64_t round;
  (void)state;
  make(3);
  for (round = 1; round <= 3; round++) { /* one more item each time */
    for (item = 1; item <= round; item++) {
      assert_int_equal(handoff_slot_put(&slot, &item), 0);
    }
    assert_int_equal(handoff_slot_stats(&slot, &stats), 0);
    assert_int_equal(stats.high_water, round);
    handoff__slot_reset(&slot);
  }
  handoff_slot_destroy(&slot);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(a_full_slot_keeps_the_newest_items_in_order, set_up),
      cmocka_unit_test_setup(every_kind_of_put_replaces, set_up),
      cmocka_unit_test_setup(after_replacing_the_ring_goes_on, set_up),
      cmocka_unit_test_setup(a_getter_that_waits_is_handed_the_item, set_up),
      cmocka_unit_test_setup(a_shut_slot_is_not_put_to, set_up),
      cmocka_unit_test_setup(init_refuses_an_overflow_that_cannot_be, set_up),
      loop_test(a_loops_put_replaces_too),
      cmocka_unit_test_setup(it_has_never_been_fuller_than_full, set_up),
      cmocka_unit_test_setup(what_has_been_dropped_is_not_in_it, set_up),
      cmocka_unit_test_setup(peek_looks_and_leaves, set_up),
      cmocka_unit_test_setup(at_capacity_0_there_is_never_anything_to_peek_at, set_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

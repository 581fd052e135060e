/* unit.slot_drop_oldest: puts never wait, and the items that they evict are finalized once, oldest
 * first, with no lock held. */

#include <string.h>

#include "lib/bounded.h"
#include "lib/call.h"
#include "lib/loop.h"
#include "lib/slot.h"

#define CAPACITY_MAX 3

static handoff_slot_t slot;
static uint64_t evicted[16];
static size_t evicted_count;

static void on_drop(void *item, void *arg) {
  (void)arg;
  assert_int_equal((uintptr_t)item % _Alignof(uint64_t), 0);
  evicted[evicted_count++] = *(uint64_t *)item;
}

static handoff_slot_options_t drop_oldest(size_t item_size, handoff_drop_cb drop) {
  handoff_slot_options_t options = handoff_slot_options(item_size);
  options.overflow = HANDOFF_DROP_OLDEST;
  options.drop = drop;
  return options;
}

static void set_up(size_t capacity) {
  handoff_slot_options_t options = drop_oldest(sizeof(uint64_t), on_drop);
  options.capacity = capacity;
  evicted_count = 0;
  slot = slot_with(&options);
}

static void assert_evicted(size_t count) {
  size_t i;
  assert_int_equal(evicted_count, count);
  for (i = 0; i < count; i++) {
    assert_int_equal(evicted[i], 1 + i);
  }
}

static void a_full_slot_keeps_the_newest_items_in_order(void **state) {
  size_t capacity;
  (void)state;
  for (capacity = 1; capacity <= CAPACITY_MAX; capacity++) {
    const size_t lost = 7 - capacity;
    uint64_t item;
    set_up(capacity);
    for (item = 1; item <= 7; item++) { /* more than once around the ring */
      uint64_t oldest = 0;
      assert_int_equal(handoff_slot_put(&slot, &item), 0);
      assert_int_equal(handoff_slot_peek(&slot, &oldest), 0);
      assert_int_equal(oldest, item <= capacity ? 1 : item - capacity + 1);
    }
    assert_evicted(lost);
    slot_get_items(&slot, lost + 1, capacity);
    slot_assert_empty(&slot);
    assert_evicted(lost);
    slot_put_items(&slot, 8, capacity); /* there is room again */
    assert_evicted(lost);
    slot_get_items(&slot, 8, capacity);
    handoff_slot_destroy(&slot);
    assert_evicted(lost); /* the getter owns what it got */
  }
}

static void every_kind_of_put_evicts(void **state) {
  uint64_t item = 3;
  (void)state;
  set_up(1);
  slot_put_items(&slot, 1, 2);
  assert_int_equal(handoff_slot_put_until(&slot, &item, 0), 0); /* the deadline has passed */
  item = 4;
  assert_int_equal(handoff_slot_put(&slot, &item), 0);
  assert_evicted(3);
  slot_get_items(&slot, 4, 1);
  handoff_slot_destroy(&slot);
}

static void a_waiting_getter_gets_the_item_which_is_not_evicted(void **state) {
  call_t call;
  uint64_t got = 0;
  (void)state;
  set_up(1);
  call_get(&call, &slot, &got, HANDOFF_NEVER);
  queued_await_getters(&slot, 1);
  slot_put_items(&slot, 5, 2);
  assert_int_equal(call_end(&call), 0);
  assert_int_equal(got, 5);
  assert_evicted(0);
  slot_get_items(&slot, 6, 1);
  handoff_slot_destroy(&slot);
}

static void a_put_into_a_shut_slot_evicts_nothing(void **state) {
  uint64_t item = 2;
  (void)state;
  set_up(1);
  slot_put_items(&slot, 1, 1);
  handoff_slot_shut(&slot);
  assert_int_equal(handoff_slot_put(&slot, &item), UV_EPIPE);
  assert_int_equal(handoff_slot_try_put(&slot, &item), UV_EPIPE);
  assert_evicted(0);
  slot_get_items(&slot, 1, 1);
  handoff_slot_destroy(&slot);
}

static void on_put(handoff_req_t *req, int status) {
  assert_int_equal(status, 0);
  ++*(int *)req->data;
}

static void a_request_evicts_too(void **state) {
  loop_fixture_t *fixture = *state;
  handoff_req_t reqs[3] = {{.data = NULL}};
  uint64_t items[3] = {1, 2, 3};
  int done = 0;
  int i;
  set_up(1);
  for (i = 0; i < 3; i++) {
    reqs[i].data = &done;
    assert_int_equal(handoff_port_put(&fixture->port, &reqs[i], &slot, &items[i], on_put), 0);
  }
  assert_evicted(2);
  uv_run(&fixture->loop, UV_RUN_DEFAULT);
  assert_int_equal(done, 3);
  slot_get_items(&slot, 3, 1);
  handoff_slot_destroy(&slot);
}

/* ----------------------------------------------------------------------------- the finalizer -- */

/* Evicts in turn, up to item 5. A lock held during this call would deadlock here. */
static void on_drop_use_slot(void *item, void *arg) {
  handoff_slot_stats_t stats = {.size = sizeof stats};
  const uint64_t number = *(uint64_t *)item;
  uint64_t next = number + 2;

  on_drop(item, arg);
  assert_int_equal(handoff_slot_stats(&slot, &stats), 0);
  assert_int_equal(stats.evicted, number);
  if (next <= 5) {
    assert_int_equal(handoff_slot_put(&slot, &next), 0);
  } else {
    slot_get_items(&slot, 5, 1);
    handoff_slot_shut(&slot);
  }
  assert_int_equal(*(uint64_t *)item, number); /* no put has overwritten the copy */
}

static void the_finalizer_of_an_evicted_item_may_use_the_slot(void **state) {
  const handoff_slot_options_t options = drop_oldest(sizeof(uint64_t), on_drop_use_slot);
  uint64_t item;
  (void)state;
  evicted_count = 0;
  slot = slot_with(&options);
  slot_put_items(&slot, 1, 2);
  assert_evicted(4);
  assert_int_equal(handoff_slot_try_get(&slot, &item), UV_EOF);
  handoff_slot_destroy(&slot);
}

static unsigned char large[HANDOFF_DROP_OLDEST_ITEM_MAX + 1];

static void on_drop_large(void *item, void *arg) {
  assert_int_equal((uintptr_t)item % _Alignof(max_align_t), 0);
  assert_memory_equal(item, large, HANDOFF_DROP_OLDEST_ITEM_MAX);
  ++*(int *)arg;
}

static void only_items_too_large_to_be_finalized_are_refused(void **state) {
  handoff_slot_options_t options = drop_oldest(HANDOFF_DROP_OLDEST_ITEM_MAX, on_drop_large);
  int finalized = 0;
  size_t i;
  (void)state;
  for (i = 0; i < sizeof large; i++) {
    large[i] = (unsigned char)(i % 251);
  }
  options.drop_arg = &finalized;
  slot = slot_with(&options);
  assert_int_equal(handoff_slot_put(&slot, large), 0);
  assert_int_equal(handoff_slot_put(&slot, large), 0);
  assert_int_equal(finalized, 1);
  handoff_slot_destroy(&slot);
  assert_int_equal(finalized, 2);

  options.item_size = HANDOFF_DROP_OLDEST_ITEM_MAX + 1;
  assert_int_equal(handoff_slot_init(&slot, &options), UV_EINVAL);
  options.overflow = HANDOFF_BLOCK; /* evicts nothing */
  assert_int_equal(handoff_slot_init(&slot, &options), 0);
  handoff_slot_destroy(&slot);

  options.overflow = HANDOFF_DROP_OLDEST;
  options.drop = NULL;
  slot = slot_with(&options);
  memset(large, 1, sizeof large);
  assert_int_equal(handoff_slot_put(&slot, large), 0);
  memset(large, 2, sizeof large);
  assert_int_equal(handoff_slot_put(&slot, large), 0);
  memset(large, 3, sizeof large);
  assert_int_equal(handoff_slot_get(&slot, large), 0);
  assert_int_equal(large[0], 2);
  assert_int_equal(large[HANDOFF_DROP_OLDEST_ITEM_MAX], 2);
  handoff_slot_destroy(&slot);
}

static void init_refuses_capacity_0_and_unknown_policies(void **state) {
  handoff_slot_options_t options = drop_oldest(8, NULL);
  (void)state;
  options.capacity = 0; /* there is never an item to evict */
  assert_int_equal(handoff_slot_init(&slot, &options), UV_EINVAL);
  options.capacity = 1;
  options.overflow = (handoff_overflow_t)2;
  assert_int_equal(handoff_slot_init(&slot, &options), UV_EINVAL);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      bounded_test(a_full_slot_keeps_the_newest_items_in_order),
      bounded_test(every_kind_of_put_evicts),
      bounded_test(a_waiting_getter_gets_the_item_which_is_not_evicted),
      bounded_test(a_put_into_a_shut_slot_evicts_nothing),
      loop_test(a_request_evicts_too),
      bounded_test(the_finalizer_of_an_evicted_item_may_use_the_slot),
      bounded_test(only_items_too_large_to_be_finalized_are_refused),
      bounded_test(init_refuses_capacity_0_and_unknown_policies),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

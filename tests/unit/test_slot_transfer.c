/* unit.slot_transfer: put, get and peek, of one item and of many. */

#include <string.h>

#include "lib/bounded.h"
#include "lib/call.h"
#include "lib/slot.h"

/* What every call on that slot returns for a null slot and for a destroyed one. */
static void assert_all_calls_refuse(handoff_slot_t *slot) {
  uint64_t item = 1;
  assert_int_equal(handoff_slot_put(slot, &item), UV_EINVAL);
  assert_int_equal(handoff_slot_try_put(slot, &item), UV_EINVAL);
  assert_int_equal(handoff_slot_put_until(slot, &item, 0), UV_EINVAL);
  assert_int_equal(handoff_slot_get(slot, &item), UV_EINVAL);
  assert_int_equal(handoff_slot_try_get(slot, &item), UV_EINVAL);
  assert_int_equal(handoff_slot_get_until(slot, &item, 0), UV_EINVAL);
  assert_int_equal(handoff_slot_peek(slot, &item), UV_EINVAL);
  handoff_slot_shut(slot); /* these do nothing */
  handoff_slot_destroy(slot);
}

static void calls_refuse_null_pointers_and_destroyed_slots(void **state) {
  handoff_slot_t slot = slot_new(sizeof(uint64_t), 1);
  (void)state;
  assert_all_calls_refuse(NULL);
  assert_int_equal(handoff_slot_put(&slot, NULL), UV_EINVAL);
  assert_int_equal(handoff_slot_try_put(&slot, NULL), UV_EINVAL);
  assert_int_equal(handoff_slot_put_until(&slot, NULL, 0), UV_EINVAL);
  assert_int_equal(handoff_slot_get(&slot, NULL), UV_EINVAL);
  assert_int_equal(handoff_slot_try_get(&slot, NULL), UV_EINVAL);
  assert_int_equal(handoff_slot_get_until(&slot, NULL, 0), UV_EINVAL);
  assert_int_equal(handoff_slot_peek(&slot, NULL), UV_EINVAL);
  slot_assert_empty(&slot);
  handoff_slot_destroy(&slot);
  assert_all_calls_refuse(&slot);
}

static void with_capacity_1_puts_and_gets_alternate(void **state) {
  handoff_slot_t slot = slot_new(sizeof(uint64_t), 1);
  uint64_t item;
  uint64_t i;
  (void)state;
  slot_assert_empty(&slot);
  for (i = 0; i < 5; i++) {
    uint64_t other = 100 + i;
    assert_int_equal(handoff_slot_put(&slot, &i), 0);
    assert_int_equal(handoff_slot_try_put(&slot, &other), UV_EAGAIN);
    assert_int_equal(handoff_slot_get(&slot, &item), 0);
    assert_int_equal(item, i);
    slot_assert_empty(&slot);
  }
  handoff_slot_destroy(&slot);
}

static void with_capacity_0_one_thread_can_neither_put_nor_get(void **state) {
  handoff_slot_t slot = slot_new(sizeof(uint64_t), 0);
  uint64_t item = 7;
  (void)state;
  assert_int_equal(handoff_slot_try_put(&slot, &item), UV_EAGAIN);
  slot_assert_empty(&slot);
  handoff_slot_shut(&slot);
  assert_int_equal(handoff_slot_try_put(&slot, &item), UV_EPIPE);
  assert_int_equal(handoff_slot_try_get(&slot, &item), UV_EOF);
  handoff_slot_destroy(&slot);
}

/* Every capacity, fill level and position in the ring. */
static void items_come_out_in_the_order_in_which_they_went_in(void **state) {
  size_t capacity;
  (void)state;
  for (capacity = 1; capacity <= 9; capacity++) {
    handoff_slot_t slot = slot_new(sizeof(uint64_t), capacity);
    uint64_t next = 0;
    size_t fill;
    for (fill = 1; fill <= capacity; fill++) {
      size_t round;
      for (round = 0; round < 2 * capacity + 1; round++) {
        uint64_t one_more = next + fill;
        const bool is_full = fill == capacity;
        slot_put_items(&slot, next, fill);
        assert_int_equal(handoff_slot_try_put(&slot, &one_more), is_full ? UV_EAGAIN : 0);
        slot_get_items(&slot, next, is_full ? fill : fill + 1);
        slot_assert_empty(&slot);
        next += fill;
      }
    }
    handoff_slot_destroy(&slot);
  }
}

static void the_largest_capacity_works(void **state) {
  handoff_slot_t slot = slot_new(1, HANDOFF_CAPACITY_MAX);
  unsigned char item = 0;
  size_t i;
  (void)state;
  for (i = 0; i < HANDOFF_CAPACITY_MAX; i++) {
    item = (unsigned char)(i % 251);
    assert_int_equal(handoff_slot_try_put(&slot, &item), 0);
  }
  assert_int_equal(handoff_slot_try_put(&slot, &item), UV_EAGAIN);
  for (i = 0; i < HANDOFF_CAPACITY_MAX; i++) {
    assert_int_equal(handoff_slot_try_get(&slot, &item), 0);
    assert_int_equal(item, i % 251);
  }
  handoff_slot_destroy(&slot);
}

static void fill_item(unsigned char *item, size_t size, size_t number) {
  size_t i;
  for (i = 0; i < size; i++) {
    item[i] = (unsigned char)(i * 7 + number * 13 + 1);
  }
}

static void items_of_any_size_arrive_whole_and_nothing_beside_them_is_written(void **state) {
  static const size_t sizes[] = {1, 3, 8, 4096};
  static unsigned char in[4096];
  static unsigned char out[4096 + 2];
  size_t i;
  (void)state;
  for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    size_t size = sizes[i];
    handoff_slot_t slot = slot_new(size, 3);
    size_t round;
    for (round = 0; round < 30; round++) {
      fill_item(in, size, round);
      assert_int_equal(handoff_slot_try_put(&slot, in), 0);
      if (round < 2) { /* then two items are in the slot, at every position in the ring */
        continue;
      }
      fill_item(in, size, round - 2);
      memset(out, 0xee, sizeof out);
      assert_int_equal(handoff_slot_try_get(&slot, out + 1), 0);
      assert_memory_equal(out + 1, in, size);
      assert_int_equal(out[0], 0xee);
      assert_int_equal(out[size + 1], 0xee);
    }
    handoff_slot_destroy(&slot);
  }
}

/* -------------------------------------------------------------------------------------- peek -- */

static void peek_copies_the_oldest_item_and_leaves_it_in_the_slot(void **state) {
  handoff_slot_t slot = slot_new(sizeof(uint64_t), 2);
  uint64_t item = 4711;
  uint64_t i;
  (void)state;
  assert_int_equal(handoff_slot_peek(&slot, &item), UV_EAGAIN);
  assert_int_equal(item, 4711); /* outputs are written only on success */
  slot_put_items(&slot, 1, 2);
  for (i = 1; i <= 2; i++) {
    assert_int_equal(handoff_slot_peek(&slot, &item), 0);
    assert_int_equal(item, i);
    assert_int_equal(handoff_slot_peek(&slot, &item), 0);
    assert_int_equal(item, i);
    slot_get_items(&slot, i, 1);
  }
  assert_int_equal(handoff_slot_peek(&slot, &item), UV_EAGAIN);
  slot_put_items(&slot, 3, 1);
  handoff_slot_shut(&slot);
  assert_int_equal(handoff_slot_peek(&slot, &item), 0);
  slot_get_items(&slot, 3, 1);
  assert_int_equal(handoff_slot_peek(&slot, &item), UV_EOF);
  handoff_slot_destroy(&slot);
}

static void with_capacity_0_peek_finds_nothing(void **state) {
  handoff_slot_t slot = slot_new(sizeof(uint64_t), 0);
  call_t call;
  uint64_t item = 8;
  uint64_t seen = 0;
  (void)state;
  call_put(&call, &slot, &item, HANDOFF_NEVER);
  queued_await_putters(&slot, 1);
  assert_int_equal(handoff_slot_peek(&slot, &seen), UV_EAGAIN);
  slot_get_items(&slot, 8, 1);
  assert_int_equal(call_end(&call), 0);
  handoff_slot_destroy(&slot);
}

/* ------------------------------------------------------------------------------ many at once -- */

static void many_items_are_put_while_there_is_room_and_got_while_there_are_any(void **state) {
  handoff_slot_t slot = slot_new(sizeof(uint64_t), 3);
  const uint64_t in[5] = {1, 2, 3, 4, 5};
  uint64_t out[5] = {0};
  size_t count = 5;
  (void)state;
  assert_int_equal(handoff_slot_try_put_many(&slot, in, &count), 0);
  assert_int_equal(count, 3);
  assert_int_equal(handoff_slot_try_put_many(&slot, in, &count), UV_EAGAIN);
  assert_int_equal(count, 3); /* outputs are written only on success */
  count = 2;
  assert_int_equal(handoff_slot_try_get_many(&slot, out, &count), 0);
  assert_int_equal(count, 2);
  assert_int_equal(out[0], 1);
  assert_int_equal(out[1], 2);
  assert_int_equal(out[2], 0);
  handoff_slot_shut(&slot);
  assert_int_equal(handoff_slot_try_put_many(&slot, in, &count), UV_EPIPE);
  count = 5;
  assert_int_equal(handoff_slot_try_get_many(&slot, out, &count), 0);
  assert_int_equal(count, 1);
  assert_int_equal(out[0], 3);
  assert_int_equal(handoff_slot_try_get_many(&slot, out, &count), UV_EOF);
  count = 0;
  assert_int_equal(handoff_slot_try_get_many(&slot, out, &count), UV_EINVAL);
  assert_int_equal(handoff_slot_try_get_many(&slot, out, NULL), UV_EINVAL);
  handoff_slot_destroy(&slot);
}

/* Also with capacity 0, where each of the waiters is met. */
static void many_items_go_to_the_waiters_first(void **state) {
  const uint64_t in[4] = {1, 2, 3, 4};
  size_t capacity;
  (void)state;
  for (capacity = 0; capacity <= 2; capacity++) {
    handoff_slot_t slot = slot_new(sizeof(uint64_t), capacity);
    uint64_t got[2] = {0};
    call_t calls[2];
    size_t count = 4;
    size_t i;
    for (i = 0; i < 2; i++) {
      call_get(&calls[i], &slot, &got[i], HANDOFF_NEVER);
      queued_await_getters(&slot, i + 1);
    }
    assert_int_equal(handoff_slot_try_put_many(&slot, in, &count), 0);
    assert_int_equal(count, 2 + capacity);
    for (i = 0; i < 2; i++) {
      assert_int_equal(call_end(&calls[i]), 0);
      assert_int_equal(got[i], i + 1);
    }
    handoff_slot_destroy(&slot);
  }
}

static void many_puts_evict_the_oldest_items(void **state) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  const uint64_t in[5] = {1, 2, 3, 4, 5};
  handoff_slot_t slot;
  size_t count = 5;
  (void)state;
  options.capacity = 2;
  options.overflow = HANDOFF_DROP_OLDEST;
  slot = slot_with(&options);
  assert_int_equal(handoff_slot_try_put_many(&slot, in, &count), 0);
  assert_int_equal(count, 5);
  slot_get_items(&slot, 4, 2);
  handoff_slot_destroy(&slot);
}

#define BATCH_ITEMS 100000
#define BATCH_MAX 7

static void put_batches(void *arg) {
  uint64_t next = 1;
  while (next <= BATCH_ITEMS) {
    uint64_t items[BATCH_MAX];
    size_t count = 1 + next % BATCH_MAX;
    size_t i;
    for (i = 0; i < count; i++) {
      items[i] = next + i;
    }
    if (handoff_slot_try_put_many(arg, items, &count) == 0) {
      next += count;
    } else {
      sched_yield();
    }
  }
}

/* Batches may end anywhere, but no item is lost, doubled or out of order. */
static void batches_keep_the_order_between_threads(void **state) {
  static const size_t capacities[] = {1, 4, 64};
  size_t i;
  (void)state;
  for (i = 0; i < 3; i++) {
    handoff_slot_t slot = slot_new(sizeof(uint64_t), capacities[i]);
    uint64_t next = 1;
    uv_thread_t thread;
    assert_int_equal(uv_thread_create(&thread, put_batches, &slot), 0);
    while (next < BATCH_ITEMS) {
      uint64_t items[BATCH_MAX];
      size_t count = 1 + next % BATCH_MAX;
      size_t k;
      if (handoff_slot_try_get_many(&slot, items, &count) != 0) {
        sched_yield();
        continue;
      }
      for (k = 0; k < count; k++) {
        assert_int_equal(items[k], next++);
      }
    }
    assert_int_equal(uv_thread_join(&thread), 0);
    handoff_slot_destroy(&slot);
  }
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      bounded_test(calls_refuse_null_pointers_and_destroyed_slots),
      bounded_test(with_capacity_1_puts_and_gets_alternate),
      bounded_test(with_capacity_0_one_thread_can_neither_put_nor_get),
      bounded_test(items_come_out_in_the_order_in_which_they_went_in),
      bounded_test(the_largest_capacity_works),
      bounded_test(items_of_any_size_arrive_whole_and_nothing_beside_them_is_written),
      bounded_test(peek_copies_the_oldest_item_and_leaves_it_in_the_slot),
      bounded_test(with_capacity_0_peek_finds_nothing),
      bounded_test(many_items_are_put_while_there_is_room_and_got_while_there_are_any),
      bounded_test(many_items_go_to_the_waiters_first),
      bounded_test(many_puts_evict_the_oldest_items),
      bounded_test(batches_keep_the_order_between_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

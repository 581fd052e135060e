/* unit.waiters: threads that wait in a slot: their order, direct assignment, shut. Each step knows by
 * lib/queued.h that the thread before it is queued. */

#include "lib/bounded.h"
#include "lib/call.h"
#include "lib/queued.h"
#include "slot/slot.h"

#define THREADS 5

static handoff_slot_t slot;
static call_t calls[THREADS];
static uint64_t items[THREADS];

static void set_up(size_t capacity) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  size_t i;
  bounded_start();
  options.capacity = capacity;
  assert_int_equal(handoff_slot_init(&slot, &options), 0);
  for (i = 0; i < THREADS; i++) {
    items[i] = 0;
  }
}

/* Threads 0, 1, … wait to get, in that order. */
static void queue_getters(size_t count) {
  size_t i;
  for (i = 0; i < count; i++) {
    call_get(&calls[i], &slot, &items[i], HANDOFF_NEVER);
    queued_await_getters(&slot, i + 1);
  }
}

/* Threads 0, 1, … wait to put 100, 101, …, in that order. */
static void queue_putters(size_t count) {
  size_t i;
  for (i = 0; i < count; i++) {
    items[i] = 100 + i;
    call_put(&calls[i], &slot, &items[i], HANDOFF_NEVER);
    queued_await_putters(&slot, i + 1);
  }
}

static void put_all(uint64_t first, size_t count) {
  size_t i;
  for (i = 0; i < count; i++, first++) {
    assert_int_equal(handoff_slot_try_put(&slot, &first), 0);
  }
}

static void assert_empty(void) {
  uint64_t item = 4711;
  assert_int_equal(queued_putters(&slot), 0);
  assert_int_equal(queued_getters(&slot), 0);
  assert_int_equal(handoff_slot_try_get(&slot, &item), UV_EAGAIN);
  assert_int_equal(item, 4711);
}

static void end_all(size_t count, int status) {
  size_t i;
  for (i = 0; i < count; i++) {
    assert_int_equal(call_end(&calls[i]), status);
  }
}

static void waiting_getters_are_served_in_their_order(void **state) {
  size_t capacity;
  size_t i;
  (void)state;
  for (capacity = 0; capacity <= 3; capacity++) {
    set_up(capacity);
    queue_getters(THREADS);
    put_all(100, THREADS); /* more than it could hold: each goes straight to a getter */
    end_all(THREADS, 0);
    for (i = 0; i < THREADS; i++) {
      assert_int_equal(items[i], 100 + i);
    }
    assert_empty();
    handoff_slot_destroy(&slot);
  }
}

static void one_put_lets_one_getter_go(void **state) {
  (void)state;
  set_up(1);
  queue_getters(3);
  put_all(100, 1);
  assert_int_equal(call_end(&calls[0]), 0);
  assert_int_equal(items[0], 100);
  assert_int_equal(queued_getters(&slot), 2);
  put_all(101, 1);
  assert_int_equal(call_end(&calls[1]), 0);
  assert_int_equal(queued_getters(&slot), 1);
  put_all(102, 1);
  assert_int_equal(call_end(&calls[2]), 0);
  assert_empty();
  handoff_slot_destroy(&slot);
}

/* However slow the one that is woken: the item is its own since the put. */
static void nobody_overtakes_a_waiting_getter(void **state) {
  unsigned round;
  (void)state;
  for (round = 0; round < 500; round++) {
    uint64_t item = 4711;
    set_up(1);
    queue_getters(1);
    put_all(100, 1);
    assert_int_equal(handoff_slot_try_get(&slot, &item), UV_EAGAIN);
    assert_int_equal(handoff_slot_get_until(&slot, &item, 0), UV_ETIMEDOUT);
    assert_int_equal(item, 4711);
    put_all(101, 1); /* and there is room for the next one at once */
    assert_int_equal(call_end(&calls[0]), 0);
    assert_int_equal(items[0], 100);
    assert_int_equal(handoff_slot_try_get(&slot, &item), 0);
    assert_int_equal(item, 101);
    handoff_slot_destroy(&slot);
  }
}

static void waiting_putters_are_served_in_their_order(void **state) {
  size_t capacity;
  uint64_t item;
  size_t i;
  (void)state;
  for (capacity = 0; capacity <= 3; capacity++) {
    set_up(capacity);
    put_all(100 - capacity, capacity); /* full */
    queue_putters(THREADS);
    for (i = 0; i < capacity + THREADS; i++) {
      assert_int_equal(handoff_slot_try_get(&slot, &item), 0);
      assert_int_equal(item, 100 - capacity + i);
    }
    end_all(THREADS, 0);
    assert_empty();
    handoff_slot_destroy(&slot);
  }
}

static void one_get_lets_one_putter_go(void **state) {
  uint64_t item;
  (void)state;
  set_up(1);
  put_all(99, 1);
  queue_putters(3);
  assert_int_equal(handoff_slot_get(&slot, &item), 0);
  assert_int_equal(item, 99);
  assert_int_equal(call_end(&calls[0]), 0);
  assert_int_equal(queued_putters(&slot), 2);
  assert_int_equal(handoff_slot_get(&slot, &item), 0);
  assert_int_equal(item, 100);
  assert_int_equal(call_end(&calls[1]), 0);
  assert_int_equal(queued_putters(&slot), 1);
  assert_int_equal(handoff_slot_get(&slot, &item), 0);
  assert_int_equal(call_end(&calls[2]), 0);
  assert_int_equal(handoff_slot_get(&slot, &item), 0);
  assert_int_equal(item, 102);
  assert_empty();
  handoff_slot_destroy(&slot);
}

static void nobody_overtakes_a_waiting_putter(void **state) {
  unsigned round;
  (void)state;
  for (round = 0; round < 500; round++) {
    uint64_t item = 4711;
    uint64_t late = 200;
    set_up(1);
    put_all(99, 1);
    queue_putters(1);
    assert_int_equal(handoff_slot_try_get(&slot, &item), 0);
    assert_int_equal(item, 99);
    assert_int_equal(handoff_slot_try_put(&slot, &late), UV_EAGAIN); /* the room is taken */
    assert_int_equal(handoff_slot_try_get(&slot, &item), 0);
    assert_int_equal(item, 100);
    assert_int_equal(call_end(&calls[0]), 0);
    assert_empty();
    handoff_slot_destroy(&slot);
  }
}

/* ------------------------------------------------------------------------------- rendezvous -- */

static void a_put_at_capacity_0_returns_when_its_item_has_been_taken(void **state) {
  uint64_t item = 0;
  (void)state;
  set_up(0);
  queue_putters(2);
  assert_int_equal(queued_items(&slot), 0);
  assert_int_equal(handoff_slot_get(&slot, &item), 0);
  assert_int_equal(item, 100);
  assert_int_equal(call_end(&calls[0]), 0);
  assert_int_equal(queued_putters(&slot), 1); /* the other one is still waiting */
  assert_int_equal(handoff_slot_try_get(&slot, &item), 0);
  assert_int_equal(item, 101);
  assert_int_equal(call_end(&calls[1]), 0);
  assert_empty();
  handoff_slot_destroy(&slot);
}

static void a_try_put_at_capacity_0_succeeds_while_a_getter_waits(void **state) {
  uint64_t item = 7;
  (void)state;
  set_up(0);
  queue_getters(1);
  assert_int_equal(handoff_slot_try_put(&slot, &item), 0);
  assert_int_equal(handoff_slot_try_put(&slot, &item), UV_EAGAIN);
  assert_int_equal(call_end(&calls[0]), 0);
  assert_int_equal(items[0], 7);
  handoff_slot_destroy(&slot);
}

/* ------------------------------------------------------------------------------------- shut -- */

static void shut_releases_every_waiting_putter_with_its_item(void **state) {
  size_t capacity;
  size_t i;
  (void)state;
  for (capacity = 0; capacity <= 3; capacity++) {
    uint64_t item = 0;
    set_up(capacity);
    put_all(1, capacity);
    queue_putters(THREADS);
    handoff_slot_shut(&slot);
    end_all(THREADS, UV_EPIPE);
    for (i = 0; i < THREADS; i++) {
      assert_int_equal(items[i], 100 + i);
    }
    for (i = 0; i < capacity; i++) { /* what had been accepted, and no more, is there */
      assert_int_equal(handoff_slot_get(&slot, &item), 0);
      assert_int_equal(item, 1 + i);
    }
    assert_int_equal(handoff_slot_get(&slot, &item), UV_EOF);
    assert_int_equal(queued_putters(&slot), 0);
    handoff_slot_destroy(&slot);
  }
}

static void abort_releases_every_waiting_putter_with_its_item(void **state) {
  const size_t capacity = 1;
  (void)state;
  set_up(capacity);
  put_all(7, 1);
  queue_putters(3);
  assert_int_equal(handoff_slot_abort(&slot), 1); /* only what had been put */
  end_all(3, UV_EPIPE);
  handoff_slot_destroy(&slot);
}

static void abort_releases_every_waiting_getter(void **state) {
  (void)state;
  set_up(1);
  queue_getters(3);
  assert_int_equal(handoff_slot_abort(&slot), 0);
  end_all(3, UV_EOF);
  handoff_slot_destroy(&slot);
}

static void shut_releases_every_waiting_getter(void **state) {
  size_t capacity;
  size_t i;
  (void)state;
  for (capacity = 0; capacity <= 3; capacity++) {
    set_up(capacity);
    queue_getters(THREADS);
    handoff_slot_shut(&slot);
    end_all(THREADS, UV_EOF);
    for (i = 0; i < THREADS; i++) {
      assert_int_equal(items[i], 0);
    }
    assert_int_equal(queued_getters(&slot), 0);
    handoff_slot_destroy(&slot);
  }
}

static void a_call_that_begins_after_shut_does_not_wait(void **state) {
  (void)state;
  set_up(1);
  handoff_slot_shut(&slot);
  call_put(&calls[0], &slot, &items[0], HANDOFF_NEVER);
  call_get(&calls[1], &slot, &items[1], HANDOFF_NEVER);
  assert_int_equal(call_end(&calls[0]), UV_EPIPE);
  assert_int_equal(call_end(&calls[1]), UV_EOF);
  handoff_slot_destroy(&slot);
}

/* The last user may destroy it, however far the one that woke it has got. */
static void the_last_user_may_destroy_the_slot(void **state) {
  unsigned round;
  (void)state;
  for (round = 0; round < 500; round++) {
    uint64_t item = 0;
    uint64_t in = 5;
    set_up(round % 3);
    call_put(&calls[0], &slot, &in, HANDOFF_NEVER);
    assert_int_equal(handoff_slot_get(&slot, &item), 0);
    if (round % 3 == 0) {
      handoff_slot_destroy(&slot); /* the putter has been served: it does not look at it again */
      assert_int_equal(call_end(&calls[0]), 0);
    } else {
      assert_int_equal(call_end(&calls[0]), 0);
      handoff_slot_destroy(&slot);
    }
    assert_int_equal(item, 5);
  }
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(waiting_getters_are_served_in_their_order),
      cmocka_unit_test(one_put_lets_one_getter_go),
      cmocka_unit_test(nobody_overtakes_a_waiting_getter),
      cmocka_unit_test(waiting_putters_are_served_in_their_order),
      cmocka_unit_test(one_get_lets_one_putter_go),
      cmocka_unit_test(nobody_overtakes_a_waiting_putter),
      cmocka_unit_test(a_put_at_capacity_0_returns_when_its_item_has_been_taken),
      cmocka_unit_test(a_try_put_at_capacity_0_succeeds_while_a_getter_waits),
      cmocka_unit_test(shut_releases_every_waiting_putter_with_its_item),
      cmocka_unit_test(abort_releases_every_waiting_putter_with_its_item),
      cmocka_unit_test(abort_releases_every_waiting_getter),
      cmocka_unit_test(shut_releases_every_waiting_getter),
      cmocka_unit_test(a_call_that_begins_after_shut_does_not_wait),
      cmocka_unit_test(the_last_user_may_destroy_the_slot),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

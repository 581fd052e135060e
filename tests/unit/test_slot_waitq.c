/* unit.slot_waitq: waiters: FIFO order, direct hand-off, cancelling, shut. Each test knows by
 * lib/queued.h that the threads before are queued. */

#include "slot/waitq.h"

#include "lib/bounded.h"
#include "lib/call.h"
#include "lib/slot.h"
#include "slot/transfer.h"

#define THREADS 5

static handoff_slot_t slot;
static call_t calls[THREADS];
static uint64_t items[THREADS];

static void set_up(size_t capacity) {
  size_t i;
  slot = slot_new(sizeof(uint64_t), capacity);
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

static void end_all(size_t count, int status) {
  size_t i;
  for (i = 0; i < count; i++) {
    assert_int_equal(call_end(&calls[i]), status);
  }
}

static void assert_items(uint64_t first, size_t count) {
  size_t i;
  for (i = 0; i < count; i++) {
    assert_int_equal(items[i], first + i);
  }
}

/* ------------------------------------------------------------------------ order and hand-off -- */

static void waiting_getters_are_served_in_their_order(void **state) {
  size_t capacity;
  (void)state;
  for (capacity = 0; capacity <= 3; capacity++) {
    set_up(capacity);
    queue_getters(THREADS);
    slot_put_items(&slot, 100, THREADS); /* more than the ring holds: each goes to a getter */
    end_all(THREADS, 0);
    assert_items(100, THREADS);
    slot_assert_empty(&slot);
    handoff_slot_destroy(&slot);
  }
}

static void waiting_putters_are_served_in_their_order(void **state) {
  size_t capacity;
  (void)state;
  for (capacity = 0; capacity <= 3; capacity++) {
    set_up(capacity);
    slot_put_items(&slot, 100 - capacity, capacity);
    queue_putters(THREADS);
    slot_get_items(&slot, 100 - capacity, capacity + THREADS);
    end_all(THREADS, 0);
    slot_assert_empty(&slot);
    handoff_slot_destroy(&slot);
  }
}

static void one_put_wakes_one_getter(void **state) {
  size_t i;
  (void)state;
  set_up(1);
  queue_getters(3);
  for (i = 0; i < 3; i++) {
    slot_put_items(&slot, 100 + i, 1);
    assert_int_equal(call_end(&calls[i]), 0);
    assert_int_equal(queued_getters(&slot), 2 - i);
  }
  assert_items(100, 3);
  slot_assert_empty(&slot);
  handoff_slot_destroy(&slot);
}

static void one_get_wakes_one_putter(void **state) {
  size_t i;
  (void)state;
  set_up(1);
  slot_put_items(&slot, 99, 1);
  queue_putters(3);
  for (i = 0; i < 3; i++) {
    slot_get_items(&slot, 99 + i, 1);
    assert_int_equal(call_end(&calls[i]), 0);
    assert_int_equal(queued_putters(&slot), 2 - i);
  }
  slot_get_items(&slot, 102, 1);
  slot_assert_empty(&slot);
  handoff_slot_destroy(&slot);
}

/* However late the woken thread runs, the item is its own since the put. */
static void no_get_overtakes_a_waiting_getter(void **state) {
  unsigned round;
  (void)state;
  for (round = 0; round < 500; round++) {
    uint64_t item = 4711;
    set_up(1);
    queue_getters(1);
    slot_put_items(&slot, 100, 1);
    slot_assert_empty(&slot);
    assert_int_equal(handoff_slot_get_until(&slot, &item, 0), UV_ETIMEDOUT);
    assert_int_equal(item, 4711);
    slot_put_items(&slot, 101, 1); /* there is room at once */
    end_all(1, 0);
    assert_items(100, 1);
    slot_get_items(&slot, 101, 1);
    handoff_slot_destroy(&slot);
  }
}

static void no_put_overtakes_a_waiting_putter(void **state) {
  unsigned round;
  (void)state;
  for (round = 0; round < 500; round++) {
    uint64_t late = 200;
    set_up(1);
    slot_put_items(&slot, 99, 1);
    queue_putters(1);
    slot_get_items(&slot, 99, 1);
    assert_int_equal(handoff_slot_try_put(&slot, &late), UV_EAGAIN); /* the room is taken */
    slot_get_items(&slot, 100, 1);
    end_all(1, 0);
    slot_assert_empty(&slot);
    handoff_slot_destroy(&slot);
  }
}

/* -------------------------------------------------------------------------------- rendezvous -- */

static void with_capacity_0_a_put_returns_once_its_item_is_taken(void **state) {
  uint64_t item = 0;
  (void)state;
  set_up(0);
  queue_putters(2);
  assert_int_equal(handoff_slot_get(&slot, &item), 0);
  assert_int_equal(item, 100);
  assert_int_equal(call_end(&calls[0]), 0);
  assert_int_equal(queued_putters(&slot), 1);
  slot_get_items(&slot, 101, 1);
  assert_int_equal(call_end(&calls[1]), 0);
  slot_assert_empty(&slot);
  handoff_slot_destroy(&slot);
}

static void with_capacity_0_try_put_succeeds_if_a_getter_waits(void **state) {
  uint64_t item = 8;
  (void)state;
  set_up(0);
  queue_getters(1);
  slot_put_items(&slot, 7, 1);
  assert_int_equal(handoff_slot_try_put(&slot, &item), UV_EAGAIN);
  end_all(1, 0);
  assert_items(7, 1);
  handoff_slot_destroy(&slot);
}

/* -------------------------------------------------------------------------------------- shut -- */

static void shut_and_abort_wake_every_putter_which_keeps_its_item(void **state) {
  size_t capacity;
  (void)state;
  for (capacity = 0; capacity <= 3; capacity++) {
    uint64_t item = 0;
    set_up(capacity);
    slot_put_items(&slot, 1, capacity);
    queue_putters(THREADS);
    handoff_slot_shut(&slot);
    end_all(THREADS, UV_EPIPE);
    assert_items(100, THREADS);
    slot_get_items(&slot, 1, capacity); /* what had been accepted, and no more */
    assert_int_equal(handoff_slot_get(&slot, &item), UV_EOF);
    assert_int_equal(queued_putters(&slot), 0);
    handoff_slot_destroy(&slot);

    set_up(capacity);
    slot_put_items(&slot, 1, capacity);
    queue_putters(THREADS);
    assert_int_equal(handoff_slot_abort(&slot), capacity);
    end_all(THREADS, UV_EPIPE);
    assert_items(100, THREADS);
    handoff_slot_destroy(&slot);
  }
}

static void shut_and_abort_wake_every_getter(void **state) {
  size_t capacity;
  (void)state;
  for (capacity = 0; capacity <= 3; capacity++) {
    int is_abort;
    for (is_abort = 0; is_abort <= 1; is_abort++) {
      size_t i;
      set_up(capacity);
      queue_getters(THREADS);
      if (is_abort) {
        assert_int_equal(handoff_slot_abort(&slot), 0);
      } else {
        handoff_slot_shut(&slot);
      }
      end_all(THREADS, UV_EOF);
      for (i = 0; i < THREADS; i++) {
        assert_int_equal(items[i], 0);
      }
      assert_int_equal(queued_getters(&slot), 0);
      handoff_slot_destroy(&slot);
    }
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

/* The other thread may not have returned from its call yet. */
static void the_last_user_may_destroy_the_slot(void **state) {
  unsigned round;
  (void)state;
  for (round = 0; round < 500; round++) {
    uint64_t item = 0;
    uint64_t in = 5;
    set_up(round % 3);
    call_put(&calls[0], &slot, &in, HANDOFF_NEVER);
    assert_int_equal(handoff_slot_get(&slot, &item), 0);
    if (round % 3 != 0) { /* with cells the put may still hold a lock */
      end_all(1, 0);
    }
    handoff_slot_destroy(&slot);
    if (round % 3 == 0) {
      end_all(1, 0);
    }
    assert_int_equal(item, 5);
  }
}

/* ------------------------------------------------------- waiters without threads, cancelling -- */

#define WAITERS ((size_t)3)

static struct handoff__waiter waiters[WAITERS];
static size_t woken[WAITERS]; /* which of them, in the order of their wakes */
static size_t woken_count;

static void on_wake(struct handoff__waiter *waiter) {
  struct handoff__lock *lock = &slot.impl->sides[HANDOFF_PRODUCER].lock;

  assert_false(waiter->is_queued);
  assert_int_equal(waiter->status, 0);
  woken[woken_count++] = (size_t)(waiter - waiters);
  if (lock->is_spinlock) { /* requests are woken under the locks, threads are not */
    assert_int_equal(handoff__lock_try(lock), !waiter->is_request);
    if (!waiter->is_request) {
      handoff__lock_release(lock);
    }
  }
}

/* Waiter 0 is a thread or a request, and the others are of the other kind. Their items: 100, … */
static void queue_waiters(handoff_side_t side, bool is_first_request, size_t count) {
  size_t i;
  woken_count = 0;
  for (i = 0; i < count; i++) {
    items[i] = 100 + i;
    waiters[i].item = &items[i];
    waiters[i].wake = on_wake;
    waiters[i].is_request = (i == 0) == is_first_request;
    assert_int_equal(
        handoff__transfer(slot.impl, side, &items[i], &waiters[i], HANDOFF__SPIN_NONE, false),
        UV_EAGAIN);
  }
}

static void a_waiter_that_cancels_leaves_the_others_in_their_order(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < 2 * WAITERS; i++) {
    const size_t leaver = i / 2;
    const size_t first = leaver == 0 ? 1 : 0;
    const size_t second = leaver == 2 ? 1 : 2;

    set_up(1);
    queue_waiters(HANDOFF_CONSUMER, i % 2 == 0, WAITERS);
    assert_true(handoff__waitq_cancel(&waiters[leaver]));
    assert_false(handoff__waitq_cancel(&waiters[leaver])); /* again */
    slot_put_items(&slot, 200, 3);
    assert_int_equal(woken_count, 2);
    assert_int_equal(woken[0], first);
    assert_int_equal(woken[1], second);
    assert_int_equal(items[first], 200);
    assert_int_equal(items[second], 201);
    assert_int_equal(items[leaver], 100 + leaver);
    assert_false(handoff__waitq_cancel(&waiters[first])); /* served */
    slot_get_items(&slot, 202, 1);
    handoff_slot_destroy(&slot);

    set_up(1);
    slot_put_items(&slot, 99, 1);
    queue_waiters(HANDOFF_PRODUCER, i % 2 == 0, WAITERS);
    assert_true(handoff__waitq_cancel(&waiters[leaver]));
    assert_false(handoff__waitq_cancel(&waiters[leaver]));
    slot_get_items(&slot, 99, 1);
    slot_get_items(&slot, 100 + first, 1);
    slot_get_items(&slot, 100 + second, 1);
    assert_int_equal(woken_count, 2);
    assert_int_equal(woken[0], first);
    assert_int_equal(woken[1], second);
    slot_assert_empty(&slot);
    handoff_slot_destroy(&slot);
  }
}

/* Then the slot may be gone, so the wake must be the last thing that a call does. */
static void on_wake_destroy(struct handoff__waiter *waiter) {
  on_wake(waiter);
  handoff_slot_destroy(&slot);
}

static void a_woken_thread_may_destroy_the_slot(void **state) {
  uint64_t item = 7;
  (void)state;
  set_up(1);
  queue_waiters(HANDOFF_CONSUMER, false, 1);
  waiters[0].wake = on_wake_destroy;
  assert_int_equal(handoff_slot_put(&slot, &item), 0);
  assert_items(7, 1);
  assert_int_equal(woken_count, 1);

  set_up(0);
  queue_waiters(HANDOFF_PRODUCER, false, 1);
  waiters[0].wake = on_wake_destroy;
  assert_int_equal(handoff_slot_get(&slot, &item), 0);
  assert_int_equal(item, 100);
  assert_int_equal(woken_count, 1);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      bounded_test(waiting_getters_are_served_in_their_order),
      bounded_test(waiting_putters_are_served_in_their_order),
      bounded_test(one_put_wakes_one_getter),
      bounded_test(one_get_wakes_one_putter),
      bounded_test(no_get_overtakes_a_waiting_getter),
      bounded_test(no_put_overtakes_a_waiting_putter),
      bounded_test(with_capacity_0_a_put_returns_once_its_item_is_taken),
      bounded_test(with_capacity_0_try_put_succeeds_if_a_getter_waits),
      bounded_test(shut_and_abort_wake_every_putter_which_keeps_its_item),
      bounded_test(shut_and_abort_wake_every_getter),
      bounded_test(a_call_that_begins_after_shut_does_not_wait),
      bounded_test(the_last_user_may_destroy_the_slot),
      bounded_test(a_waiter_that_cancels_leaves_the_others_in_their_order),
      bounded_test(a_woken_thread_may_destroy_the_slot),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* unit.leave: what thread and port build upon: waiters that are queued, leave or are woken, without any
 * thread. */

#include "lib/bounded.h"
#include "lib/queued.h"
#include "slot/slot.h"

static handoff_slot_t slot;
static uint64_t items[3];
static struct handoff__waiter waiters[3];
static size_t woken[8]; /* which of them, in the order of their wakes */
static size_t woken_count;

static void on_wake(struct handoff__waiter *waiter) {
  assert_false(waiter->queued);
  assert_int_equal(waiter->status, 0);
  woken[woken_count++] = (size_t)(waiter - waiters);
}

static void set_up(size_t capacity) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  size_t i;
  bounded_start();
  options.capacity = capacity;
  assert_int_equal(handoff_slot_init(&slot, &options), 0);
  woken_count = 0;
  for (i = 0; i < 3; i++) {
    items[i] = 100 + i;
    waiters[i].item = &items[i];
    waiters[i].wake = on_wake;
  }
}

static void put_all(uint64_t first, size_t count) {
  size_t i;
  for (i = 0; i < count; i++, first++) {
    assert_int_equal(handoff_slot_try_put(&slot, &first), 0);
  }
}

static void assert_empty(void) {
  uint64_t item = 0;
  assert_int_equal(queued_putters(&slot), 0);
  assert_int_equal(queued_getters(&slot), 0);
  assert_int_equal(handoff_slot_try_get(&slot, &item), UV_EAGAIN);
}

static void who_leaves_leaves_the_others_in_their_order(void **state) {
  size_t leaver;
  (void)state;
  for (leaver = 0; leaver < 3; leaver++) {
    const size_t first = leaver == 0 ? 1 : 0;
    const size_t second = leaver == 2 ? 1 : 2;
    uint64_t item = 0;
    size_t i;

    set_up(1);
    for (i = 0; i < 3; i++) {
      assert_int_equal(handoff__transfer(&slot, HANDOFF_CONSUMER, &items[i], &waiters[i],
                                         HANDOFF__SPIN_NONE, false),
                       UV_EAGAIN);
    }
    assert_true(handoff__waitq_cancel(&slot, &waiters[leaver]));
    assert_false(handoff__waitq_cancel(&slot, &waiters[leaver])); /* it has left */
    put_all(200, 3);
    assert_int_equal(woken_count, 2);
    assert_int_equal(woken[0], first);
    assert_int_equal(woken[1], second);
    assert_int_equal(items[first], 200);
    assert_int_equal(items[second], 201);
    assert_int_equal(items[leaver], 100 + leaver);
    assert_false(handoff__waitq_cancel(&slot, &waiters[first])); /* it has been served */
    assert_int_equal(handoff_slot_try_get(&slot, &item), 0);
    assert_int_equal(item, 202);
    handoff_slot_destroy(&slot);

    set_up(1);
    put_all(99, 1);
    for (i = 0; i < 3; i++) {
      assert_int_equal(handoff__transfer(&slot, HANDOFF_PRODUCER, &items[i], &waiters[i],
                                         HANDOFF__SPIN_NONE, false),
                       UV_EAGAIN);
    }
    assert_true(handoff__waitq_cancel(&slot, &waiters[leaver]));
    assert_false(handoff__waitq_cancel(&slot, &waiters[leaver]));
    for (i = 0; i < 3; i++) {
      assert_int_equal(handoff_slot_try_get(&slot, &item), 0);
      assert_int_equal(item, i == 0 ? 99 : i == 1 ? 100 + first : 100 + second);
    }
    assert_int_equal(woken_count, 2);
    assert_int_equal(woken[0], first);
    assert_int_equal(woken[1], second);
    assert_empty();
    handoff_slot_destroy(&slot);
  }
}

/* By then the slot may be gone, so the wake must be the last thing that a call does. */
static void on_wake_destroy(struct handoff__waiter *waiter) {
  on_wake(waiter);
  handoff_slot_destroy(&slot);
}

static void whoever_is_woken_may_destroy_the_slot(void **state) {
  uint64_t item = 7;
  (void)state;
  set_up(1);
  waiters[0].wake = on_wake_destroy;
  assert_int_equal(
      handoff__transfer(&slot, HANDOFF_CONSUMER, &items[0], &waiters[0], HANDOFF__SPIN_NONE, false),
      UV_EAGAIN);
  assert_int_equal(handoff_slot_put(&slot, &item), 0);
  assert_int_equal(items[0], 7);

  set_up(0);
  waiters[0].wake = on_wake_destroy;
  assert_int_equal(
      handoff__transfer(&slot, HANDOFF_PRODUCER, &items[0], &waiters[0], HANDOFF__SPIN_NONE, false),
      UV_EAGAIN);
  assert_int_equal(handoff_slot_get(&slot, &item), 0);
  assert_int_equal(item, 100);
  assert_int_equal(woken_count, 1);
}

static void a_slot_is_drained_once_shut_and_empty(void **state) {
  uint64_t item = 7;
  (void)state;
  set_up(1);
  assert_false(handoff__slot_is_drained(&slot));
  put_all(1, 1);
  handoff_slot_shut(&slot);
  assert_false(handoff__slot_is_drained(&slot));
  assert_int_equal(handoff_slot_get(&slot, &item), 0);
  assert_true(handoff__slot_is_drained(&slot));
  handoff__slot_reset(&slot);
  assert_false(handoff__slot_is_drained(&slot));
  put_all(1, 1); /* open again */
  handoff__slot_reset(&slot);
  assert_empty();
  handoff_slot_destroy(&slot);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_leaves_leaves_the_others_in_their_order),
      cmocka_unit_test(whoever_is_woken_may_destroy_the_slot),
      cmocka_unit_test(a_slot_is_drained_once_shut_and_empty),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* unit.slot_spin: how long a call spins before it would have to wait, what ends the spin early, and
 * how the budget of a side adapts to hits and misses.
 *
 * The code under test is compiled into this file, with a pause that counts, and that does what
 * another thread could do at that moment. */

#include "lib/bounded.h"
#include "lib/slot.h"

static unsigned pause_count;
static unsigned act_at; /* the pause at which on_pause acts; 0: never */
static void (*act)(void);

static void on_pause(void) {
  pause_count++;
  if (pause_count == act_at) {
    act();
  }
}

#undef handoff__cpu_relax
#define handoff__cpu_relax() on_pause()
#include "slot/transfer.c" /* NOLINT(bugprone-suspicious-include): see above */

static handoff_slot_t slot;
static struct handoff__slot_side *consumer;

/* Both sides may spin, whatever this machine has. */
static void set_up(size_t capacity) {
  slot = slot_new(sizeof(uint64_t), capacity);
  slot.impl->may_spin[HANDOFF_PRODUCER] = true;
  slot.impl->may_spin[HANDOFF_CONSUMER] = true;
  consumer = &slot.impl->sides[HANDOFF_CONSUMER];
  act_at = 0;
}

/* A get that may spin. Returns: how many pauses it made. */
static unsigned pauses_of_get(enum handoff__spin spin, int expected) {
  uint64_t item = 0;
  pause_count = 0;
  assert_int_equal(handoff__transfer(slot.impl, HANDOFF_CONSUMER, &item, NULL, spin, false),
                   expected);
  assert_int_equal(item, expected == 0 ? 7 : 0);
  return pause_count;
}

static void put_7(void) { slot_put_items(&slot, 7, 1); }

static void contend(void) { atomic_store(&consumer->lock.contenders, 1); }

static void a_call_spins_for_its_budget_and_no_longer(void **state) {
  (void)state;
  set_up(1);
  consumer->spin_budget = 0;
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_NONE, UV_EAGAIN), 0);
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_ADAPTIVE, UV_EAGAIN), HANDOFF__SPIN_MIN);
  consumer->spin_budget = 100;
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_SHORT, UV_EAGAIN), HANDOFF__SPIN_MIN);
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_ADAPTIVE, UV_EAGAIN), HANDOFF__SPIN_MIN + 100);
  slot_put_items(&slot, 7, 1);
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_ADAPTIVE, 0), 0);
  handoff_slot_destroy(&slot);
}

static void the_spin_ends_when_the_item_arrives(void **state) {
  (void)state;
  set_up(1);
  act = put_7;
  act_at = 10;
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_SHORT, 0), 10);
  handoff_slot_destroy(&slot);

  set_up(64);                 /* the call looks at the cell less often */
  act_at = HANDOFF__SPIN_MIN; /* the last pause */
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_SHORT, 0), HANDOFF__SPIN_MIN);
  act_at = 1;
  assert_true(pauses_of_get(HANDOFF__SPIN_ADAPTIVE, 0) <= PAUSES_MAX);
  handoff_slot_destroy(&slot);
}

static void a_hit_restores_the_budget_and_a_miss_halves_it(void **state) {
  unsigned before = HANDOFF__SPIN_MAX;
  (void)state;
  set_up(1);
  assert_int_equal(consumer->spin_budget, HANDOFF__SPIN_MAX);
  consumer->spin_budget = 3;
  act = put_7;
  act_at = 1;
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_ADAPTIVE, 0), 1);
  assert_int_equal(consumer->spin_budget, HANDOFF__SPIN_MAX);
  act_at = 0;
  for (; before != 0; before /= 2) {
    assert_int_equal(pauses_of_get(HANDOFF__SPIN_ADAPTIVE, UV_EAGAIN), HANDOFF__SPIN_MIN + before);
    assert_int_equal(consumer->spin_budget, before / 2);
  }
  handoff_slot_destroy(&slot);
}

static void a_spinning_call_releases_a_contended_lock(void **state) {
  (void)state;
  set_up(1);
  consumer->spin_budget = 100;
  act = contend;
  act_at = 10;
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_ADAPTIVE, UV_EAGAIN), 10);
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_ADAPTIVE, UV_EAGAIN), 0); /* contended already */
  assert_int_equal(consumer->spin_budget, 100);                          /* neither was a miss */
  atomic_store(&consumer->lock.contenders, 0);
  handoff_slot_destroy(&slot);
}

static void on_wake(struct handoff__waiter *waiter) { assert_int_equal(waiter->status, 0); }

static void queue(struct handoff__waiter *waiter, uint64_t *item) {
  waiter->wake = on_wake;
  waiter->item = item;
  assert_int_equal(
      handoff__transfer(slot.impl, HANDOFF_CONSUMER, item, waiter, HANDOFF__SPIN_NONE, false),
      UV_EAGAIN);
}

static void a_call_that_cannot_succeed_by_spinning_does_not_spin(void **state) {
  struct handoff__waiter waiter = {.is_request = true};
  uint64_t item = 0;
  (void)state;
  set_up(1);
  queue(&waiter, &item);
  assert_int_equal(waiter.spin_budget, 0);                               /* it has spun already */
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_ADAPTIVE, UV_EAGAIN), 0); /* a waiter goes first */
  assert_true(handoff__waitq_cancel(&waiter));
  handoff_slot_destroy(&slot);

  set_up(1);
  handoff_slot_shut(&slot);
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_ADAPTIVE, UV_EOF), 0);
  handoff_slot_destroy(&slot);

  set_up(1);
  slot.impl->may_spin[HANDOFF_CONSUMER] = false; /* as on one CPU */
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_ADAPTIVE, UV_EAGAIN), 0);
  handoff_slot_destroy(&slot);
}

/* There the waiting thread spins while it is queued, and the wait's length decides. */
static void with_capacity_0_a_short_wait_is_a_hit_and_a_long_one_a_miss(void **state) {
  struct handoff__waiter waiter = {.is_request = false};
  uint64_t item = 0;
  (void)state;
  set_up(0);
  do { /* until this thread is fast enough */
    consumer->spin_budget = 5;
    waiter.wait_start_ns = uv_hrtime();
    queue(&waiter, &item);
    assert_int_equal(waiter.spin_budget, HANDOFF__SPIN_MIN + 5);
    slot_put_items(&slot, 7, 1);
  } while (consumer->spin_budget < 5);
  assert_int_equal(consumer->spin_budget, HANDOFF__SPIN_MAX);
  consumer->spin_budget = 100;
  waiter.wait_start_ns = 0;
  queue(&waiter, &item);
  assert_int_equal(waiter.spin_budget, HANDOFF__SPIN_MIN + 100);
  slot_put_items(&slot, 7, 1);
  assert_int_equal(consumer->spin_budget, 50);
  handoff_slot_destroy(&slot);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      bounded_test(a_call_spins_for_its_budget_and_no_longer),
      bounded_test(the_spin_ends_when_the_item_arrives),
      bounded_test(a_hit_restores_the_budget_and_a_miss_halves_it),
      bounded_test(a_spinning_call_releases_a_contended_lock),
      bounded_test(a_call_that_cannot_succeed_by_spinning_does_not_spin),
      bounded_test(with_capacity_0_a_short_wait_is_a_hit_and_a_long_one_a_miss),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

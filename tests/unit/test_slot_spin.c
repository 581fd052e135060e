/* unit.slot_spin: how long a call spins before it would have to wait, and what ends the spin early.
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

/* Both sides may spin, whatever this machine has. */
static void set_up(size_t capacity) {
  slot = slot_new(sizeof(uint64_t), capacity);
  slot.impl->may_spin[HANDOFF_PRODUCER] = true;
  slot.impl->may_spin[HANDOFF_CONSUMER] = true;
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

static void contend(void) { atomic_store(&slot.impl->sides[HANDOFF_CONSUMER].lock.waiters, 1); }

static void a_call_spins_for_its_budget_and_no_longer(void **state) {
  (void)state;
  set_up(1);
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_NONE, UV_EAGAIN), 0);
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_SHORT, UV_EAGAIN), SPIN_SHORT_ITERATIONS);
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_LONG, UV_EAGAIN), SPIN_LONG_ITERATIONS);
  slot_put_items(&slot, 7, 1);
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_LONG, 0), 0);
  handoff_slot_destroy(&slot);
}

static void the_spin_ends_when_the_item_arrives(void **state) {
  (void)state;
  set_up(1);
  act = put_7;
  act_at = 10;
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_SHORT, 0), 10);
  handoff_slot_destroy(&slot);

  set_up(64);                     /* looks at the cell less often */
  act_at = SPIN_SHORT_ITERATIONS; /* at the last moment */
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_SHORT, 0), SPIN_SHORT_ITERATIONS);
  act_at = 1;
  assert_true(pauses_of_get(HANDOFF__SPIN_LONG, 0) <= PAUSES_MAX);
  handoff_slot_destroy(&slot);
}

static void a_spinning_call_releases_a_contended_lock(void **state) {
  (void)state;
  set_up(1);
  act = contend;
  act_at = 10;
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_LONG, UV_EAGAIN), 10);
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_LONG, UV_EAGAIN), 0); /* contended from the start */
  atomic_store(&slot.impl->sides[HANDOFF_CONSUMER].lock.waiters, 0);
  handoff_slot_destroy(&slot);
}

static void a_call_that_cannot_succeed_by_spinning_does_not_spin(void **state) {
  struct handoff__waiter waiter = {.is_request = true};
  uint64_t item = 0;
  (void)state;
  set_up(1);
  assert_int_equal(
      handoff__transfer(slot.impl, HANDOFF_CONSUMER, &item, &waiter, HANDOFF__SPIN_NONE, false),
      UV_EAGAIN);
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_LONG, UV_EAGAIN), 0); /* a waiter goes first */
  assert_true(handoff__waitq_cancel(&slot, &waiter));
  handoff_slot_destroy(&slot);

  set_up(1);
  handoff_slot_shut(&slot);
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_LONG, UV_EOF), 0);
  handoff_slot_destroy(&slot);

  set_up(1);
  slot.impl->may_spin[HANDOFF_CONSUMER] = false; /* as on one CPU */
  assert_int_equal(pauses_of_get(HANDOFF__SPIN_LONG, UV_EAGAIN), 0);
  handoff_slot_destroy(&slot);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      bounded_test(a_call_spins_for_its_budget_and_no_longer),
      bounded_test(the_spin_ends_when_the_item_arrives),
      bounded_test(a_spinning_call_releases_a_contended_lock),
      bounded_test(a_call_that_cannot_succeed_by_spinning_does_not_spin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* unit.lead: how long before its tick a worker is let go: about the shortest that it has lately taken. */

#include "lib/bounded.h"
#include "time/advance.h"

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)

static void what_it_takes_is_learnt(void **state) {
  uint64_t lead_ns = 0;
  int i;
  (void)state;
  lead_ns = handoff__advance_learn(lead_ns, 200 * US);
  assert_int_equal(lead_ns, 100 * US); /* carefully at first */
  lead_ns = handoff__advance_learn(lead_ns, 164 * US);
  assert_int_equal(lead_ns, 102 * US); /* by a part of the difference */
  for (i = 0; i < 1000; i++) {
    lead_ns = handoff__advance_learn(lead_ns, 200 * US);
    assert_true(lead_ns <= 200 * US);
  }
  assert_true(lead_ns > 199 * US);
}

static void who_was_early_is_not_so_again(void **state) {
  (void)state;
  assert_int_equal(handoff__advance_learn(200 * US, 199 * US), 199 * US);
  assert_int_equal(handoff__advance_learn(200 * US, 7), 7);
  assert_int_equal(handoff__advance_learn(200 * US, 0), 0);
  assert_int_equal(handoff__advance_learn(0, 0), 0);
  assert_int_equal(handoff__advance_learn(200 * US, 200 * US), 200 * US);
}

/* One that took a second says nothing about the next one. */
static void a_lead_is_half_a_millisecond_at_most(void **state) {
  uint64_t lead_ns = 100 * US;
  int i;
  (void)state;
  assert_int_equal(handoff__advance_learn(0, UINT64_MAX), 250 * US);
  assert_int_equal(handoff__advance_learn(100 * US, 1000 * MS), 100 * US + 400 * US / 32);
  assert_int_equal(handoff__advance_learn(100 * MS, UINT64_MAX),
                   500 * US); /* one that was too long */
  for (i = 0; i < 1000; i++) {
    lead_ns = handoff__advance_learn(lead_ns, 1000 * MS);
  }
  assert_true(lead_ns <= 500 * US && lead_ns > 499 * US);
}

static void the_loop_wakes_up_by_so_much_earlier(void **state) {
  (void)state;
  assert_int_equal(handoff__advance_wake_at(200 * US, 1000 * MS, 10 * MS), 1000 * MS - 200 * US);
  assert_int_equal(handoff__advance_wake_at(0, 1000 * MS, 10 * MS), 1000 * MS);
}

static void but_by_no_more_than_a_quarter_of_the_period(void **state) {
  (void)state;
  assert_int_equal(handoff__advance_wake_at(200 * US, 1000 * MS, 400 * US), 1000 * MS - 100 * US);
  assert_int_equal(handoff__advance_wake_at(200 * US, 1000 * MS, 800 * US), 1000 * MS - 200 * US);
  assert_int_equal(handoff__advance_wake_at(200 * US, 1000 * MS, 3), 1000 * MS);
}

static void nothing_is_before_the_beginning_and_never_is_never(void **state) {
  (void)state;
  assert_int_equal(handoff__advance_wake_at(200 * US, 200 * US, MS), 0);
  assert_int_equal(handoff__advance_wake_at(200 * US, 199 * US, MS), 0);
  assert_true(handoff__advance_wake_at(200 * US, HANDOFF_NEVER, MS) == HANDOFF_NEVER);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_it_takes_is_learnt),
      cmocka_unit_test(who_was_early_is_not_so_again),
      cmocka_unit_test(a_lead_is_half_a_millisecond_at_most),
      cmocka_unit_test(the_loop_wakes_up_by_so_much_earlier),
      cmocka_unit_test(but_by_no_more_than_a_quarter_of_the_period),
      cmocka_unit_test(nothing_is_before_the_beginning_and_never_is_never),
  };
  bounded_start();
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* unit.pace: the arithmetic of deadlines, by literal times. t0 is 1000, the period 100, unless said. */

#include "lib/bounded.h"
#include "time/schedule.h"

#define LAST UINT64_MAX /* the end of the clock: never */

static struct handoff__schedule make(handoff_missed_t late, uint64_t period_ns, uint64_t t0_ns) {
  struct handoff__schedule pace = {.period_ns = period_ns, .due_ns = 0, .late = late};
  handoff__schedule_start(&pace, t0_ns);
  return pace;
}

/* One that has taken its first tick, at 1000: the next one is due at 1100. */
static struct handoff__schedule after_first_tick(handoff_missed_t late) {
  struct handoff__schedule pace = make(late, 100, 1000);
  handoff__schedule_next(&pace);
  return pace;
}

/* ----------------------------------------------------------------------------------- the grid -- */

static void the_first_tick_is_due_at_the_start(void **state) {
  struct handoff__schedule pace = make(HANDOFF_MISSED_SKIP, 100, 1000);
  (void)state;
  assert_int_equal(pace.due_ns, 1000);
  handoff__schedule_start(&pace, 7777); /* and again when started again */
  assert_int_equal(pace.due_ns, 7777);
}

static void ticks_taken_in_time_lie_on_the_grid(void **state) {
  static const handoff_missed_t policies[] = {HANDOFF_MISSED_SKIP, HANDOFF_MISSED_BURST};
  uint64_t k;
  size_t i;
  (void)state;
  for (i = 0; i < 2; i++) {
    struct handoff__schedule pace = make(policies[i], 100, 1000);
    for (k = 0; k < 1000; k++) { /* each turn begins 3 and ends 60 after its tick */
      uint64_t due_ns = 1000 + k * 100;
      assert_int_equal(handoff__schedule_drop_late(&pace, due_ns + 3, 1), 0);
      assert_int_equal(pace.due_ns, due_ns);
      handoff__schedule_next(&pace);
      assert_int_equal(handoff__schedule_complete(&pace, due_ns + 3, due_ns + 60, 0), 0);
    }
  }
}

static void without_a_period_nothing_moves_and_nothing_is_missed(void **state) {
  static const handoff_missed_t policies[] = {HANDOFF_MISSED_SKIP, HANDOFF_MISSED_SHIFT,
                                              HANDOFF_MISSED_BURST};
  size_t i;
  (void)state;
  for (i = 0; i < 3; i++) {
    struct handoff__schedule pace = make(policies[i], 0, 1000);
    handoff__schedule_next(&pace);
    assert_int_equal(pace.due_ns, 1000);
    assert_int_equal(handoff__schedule_complete(&pace, 1000, 5000, 4000), 0);
    assert_int_equal(pace.due_ns, 1000);
    assert_int_equal(handoff__schedule_drop_late(&pace, 9000, 1), 0);
    assert_int_equal(pace.due_ns, 1000);
  }
}

/* ---------------------------------------------------------------------------------- the limit -- */

typedef struct {
  uint64_t now_ns;
  size_t room;
  uint64_t missed;
  uint64_t due_ns;
} limit_case_t;

static void check_limits(handoff_missed_t late, const limit_case_t *cases, size_t count) {
  size_t i;
  for (i = 0; i < count; i++) {
    struct handoff__schedule pace = after_first_tick(late); /* due at 1100, 1200, … */
    assert_int_equal(handoff__schedule_drop_late(&pace, cases[i].now_ns, cases[i].room),
                     cases[i].missed);
    assert_int_equal(pace.due_ns, cases[i].due_ns);
  }
}

static void skip_keeps_the_newest_tick_that_is_due(void **state) {
  static const limit_case_t cases[] = {
      {1000, 1, 0, 1100}, {1099, 1, 0, 1100}, {1100, 1, 0, 1100}, {1199, 1, 0, 1100},
      {1200, 1, 1, 1200}, {1299, 1, 1, 1200}, {1300, 1, 2, 1300}, {100099, 1, 989, 100000},
  };
  (void)state;
  check_limits(HANDOFF_MISSED_SKIP, cases, sizeof cases / sizeof cases[0]);
}

static void burst_keeps_the_newest_ticks_that_there_is_room_for(void **state) {
  static const limit_case_t cases[] = {
      {1099, 3, 0, 1100}, {1100, 3, 0, 1100}, {1300, 3, 0, 1100},        {1399, 3, 0, 1100},
      {1400, 3, 1, 1200}, {1500, 3, 2, 1300}, {1500, 1, 4, 1500},        {1500, 2, 3, 1400},
      {1500, 5, 0, 1100}, {1500, 6, 0, 1100}, {1500, 1u << 20, 0, 1100},
  };
  (void)state;
  check_limits(HANDOFF_MISSED_BURST, cases, sizeof cases / sizeof cases[0]);
}

static void shift_gives_up_no_tick(void **state) {
  static const limit_case_t cases[] = {
      {1099, 1, 0, 1100}, {1100, 1, 0, 1100}, {999999, 1, 0, 1100}};
  (void)state;
  check_limits(HANDOFF_MISSED_SHIFT, cases, sizeof cases / sizeof cases[0]);
}

static void a_limit_that_has_been_applied_changes_nothing_more(void **state) {
  struct handoff__schedule pace = after_first_tick(HANDOFF_MISSED_SKIP);
  (void)state;
  assert_int_equal(handoff__schedule_drop_late(&pace, 1550, 1), 4);
  assert_int_equal(handoff__schedule_drop_late(&pace, 1550, 1), 0);
  assert_int_equal(pace.due_ns, 1500);
}

/* --------------------------------------------------------------------------------- the spending -- */

typedef struct {
  uint64_t begun_ns;
  uint64_t done_ns;
  uint64_t waited_ns;
  uint64_t missed;
  uint64_t due_ns;
} spend_case_t;

static void check_spends(handoff_missed_t late, const spend_case_t *cases, size_t count) {
  size_t i;
  for (i = 0; i < count; i++) {
    struct handoff__schedule pace = after_first_tick(late); /* the one of 1000 is being spent */
    assert_int_equal(
        handoff__schedule_complete(&pace, cases[i].begun_ns, cases[i].done_ns, cases[i].waited_ns),
        cases[i].missed);
    assert_int_equal(pace.due_ns, cases[i].due_ns);
  }
}

static void skip_gives_up_what_passed_in_a_pause(void **state) {
  static const spend_case_t cases[] = {
      {1001, 1099, 98, 0, 1100},  {1001, 1100, 100, 1, 1200}, {1001, 1199, 198, 1, 1200},
      {1001, 1200, 199, 2, 1300}, {1001, 1350, 349, 3, 1400}, {1001, 1350, 100, 3, 1400},
  };
  (void)state;
  check_spends(HANDOFF_MISSED_SKIP, cases, sizeof cases / sizeof cases[0]);
}

/* Slow by itself, or woken after the other side: the newest tick is still worked off. */
static void skip_gives_up_nothing_for_less_than_an_interval_of_waiting(void **state) {
  static const spend_case_t cases[] = {
      {1001, 1050, 49, 0, 1100},
      {1001, 1100, 99, 0, 1100},
      {1090, 1189, 99, 0, 1100},
      {1001, 1350, 0, 0, 1100},
  };
  (void)state;
  check_spends(HANDOFF_MISSED_SKIP, cases, sizeof cases / sizeof cases[0]);
}

static void skip_after_a_slow_turn_works_off_the_newest_tick_and_returns_to_the_grid(void **state) {
  struct handoff__schedule pace = after_first_tick(HANDOFF_MISSED_SKIP);
  (void)state;
  assert_int_equal(handoff__schedule_complete(&pace, 1000, 1350, 0), 0);
  assert_int_equal(handoff__schedule_drop_late(&pace, 1350, 1), 2); /* 1100 and 1200 */
  assert_int_equal(pace.due_ns, 1300);
  handoff__schedule_next(&pace);
  assert_int_equal(pace.due_ns, 1400);
}

static void shift_counts_from_when_the_work_began(void **state) {
  static const spend_case_t cases[] = {
      {1000, 1050, 0, 0, 1100},
      {1007, 1050, 0, 0, 1107},
      {1350, 1360, 0, 0, 1450},
      {1000, 5000, 0, 0, 1100}, /* it took long: the next one is due already, and only one */
  };
  (void)state;
  check_spends(HANDOFF_MISSED_SHIFT, cases, sizeof cases / sizeof cases[0]);
}

/* Or a side that was held up for long would work twice at once. */
static void shift_counts_from_the_end_of_a_wait(void **state) {
  static const spend_case_t cases[] = {{1000, 1350, 350, 0, 1450}, {1000, 1001, 1, 0, 1101}};
  (void)state;
  check_spends(HANDOFF_MISSED_SHIFT, cases, sizeof cases / sizeof cases[0]);
}

static void burst_gives_up_nothing_by_spending(void **state) {
  static const spend_case_t cases[] = {{1000, 1350, 350, 0, 1100}, {1000, 1350, 0, 0, 1100}};
  (void)state;
  check_spends(HANDOFF_MISSED_BURST, cases, sizeof cases / sizeof cases[0]);
}

static void after_a_pause_of_an_hour_every_tick_is_accounted_for(void **state) {
  const uint64_t hour_ns = UINT64_C(3600000000000);
  const uint64_t ms_ns = 1000000;
  struct handoff__schedule pace = make(HANDOFF_MISSED_SKIP, 10 * ms_ns, 5);
  (void)state;
  handoff__schedule_next(&pace);
  /* Due: 360,000 ticks, k = 1 to 360,000; all but the newest are missed. */
  assert_int_equal(handoff__schedule_drop_late(&pace, 5 + hour_ns, 1), 359999);
  assert_int_equal(pace.due_ns, 5 + hour_ns);

  pace = make(HANDOFF_MISSED_BURST, 10 * ms_ns, 5);
  handoff__schedule_next(&pace);
  assert_int_equal(handoff__schedule_drop_late(&pace, 5 + hour_ns, 8), 359992);
  assert_int_equal(pace.due_ns, 5 + hour_ns - 70 * ms_ns);

  pace = make(HANDOFF_MISSED_SKIP, 10 * ms_ns, 5);
  handoff__schedule_next(&pace);
  assert_int_equal(handoff__schedule_complete(&pace, 5, 5 + hour_ns, hour_ns), 360000);
  assert_int_equal(pace.due_ns, 5 + hour_ns + 10 * ms_ns);
}

/* ---------------------------------------------------------------------------- a new interval -- */

typedef struct {
  uint64_t now_ns;
  uint64_t period_ns;
  uint64_t due_ns;
} period_case_t;

static void a_new_period_counts_from_the_last_tick_but_is_not_due_before_now(void **state) {
  static const handoff_missed_t policies[] = {HANDOFF_MISSED_SKIP, HANDOFF_MISSED_SHIFT,
                                              HANDOFF_MISSED_BURST};
  static const period_case_t cases[] = {
      {1010, 30, 1030},  {1010, 300, 1300}, {1030, 30, 1030}, {1050, 30, 1050},
      {1010, 100, 1100}, {1090, 1, 1090},   {1010, 0, 1010},  {1010, LAST, LAST},
  };
  size_t i;
  size_t j;
  (void)state;
  for (i = 0; i < 3; i++) {
    for (j = 0; j < sizeof cases / sizeof cases[0]; j++) {
      struct handoff__schedule pace = after_first_tick(policies[i]);
      handoff__schedule_set_period(&pace, cases[j].now_ns, cases[j].period_ns);
      assert_int_equal(pace.due_ns, cases[j].due_ns);
      assert_int_equal(pace.period_ns, cases[j].period_ns);
    }
  }
}

static void a_side_that_was_not_paced_is_due_now(void **state) {
  struct handoff__schedule pace = make(HANDOFF_MISSED_SKIP, 0, 1000);
  (void)state;
  handoff__schedule_set_period(&pace, 5000, 100);
  assert_int_equal(pace.due_ns, 5000);
  handoff__schedule_next(&pace);
  assert_int_equal(pace.due_ns, 5100);
}

static void a_period_that_changes_twice_counts_from_the_same_tick(void **state) {
  struct handoff__schedule pace = after_first_tick(HANDOFF_MISSED_SKIP);
  (void)state;
  handoff__schedule_set_period(&pace, 1050, 10);
  assert_int_equal(pace.due_ns, 1050);
  handoff__schedule_set_period(&pace, 1051, 300);
  assert_int_equal(pace.due_ns, 1300);
  handoff__schedule_set_period(&pace, 1060, 0); /* and by way of no pace at all */
  handoff__schedule_set_period(&pace, 1070, 100);
  assert_int_equal(pace.due_ns, 1100);
}

static void a_period_beyond_the_clock_can_be_changed(void **state) {
  struct handoff__schedule pace = make(HANDOFF_MISSED_SKIP, LAST, 1000);
  (void)state;
  handoff__schedule_next(&pace);
  handoff__schedule_set_period(&pace, 1050, 100);
  assert_int_equal(pace.due_ns, 1100); /* not before an interval has passed since the last tick */
}

static void a_new_period_stays_on_its_new_grid(void **state) {
  struct handoff__schedule pace = after_first_tick(HANDOFF_MISSED_SKIP);
  (void)state;
  handoff__schedule_set_period(&pace, 1010, 70); /* 1070, 1140, 1210, 1280, … */
  assert_int_equal(handoff__schedule_drop_late(&pace, 1220, 1), 2);
  assert_int_equal(pace.due_ns, 1210);
  handoff__schedule_next(&pace);
  assert_int_equal(pace.due_ns, 1280);
}

/* -------------------------------------------------------------------------- the clock's end -- */

static void ticks_beyond_the_end_of_the_clock_never_come(void **state) {
  struct handoff__schedule pace = make(HANDOFF_MISSED_SKIP, LAST, 1000);
  (void)state;
  handoff__schedule_next(&pace);
  assert_true(pace.due_ns == LAST);
  handoff__schedule_next(&pace); /* and stay there */
  assert_true(pace.due_ns == LAST);
  assert_int_equal(handoff__schedule_drop_late(&pace, LAST - 1, 1), 0);

  pace = make(HANDOFF_MISSED_SHIFT, LAST - 1500, 1000);
  handoff__schedule_next(&pace);
  assert_true(pace.due_ns == LAST - 500);
  assert_int_equal(handoff__schedule_complete(&pace, 1501, 1502, 0), 0);
  assert_true(pace.due_ns == LAST);

  pace = make(HANDOFF_MISSED_SKIP, 100, LAST - 250);
  handoff__schedule_next(&pace); /* due at LAST - 150 */
  assert_int_equal(handoff__schedule_complete(&pace, LAST - 249, LAST - 20, 229), 2);
  assert_true(pace.due_ns == LAST);

  pace = make(HANDOFF_MISSED_BURST, 1, 0);
  assert_true(handoff__schedule_drop_late(&pace, LAST - 1, 1) == LAST - 1);
  assert_true(pace.due_ns == LAST - 1);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_first_tick_is_due_at_the_start),
      cmocka_unit_test(ticks_taken_in_time_lie_on_the_grid),
      cmocka_unit_test(without_a_period_nothing_moves_and_nothing_is_missed),
      cmocka_unit_test(skip_keeps_the_newest_tick_that_is_due),
      cmocka_unit_test(burst_keeps_the_newest_ticks_that_there_is_room_for),
      cmocka_unit_test(shift_gives_up_no_tick),
      cmocka_unit_test(a_limit_that_has_been_applied_changes_nothing_more),
      cmocka_unit_test(skip_gives_up_what_passed_in_a_pause),
      cmocka_unit_test(skip_gives_up_nothing_for_less_than_an_interval_of_waiting),
      cmocka_unit_test(skip_after_a_slow_turn_works_off_the_newest_tick_and_returns_to_the_grid),
      cmocka_unit_test(shift_counts_from_when_the_work_began),
      cmocka_unit_test(shift_counts_from_the_end_of_a_wait),
      cmocka_unit_test(burst_gives_up_nothing_by_spending),
      cmocka_unit_test(after_a_pause_of_an_hour_every_tick_is_accounted_for),
      cmocka_unit_test(a_new_period_counts_from_the_last_tick_but_is_not_due_before_now),
      cmocka_unit_test(a_side_that_was_not_paced_is_due_now),
      cmocka_unit_test(a_period_that_changes_twice_counts_from_the_same_tick),
      cmocka_unit_test(a_period_beyond_the_clock_can_be_changed),
      cmocka_unit_test(a_new_period_stays_on_its_new_grid),
      cmocka_unit_test(ticks_beyond_the_end_of_the_clock_never_come),
  };
  bounded_start();
  return cmocka_run_group_tests(tests, NULL, NULL);
}

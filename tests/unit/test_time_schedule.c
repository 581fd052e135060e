/* unit.time_schedule: when ticks are due, by literal times, and wake-up latency compensation.
 * Unless stated otherwise t0 is 1000 and the period is 100. */

#include "lib/bounded.h"
#include "time/schedule.h"

#define LAST UINT64_MAX /* the end of the clock, which never comes */
#define US UINT64_C(1000)
#define MS UINT64_C(1000000)

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static const handoff_missed_t policies[] = {HANDOFF_MISSED_SKIP, HANDOFF_MISSED_SHIFT,
                                            HANDOFF_MISSED_BURST};

static struct handoff__schedule make(handoff_missed_t missed, uint64_t period_ns, uint64_t t0_ns) {
  struct handoff__schedule schedule = {.period_ns = period_ns, .missed = missed};
  handoff__schedule_start(&schedule, t0_ns);
  return schedule;
}

/* Its first tick, at 1000, has been granted; the next one is due at 1100. */
static struct handoff__schedule after_first_tick(handoff_missed_t missed) {
  struct handoff__schedule schedule = make(missed, 100, 1000);
  handoff__schedule_next(&schedule, 1);
  return schedule;
}

/* ---------------------------------------------------------------------------------- the grid -- */

static void the_first_tick_is_due_at_the_start(void **state) {
  struct handoff__schedule schedule = make(HANDOFF_MISSED_SKIP, 100, 1000);
  (void)state;
  assert_int_equal(schedule.due_ns, 1000);
  handoff__schedule_start(&schedule, 7777); /* a second start, too */
  assert_int_equal(schedule.due_ns, 7777);
}

static void turns_in_time_keep_skip_and_burst_on_the_grid(void **state) {
  uint64_t k;
  size_t i;
  (void)state;
  for (i = 0; i < COUNT_OF(policies); i++) {
    struct handoff__schedule schedule = make(policies[i], 100, 1000);
    if (policies[i] == HANDOFF_MISSED_SHIFT) {
      continue;
    }
    for (k = 0; k < 1000; k++) { /* each turn begins 3 and ends 60 after its tick */
      uint64_t due_ns = 1000 + k * 100;
      assert_int_equal(handoff__schedule_drop_late(&schedule, due_ns + 3, 1), 0);
      assert_int_equal(schedule.due_ns, due_ns);
      handoff__schedule_next(&schedule, 1);
      assert_int_equal(handoff__schedule_complete(&schedule, due_ns + 3, due_ns + 60, 0), 0);
    }
  }
}

static void an_unpaced_schedule_does_not_move_and_misses_nothing(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < COUNT_OF(policies); i++) {
    struct handoff__schedule schedule = make(policies[i], 0, 1000);
    handoff__schedule_next(&schedule, 1);
    assert_int_equal(schedule.due_ns, 1000);
    assert_int_equal(handoff__schedule_complete(&schedule, 1000, 5000, 4000), 0);
    assert_int_equal(schedule.due_ns, 1000);
    assert_int_equal(handoff__schedule_drop_late(&schedule, 9000, 1), 0);
    assert_int_equal(schedule.due_ns, 1000);
  }
}

/* -------------------------------------------------------------------------------- late ticks -- */

typedef struct {
  uint64_t now_ns;
  size_t room;
  uint64_t missed;
  uint64_t due_ns;
} late_case_t;

static void check_late(handoff_missed_t missed, const late_case_t *cases, size_t count) {
  size_t i;
  for (i = 0; i < count; i++) {
    struct handoff__schedule schedule = after_first_tick(missed); /* due at 1100, 1200, … */
    assert_int_equal(handoff__schedule_drop_late(&schedule, cases[i].now_ns, cases[i].room),
                     cases[i].missed);
    assert_int_equal(schedule.due_ns, cases[i].due_ns);
  }
}

static void skip_keeps_the_newest_late_tick(void **state) {
  static const late_case_t cases[] = {
      {1000, 1, 0, 1100}, {1099, 1, 0, 1100}, {1100, 1, 0, 1100}, {1199, 1, 0, 1100},
      {1200, 1, 1, 1200}, {1299, 1, 1, 1200}, {1300, 1, 2, 1300}, {100099, 1, 989, 100000},
  };
  (void)state;
  check_late(HANDOFF_MISSED_SKIP, cases, COUNT_OF(cases));
}

static void burst_keeps_as_many_of_the_newest_late_ticks_as_there_is_room_for(void **state) {
  static const late_case_t cases[] = {
      {1099, 3, 0, 1100}, {1100, 3, 0, 1100}, {1300, 3, 0, 1100},        {1399, 3, 0, 1100},
      {1400, 3, 1, 1200}, {1500, 3, 2, 1300}, {1500, 1, 4, 1500},        {1500, 2, 3, 1400},
      {1500, 5, 0, 1100}, {1500, 6, 0, 1100}, {1500, 1u << 20, 0, 1100},
  };
  (void)state;
  check_late(HANDOFF_MISSED_BURST, cases, COUNT_OF(cases));
}

static void shift_drops_no_late_tick(void **state) {
  static const late_case_t cases[] = {{1099, 1, 0, 1100}, {1100, 1, 0, 1100}, {999999, 1, 0, 1100}};
  (void)state;
  check_late(HANDOFF_MISSED_SHIFT, cases, COUNT_OF(cases));
}

static void dropping_late_ticks_twice_at_one_time_drops_none_the_second_time(void **state) {
  struct handoff__schedule schedule = after_first_tick(HANDOFF_MISSED_SKIP);
  (void)state;
  assert_int_equal(handoff__schedule_drop_late(&schedule, 1550, 1), 4);
  assert_int_equal(handoff__schedule_drop_late(&schedule, 1550, 1), 0);
  assert_int_equal(schedule.due_ns, 1500);
}

/* --------------------------------------------------------------------------- completed turns -- */

typedef struct {
  uint64_t begun_ns;
  uint64_t done_ns;
  uint64_t waited_ns;
  uint64_t missed;
  uint64_t due_ns;
} turn_case_t;

static void check_turns(handoff_missed_t missed, const turn_case_t *cases, size_t count) {
  size_t i;
  for (i = 0; i < count; i++) {
    struct handoff__schedule schedule = after_first_tick(missed); /* the turn of 1000 completes */
    assert_int_equal(handoff__schedule_complete(&schedule, cases[i].begun_ns, cases[i].done_ns,
                                                cases[i].waited_ns),
                     cases[i].missed);
    assert_int_equal(schedule.due_ns, cases[i].due_ns);
  }
}

static void skip_misses_the_ticks_that_passed_in_a_wait_of_an_interval_or_longer(void **state) {
  static const turn_case_t cases[] = {
      {1001, 1099, 98, 0, 1100},  {1001, 1100, 100, 1, 1200}, {1001, 1199, 198, 1, 1200},
      {1001, 1200, 199, 2, 1300}, {1001, 1350, 349, 3, 1400}, {1001, 1350, 100, 3, 1400},
  };
  (void)state;
  check_turns(HANDOFF_MISSED_SKIP, cases, COUNT_OF(cases));
}

/* The side was slow itself, or was only woken after the other one. */
static void skip_misses_nothing_after_a_wait_of_less_than_an_interval(void **state) {
  static const turn_case_t cases[] = {
      {1001, 1050, 49, 0, 1100},
      {1001, 1100, 99, 0, 1100},
      {1090, 1189, 99, 0, 1100},
      {1001, 1350, 0, 0, 1100},
  };
  (void)state;
  check_turns(HANDOFF_MISSED_SKIP, cases, COUNT_OF(cases));
}

static void skip_runs_the_newest_tick_after_a_slow_turn_and_returns_to_the_grid(void **state) {
  struct handoff__schedule schedule = after_first_tick(HANDOFF_MISSED_SKIP);
  (void)state;
  assert_int_equal(handoff__schedule_complete(&schedule, 1000, 1350, 0), 0);
  assert_int_equal(handoff__schedule_drop_late(&schedule, 1350, 1), 2); /* 1100 and 1200 */
  assert_int_equal(schedule.due_ns, 1300);
  handoff__schedule_next(&schedule, 1);
  assert_int_equal(schedule.due_ns, 1400);
}

typedef struct {
  uint64_t begun_us;
  uint64_t done_us;
  uint64_t waited_us;
  uint64_t due_us;
} shift_case_t;

/* The tick of 1,000 ms completes; the period is 10 ms. */
static void check_shift(const shift_case_t *cases, size_t count) {
  size_t i;
  for (i = 0; i < count; i++) {
    struct handoff__schedule schedule = make(HANDOFF_MISSED_SHIFT, 10 * MS, 1000 * MS);
    handoff__schedule_next(&schedule, 1);
    assert_int_equal(handoff__schedule_complete(&schedule, cases[i].begun_us * 1000,
                                                cases[i].done_us * 1000, cases[i].waited_us * 1000),
                     0);
    assert_int_equal(schedule.due_ns, cases[i].due_us * 1000);
  }
}

/* A start that is late by a millisecond or less does not move the grid; later ones move it by what
 * is above that. */
static void shift_counts_from_when_the_work_began(void **state) {
  static const shift_case_t cases[] = {
      {1000000, 1000050, 0, 1010000}, {1001000, 1001050, 0, 1010000},
      {1001001, 1001050, 0, 1010001}, {1035000, 1036000, 0, 1044000},
      {1000000, 1500000, 0, 1010000}, /* a long turn: one tick is due already, and only one */
  };
  (void)state;
  check_shift(cases, COUNT_OF(cases));
}

/* Otherwise a side that waited for long would run twice in a row. */
static void shift_counts_from_the_end_of_a_wait(void **state) {
  static const shift_case_t cases[] = {{1000000, 1035000, 35000, 1044000},
                                       {1000000, 1000010, 10, 1010000}};
  (void)state;
  check_shift(cases, COUNT_OF(cases));
}

static void shift_tolerates_at_most_half_a_period(void **state) {
  (void)state;
  assert_int_equal(handoff__schedule_shift(MS, 3 * MS, MS), 3 * MS - MS / 2);
  assert_int_equal(handoff__schedule_shift(MS, MS + MS / 2, MS), MS);
}

static void ticks_at_most_half_a_millisecond_apart_are_granted_in_groups(void **state) {
  (void)state;
  assert_int_equal(handoff__schedule_group(0), 1);
  assert_int_equal(handoff__schedule_group(MS), 1);
  assert_int_equal(handoff__schedule_group(MS / 2 + 1), 1);
  assert_int_equal(handoff__schedule_group(MS / 2), 20);
  assert_int_equal(handoff__schedule_group(1000), 10000);
  assert_int_equal(handoff__schedule_group(1), 10 * MS);
}

static void burst_misses_nothing_when_a_turn_completes(void **state) {
  static const turn_case_t cases[] = {{1000, 1350, 350, 0, 1100}, {1000, 1350, 0, 0, 1100}};
  (void)state;
  check_turns(HANDOFF_MISSED_BURST, cases, COUNT_OF(cases));
}

static void every_tick_of_an_hour_is_accounted_for(void **state) {
  const uint64_t hour_ns = 3600000 * MS;
  struct handoff__schedule schedule = make(HANDOFF_MISSED_SKIP, 10 * MS, 5);
  (void)state;
  handoff__schedule_next(&schedule, 1);
  /* Due: 360,000 ticks, k = 1 to 360,000; all but the newest are missed. */
  assert_int_equal(handoff__schedule_drop_late(&schedule, 5 + hour_ns, 1), 359999);
  assert_int_equal(schedule.due_ns, 5 + hour_ns);

  schedule = make(HANDOFF_MISSED_BURST, 10 * MS, 5);
  handoff__schedule_next(&schedule, 1);
  assert_int_equal(handoff__schedule_drop_late(&schedule, 5 + hour_ns, 8), 359992);
  assert_int_equal(schedule.due_ns, 5 + hour_ns - 70 * MS);

  schedule = make(HANDOFF_MISSED_SKIP, 10 * MS, 5);
  handoff__schedule_next(&schedule, 1);
  assert_int_equal(handoff__schedule_complete(&schedule, 5, 5 + hour_ns, hour_ns), 360000);
  assert_int_equal(schedule.due_ns, 5 + hour_ns + 10 * MS);
}

/* ------------------------------------------------------------------------------- new periods -- */

static void a_new_period_counts_from_the_last_tick_but_is_not_due_before_now(void **state) {
  static const struct {
    uint64_t now_ns;
    uint64_t period_ns;
    uint64_t due_ns;
  } cases[] = {
      {1010, 30, 1030},  {1010, 300, 1300}, {1030, 30, 1030}, {1050, 30, 1050},
      {1010, 100, 1100}, {1090, 1, 1090},   {1010, 0, 1010},  {1010, LAST, LAST},
  };
  size_t i;
  size_t j;
  (void)state;
  for (i = 0; i < COUNT_OF(policies); i++) {
    for (j = 0; j < COUNT_OF(cases); j++) {
      struct handoff__schedule schedule = after_first_tick(policies[i]);
      handoff__schedule_set_period(&schedule, cases[j].now_ns, cases[j].period_ns);
      assert_int_equal(schedule.due_ns, cases[j].due_ns);
      assert_int_equal(schedule.period_ns, cases[j].period_ns);
    }
  }
}

static void a_schedule_that_was_unpaced_is_due_now(void **state) {
  struct handoff__schedule schedule = make(HANDOFF_MISSED_SKIP, 0, 1000);
  (void)state;
  handoff__schedule_set_period(&schedule, 5000, 100);
  assert_int_equal(schedule.due_ns, 5000);
  handoff__schedule_next(&schedule, 1);
  assert_int_equal(schedule.due_ns, 5100);
}

static void a_period_that_changes_twice_counts_from_the_same_tick(void **state) {
  struct handoff__schedule schedule = after_first_tick(HANDOFF_MISSED_SKIP);
  (void)state;
  handoff__schedule_set_period(&schedule, 1050, 10);
  assert_int_equal(schedule.due_ns, 1050);
  handoff__schedule_set_period(&schedule, 1051, 300);
  assert_int_equal(schedule.due_ns, 1300);
  handoff__schedule_set_period(&schedule, 1060, 0); /* unpaced in between */
  handoff__schedule_set_period(&schedule, 1070, 100);
  assert_int_equal(schedule.due_ns, 1100);
}

static void a_period_beyond_the_clock_can_be_changed(void **state) {
  struct handoff__schedule schedule = make(HANDOFF_MISSED_SKIP, LAST, 1000);
  (void)state;
  handoff__schedule_next(&schedule, 1);
  handoff__schedule_set_period(&schedule, 1050, 100);
  assert_int_equal(schedule.due_ns, 1100); /* one period after the last tick */
}

static void a_new_period_has_a_grid_of_its_own(void **state) {
  struct handoff__schedule schedule = after_first_tick(HANDOFF_MISSED_SKIP);
  (void)state;
  handoff__schedule_set_period(&schedule, 1010, 70); /* 1070, 1140, 1210, 1280, … */
  assert_int_equal(handoff__schedule_drop_late(&schedule, 1220, 1), 2);
  assert_int_equal(schedule.due_ns, 1210);
  handoff__schedule_next(&schedule, 1);
  assert_int_equal(schedule.due_ns, 1280);
}

static void ticks_beyond_the_end_of_the_clock_never_come(void **state) {
  struct handoff__schedule schedule = make(HANDOFF_MISSED_SKIP, LAST, 1000);
  (void)state;
  handoff__schedule_next(&schedule, 1);
  assert_true(schedule.due_ns == LAST);
  handoff__schedule_next(&schedule, 1);
  assert_true(schedule.due_ns == LAST);
  assert_int_equal(handoff__schedule_drop_late(&schedule, LAST - 1, 1), 0);

  schedule = make(HANDOFF_MISSED_SHIFT, LAST - 1500, 1000);
  handoff__schedule_next(&schedule, 1);
  assert_true(schedule.due_ns == LAST - 500);
  assert_int_equal(handoff__schedule_complete(&schedule, 2 * MS, 2 * MS, 0), 0);
  assert_true(schedule.due_ns == LAST);

  schedule = make(HANDOFF_MISSED_SKIP, 100, LAST - 250);
  handoff__schedule_next(&schedule, 1); /* due at LAST - 150 */
  assert_int_equal(handoff__schedule_complete(&schedule, LAST - 249, LAST - 20, 229), 2);
  assert_true(schedule.due_ns == LAST);

  schedule = make(HANDOFF_MISSED_BURST, 1, 0);
  assert_true(handoff__schedule_drop_late(&schedule, LAST - 1, 1) == LAST - 1);
  assert_true(schedule.due_ns == LAST - 1);
}

/* -------------------------------------------------------------- wake-up latency compensation -- */

static uint64_t learn_often(uint64_t advance_ns, uint64_t took_ns) {
  int i;
  for (i = 0; i < 1000; i++) {
    advance_ns = handoff__advance_learn(advance_ns, took_ns);
    assert_true(advance_ns <= took_ns);
  }
  return advance_ns;
}

static void the_advance_grows_slowly_towards_the_measured_latency(void **state) {
  (void)state;
  assert_int_equal(handoff__advance_learn(0, 200 * US), 100 * US); /* the first: half of it */
  assert_int_equal(handoff__advance_learn(100 * US, 164 * US), 102 * US); /* then 1/32 */
  assert_true(learn_often(100 * US, 200 * US) > 199 * US);
  assert_int_equal(handoff__advance_learn(200 * US, 200 * US), 200 * US);
}

/* A worker that wakes up early has to wait, so the advance falls at once. */
static void the_advance_falls_at_once_to_a_shorter_latency(void **state) {
  (void)state;
  assert_int_equal(handoff__advance_learn(200 * US, 199 * US), 199 * US);
  assert_int_equal(handoff__advance_learn(200 * US, 7), 7);
  assert_int_equal(handoff__advance_learn(200 * US, 0), 0);
  assert_int_equal(handoff__advance_learn(0, 0), 0);
}

/* One latency of a second says nothing about the next one. */
static void the_advance_is_half_a_millisecond_at_most(void **state) {
  uint64_t advance_ns;
  (void)state;
  assert_int_equal(handoff__advance_learn(0, LAST), 250 * US);
  assert_int_equal(handoff__advance_learn(100 * US, 1000 * MS), 100 * US + 400 * US / 32);
  assert_int_equal(handoff__advance_learn(100 * MS, LAST), 500 * US);
  advance_ns = learn_often(100 * US, 1000 * MS);
  assert_true(advance_ns <= 500 * US && advance_ns > 499 * US);
}

static void the_loop_wakes_up_earlier_by_the_advance(void **state) {
  (void)state;
  assert_int_equal(handoff__advance_wake_at(200 * US, 1000 * MS, 10 * MS), 1000 * MS - 200 * US);
  assert_int_equal(handoff__advance_wake_at(0, 1000 * MS, 10 * MS), 1000 * MS);
}

static void the_loop_wakes_up_earlier_by_a_quarter_of_the_period_at_most(void **state) {
  (void)state;
  assert_int_equal(handoff__advance_wake_at(200 * US, 1000 * MS, 400 * US), 1000 * MS - 100 * US);
  assert_int_equal(handoff__advance_wake_at(200 * US, 1000 * MS, 800 * US), 1000 * MS - 200 * US);
  assert_int_equal(handoff__advance_wake_at(200 * US, 1000 * MS, 3), 1000 * MS);
}

static void the_time_to_wake_up_does_not_wrap_below_0_and_never_stays_never(void **state) {
  (void)state;
  assert_int_equal(handoff__advance_wake_at(200 * US, 200 * US, MS), 0);
  assert_int_equal(handoff__advance_wake_at(200 * US, 199 * US, MS), 0);
  assert_true(handoff__advance_wake_at(200 * US, HANDOFF_NEVER, MS) == HANDOFF_NEVER);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_first_tick_is_due_at_the_start),
      cmocka_unit_test(turns_in_time_keep_skip_and_burst_on_the_grid),
      cmocka_unit_test(an_unpaced_schedule_does_not_move_and_misses_nothing),
      cmocka_unit_test(skip_keeps_the_newest_late_tick),
      cmocka_unit_test(burst_keeps_as_many_of_the_newest_late_ticks_as_there_is_room_for),
      cmocka_unit_test(shift_drops_no_late_tick),
      cmocka_unit_test(dropping_late_ticks_twice_at_one_time_drops_none_the_second_time),
      cmocka_unit_test(skip_misses_the_ticks_that_passed_in_a_wait_of_an_interval_or_longer),
      cmocka_unit_test(skip_misses_nothing_after_a_wait_of_less_than_an_interval),
      cmocka_unit_test(skip_runs_the_newest_tick_after_a_slow_turn_and_returns_to_the_grid),
      cmocka_unit_test(shift_counts_from_when_the_work_began),
      cmocka_unit_test(shift_counts_from_the_end_of_a_wait),
      cmocka_unit_test(shift_tolerates_at_most_half_a_period),
      cmocka_unit_test(ticks_at_most_half_a_millisecond_apart_are_granted_in_groups),
      cmocka_unit_test(burst_misses_nothing_when_a_turn_completes),
      cmocka_unit_test(every_tick_of_an_hour_is_accounted_for),
      cmocka_unit_test(a_new_period_counts_from_the_last_tick_but_is_not_due_before_now),
      cmocka_unit_test(a_schedule_that_was_unpaced_is_due_now),
      cmocka_unit_test(a_period_that_changes_twice_counts_from_the_same_tick),
      cmocka_unit_test(a_period_beyond_the_clock_can_be_changed),
      cmocka_unit_test(a_new_period_has_a_grid_of_its_own),
      cmocka_unit_test(ticks_beyond_the_end_of_the_clock_never_come),
      cmocka_unit_test(the_advance_grows_slowly_towards_the_measured_latency),
      cmocka_unit_test(the_advance_falls_at_once_to_a_shorter_latency),
      cmocka_unit_test(the_advance_is_half_a_millisecond_at_most),
      cmocka_unit_test(the_loop_wakes_up_earlier_by_the_advance),
      cmocka_unit_test(the_loop_wakes_up_earlier_by_a_quarter_of_the_period_at_most),
      cmocka_unit_test(the_time_to_wake_up_does_not_wrap_below_0_and_never_stays_never),
  };
  bounded_start();
  return cmocka_run_group_tests(tests, NULL, NULL);
}

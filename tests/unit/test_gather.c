/* unit.gather: how long reports may gather: as long as it is worth it, and no slower than without. */

#include "lib/bounded.h"

#include "gather.h"

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)

static struct handoff__gather gather;
static uint64_t now_ns;

static void set_up(uint64_t max_ns, size_t capacity) {
  handoff__gather_init(&gather, max_ns, capacity);
  now_ns = 1000 * MS;
  gather.since_ns = now_ns;
}

/* So many reports come in so long. Returns: how long the next ones may gather. */
static uint64_t after(uint64_t count, uint64_t ns) {
  while (count-- != 0) {
    handoff__gather_count(&gather);
  }
  now_ns += ns;
  return handoff__gather_is_due(&gather) ? handoff__gather_next(&gather, now_ns) : 0;
}

/* The loop is woken for as many as it takes to tell their pace. */
static uint64_t listen_to(uint64_t apart_ns) {
  return after(gather.patience, gather.patience * apart_ns);
}

static void fast_reports_gather_for_as_long_as_asked_for(void **state) {
  (void)state;
  set_up(MS, 1 << 20);
  assert_int_equal(listen_to(US), MS);
  assert_int_equal(after(1000, MS), MS);
  set_up(1, 1 << 20); /* no time at all */
  assert_int_equal(listen_to(US), 0);
  set_up(0, 1 << 20);
  assert_int_equal(listen_to(0), 0);
  assert_int_equal(listen_to(1), 0);
}

static void they_gather_until_half_of_their_room_should_be_taken(void **state) {
  (void)state;
  set_up(MS, 64);
  assert_int_equal(listen_to(2 * US), 128 * US); /* 64 of both sides */
  assert_int_equal(after(128, 128 * US), 64 * US);
  assert_int_equal(after(64, 64 * US), 64 * US);
}

static void a_pace_is_judged_by_enough_reports(void **state) {
  (void)state;
  set_up(MS, 1 << 20);
  assert_int_equal(after(63, 0), 0);
  assert_false(handoff__gather_is_due(&gather));
  assert_int_equal(after(1, 64 * US), MS);
}

static void slow_reports_do_not_gather(void **state) {
  (void)state;
  set_up(MS, 1 << 20);
  assert_int_equal(listen_to(MS / 8 + 1), 0);
  assert_int_equal(listen_to(UINT64_C(1) << 50), 0); /* and nothing overflows */
  assert_int_equal(listen_to(MS / 8), MS);
  set_up(1000 * MS, 1 << 20);
  assert_int_equal(listen_to(125 * MS), 1000 * MS);
}

static void reports_without_room_do_not_gather(void **state) {
  (void)state;
  set_up(MS, 7);
  assert_int_equal(listen_to(US), 0);
  set_up(MS, 8);
  assert_int_equal(listen_to(US), 8 * US);
}

/* Sixteen, and then the workers wait for the loop: a microsecond apart if it is woken for each, or 62. */
static void what_makes_them_slower_is_given_up_and_tried_ever_less_often(void **state) {
  uint64_t patience = 64;
  (void)state;
  set_up(MS, 64);
  while (patience < 8192) {
    assert_int_equal(gather.patience, patience);
    assert_int_not_equal(listen_to(US), 0);
    assert_int_equal(after(16, MS), 0);
    patience *= 2;
  }
  assert_int_not_equal(listen_to(US), 0);
  assert_int_equal(after(0, MS), 0); /* none at all */
  assert_int_equal(gather.patience, 8192);
  assert_int_not_equal(listen_to(US), 0); /* and then it is worth it */
  assert_int_not_equal(after(64, 64 * US), 0);
  assert_int_equal(gather.patience, 64);
}

static void a_little_slower_is_good_enough(void **state) {
  (void)state;
  set_up(MS, 64);
  assert_int_not_equal(listen_to(4 * US), 0);
  assert_int_not_equal(after(100, 500 * US), 0);
  assert_int_equal(after(100, 500 * US + 100), 0);
}

/* What they did long ago is no measure of what they would do now. */
static void their_pace_is_learnt_anew_now_and_then(void **state) {
  int i;
  (void)state;
  set_up(MS, 64);
  assert_int_not_equal(listen_to(100 * US), 0);
  for (i = 1; i < 64; i++) {
    assert_int_not_equal(after(64, MS), 0);
  }
  assert_int_equal(after(64, MS), 0);
  assert_int_not_equal(listen_to(US), 0);
  assert_int_equal(after(64, MS), 0);
}

static void a_lane_that_must_not_begins_again_later(void **state) {
  (void)state;
  set_up(MS, 64);
  assert_int_not_equal(listen_to(US), 0);
  handoff__gather_stop(&gather);
  assert_int_equal(after(63, 0), 0);
  assert_false(handoff__gather_is_due(&gather));
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(fast_reports_gather_for_as_long_as_asked_for),
      cmocka_unit_test(they_gather_until_half_of_their_room_should_be_taken),
      cmocka_unit_test(a_pace_is_judged_by_enough_reports),
      cmocka_unit_test(slow_reports_do_not_gather),
      cmocka_unit_test(reports_without_room_do_not_gather),
      cmocka_unit_test(what_makes_them_slower_is_given_up_and_tried_ever_less_often),
      cmocka_unit_test(a_little_slower_is_good_enough),
      cmocka_unit_test(their_pace_is_learnt_anew_now_and_then),
      cmocka_unit_test(a_lane_that_must_not_begins_again_later),
  };
  bounded_start();
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* unit.lane_interval: a new interval applies at once, whatever the two sides are doing. */

#include "lane/lane.h"
#include "lib/queued.h"
#include "lib/rig.h"

#define US_NS UINT64_C(1000)
#define MS_NS UINT64_C(1000000)
#define HOUR_NS (3600000 * MS_NS)

static void set_interval(rig_t *rig, handoff_side_t side, uint64_t interval_ns) {
  assert_int_equal(handoff_lane_set_interval(&rig->lane, side, interval_ns), 0);
}

static void a_new_interval_applies_at_once(void **state) {
  static const uint64_t intervals_ns[] = {0, US_NS, MS_NS};
  handoff_side_t side;
  size_t i;
  for (side = HANDOFF_PRODUCER; side <= HANDOFF_CONSUMER; side++) {
    for (i = 0; i < 9; i++) {
      rig_t *rig = rig_new(state);
      rig_pace(rig, side, HOUR_NS, (handoff_missed_t)(i / 3), 3);
      rig->options.capacity = i % 3;
      rig_init_and_start(rig);
      rig_run_until_events(rig, side, 1); /* the next tick would be in an hour */
      set_interval(rig, side, intervals_ns[i % 3]);
      rig_run_until_events(rig, side, 10);
      handoff_lane_stop(&rig->lane);
      rig_run_until_end(rig);
      assert_int_equal(rig->end_status, 0);
      rig_free(rig);
    }
  }
}

static void an_unpaced_side_can_be_paced_and_unpaced_again(void **state) {
  unsigned round;
  for (round = 0; round < 20; round++) {
    rig_t *rig = rig_new(state);
    unsigned made;
    rig->options.event_capacity = 1 + round % 3;
    rig_init_and_start(rig);
    rig_run_until_events(rig, HANDOFF_CONSUMER, 10);
    set_interval(rig, HANDOFF_PRODUCER, HOUR_NS);
    while (rig->last[HANDOFF_PRODUCER].due_ns == 0) { /* until its first tick */
      uv_run(&rig->fixture->loop, UV_RUN_ONCE);
    }
    queued_await_getters(&rig->lane.impl->sides[HANDOFF_PRODUCER].credits, 1);
    made = atomic_load(&rig->made);
    loop_run_for(&rig->fixture->loop, MS_NS);
    assert_int_equal(atomic_load(&rig->made), made);
    set_interval(rig, HANDOFF_PRODUCER, 0);
    rig_run_until_events(rig, HANDOFF_PRODUCER, made + 10);
    rig_free(rig);
  }
}

/* A producer that is blocked in the first of three turns. */
static rig_t *with_blocked_producer(void **state) {
  rig_t *rig = rig_new(state);
  rig_block(rig, HANDOFF_PRODUCER);
  rig->limit = 3;
  rig->knows_last = true;
  rig_pace(rig, HANDOFF_PRODUCER, HOUR_NS, HANDOFF_MISSED_SKIP, 1);
  rig_init_and_start(rig);
  rig_await_turn(rig, HANDOFF_PRODUCER, 1);
  return rig;
}

static void on_event_paced(rig_t *rig, const handoff_event_t *event) {
  (void)rig;
  assert_true(event->side == HANDOFF_CONSUMER || event->due_ns != 0);
}

static void a_side_that_is_unpaced_and_paced_within_one_turn_takes_no_unpaced_turn(void **state) {
  rig_t *rig = with_blocked_producer(state);
  rig->on_event = on_event_paced;
  set_interval(rig, HANDOFF_PRODUCER, 0);
  set_interval(rig, HANDOFF_PRODUCER, 1000);
  rig_unblock(rig, HANDOFF_PRODUCER, 3);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 3, 3);
  rig_free(rig);
}

static void pacing_takes_an_unused_unpaced_credit_back(void **state) {
  rig_t *rig = with_blocked_producer(state);
  set_interval(rig, HANDOFF_PRODUCER, 0);
  set_interval(rig, HANDOFF_PRODUCER, HOUR_NS);
  rig_unblock(rig, HANDOFF_PRODUCER, 1);
  queued_await_getters(&rig->lane.impl->sides[HANDOFF_PRODUCER].credits, 1);
  assert_int_equal(atomic_load(&rig->made), 1); /* the next item is due in an hour */
  rig_free(rig);
}

static void on_event_half_ms(rig_t *rig, const handoff_event_t *event) {
  static uint64_t first_due_ns[2];
  (void)rig;
  if (event->number == 1) {
    first_due_ns[event->side] = event->due_ns;
  }
  assert_true(event->due_ns != 0);
  assert_int_equal((event->due_ns - first_due_ns[event->side]) % (500 * US_NS), 0);
}

static void intervals_may_be_set_before_start(void **state) {
  rig_t *rig = rig_new(state);
  rig->limit = 5;
  rig->on_event = on_event_half_ms;
  rig_init(rig);
  set_interval(rig, HANDOFF_PRODUCER, 500 * US_NS);
  set_interval(rig, HANDOFF_CONSUMER, 500 * US_NS);
  rig_start(rig);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 5, 5);
  rig_free(rig);
}

static void on_event_change(rig_t *rig, const handoff_event_t *event) {
  static const uint64_t intervals_ns[] = {0,       1,   20 * US_NS, 200 * US_NS, 0, HANDOFF_NEVER,
                                          HOUR_NS, 5000};
  handoff_side_t side =
      (event->number + event->side) % 2 == 0 ? HANDOFF_PRODUCER : HANDOFF_CONSUMER;
  uint64_t interval_ns = intervals_ns[(event->number * 7 + event->side * UINT64_C(3)) % 8];
  set_interval(rig, side, interval_ns);
  if (interval_ns >= HOUR_NS) { /* change it again at once, because no event would */
    set_interval(rig, side, intervals_ns[event->number % 5]);
  }
}

static void intervals_that_change_with_every_event_lose_no_item(void **state) {
  static const size_t bursts[] = {1, 1, 4};
  unsigned i;
  for (i = 0; i < 9; i++) {
    rig_t *rig = rig_new(state);
    rig->options.capacity = i / 3;
    rig_pace(rig, HANDOFF_PRODUCER, 1000, (handoff_missed_t)(i % 3), bursts[i % 3]);
    rig_pace(rig, HANDOFF_CONSUMER, 0, (handoff_missed_t)(i % 3), bursts[i % 3]);
    rig->limit = 400;
    rig->on_event = on_event_change;
    rig_run(rig, 0, 400, 400);
    rig_free(rig);
  }
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      loop_test(a_new_interval_applies_at_once),
      loop_test(an_unpaced_side_can_be_paced_and_unpaced_again),
      loop_test(a_side_that_is_unpaced_and_paced_within_one_turn_takes_no_unpaced_turn),
      loop_test(pacing_takes_an_unused_unpaced_credit_back),
      loop_test(intervals_may_be_set_before_start),
      loop_test(intervals_that_change_with_every_event_lose_no_item),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

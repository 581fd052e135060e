/* unit.lane_interval: a new interval applies at once, while the lane runs, whatever its sides are doing. */

#include "lane/lane.h"
#include "lib/queued.h"
#include "lib/rig.h"

#define US_NS UINT64_C(1000)
#define MS_NS UINT64_C(1000000)
#define HOUR_NS (3600000 * MS_NS)

static void pace(rig_t *rig, handoff_side_t side, uint64_t interval_ns, handoff_missed_t late,
                 size_t burst) {
  rig->options.pacing[side].interval_ns = interval_ns;
  rig->options.pacing[side].late = late;
  rig->options.pacing[side].burst = burst;
}

static void run_until_ns(rig_t *rig, uint64_t until_ns) {
  while (uv_hrtime() < until_ns) {
    uv_run(&rig->fixture->loop, UV_RUN_NOWAIT);
  }
}

/* -------------------------------------------------------------------------------- set_interval -- */

static void await_events(rig_t *rig, handoff_side_t side, unsigned count) {
  while (rig->events[side] < count) {
    uv_run(&rig->fixture->loop, UV_RUN_ONCE);
  }
}

static void a_new_interval_applies_at_once(void **state) {
  static const uint64_t intervals_ns[] = {0, US_NS, MS_NS};
  size_t i;
  int side;
  for (side = 0; side < 2; side++) {
    for (i = 0; i < 9; i++) {
      rig_t *rig = rig_new(state);
      pace(rig, (handoff_side_t)side, HOUR_NS, (handoff_missed_t)(i / 3), 3);
      rig->options.capacity = i % 3;
      rig_init(rig);
      rig_start(rig);
      await_events(rig, (handoff_side_t)side, 1); /* the next one would be in an hour */
      assert_int_equal(
          handoff_lane_set_interval(&rig->lane, (handoff_side_t)side, intervals_ns[i % 3]), 0);
      await_events(rig, (handoff_side_t)side, 10);
      handoff_lane_stop(&rig->lane);
      rig_run_until_end(rig);
      assert_int_equal(rig->end_status, 0);
      rig_free(rig);
    }
  }
}

static void a_lane_that_was_not_paced_can_be_paced_and_freed_again(void **state) {
  unsigned round;
  for (round = 0; round < 20; round++) {
    rig_t *rig = rig_new(state);
    unsigned so_far;
    rig->options.event_capacity = 1 + round % 3;
    rig_init(rig);
    rig_start(rig);
    await_events(rig, HANDOFF_CONSUMER, 10);
    assert_int_equal(handoff_lane_set_interval(&rig->lane, HANDOFF_PRODUCER, HOUR_NS), 0);
    while (rig->last[HANDOFF_PRODUCER].due_ns == 0) { /* until it has taken to it */
      uv_run(&rig->fixture->loop, UV_RUN_ONCE);
    }
    queued_await_getters(&rig->lane.impl->sides[HANDOFF_PRODUCER].gate, 1);
    so_far = atomic_load(&rig->made);
    run_until_ns(rig, uv_hrtime() + MS_NS);
    assert_int_equal(atomic_load(&rig->made), so_far);
    assert_int_equal(handoff_lane_set_interval(&rig->lane, HANDOFF_PRODUCER, 0), 0);
    await_events(rig, HANDOFF_PRODUCER, so_far + 10);
    rig_free(rig);
  }
}

static void on_event_paced(rig_t *rig, const handoff_event_t *event) {
  (void)rig;
  assert_true(event->side == HANDOFF_CONSUMER || event->due_ns != 0);
}

/* The turn without a tick, that it would have had, is taken back. */
static void a_side_that_is_paced_again_before_its_next_turn_takes_a_tick(void **state) {
  rig_t *rig = rig_new(state);
  uv_sem_t gate;
  assert_int_equal(uv_sem_init(&gate, 0), 0);
  rig->gates[HANDOFF_PRODUCER] = &gate;
  rig->limit = 3;
  rig->knows_last = true;
  rig->on_event = on_event_paced;
  pace(rig, HANDOFF_PRODUCER, HOUR_NS, HANDOFF_MISSED_SKIP, 1);
  rig_init(rig);
  rig_start(rig);
  rig_await_turn(rig, HANDOFF_PRODUCER, 1);
  assert_int_equal(handoff_lane_set_interval(&rig->lane, HANDOFF_PRODUCER, 0), 0);
  assert_int_equal(handoff_lane_set_interval(&rig->lane, HANDOFF_PRODUCER, 1000), 0);
  uv_sem_post(&gate);
  uv_sem_post(&gate);
  uv_sem_post(&gate);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 3, 3);
  rig_free(rig);
  uv_sem_destroy(&gate);
}

static void on_event_half_ms(rig_t *rig, const handoff_event_t *event) {
  static uint64_t first_due_ns[2];
  if (event->number == 1) {
    first_due_ns[event->side] = event->due_ns;
  }
  (void)rig;
  assert_true(event->due_ns != 0);
  assert_int_equal((event->due_ns - first_due_ns[event->side]) % (500 * US_NS), 0);
}

/* Freed while it was busy, and paced again before it could tell: the turn that freed it must be gone. */
static void a_free_turn_that_was_not_used_is_taken_back(void **state) {
  rig_t *rig = rig_new(state);
  uv_sem_t gate;
  assert_int_equal(uv_sem_init(&gate, 0), 0);
  rig->gates[HANDOFF_PRODUCER] = &gate;
  pace(rig, HANDOFF_PRODUCER, HOUR_NS, HANDOFF_MISSED_SKIP, 1);
  rig_init(rig);
  rig_start(rig);
  rig_await_turn(rig, HANDOFF_PRODUCER, 1);
  assert_int_equal(handoff_lane_set_interval(&rig->lane, HANDOFF_PRODUCER, 0), 0);
  assert_int_equal(handoff_lane_set_interval(&rig->lane, HANDOFF_PRODUCER, HOUR_NS), 0);
  uv_sem_post(&gate);
  queued_await_getters(&rig->lane.impl->sides[HANDOFF_PRODUCER].gate, 1);
  assert_int_equal(atomic_load(&rig->made), 1); /* the next one is due in an hour */
  rig_free(rig);
  uv_sem_destroy(&gate);
}

static void intervals_set_before_start_hold(void **state) {
  rig_t *rig = rig_new(state);
  rig->limit = 5;
  rig->on_event = on_event_half_ms;
  rig_init(rig);
  assert_int_equal(handoff_lane_set_interval(&rig->lane, HANDOFF_PRODUCER, 500 * US_NS), 0);
  assert_int_equal(handoff_lane_set_interval(&rig->lane, HANDOFF_CONSUMER, 500 * US_NS), 0);
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
  assert_int_equal(handoff_lane_set_interval(&rig->lane, side, interval_ns), 0);
  if (interval_ns >= HOUR_NS) { /* and back at once, or nothing would change it any more */
    assert_int_equal(handoff_lane_set_interval(&rig->lane, side, intervals_ns[event->number % 5]),
                     0);
  }
}

/* Nothing is lost and nothing hangs, however the intervals change while the workers run. */
static void intervals_may_change_all_the_time(void **state) {
  static const size_t bursts[] = {1, 1, 4};
  unsigned i;
  for (i = 0; i < 9; i++) {
    rig_t *rig = rig_new(state);
    rig->options.capacity = i / 3;
    pace(rig, HANDOFF_PRODUCER, 1000, (handoff_missed_t)(i % 3), bursts[i % 3]);
    pace(rig, HANDOFF_CONSUMER, 0, (handoff_missed_t)(i % 3), bursts[i % 3]);
    rig->limit = 400;
    rig->on_event = on_event_change;
    rig_init(rig);
    rig_start(rig);
    rig_run_until_end(rig);
    rig_assert_end(rig, 0, 400, 400);
    rig_free(rig);
  }
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      loop_test(a_new_interval_applies_at_once),
      loop_test(a_lane_that_was_not_paced_can_be_paced_and_freed_again),
      loop_test(a_side_that_is_paced_again_before_its_next_turn_takes_a_tick),
      loop_test(a_free_turn_that_was_not_used_is_taken_back),
      loop_test(intervals_set_before_start_hold),
      loop_test(intervals_may_change_all_the_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

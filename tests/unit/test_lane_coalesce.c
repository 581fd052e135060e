/* unit.lane_coalesce: while completions arrive fast, the loop waits coalesce_ns before it looks for
 * more. Slow completions are delivered at once, and nothing that needs the loop has to wait. */

#include "lib/script.h"

#define MS_NS UINT64_C(1000000)
#define SECOND_NS (1000 * MS_NS)
#define HOUR_NS (3600 * SECOND_NS)

static uint64_t earliest_ns; /* no event may be delivered before */

static void on_event_check_time(rig_t *rig, const handoff_event_t *event) {
  (void)rig;
  (void)event;
  assert_true(uv_hrtime() >= earliest_ns);
}

static bool is_coalescing(const rig_t *rig) { return rig->lane.impl->coalesced.is_armed; }

/* The loop waits for the next completion of either side. */
static bool is_listening(const rig_t *rig) {
  return rig->lane.impl->sides[HANDOFF_PRODUCER].req.is_pending &&
         rig->lane.impl->sides[HANDOFF_CONSUMER].req.is_pending;
}

static void complete_transfer(rig_t *rig, uint64_t number) {
  script_complete(rig, HANDOFF_PRODUCER, number);
  script_complete(rig, HANDOFF_CONSUMER, number);
}

/* Makes the next completion count as one of a million, which is fast on the slowest machine. */
static void pretend_fast(rig_t *rig) { rig->lane.impl->handled = 1000000; }

static void end_delay_at(rig_t *rig, uint64_t due_ns) {
  handoff__timer_arm(&rig->fixture->port.impl->timers, &rig->lane.impl->coalesced, due_ns);
}

/* The loop coalesces, but still waits for the consumer's completion. */
static rig_t *coalescing_after_put(void **state, uint64_t coalesce_ns) {
  rig_t *rig = script_new(state, 1, coalesce_ns);
  earliest_ns = 0;
  rig->on_event = on_event_check_time;
  pretend_fast(rig);
  script_complete(rig, HANDOFF_PRODUCER, 1);
  rig_run_until_events(rig, HANDOFF_PRODUCER, 1);
  assert_true(is_coalescing(rig));
  assert_true(rig->lane.impl->sides[HANDOFF_CONSUMER].req.is_pending);
  return rig;
}

/* The loop coalesces and waits for neither side. */
static rig_t *coalescing(void **state, uint64_t coalesce_ns) {
  rig_t *rig = coalescing_after_put(state, coalesce_ns);
  script_complete(rig, HANDOFF_CONSUMER, 1);
  pretend_fast(rig);
  end_delay_at(rig, 0);
  rig_run_until_events(rig, HANDOFF_CONSUMER, 1);
  assert_true(is_coalescing(rig));
  assert_false(rig->lane.impl->sides[HANDOFF_PRODUCER].req.is_pending);
  assert_false(rig->lane.impl->sides[HANDOFF_CONSUMER].req.is_pending);
  return rig;
}

/* ------------------------------------------------------------------ fast or slow completions -- */

static void fast_completions_are_delivered_together_after_the_delay(void **state) {
  rig_t *rig = coalescing(state, 20 * MS_NS);
  earliest_ns = rig->lane.impl->coalesced.due_ns;
  complete_transfer(rig, 2);
  rig_run_until_events(rig, HANDOFF_CONSUMER, 2); /* on_event_check_time has checked */
  script_free(rig);
}

static void an_awaited_completion_is_coalesced_too(void **state) {
  rig_t *rig = coalescing_after_put(state, 20 * MS_NS);
  earliest_ns = rig->lane.impl->coalesced.due_ns;
  script_complete(rig, HANDOFF_CONSUMER, 1);
  rig_run_until_events(rig, HANDOFF_CONSUMER, 1);
  script_free(rig);
}

/* Eight completions within coalesce_ns would be fast; these took twice as long. */
static void slow_completions_are_delivered_at_once(void **state) {
  rig_t *rig = script_new(state, 1, SECOND_NS);
  rig->lane.impl->look_ns = uv_hrtime() - 2 * SECOND_NS;
  rig->lane.impl->handled = 7;
  script_complete(rig, HANDOFF_PRODUCER, 1);
  rig_run_until_events(rig, HANDOFF_PRODUCER, 1);
  assert_false(is_coalescing(rig));
  assert_true(is_listening(rig));
  script_free(rig);
}

static void a_lane_without_a_delay_does_not_coalesce(void **state) {
  rig_t *rig = script_new(state, 1, 0);
  pretend_fast(rig);
  complete_transfer(rig, 1);
  rig_run_until_events(rig, HANDOFF_CONSUMER, 1);
  assert_false(is_coalescing(rig));
  assert_true(is_listening(rig));
  script_free(rig);
}

static void a_lane_with_a_paced_side_does_not_coalesce(void **state) {
  handoff_side_t side;
  for (side = HANDOFF_PRODUCER; side <= HANDOFF_CONSUMER; side++) {
    rig_t *rig = rig_new(state);
    rig->options.coalesce_ns = SECOND_NS;
    rig_pace(rig, side, HOUR_NS, HANDOFF_MISSED_SKIP, 1);
    rig_block(rig, HANDOFF_PRODUCER);
    rig_init_and_start(rig);
    rig_await_turn(rig, HANDOFF_PRODUCER, 1);
    pretend_fast(rig);
    complete_transfer(rig, 1);
    rig_run_until_events(rig, HANDOFF_CONSUMER, 1);
    assert_false(is_coalescing(rig));
    assert_true(is_listening(rig));
    script_free(rig);
  }
}

/* ----------------------------------------------------------------------- what ends the delay -- */

/* Another transfer completes, in a delay that is longer than the test takes. */
static rig_t *with_coalesced_transfer(void **state) {
  rig_t *rig = coalescing(state, SECOND_NS);
  end_delay_at(rig, uv_hrtime() + HOUR_NS);
  complete_transfer(rig, 2);
  rig_run_pending(rig);
  assert_int_equal(rig_event_count(rig), 2);
  return rig;
}

static void assert_delivered(rig_t *rig) {
  assert_int_equal(rig_event_count(rig), 2); /* no event inside the call */
  rig_run_pending(rig);
  assert_int_equal(rig_event_count(rig), 4);
}

static void stop_delivers_coalesced_completions(void **state) {
  rig_t *rig = with_coalesced_transfer(state);
  handoff_lane_stop(&rig->lane);
  assert_delivered(rig);
  assert_true(is_listening(rig));
  script_free(rig);
}

static void pacing_a_side_delivers_coalesced_completions(void **state) {
  rig_t *rig = with_coalesced_transfer(state);
  assert_int_equal(handoff_lane_set_interval(&rig->lane, HANDOFF_CONSUMER, SECOND_NS), 0);
  assert_delivered(rig);
  assert_true(is_listening(rig));
  script_free(rig);
}

static void resume_delivers_coalesced_completions(void **state) {
  rig_t *rig = with_coalesced_transfer(state);
  handoff_lane_pause(&rig->lane);
  rig_run_pending(rig);
  handoff_lane_resume(&rig->lane);
  assert_delivered(rig);
  script_free(rig);
}

static void close_delivers_coalesced_completions(void **state) {
  rig_t *rig = with_coalesced_transfer(state);
  rig_close(rig);
  assert_delivered(rig);
  assert_false(is_coalescing(rig));
  script_free(rig);
}

static void a_half_full_completion_queue_ends_the_delay(void **state) {
  rig_t *rig = rig_new(state);
  rig->options.capacity = 64;
  rig->options.event_capacity = 8;
  rig->options.coalesce_ns = SECOND_NS;
  rig_block(rig, HANDOFF_PRODUCER);
  rig_block(rig, HANDOFF_CONSUMER);
  rig_init_and_start(rig);
  pretend_fast(rig);
  rig_unblock(rig, HANDOFF_PRODUCER, 1);
  rig_run_until_events(rig, HANDOFF_PRODUCER, 1);
  assert_true(is_coalescing(rig));
  end_delay_at(rig, uv_hrtime() + HOUR_NS);
  rig_unblock(rig, HANDOFF_PRODUCER, 2);
  rig_await_turn(rig, HANDOFF_PRODUCER, 4); /* items 2 and 3 are completed */
  rig_run_pending(rig);
  assert_int_equal(rig->events[HANDOFF_PRODUCER], 1);
  rig_unblock(rig, HANDOFF_PRODUCER, 1);
  rig_run_until_events(rig, HANDOFF_PRODUCER, 4);
  rig_free(rig);
}

/* Without looks at half full queues this would take a minute, and the watchdog would abort it. */
static void a_coalescing_lane_loses_no_event(void **state) {
  rig_t *rig = rig_new(state);
  rig->options.event_capacity = 3;
  rig->options.coalesce_ns = 200 * MS_NS;
  rig->limit = 1000;
  rig_run(rig, 0, 1000, 1000);
  rig_free(rig);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      loop_test(fast_completions_are_delivered_together_after_the_delay),
      loop_test(an_awaited_completion_is_coalesced_too),
      loop_test(slow_completions_are_delivered_at_once),
      loop_test(a_lane_without_a_delay_does_not_coalesce),
      loop_test(a_lane_with_a_paced_side_does_not_coalesce),
      loop_test(stop_delivers_coalesced_completions),
      loop_test(pacing_a_side_delivers_coalesced_completions),
      loop_test(resume_delivers_coalesced_completions),
      loop_test(close_delivers_coalesced_completions),
      loop_test(a_half_full_completion_queue_ends_the_delay),
      loop_test(a_coalescing_lane_loses_no_event),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

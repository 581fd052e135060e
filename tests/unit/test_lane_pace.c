/* unit.lane_pace: the ticks of a paced side. No turn begins early, which rig_on_event checks of
 * every event, and missed ticks are counted. No test judges how late a turn is. */

#include "lane/lane.h"
#include "lib/queued.h"
#include "lib/rig.h"

#define US_NS UINT64_C(1000)
#define MS_NS UINT64_C(1000000)
#define HOUR_NS (3600000 * MS_NS)

/* Runs the loop, without blocking, until so many of the side's callbacks have begun. */
static void run_until_turn(rig_t *rig, handoff_side_t side, unsigned count) {
  while (atomic_load(&rig->turns[side]) < count) {
    uv_run(&rig->fixture->loop, UV_RUN_NOWAIT);
  }
}

/* ---------------------------------------------------------------------------------- the grid -- */

static uint64_t interval_of[2];
static uint64_t t0_ns[2];

static void on_event_on_grid(rig_t *rig, const handoff_event_t *event) {
  uint64_t interval_ns = interval_of[event->side];
  if (event->number == 1) {
    t0_ns[event->side] = event->due_ns - event->missed * interval_ns;
  }
  assert_true(event->due_ns != 0);
  /* Each tick of the grid before this one has had its turn or was missed. */
  assert_int_equal(event->due_ns - t0_ns[event->side],
                   (event->number - 1 + rig->missed[event->side]) * interval_ns);
}

static void both_sides_of_a_paced_lane_stay_on_one_grid(void **state) {
  static const size_t capacities[] = {0, 1, 5};
  size_t i;
  for (i = 0; i < 6; i++) {
    rig_t *rig = rig_new(state);
    interval_of[0] = (i < 3 ? 300 : 700) * US_NS;
    interval_of[1] = (i < 3 ? 700 : 300) * US_NS; /* the faster side waits for the slower one */
    rig->options.capacity = capacities[i % 3];
    rig_pace(rig, HANDOFF_PRODUCER, interval_of[0], HANDOFF_MISSED_SKIP, 1);
    rig_pace(rig, HANDOFF_CONSUMER, interval_of[1], HANDOFF_MISSED_SKIP, 1);
    rig->limit = 60;
    rig->on_event = on_event_on_grid;
    rig_run(rig, 0, 60, 60);
    assert_int_equal(t0_ns[0], t0_ns[1]);
    rig_free(rig);
  }
}

static void an_unpaced_lane_has_no_ticks(void **state) {
  rig_t *rig = rig_new(state);
  rig->limit = 50;
  rig_run(rig, 0, 50, 50);
  assert_true(rig->last[0].due_ns == 0 && rig->last[1].due_ns == 0);
  assert_int_equal(rig->missed[0] + rig->missed[1], 0);
  rig_free(rig);
}

/* ---------------------------------------------------------- the end does not wait for a tick -- */

/* The first tick is due at once, the second one in an hour. */
static void stop_and_close_do_not_wait_for_a_tick(void **state) {
  unsigned i;
  for (i = 0; i < 12; i++) {
    rig_t *rig = rig_new(state);
    rig_pace(rig, HANDOFF_PRODUCER, i % 3 == 1 ? 0 : HOUR_NS, (handoff_missed_t)(i / 2 % 3), 2);
    rig_pace(rig, HANDOFF_CONSUMER, i % 3 == 2 ? 0 : HOUR_NS, (handoff_missed_t)(i / 2 % 3), 2);
    rig_init_and_start(rig);
    rig_run_until_events(rig, HANDOFF_CONSUMER, 1);
    if (i % 3 == 0 && i % 2 == 0) { /* with an unpaced producer, stop would have more to consume */
      handoff_lane_stop(&rig->lane);
      rig_run_until_end(rig);
      rig_assert_end(rig, 0, 1, 1);
    } else {
      rig_close(rig);
      rig_run_until_closed(rig);
      assert_int_equal(rig->end_status, UV_ECANCELED);
    }
    rig_free(rig);
  }
}

static void the_end_of_the_items_does_not_wait_for_a_tick(void **state) {
  unsigned i;
  for (i = 0; i < 40; i++) {
    rig_t *rig = rig_new(state);
    rig_pace(rig, HANDOFF_CONSUMER, HOUR_NS, HANDOFF_MISSED_SKIP, 1);
    rig->limit = i % 2;
    rig->knows_last = i % 4 == 1;
    rig_run(rig, 0, i % 2, i % 2);
    rig_free(rig);
  }
}

static void an_error_does_not_wait_for_a_tick(void **state) {
  handoff_side_t side;
  for (side = HANDOFF_PRODUCER; side <= HANDOFF_CONSUMER; side++) {
    rig_t *rig = rig_new(state);
    rig_pace(rig, !side, HOUR_NS, HANDOFF_MISSED_SKIP, 1);
    rig->options.capacity = 5;
    if (side == HANDOFF_PRODUCER) { /* the other side has one tick, for one item */
      rig->limit = 1;
      rig->past = UV_EIO;
    } else {
      rig->fail_at = 1;
      rig->fail_status = UV_EIO;
    }
    rig_run(rig, UV_EIO, 1, 1);
    rig_free(rig);
  }
}

/* The consumer is at work on the last item, and the producer has ended. The next tick is in an
 * hour. */
static void a_consumer_that_has_drained_the_slot_does_not_wait_for_a_tick(void **state) {
  rig_t *rig = rig_new(state);
  rig_block(rig, HANDOFF_CONSUMER);
  rig->limit = 2;
  rig->knows_last = true;
  rig_pace(rig, HANDOFF_CONSUMER, 1000, HANDOFF_MISSED_SKIP, 1);
  rig_init_and_start(rig);
  rig_await_turn(rig, HANDOFF_CONSUMER, 1);
  rig_unblock(rig, HANDOFF_CONSUMER, 1);
  run_until_turn(rig, HANDOFF_CONSUMER, 2);
  loop_run_until(&rig->fixture->loop, &rig->lane.impl->sides[HANDOFF_PRODUCER].has_ended);
  assert_int_equal(handoff_lane_set_interval(&rig->lane, HANDOFF_CONSUMER, HOUR_NS), 0);
  rig_unblock(rig, HANDOFF_CONSUMER, 1);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 2, 2);
  rig_free(rig);
}

/* The event of its second item has to wait for the slow consumer; its third tick has not. */
static void a_producer_gets_its_ticks_while_the_consumer_is_working(void **state) {
  rig_t *rig = rig_new(state);
  rig_block(rig, HANDOFF_CONSUMER);
  rig->limit = 3;
  rig_pace(rig, HANDOFF_PRODUCER, MS_NS, HANDOFF_MISSED_SKIP, 1);
  rig_init_and_start(rig);
  rig_await_turn(rig, HANDOFF_CONSUMER, 1);
  run_until_turn(rig, HANDOFF_PRODUCER, 3);
  assert_int_equal(rig->events[HANDOFF_PRODUCER], 1);
  rig_unblock(rig, HANDOFF_CONSUMER, 3);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 3, 3);
  rig_free(rig);
}

static void a_stopped_lane_consumes_the_rest_at_the_consumers_pace(void **state) {
  rig_t *rig = rig_new(state);
  handoff_event_t first;
  rig->options.capacity = 5;
  rig_pace(rig, HANDOFF_CONSUMER, 2 * MS_NS, HANDOFF_MISSED_BURST, 1);
  rig_init_and_start(rig);
  rig_run_until_events(rig, HANDOFF_CONSUMER, 1);
  first = rig->last[HANDOFF_CONSUMER];
  queued_await_putters(&rig->lane.impl->items, 1);
  handoff_lane_stop(&rig->lane);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, atomic_load(&rig->made), atomic_load(&rig->made));
  assert_true(rig->last[HANDOFF_CONSUMER].begun_ns >=
              first.due_ns + (rig->events[HANDOFF_CONSUMER] - first.number) * 2 * MS_NS);
  rig_free(rig);
}

/* ----------------------------------------------------------------- policies for missed ticks -- */

#define EVENTS 64

static handoff_event_t put_events[EVENTS]; /* by number */

static void on_event_keep_puts(rig_t *rig, const handoff_event_t *event) {
  (void)rig;
  if (event->side == HANDOFF_PRODUCER && event->number < EVENTS) {
    put_events[event->number] = *event;
  }
}

/* A producer with ticks every millisecond is blocked in its first turn for at least 20 of them; it
 * never waits for the consumer. Returns: when it was unblocked. */
static uint64_t run_blocked(void **state, handoff_missed_t missed, size_t burst, unsigned items) {
  rig_t *rig = rig_new(state);
  const struct handoff__lane_side *producer;
  uint64_t unblocked_ns;
  memset(put_events, 0, sizeof put_events);
  rig_block(rig, HANDOFF_PRODUCER);
  rig->options.capacity = 64;
  rig->limit = items;
  rig->knows_last = true;
  rig->on_event = on_event_keep_puts;
  rig_pace(rig, HANDOFF_PRODUCER, MS_NS, missed, burst);
  rig_init_and_start(rig);
  rig_await_turn(rig, HANDOFF_PRODUCER, 1);
  producer = &rig->lane.impl->sides[HANDOFF_PRODUCER];
  loop_run_for(&rig->fixture->loop, 20 * MS_NS);
  while (producer->credits_out < burst) {
    uv_run(&rig->fixture->loop, UV_RUN_NOWAIT);
  }
  unblocked_ns = uv_hrtime();
  rig_unblock(rig, HANDOFF_PRODUCER, items);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, items, items);
  rig_free(rig);
  return unblocked_ns;
}

static void assert_on_grid(unsigned items) {
  unsigned i;
  for (i = 2; i <= items; i++) {
    assert_int_equal(put_events[i].due_ns,
                     put_events[i - 1].due_ns + (put_events[i].missed + 1) * MS_NS);
  }
}

static void skip_runs_the_newest_late_tick_and_misses_the_older_ones(void **state) {
  const uint64_t unblocked_ns = run_blocked(state, HANDOFF_MISSED_SKIP, 1, 5);
  assert_true(put_events[2].missed >= 18);
  assert_true(put_events[2].due_ns + MS_NS > unblocked_ns); /* the newest one */
  assert_on_grid(5);
}

/* A start that is late by half an interval or less does not move the grid. */
static void shift_runs_next_one_interval_after_the_last_turn_began(void **state) {
  unsigned i;
  (void)run_blocked(state, HANDOFF_MISSED_SHIFT, 1, 5);
  for (i = 2; i <= 5; i++) {
    const handoff_event_t *last = &put_events[i - 1];
    const bool is_late = last->begun_ns > last->due_ns + MS_NS / 2;
    assert_int_equal(put_events[i].missed, 0);
    assert_int_equal(put_events[i].due_ns,
                     is_late ? last->begun_ns + MS_NS / 2 : last->due_ns + MS_NS);
  }
}

static void burst_catches_up_on_as_many_late_ticks_as_it_may_keep(void **state) {
  size_t burst;
  for (burst = 1; burst <= 4; burst++) {
    const uint64_t unblocked_ns = run_blocked(state, HANDOFF_MISSED_BURST, burst, 10);
    uint64_t missed = 0;
    unsigned caught_up = 0;
    unsigned i;
    for (i = 2; i <= 10; i++) {
      missed += put_events[i].missed;
      caught_up += put_events[i].due_ns <= unblocked_ns;
    }
    assert_on_grid(10);
    assert_true(caught_up <= burst);
    assert_true(caught_up + 1 >= burst); /* one may have become due as it was unblocked */
    assert_true(missed >= 19 - burst);
  }
}

/* The loop's other handles get their turns in between. */
static void a_large_burst_is_granted_at_most_64_credits_at_a_time(void **state) {
  rig_t *rig = rig_new(state);
  struct handoff__lane_side *producer;
  rig_block(rig, HANDOFF_PRODUCER);
  rig->limit = 0;
  rig_pace(rig, HANDOFF_PRODUCER, MS_NS, HANDOFF_MISSED_BURST, 1000);
  rig_init_and_start(rig);
  producer = &rig->lane.impl->sides[HANDOFF_PRODUCER];
  producer->schedule.due_ns -= 2000 * MS_NS; /* as if the loop had been blocked for two seconds */
  while (producer->credits_out < 1000) {
    const size_t before = producer->credits_out;
    uv_run(&rig->fixture->loop, UV_RUN_NOWAIT);
    assert_true(producer->credits_out <= before + 64);
  }
  rig_unblock(rig, HANDOFF_PRODUCER, 1);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 0, 0);
  rig_free(rig);
}

static void skip_misses_the_ticks_that_pass_while_a_side_waits_for_the_other(void **state) {
  rig_t *rig = rig_new(state);
  rig_block(rig, HANDOFF_CONSUMER);
  rig->limit = 4;
  rig->knows_last = true;
  rig->on_event = on_event_keep_puts;
  rig_pace(rig, HANDOFF_PRODUCER, MS_NS, HANDOFF_MISSED_SKIP, 1);
  rig_init_and_start(rig);
  rig_await_turn(rig, HANDOFF_CONSUMER, 1);
  while (queued_putters(&rig->lane.impl->items) == 0) { /* 1 is being consumed, 2 and 3 wait */
    uv_run(&rig->fixture->loop, UV_RUN_NOWAIT);
  }
  loop_run_for(&rig->fixture->loop, 10 * MS_NS);
  rig_unblock(rig, HANDOFF_CONSUMER, 4);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 4, 4);
  assert_true(put_events[4].missed >= 9);
  assert_true(put_events[3].waited_ns >= 10 * MS_NS);
  assert_true(put_events[4].due_ns > put_events[3].done_ns); /* due after the wait, not within it */
  rig_free(rig);
}

/* -------------------------------------------------------------------------------- the groups -- */

static void on_event_of_a_group(rig_t *rig, const handoff_event_t *event) {
  on_event_on_grid(rig, event);
  assert_true(rig->lane.impl->sides[event->side].credits_out <= 2);
}

/* However late they run, each tick has its turn or is missed, and two credits are enough. */
static void ticks_of_a_group_are_on_one_grid_too(void **state) {
  static const uint64_t intervals_us[] = {1, 20, 500};
  size_t i;
  for (i = 0; i < 3; i++) {
    rig_t *rig = rig_new(state);
    interval_of[HANDOFF_PRODUCER] = intervals_us[i] * US_NS;
    interval_of[HANDOFF_CONSUMER] = intervals_us[i] * US_NS;
    rig->options.capacity = 4;
    rig->options.coalesce_ns = i == 0 ? MS_NS : 0;
    rig_pace(rig, HANDOFF_PRODUCER, interval_of[0], HANDOFF_MISSED_SKIP, 1);
    rig_pace(rig, HANDOFF_CONSUMER, interval_of[1], HANDOFF_MISSED_SKIP, 1);
    rig->limit = i == 2 ? 50 : 5000;
    rig->on_event = on_event_of_a_group;
    rig_run(rig, 0, (unsigned)rig->limit, (unsigned)rig->limit);
    rig_free(rig);
  }
}

/* SHIFT misses none; BURST and SKIP count those that they miss. */
static void all_policies_deliver_all_items_in_groups(void **state) {
  int policy;
  for (policy = HANDOFF_MISSED_SKIP; policy <= HANDOFF_MISSED_BURST; policy++) {
    rig_t *rig = rig_new(state);
    rig_pace(rig, HANDOFF_CONSUMER, 2 * US_NS, (handoff_missed_t)policy, 3);
    rig->limit = 5000;
    rig_run(rig, 0, 5000, 5000);
    assert_true(policy != HANDOFF_MISSED_SHIFT || rig->missed[HANDOFF_CONSUMER] == 0);
    rig_free(rig);
  }
}

/* The worker holds thousands of ticks, and more are in its queue. */
static void a_new_interval_makes_the_rest_of_a_group_void(void **state) {
  rig_t *rig = rig_new(state);
  rig_block(rig, HANDOFF_PRODUCER);
  rig_pace(rig, HANDOFF_PRODUCER, US_NS, HANDOFF_MISSED_SKIP, 1);
  rig_init_and_start(rig);
  rig_await_turn(rig, HANDOFF_PRODUCER, 1);
  assert_int_equal(handoff_lane_set_interval(&rig->lane, HANDOFF_PRODUCER, HOUR_NS), 0);
  rig_unblock(rig, HANDOFF_PRODUCER, 2);
  queued_await_getters(&rig->lane.impl->sides[HANDOFF_PRODUCER].credits, 1);
  rig_run_until_events(rig, HANDOFF_CONSUMER, 1);
  assert_int_equal(rig->events[HANDOFF_PRODUCER], 1);
  assert_int_equal(handoff_lane_set_interval(&rig->lane, HANDOFF_PRODUCER, US_NS), 0);
  rig_run_until_events(rig, HANDOFF_CONSUMER, 2);
  rig_free(rig);
}

/* What passed while the side was blocked is not made up. */
static void a_group_drops_the_ticks_of_a_long_wait(void **state) {
  rig_t *rig = rig_new(state);
  rig_block(rig, HANDOFF_CONSUMER);
  rig->limit = 12;
  rig->options.capacity = 1;
  rig->on_event = on_event_keep_puts;
  rig_pace(rig, HANDOFF_PRODUCER, 100 * US_NS, HANDOFF_MISSED_SKIP, 1);
  rig_init_and_start(rig);
  rig_await_turn(rig, HANDOFF_PRODUCER, 3);
  loop_run_for(&rig->fixture->loop, 30 * MS_NS);
  rig_unblock(rig, HANDOFF_CONSUMER, 12);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 12, 12);
  assert_true(rig->missed[HANDOFF_PRODUCER] >= 200);
  rig_free(rig);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      loop_test(both_sides_of_a_paced_lane_stay_on_one_grid),
      loop_test(an_unpaced_lane_has_no_ticks),
      loop_test(stop_and_close_do_not_wait_for_a_tick),
      loop_test(the_end_of_the_items_does_not_wait_for_a_tick),
      loop_test(an_error_does_not_wait_for_a_tick),
      loop_test(a_consumer_that_has_drained_the_slot_does_not_wait_for_a_tick),
      loop_test(a_producer_gets_its_ticks_while_the_consumer_is_working),
      loop_test(a_stopped_lane_consumes_the_rest_at_the_consumers_pace),
      loop_test(skip_runs_the_newest_late_tick_and_misses_the_older_ones),
      loop_test(shift_runs_next_one_interval_after_the_last_turn_began),
      loop_test(burst_catches_up_on_as_many_late_ticks_as_it_may_keep),
      loop_test(a_large_burst_is_granted_at_most_64_credits_at_a_time),
      loop_test(skip_misses_the_ticks_that_pass_while_a_side_waits_for_the_other),
      loop_test(ticks_of_a_group_are_on_one_grid_too),
      loop_test(all_policies_deliver_all_items_in_groups),
      loop_test(a_new_interval_makes_the_rest_of_a_group_void),
      loop_test(a_group_drops_the_ticks_of_a_long_wait),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* unit.lane_pace: ticks and turns: nothing is early (rig_on_event checks that of every event), what is
 * missed is counted, a new interval applies at once. Lateness is not asserted. */

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

/* ----------------------------------------------------------------------------------- the grid -- */

static uint64_t interval_of[2];
static uint64_t t0_ns[2];

static void on_event_on_grid(rig_t *rig, const handoff_event_t *event) {
  uint64_t interval_ns = interval_of[event->side];
  if (event->number == 1) {
    t0_ns[event->side] = event->due_ns - event->missed * interval_ns;
  }
  assert_true(event->due_ns != 0);
  /* Tick number k of the grid, all before it worked off or missed. */
  assert_int_equal(event->due_ns - t0_ns[event->side],
                   (event->number - 1 + rig->missed[event->side]) * interval_ns);
}

static void both_sides_of_a_paced_lane_stay_on_one_grid(void **state) {
  static const size_t capacities[] = {0, 1, 5};
  size_t i;
  for (i = 0; i < 6; i++) {
    rig_t *rig = rig_new(state);
    interval_of[0] = (i < 3 ? 300 : 700) * US_NS;
    interval_of[1] = (i < 3 ? 700 : 300) * US_NS; /* the slower side holds the other one up */
    rig->options.capacity = capacities[i % 3];
    pace(rig, HANDOFF_PRODUCER, interval_of[0], HANDOFF_MISSED_SKIP, 1);
    pace(rig, HANDOFF_CONSUMER, interval_of[1], HANDOFF_MISSED_SKIP, 1);
    rig->limit = 60;
    rig->on_event = on_event_on_grid;
    rig_init(rig);
    rig_start(rig);
    rig_run_until_end(rig);
    rig_assert_end(rig, 0, 60, 60);
    assert_int_equal(t0_ns[0], t0_ns[1]);
    rig_free(rig);
  }
}

static void a_lane_that_is_not_paced_has_no_ticks(void **state) {
  rig_t *rig = rig_new(state);
  rig->limit = 50;
  rig_init(rig);
  rig_start(rig);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 50, 50);
  assert_true(rig->last[0].due_ns == 0 && rig->last[1].due_ns == 0);
  assert_int_equal(rig->missed[0] + rig->missed[1], 0);
  rig_free(rig);
}

/* The first tick is due at once, the second one in an hour: stop does not wait for it. */
static void stop_and_close_do_not_wait_for_a_tick(void **state) {
  unsigned i;
  for (i = 0; i < 12; i++) {
    rig_t *rig = rig_new(state);
    pace(rig, HANDOFF_PRODUCER, i % 3 == 1 ? 0 : HOUR_NS, (handoff_missed_t)(i / 2 % 3), 2);
    pace(rig, HANDOFF_CONSUMER, i % 3 == 2 ? 0 : HOUR_NS, (handoff_missed_t)(i / 2 % 3), 2);
    rig_init(rig);
    rig_start(rig);
    while (rig->events[HANDOFF_CONSUMER] == 0) {
      uv_run(&rig->fixture->loop, UV_RUN_ONCE);
    }
    if (i % 3 == 0 &&
        i % 2 == 0) { /* what is left in the slot would need the consumer's next tick */
      handoff_lane_stop(&rig->lane);
      rig_run_until_end(rig);
      rig_assert_end(rig, 0, 1, 1);
    } else {
      rig_close(rig);
      loop_run_until(&rig->fixture->loop, &rig->is_closed);
      assert_int_equal(rig->end_status, UV_ECANCELED);
    }
    rig_free(rig);
  }
}

/* A consumer that waits for its next tick when the items end: there is nothing to wait for. */
static void the_end_of_the_items_does_not_wait_for_a_tick(void **state) {
  unsigned i;
  for (i = 0; i < 40; i++) {
    rig_t *rig = rig_new(state);
    pace(rig, HANDOFF_CONSUMER, HOUR_NS, HANDOFF_MISSED_SKIP, 1);
    rig->limit = i % 2;
    rig->knows_last = i % 4 == 1;
    rig_init(rig);
    rig_start(rig);
    rig_run_until_end(rig);
    rig_assert_end(rig, 0, i % 2, i % 2);
    rig_free(rig);
  }
}

static void an_error_does_not_wait_for_a_tick(void **state) {
  int side;
  for (side = 0; side < 2; side++) {
    rig_t *rig = rig_new(state);
    pace(rig, (handoff_side_t)!side, HOUR_NS, HANDOFF_MISSED_SKIP, 1);
    rig->options.capacity = 5;
    if (side == HANDOFF_PRODUCER) { /* the other side has one tick, for one item */
      rig->limit = 1;
      rig->past = UV_EIO;
    } else {
      rig->fail_at = 1;
      rig->fail_status = UV_EIO;
    }
    rig_init(rig);
    rig_start(rig);
    rig_run_until_end(rig);
    rig_assert_end(rig, UV_EIO, 1, 1);
    rig_free(rig);
  }
}

/* The consumer takes the last item when the producer has long ended: the next tick is in an hour. */
static void a_consumer_that_has_drained_the_slot_does_not_wait_for_a_tick(void **state) {
  rig_t *rig = rig_new(state);
  uv_sem_t gate;
  assert_int_equal(uv_sem_init(&gate, 0), 0);
  rig->gates[HANDOFF_CONSUMER] = &gate;
  rig->limit = 2;
  rig->knows_last = true;
  pace(rig, HANDOFF_CONSUMER, 1000, HANDOFF_MISSED_SKIP, 1);
  rig_init(rig);
  rig_start(rig);
  rig_await_turn(rig, HANDOFF_CONSUMER, 1);
  uv_sem_post(&gate);
  while (atomic_load(&rig->turns[HANDOFF_CONSUMER]) < 2 ||
         !rig->lane.impl->sides[HANDOFF_PRODUCER].has_ended) {
    uv_run(&rig->fixture->loop, UV_RUN_NOWAIT);
  }
  assert_int_equal(handoff_lane_set_interval(&rig->lane, HANDOFF_CONSUMER, HOUR_NS), 0);
  uv_sem_post(&gate);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 2, 2);
  rig_free(rig);
  uv_sem_destroy(&gate);
}

/* The event of its second item has to wait for the consumer, who takes his time; its third tick does not. */
static void a_producer_keeps_its_pace_while_the_consumer_is_at_work(void **state) {
  rig_t *rig = rig_new(state);
  uv_sem_t gate;
  assert_int_equal(uv_sem_init(&gate, 0), 0);
  rig->gates[HANDOFF_CONSUMER] = &gate;
  rig->limit = 3;
  pace(rig, HANDOFF_PRODUCER, 1000, HANDOFF_MISSED_SKIP, 1);
  rig_init(rig);
  rig_start(rig);
  rig_await_turn(rig, HANDOFF_CONSUMER, 1);
  while (atomic_load(&rig->turns[HANDOFF_PRODUCER]) < 3) {
    uv_run(&rig->fixture->loop, UV_RUN_NOWAIT);
  }
  assert_int_equal(rig->events[HANDOFF_PRODUCER], 1);
  uv_sem_post(&gate);
  uv_sem_post(&gate);
  uv_sem_post(&gate);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 3, 3);
  rig_free(rig);
  uv_sem_destroy(&gate);
}

static void stop_drains_at_the_consumers_pace(void **state) {
  rig_t *rig = rig_new(state);
  handoff_event_t first;
  rig->options.capacity = 5;
  pace(rig, HANDOFF_CONSUMER, 2 * MS_NS, HANDOFF_MISSED_BURST, 1);
  rig_init(rig);
  rig_start(rig);
  while (rig->events[HANDOFF_CONSUMER] == 0) {
    uv_run(&rig->fixture->loop, UV_RUN_ONCE);
  }
  first = rig->last[HANDOFF_CONSUMER];
  queued_await_putters(&rig->lane.impl->items, 1);
  handoff_lane_stop(&rig->lane);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, atomic_load(&rig->made), atomic_load(&rig->made));
  assert_true(rig->last[HANDOFF_CONSUMER].begun_ns >=
              first.due_ns + (rig->events[HANDOFF_CONSUMER] - first.number) * 2 * MS_NS);
  rig_free(rig);
}

/* ------------------------------------------------------------------------------ late policies -- */

static uint64_t dues_ns[64];
static uint64_t missed_of[64];
static uint64_t begun_of[64];
static uint64_t done_of[64];
static uint64_t waited_of[64];

static void on_event_note(rig_t *rig, const handoff_event_t *event) {
  (void)rig;
  if (event->side == HANDOFF_PRODUCER && event->number < 64) {
    dues_ns[event->number] = event->due_ns;
    begun_of[event->number] = event->begun_ns;
    done_of[event->number] = event->done_ns;
    waited_of[event->number] = event->waited_ns;
    missed_of[event->number] = event->missed;
  }
}

/* Runs the loop for so long: what is due then has come. */
static void run_until_ns(rig_t *rig, uint64_t until_ns) {
  while (uv_hrtime() < until_ns) {
    uv_run(&rig->fixture->loop, UV_RUN_NOWAIT);
  }
}

/* A producer that is blocked in its first turn for at least 20 ticks, at 1 ms, by itself. */
static void run_blocked(void **state, handoff_missed_t late, size_t burst, unsigned items,
                        uint64_t *freed_ns) {
  rig_t *rig = rig_new(state);
  uv_sem_t gate;
  unsigned i;
  memset(dues_ns, 0, sizeof dues_ns);
  assert_int_equal(uv_sem_init(&gate, 0), 0);
  rig->gates[HANDOFF_PRODUCER] = &gate;
  rig->options.capacity = 64; /* it never waits for the consumer */
  rig->limit = items;
  rig->knows_last = true;
  rig->on_event = on_event_note;
  pace(rig, HANDOFF_PRODUCER, MS_NS, late, burst);
  rig_init(rig);
  rig_start(rig);
  rig_await_turn(rig, HANDOFF_PRODUCER, 1);
  *freed_ns = uv_hrtime() + 20 * MS_NS;
  while (uv_hrtime() < *freed_ns || rig->lane.impl->sides[HANDOFF_PRODUCER].permits_out < burst) {
    uv_run(&rig->fixture->loop, UV_RUN_NOWAIT);
  }
  *freed_ns = uv_hrtime();
  for (i = 0; i < items; i++) {
    uv_sem_post(&gate);
  }
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, items, items);
  rig_free(rig);
  uv_sem_destroy(&gate);
}

static void skip_works_off_the_newest_tick_and_misses_the_older_ones(void **state) {
  uint64_t freed_ns;
  unsigned i;
  run_blocked(state, HANDOFF_MISSED_SKIP, 1, 5, &freed_ns);
  assert_true(missed_of[2] >= 18);
  assert_true(dues_ns[2] + MS_NS > freed_ns); /* the newest one */
  for (i = 2; i <= 5; i++) {
    assert_int_equal(dues_ns[i], dues_ns[i - 1] + (missed_of[i] + 1) * MS_NS);
  }
}

static void shift_starts_again_one_interval_after_its_last_begin(void **state) {
  uint64_t freed_ns;
  unsigned i;
  run_blocked(state, HANDOFF_MISSED_SHIFT, 1, 5, &freed_ns);
  for (i = 2; i <= 5; i++) {
    assert_int_equal(missed_of[i], 0);
    assert_int_equal(dues_ns[i], begun_of[i - 1] + MS_NS);
  }
}

static void burst_catches_up_by_as_many_ticks_as_were_kept(void **state) {
  size_t burst;
  for (burst = 1; burst <= 4; burst++) {
    uint64_t freed_ns;
    uint64_t missed = 0;
    unsigned caught_up = 0;
    unsigned i;
    run_blocked(state, HANDOFF_MISSED_BURST, burst, 10, &freed_ns);
    for (i = 2; i <= 10; i++) {
      missed += missed_of[i];
      caught_up += dues_ns[i] <= freed_ns;
      assert_int_equal(dues_ns[i], dues_ns[i - 1] + (missed_of[i] + 1) * MS_NS);
    }
    assert_true(caught_up <= burst);
    assert_true(caught_up + 1 >= burst); /* one may have come due as it was freed */
    assert_true(missed >= 19 - burst);
  }
}

/* SKIP: what passed while it waited for the other side is gone, all of it. */
/* As many as are kept, but not all at once: other handles of the loop have their turns in between. */
static void a_large_burst_is_granted_little_by_little(void **state) {
  rig_t *rig = rig_new(state);
  const struct handoff__lane_side *producer;
  uv_sem_t gate;
  assert_int_equal(uv_sem_init(&gate, 0), 0);
  rig->gates[HANDOFF_PRODUCER] = &gate;
  rig->limit = 0;
  pace(rig, HANDOFF_PRODUCER, 1, HANDOFF_MISSED_BURST, 1000);
  rig_init(rig);
  rig_start(rig);
  producer = &rig->lane.impl->sides[HANDOFF_PRODUCER];
  while (producer->permits_out < 1000) {
    const size_t before = producer->permits_out;
    uv_run(&rig->fixture->loop, UV_RUN_NOWAIT);
    assert_true(producer->permits_out <= before + 64);
  }
  uv_sem_post(&gate);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 0, 0);
  rig_free(rig);
  uv_sem_destroy(&gate);
}

static void a_side_that_waited_for_the_other_gives_up_the_ticks_that_passed(void **state) {
  rig_t *rig = rig_new(state);
  uv_sem_t gate;
  assert_int_equal(uv_sem_init(&gate, 0), 0);
  rig->gates[HANDOFF_CONSUMER] = &gate;
  rig->limit = 4;
  rig->knows_last = true;
  rig->on_event = on_event_note;
  pace(rig, HANDOFF_PRODUCER, MS_NS, HANDOFF_MISSED_SKIP, 1);
  rig_init(rig);
  rig_start(rig);
  rig_await_turn(rig, HANDOFF_CONSUMER, 1);
  while (queued_putters(&rig->lane.impl->items) == 0) { /* 1 is being consumed, 2 waits, 3 too */
    uv_run(&rig->fixture->loop, UV_RUN_NOWAIT);
  }
  run_until_ns(rig, uv_hrtime() + 10 * MS_NS);
  uv_sem_post(&gate);
  uv_sem_post(&gate);
  uv_sem_post(&gate);
  uv_sem_post(&gate);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 4, 4);
  assert_true(rig->last[HANDOFF_PRODUCER].missed >= 9);
  assert_true(waited_of[3] >= 10 * MS_NS);
  assert_true(dues_ns[4] > done_of[3]); /* due after the wait, not within it */
  rig_free(rig);
  uv_sem_destroy(&gate);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      loop_test(both_sides_of_a_paced_lane_stay_on_one_grid),
      loop_test(a_lane_that_is_not_paced_has_no_ticks),
      loop_test(stop_and_close_do_not_wait_for_a_tick),
      loop_test(the_end_of_the_items_does_not_wait_for_a_tick),
      loop_test(an_error_does_not_wait_for_a_tick),
      loop_test(a_consumer_that_has_drained_the_slot_does_not_wait_for_a_tick),
      loop_test(a_producer_keeps_its_pace_while_the_consumer_is_at_work),
      loop_test(stop_drains_at_the_consumers_pace),
      loop_test(skip_works_off_the_newest_tick_and_misses_the_older_ones),
      loop_test(shift_starts_again_one_interval_after_its_last_begin),
      loop_test(burst_catches_up_by_as_many_ticks_as_were_kept),
      loop_test(a_large_burst_is_granted_little_by_little),
      loop_test(a_side_that_waited_for_the_other_gives_up_the_ticks_that_passed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

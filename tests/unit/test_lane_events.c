/* unit.lane_events: the events that a lane delivers: their order, pausing and resuming, their share
 * of the loop, and the times in them. */

#include <limits.h>

#include "lib/queued.h"
#include "lib/script.h"

/* ------------------------------------------------------------------------------------- order -- */

/* rig_on_event checks the invariant. Small completion queues make the two sides diverge most. */
static void events_keep_the_occupancy_invariant_at_every_point(void **state) {
  static const size_t event_capacities[] = {1, 2, 3, 64};
  size_t capacity;
  size_t i;
  for (capacity = 0; capacity <= 5; capacity++) {
    for (i = 0; i < 4; i++) {
      rig_t *rig = rig_new(state);
      rig->options.capacity = capacity;
      rig->options.event_capacity = event_capacities[i];
      rig->limit = 800;
      rig_run(rig, 0, 800, 800);
      rig_free(rig);
    }
  }
}

static void an_event_that_is_not_deliverable_waits_for_the_other_sides(void **state) {
  rig_t *rig = script_new(state, 1, 0);
  script_complete(rig, HANDOFF_CONSUMER, 1);
  rig_run_pending(rig);
  assert_int_equal(rig_event_count(rig), 0);
  script_complete(rig, HANDOFF_PRODUCER, 1);
  rig_run_pending(rig);
  assert_int_equal(rig_event_count(rig), 2);
  script_complete(rig, HANDOFF_PRODUCER, 2);
  script_complete(rig, HANDOFF_PRODUCER, 3); /* item 2 is out, but not reported yet */
  rig_run_pending(rig);
  assert_int_equal(rig->events[HANDOFF_PRODUCER], 2);
  script_complete(rig, HANDOFF_CONSUMER, 2);
  rig_run_pending(rig);
  assert_int_equal(rig->events[HANDOFF_PRODUCER], 3);
  assert_int_equal(rig->events[HANDOFF_CONSUMER], 2);
  script_free(rig);
}

/* The consumer has ended without a condition variable and could not report its last transfer. */
static void an_event_that_waits_for_a_lost_one_is_not_delivered(void **state) {
  struct handoff__completion end = {
      .event = {.side = HANDOFF_CONSUMER}, .is_end = true, .status = UV_ENOMEM};
  rig_t *rig = script_new(state, 1, 0);
  struct handoff__lane_side *sides = rig->lane.impl->sides;
  script_complete(rig, HANDOFF_PRODUCER, 1);
  script_complete(rig, HANDOFF_PRODUCER, 2);
  rig_run_pending(rig);
  assert_int_equal(rig->events[HANDOFF_PRODUCER], 1);
  assert_true(sides[HANDOFF_PRODUCER].has_completion);
  assert_int_equal(handoff_slot_try_put(&sides[HANDOFF_CONSUMER].completions, &end), 0);
  rig_run_pending(rig);
  assert_int_equal(rig->events[HANDOFF_PRODUCER], 1);
  assert_false(sides[HANDOFF_PRODUCER].has_completion);
  script_free(rig);
}

/* -------------------------------------------------------------------------- pause and resume -- */

static void on_event_pause(rig_t *rig, const handoff_event_t *event) {
  (void)event;
  handoff_lane_pause(&rig->lane);
}

static void no_event_follows_the_one_that_pauses_the_lane(void **state) {
  rig_t *rig = script_new(state, 1, 0);
  rig->on_event = on_event_pause;
  script_complete(rig, HANDOFF_CONSUMER, 1); /* it waits, and would be deliverable next */
  script_complete(rig, HANDOFF_PRODUCER, 1);
  script_complete(rig, HANDOFF_PRODUCER, 2);
  rig_run_pending(rig);
  assert_int_equal(rig_event_count(rig), 1);
  handoff_lane_resume(&rig->lane);
  assert_int_equal(rig_event_count(rig), 1); /* not inside the call */
  rig_run_pending(rig);
  assert_int_equal(rig_event_count(rig), 2);
  handoff_lane_resume(&rig->lane);
  rig_run_pending(rig);
  assert_int_equal(rig_event_count(rig), 3);
  script_free(rig);
}

static void a_paused_lane_delivers_nothing_until_it_is_resumed(void **state) {
  rig_t *rig = script_new(state, 1, 0);
  handoff_lane_pause(&rig->lane);
  script_complete(rig, HANDOFF_PRODUCER, 1);
  script_complete(rig, HANDOFF_CONSUMER, 1);
  rig_run_pending(rig);
  assert_int_equal(rig_event_count(rig), 0);
  handoff_lane_resume(&rig->lane);
  handoff_lane_resume(&rig->lane); /* twice is the same as once */
  assert_int_equal(rig_event_count(rig), 0);
  rig_run_pending(rig);
  assert_int_equal(rig_event_count(rig), 2);
  script_free(rig);
}

static void resuming_a_lane_without_completions_loses_none_of_the_later_ones(void **state) {
  rig_t *rig = script_new(state, 1, 0);
  handoff_lane_pause(&rig->lane);
  handoff_lane_resume(&rig->lane);
  script_complete(rig, HANDOFF_PRODUCER, 1);
  rig_run_pending(rig);
  assert_int_equal(rig_event_count(rig), 1);
  handoff_lane_resume(&rig->lane); /* it is not paused: changes nothing */
  script_complete(rig, HANDOFF_CONSUMER, 1);
  rig_run_pending(rig);
  assert_int_equal(rig_event_count(rig), 2);
  handoff_lane_resume(&rig->lane);
  script_complete(rig, HANDOFF_PRODUCER, 2); /* between two calls */
  handoff_lane_resume(&rig->lane);
  rig_run_pending(rig);
  assert_int_equal(rig_event_count(rig), 3);
  script_free(rig);
}

static uv_timer_t timer;

static void on_timer_resume(uv_timer_t *handle) {
  rig_t *rig = handle->data;
  handoff_lane_resume(&rig->lane);
}

static void on_event_pause_for_a_while(rig_t *rig, const handoff_event_t *event) {
  if (event->number % 100 == 0) {
    handoff_lane_pause(&rig->lane);
    assert_int_equal(uv_timer_start(&timer, on_timer_resume, 1, 0), 0);
  }
}

static void pausing_and_resuming_again_and_again_loses_no_event(void **state) {
  size_t capacity;
  for (capacity = 0; capacity <= 5; capacity++) {
    rig_t *rig = rig_new(state);
    assert_int_equal(uv_timer_init(&rig->fixture->loop, &timer), 0);
    timer.data = rig;
    rig->options.capacity = capacity;
    rig->options.event_capacity = 1 + capacity;
    rig->on_event = on_event_pause_for_a_while;
    rig->limit = 1000;
    rig_run(rig, 0, 1000, 1000);
    uv_close((uv_handle_t *)&timer, NULL);
    rig_free(rig);
  }
}

static void on_event_pause_and_resume(rig_t *rig, const handoff_event_t *event) {
  (void)event;
  handoff_lane_pause(&rig->lane);
  handoff_lane_resume(&rig->lane);
}

static void a_lane_may_be_paused_and_resumed_in_one_callback(void **state) {
  rig_t *rig = rig_new(state);
  rig->on_event = on_event_pause_and_resume;
  rig->limit = 1000;
  rig_run(rig, 0, 1000, 1000);
  rig_free(rig);
}

static void a_paused_lane_stops_its_workers_when_their_completion_queues_are_full(void **state) {
  rig_t *rig = rig_new(state);
  rig->options.event_capacity = 3;
  rig_init(rig);
  handoff_lane_pause(&rig->lane); /* also before start */
  rig_start(rig);
  queued_await_putters(&rig->lane.impl->sides[HANDOFF_PRODUCER].completions, 1);
  rig_run_pending(rig);
  assert_int_equal(rig_event_count(rig), 0);
  assert_true(atomic_load(&rig->made) <= 5);
  rig->limit = 50;
  handoff_lane_resume(&rig->lane);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 50, 50);
  rig_free(rig);
}

static void a_paused_lane_does_not_end_and_close_resumes_it(void **state) {
  rig_t *rig = rig_new(state);
  rig->limit = 3;
  rig_init_and_start(rig);
  handoff_lane_pause(&rig->lane);
  rig_await_turn(rig, HANDOFF_CONSUMER, 3);
  rig_run_pending(rig);
  assert_int_equal(rig_event_count(rig), 0);
  assert_int_equal(rig->ends, 0);
  rig_close(rig);
  handoff_lane_pause(&rig->lane); /* has no effect on a closing lane */
  rig_run_until_closed(rig);
  rig_assert_end(rig, UV_ECANCELED, 3, 3);
  rig_free(rig);
}

/* ------------------------------------------------------------------- other users of the loop -- */

static unsigned most_in_a_turn;
static unsigned events_before_turn;
static unsigned events_before_task;
static rig_t *watched;

static void on_idle(uv_idle_t *idle) {
  const unsigned events = rig_event_count(watched);
  const unsigned in_this_turn = events - events_before_turn;
  (void)idle;
  most_in_a_turn = in_this_turn > most_in_a_turn ? in_this_turn : most_in_a_turn;
  events_before_turn = events;
}

static void on_task(struct handoff__task *task) {
  (void)task;
  events_before_task = rig_event_count(watched);
}

/* All events are there before the loop runs, except for the last consumer's. */
static rig_t *with_many_completions(void **state, unsigned count, uv_idle_t *idle) {
  rig_t *rig = rig_new(state);
  watched = rig;
  most_in_a_turn = 0;
  events_before_turn = 0;
  rig->limit = count;
  rig->options.event_capacity = (size_t)2 * count;
  rig_init_and_start(rig);
  rig_await_turn(rig, HANDOFF_CONSUMER, count);
  assert_int_equal(uv_idle_init(&rig->fixture->loop, idle), 0);
  assert_int_equal(uv_idle_start(idle, on_idle), 0);
  return rig;
}

static void run_and_free(rig_t *rig, unsigned count, uv_idle_t *idle) {
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, count, count);
  uv_close((uv_handle_t *)idle, NULL);
  rig_free(rig);
}

static void many_events_leave_other_tasks_and_handles_their_turns(void **state) {
  struct handoff__task task = {.run = on_task};
  uv_idle_t idle;
  rig_t *rig = with_many_completions(state, 18000, &idle);
  events_before_task = UINT_MAX;
  handoff__task_queue_post(&rig->fixture->port.impl->tasks, &task);
  run_and_free(rig, 18000, &idle);
  assert_true(events_before_task <= 16);
  assert_true(most_in_a_turn <= 18000); /* half of them */
}

static void on_event_slow(rig_t *rig, const handoff_event_t *event) {
  const uint64_t end_ns = uv_hrtime() + 100000;
  (void)rig;
  (void)event;
  while (uv_hrtime() < end_ns) {
  }
}

/* One of these callbacks uses up the port's dispatch budget. */
static void slow_event_callbacks_run_8_in_a_turn_of_the_loop_at_most(void **state) {
  uv_idle_t idle;
  rig_t *rig = with_many_completions(state, 500, &idle);
  rig->on_event = on_event_slow;
  run_and_free(rig, 500, &idle);
  assert_in_range(most_in_a_turn, 1, 8);
}

/* ------------------------------------------------------------------------------------- times -- */

static handoff_event_t got;

static void on_event_keep(rig_t *rig, const handoff_event_t *event) {
  (void)rig;
  if (event->side == HANDOFF_CONSUMER) {
    got = *event;
  }
}

static void an_event_tells_how_long_its_side_waited_for_the_other(void **state) {
  const uint64_t wait_ns = 5000000;
  rig_t *rig = rig_new(state);
  uint64_t queued_ns;
  uint64_t unblocked_ns;
  rig_block(rig, HANDOFF_PRODUCER);
  rig->on_event = on_event_keep;
  rig->limit = 1;
  rig->knows_last = true;
  rig_init_and_start(rig);
  queued_await_getters(&rig->lane.impl->items, 1);
  queued_ns = uv_hrtime();
  loop_run_for(&rig->fixture->loop, wait_ns);
  unblocked_ns = uv_hrtime();
  rig_unblock(rig, HANDOFF_PRODUCER, 1);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 1, 1);
  assert_true(got.begun_ns <= queued_ns);
  assert_true(got.done_ns >= unblocked_ns);
  assert_true(got.waited_ns >= wait_ns);
  assert_true(got.handoff_ns != 0);
  assert_true(got.handoff_ns <= got.done_ns - unblocked_ns); /* since both sides were ready */
  rig_free(rig);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      loop_test(events_keep_the_occupancy_invariant_at_every_point),
      loop_test(an_event_that_is_not_deliverable_waits_for_the_other_sides),
      loop_test(an_event_that_waits_for_a_lost_one_is_not_delivered),
      loop_test(no_event_follows_the_one_that_pauses_the_lane),
      loop_test(a_paused_lane_delivers_nothing_until_it_is_resumed),
      loop_test(resuming_a_lane_without_completions_loses_none_of_the_later_ones),
      loop_test(pausing_and_resuming_again_and_again_loses_no_event),
      loop_test(a_lane_may_be_paused_and_resumed_in_one_callback),
      loop_test(a_paused_lane_stops_its_workers_when_their_completion_queues_are_full),
      loop_test(a_paused_lane_does_not_end_and_close_resumes_it),
      loop_test(many_events_leave_other_tasks_and_handles_their_turns),
      loop_test(slow_event_callbacks_run_8_in_a_turn_of_the_loop_at_most),
      loop_test(an_event_tells_how_long_its_side_waited_for_the_other),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

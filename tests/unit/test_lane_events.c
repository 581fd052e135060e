/* unit.lane_events: what the loop hears of a lane: in lawful order, held back, taken up again. */

#include <limits.h>

#include "lib/queued.h"
#include "lib/script.h"

/* ------------------------------------------------------------------------------------- order -- */

/* rig_on_event checks the law of each event; this makes many, under the tightest conditions. */
static void events_keep_the_slots_law_at_every_point(void **state) {
  static const size_t event_capacities[] = {1, 2, 3, 64};
  size_t capacity;
  size_t i;
  for (capacity = 0; capacity <= 5; capacity++) {
    for (i = 0; i < 4; i++) {
      rig_t *rig = rig_new(state);
      rig->options.capacity = capacity;
      rig->options.event_capacity = event_capacities[i];
      rig->limit = 800;
      rig_init(rig);
      rig_start(rig);
      rig_run_until_end(rig);
      rig_assert_end(rig, 0, 800, 800);
      rig_free(rig);
    }
  }
}

static void a_report_that_comes_before_its_time_waits_for_the_other_sides(void **state) {
  uv_sem_t gate;
  rig_t *rig = scripted(state, 1, 0, &gate);
  play(rig, HANDOFF_CONSUMER, 1);
  turn_loop(rig);
  assert_int_equal(events_of(rig), 0);
  play(rig, HANDOFF_PRODUCER, 1);
  turn_loop(rig);
  assert_int_equal(events_of(rig), 2);
  play(rig, HANDOFF_PRODUCER, 2);
  play(rig, HANDOFF_PRODUCER, 3); /* the consumer has got 2, and not said so yet */
  turn_loop(rig);
  assert_int_equal(rig->events[HANDOFF_PRODUCER], 2);
  play(rig, HANDOFF_CONSUMER, 2);
  turn_loop(rig);
  assert_int_equal(rig->events[HANDOFF_PRODUCER], 3);
  assert_int_equal(rig->events[HANDOFF_CONSUMER], 2);
  end_script(rig, &gate);
}

static void on_event_hold(rig_t *rig, const handoff_event_t *event) {
  (void)event;
  handoff_lane_pause(&rig->lane);
}

/* Also one that was set aside for it. */
static void no_event_follows_one_in_which_the_lane_is_held(void **state) {
  uv_sem_t gate;
  rig_t *rig = scripted(state, 1, 0, &gate);
  rig->on_event = on_event_hold;
  play(rig, HANDOFF_CONSUMER, 1);
  play(rig, HANDOFF_PRODUCER, 1);
  play(rig, HANDOFF_PRODUCER, 2);
  turn_loop(rig);
  assert_int_equal(events_of(rig), 1);
  handoff_lane_resume(&rig->lane);
  assert_int_equal(events_of(rig), 1); /* not from within the call */
  turn_loop(rig);
  assert_int_equal(events_of(rig), 2);
  handoff_lane_resume(&rig->lane);
  turn_loop(rig);
  assert_int_equal(events_of(rig), 3);
  end_script(rig, &gate);
}

static void a_lane_that_is_held_from_outside_delivers_nothing(void **state) {
  uv_sem_t gate;
  rig_t *rig = scripted(state, 1, 0, &gate);
  handoff_lane_pause(&rig->lane);
  play(rig, HANDOFF_PRODUCER, 1);
  play(rig, HANDOFF_CONSUMER, 1);
  turn_loop(rig);
  assert_int_equal(events_of(rig), 0);
  handoff_lane_resume(&rig->lane);
  handoff_lane_resume(&rig->lane); /* twice is the same as once */
  assert_int_equal(events_of(rig), 0);
  turn_loop(rig);
  assert_int_equal(events_of(rig), 2);
  end_script(rig, &gate);
}

static void a_lane_that_is_released_before_anything_came_goes_on(void **state) {
  uv_sem_t gate;
  rig_t *rig = scripted(state, 1, 0, &gate);
  handoff_lane_pause(&rig->lane);
  handoff_lane_resume(&rig->lane);
  play(rig, HANDOFF_PRODUCER, 1);
  turn_loop(rig);
  assert_int_equal(events_of(rig), 1);
  handoff_lane_resume(&rig->lane); /* of what is not held: changes nothing */
  play(rig, HANDOFF_CONSUMER, 1);
  turn_loop(rig);
  assert_int_equal(events_of(rig), 2);
  handoff_lane_resume(&rig->lane);
  play(rig, HANDOFF_PRODUCER, 2); /* between the two */
  handoff_lane_resume(&rig->lane);
  turn_loop(rig);
  assert_int_equal(events_of(rig), 3);
  end_script(rig, &gate);
}

/* ------------------------------------------------------------------------------ hold, release -- */

static uv_timer_t timer;

static void on_timer_release(uv_timer_t *handle) {
  rig_t *rig = handle->data;
  handoff_lane_resume(&rig->lane);
}

static void on_event_hold_for_a_while(rig_t *rig, const handoff_event_t *event) {
  if (event->number % 100 == 0) {
    handoff_lane_pause(&rig->lane);
    assert_int_equal(uv_timer_start(&timer, on_timer_release, 1, 0), 0);
  }
}

static void a_lane_that_is_held_and_released_again_and_again_loses_nothing(void **state) {
  size_t capacity;
  for (capacity = 0; capacity <= 5; capacity++) {
    rig_t *rig = rig_new(state);
    assert_int_equal(uv_timer_init(&rig->fixture->loop, &timer), 0);
    timer.data = rig;
    rig->options.capacity = capacity;
    rig->options.event_capacity = 1 + capacity;
    rig->on_event = on_event_hold_for_a_while;
    rig->limit = 1000;
    rig_init(rig);
    rig_start(rig);
    rig_run_until_end(rig);
    rig_assert_end(rig, 0, 1000, 1000);
    uv_close((uv_handle_t *)&timer, NULL);
    rig_free(rig);
  }
}

static void on_event_hold_and_release(rig_t *rig, const handoff_event_t *event) {
  (void)event;
  handoff_lane_pause(&rig->lane);
  handoff_lane_resume(&rig->lane);
}

static void a_lane_may_be_held_and_released_in_one_callback(void **state) {
  rig_t *rig = rig_new(state);
  rig->on_event = on_event_hold_and_release;
  rig->limit = 1000;
  rig_init(rig);
  rig_start(rig);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 1000, 1000);
  rig_free(rig);
}

static void a_held_lane_holds_its_workers_back_and_memory_stays_bounded(void **state) {
  rig_t *rig = rig_new(state);
  rig->options.event_capacity = 3;
  rig_init(rig);
  handoff_lane_pause(&rig->lane); /* before it is started, too */
  rig_start(rig);
  queued_await_putters(&rig->lane.impl->sides[HANDOFF_PRODUCER].reports, 1); /* they are full */
  turn_loop(rig);
  assert_int_equal(events_of(rig), 0);
  assert_true(atomic_load(&rig->made) <= 5);
  rig->limit = 50;
  handoff_lane_resume(&rig->lane);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 50, 50);
  rig_free(rig);
}

static void a_held_lane_does_not_end_and_closing_releases_it(void **state) {
  rig_t *rig = rig_new(state);
  rig->limit = 3;
  rig_init(rig);
  rig_start(rig);
  handoff_lane_pause(&rig->lane);
  rig_await_turn(rig, HANDOFF_CONSUMER, 3);
  turn_loop(rig);
  assert_int_equal(events_of(rig), 0);
  assert_int_equal(rig->ends, 0);
  rig_close(rig);
  handoff_lane_pause(&rig->lane); /* has no effect any more */
  loop_run_until(&rig->fixture->loop, &rig->is_closed);
  rig_assert_end(rig, UV_ECANCELED, 3, 3);
  rig_free(rig);
}

static void holding_before_start_holds(void **state) {
  rig_t *rig = rig_new(state);
  rig->limit = 3;
  rig_init(rig);
  handoff_lane_pause(&rig->lane);
  rig_start(rig);
  turn_loop(rig);
  assert_int_equal(events_of(rig), 0);
  handoff_lane_resume(&rig->lane);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 3, 3);
  rig_free(rig);
}

/* ------------------------------------------------------------------------------------ turns -- */

static unsigned most_in_a_turn;
static unsigned at_last_turn;
static unsigned at_job;
static rig_t *watched;

static void on_idle(uv_idle_t *idle) {
  unsigned now = events_of(watched);
  (void)idle;
  most_in_a_turn = now - at_last_turn > most_in_a_turn ? now - at_last_turn : most_in_a_turn;
  at_last_turn = now;
}

static void on_job(struct handoff__task *job) {
  (void)job;
  at_job = events_of(watched);
}

static void many_events_at_once_do_not_keep_others_from_their_turns(void **state) {
  rig_t *rig = rig_new(state);
  struct handoff__task job = {.run = on_job};
  uv_idle_t idle;
  watched = rig;
  most_in_a_turn = 0;
  at_last_turn = 0;
  at_job = UINT_MAX;
  rig->limit = 18000;
  rig->options.event_capacity = 40000;
  rig_init(rig);
  rig_start(rig);
  rig_await_turn(rig, HANDOFF_CONSUMER, 18000); /* all events are there, less the last ones */
  handoff__port_post(rig->fixture->port.impl, &job);
  assert_int_equal(uv_idle_init(&rig->fixture->loop, &idle), 0);
  assert_int_equal(uv_idle_start(&idle, on_idle), 0);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 18000, 18000);
  assert_true(at_job <= 16);            /* other jobs of the port */
  assert_true(most_in_a_turn <= 18000); /* other handles of the loop */
  uv_close((uv_handle_t *)&idle, NULL);
  rig_free(rig);
}

static void on_event_slowly(rig_t *rig, const handoff_event_t *event) {
  const uint64_t end_ns = uv_hrtime() + 100000;
  (void)rig;
  (void)event;
  while (uv_hrtime() < end_ns) {
  }
}

/* An application that takes longer for an event than a turn of the port: it sees few in one. */
static void slow_events_do_so_even_less(void **state) {
  rig_t *rig = rig_new(state);
  uv_idle_t idle;
  watched = rig;
  most_in_a_turn = 0;
  at_last_turn = 0;
  rig->limit = 500;
  rig->options.event_capacity = 1000;
  rig->on_event = on_event_slowly;
  rig_init(rig);
  rig_start(rig);
  rig_await_turn(rig, HANDOFF_CONSUMER, 500);
  assert_int_equal(uv_idle_init(&rig->fixture->loop, &idle), 0);
  assert_int_equal(uv_idle_start(&idle, on_idle), 0);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 500, 500);
  assert_true(most_in_a_turn <= 8);
  uv_close((uv_handle_t *)&idle, NULL);
  rig_free(rig);
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
  const uint64_t pause_ns = 5000000;
  rig_t *rig = rig_new(state);
  uint64_t queued_ns;
  uint64_t freed_ns;
  uv_sem_t gate;
  assert_int_equal(uv_sem_init(&gate, 0), 0);
  rig->gates[HANDOFF_PRODUCER] = &gate;
  rig->on_event = on_event_keep;
  rig->limit = 1;
  rig->knows_last = true;
  rig_init(rig);
  rig_start(rig);
  queued_await_getters(&rig->lane.impl->items, 1);
  queued_ns = uv_hrtime();
  while (uv_hrtime() < queued_ns + pause_ns) {
    sched_yield();
  }
  freed_ns = uv_hrtime();
  uv_sem_post(&gate);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 1, 1);
  assert_true(got.begun_ns <= queued_ns);
  assert_true(got.done_ns >= freed_ns);
  assert_true(got.waited_ns >= pause_ns);
  assert_true(got.handoff_ns != 0);
  assert_true(got.handoff_ns <= got.done_ns - freed_ns); /* it takes two */
  rig_free(rig);
  uv_sem_destroy(&gate);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      loop_test(events_keep_the_slots_law_at_every_point),
      loop_test(a_report_that_comes_before_its_time_waits_for_the_other_sides),
      loop_test(no_event_follows_one_in_which_the_lane_is_held),
      loop_test(a_lane_that_is_held_from_outside_delivers_nothing),
      loop_test(a_lane_that_is_released_before_anything_came_goes_on),
      loop_test(a_lane_that_is_held_and_released_again_and_again_loses_nothing),
      loop_test(a_lane_may_be_held_and_released_in_one_callback),
      loop_test(a_held_lane_holds_its_workers_back_and_memory_stays_bounded),
      loop_test(a_held_lane_does_not_end_and_closing_releases_it),
      loop_test(holding_before_start_holds),
      loop_test(many_events_at_once_do_not_keep_others_from_their_turns),
      loop_test(slow_events_do_so_even_less),
      loop_test(an_event_tells_how_long_its_side_waited_for_the_other),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

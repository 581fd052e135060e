/* unit.lane_gather: events that come fast are left to gather, and no others; and none for too long. */

#include "lib/script.h"

#define SECOND_NS UINT64_C(1000000000)

static uint64_t due_ns; /* no event may come before */

static void on_event_when_due(rig_t *rig, const handoff_event_t *event) {
  (void)rig;
  (void)event;
  assert_true(uv_hrtime() >= due_ns);
}

static struct handoff__lane *lane_of(rig_t *rig) { return rig->lane.impl; }

static bool is_listening(rig_t *rig) {
  return lane_of(rig)->sides[HANDOFF_PRODUCER].req.pending &&
         lane_of(rig)->sides[HANDOFF_CONSUMER].req.pending;
}

/* Plays four hand-offs, as if they had come since then: eight reports, enough to judge by. */
static void play_four(rig_t *rig, uint64_t since_ns) {
  uint64_t number;
  due_ns = 0;
  rig->on_event = on_event_when_due;
  lane_of(rig)->gather.since_ns = since_ns;
  lane_of(rig)->gather.patience = 8;
  for (number = 1; number <= 4; number++) {
    play(rig, HANDOFF_PRODUCER, number);
    play(rig, HANDOFF_CONSUMER, number);
  }
  turn_loop(rig);
  assert_int_equal(events_of(rig), 8);
}

/* A lane that lets its reports gather, for far longer than the test takes. */
static rig_t *gathering(void **state, uv_sem_t *gate) {
  rig_t *rig = scripted(state, 1, SECOND_NS, gate);
  play_four(rig, uv_hrtime() - SECOND_NS / 2); /* a sixteenth of a second apart */
  assert_true(lane_of(rig)->gathered.armed);
  assert_false(is_listening(rig));
  return rig;
}

static void play_fifth(rig_t *rig) {
  play(rig, HANDOFF_PRODUCER, 5);
  play(rig, HANDOFF_CONSUMER, 5);
}

static void events_that_come_fast_gather_and_then_come(void **state) {
  uv_sem_t gate;
  rig_t *rig = scripted(state, 1, SECOND_NS, &gate);
  play_four(rig, uv_hrtime() - SECOND_NS / 50);
  assert_true(lane_of(rig)->gathered.armed);
  due_ns = lane_of(rig)->gathered.due_ns;
  play_fifth(rig);
  while (events_of(rig) < 10) {
    uv_run(&rig->fixture->loop, UV_RUN_ONCE); /* on_event_when_due has checked the time */
  }
  end_script(rig, &gate);
}

static void events_that_come_slowly_do_not_gather(void **state) {
  uv_sem_t gate;
  rig_t *rig = scripted(state, 1, SECOND_NS, &gate);
  play_four(rig, uv_hrtime() - 2 * SECOND_NS); /* a quarter of a second apart */
  assert_false(lane_of(rig)->gathered.armed);
  assert_true(is_listening(rig));
  play_fifth(rig);
  turn_loop(rig);
  assert_int_equal(events_of(rig), 10);
  end_script(rig, &gate);
}

static void a_lane_that_is_not_to_does_not_let_them_gather(void **state) {
  uv_sem_t gate;
  rig_t *rig = scripted(state, 1, 0, &gate);
  play_four(rig, uv_hrtime());
  assert_false(lane_of(rig)->gathered.armed);
  assert_true(is_listening(rig));
  end_script(rig, &gate);
}

/* They fill half of their room in no time, for which it is not worth it. */
static void events_without_room_do_not_gather(void **state) {
  uv_sem_t gate;
  rig_t *rig = rig_new(state);
  rig->options.event_capacity = 7;
  rig->options.coalesce_ns = SECOND_NS;
  assert_int_equal(uv_sem_init(&gate, 0), 0);
  rig->gates[HANDOFF_PRODUCER] = &gate;
  rig_init(rig);
  rig_start(rig);
  play_four(rig, uv_hrtime());
  assert_false(lane_of(rig)->gathered.armed);
  assert_true(is_listening(rig));
  end_script(rig, &gate);
}

static void stopping_waits_for_no_gathering(void **state) {
  uv_sem_t gate;
  rig_t *rig = gathering(state, &gate);
  play_fifth(rig);
  handoff_lane_stop(&rig->lane);
  assert_int_equal(events_of(rig), 8); /* not from within the call */
  turn_loop(rig);
  assert_int_equal(events_of(rig), 10);
  assert_true(is_listening(rig));
  end_script(rig, &gate);
}

static void pacing_waits_for_no_gathering(void **state) {
  uv_sem_t gate;
  rig_t *rig = gathering(state, &gate);
  play_fifth(rig);
  assert_int_equal(handoff_lane_set_interval(&rig->lane, HANDOFF_CONSUMER, SECOND_NS), 0);
  turn_loop(rig);
  assert_int_equal(events_of(rig), 10);
  assert_true(is_listening(rig));
  end_script(rig, &gate);
}

static void closing_waits_for_no_gathering(void **state) {
  uv_sem_t gate;
  rig_t *rig = gathering(state, &gate);
  play_fifth(rig);
  rig->is_deaf = true; /* to what was played */
  assert_int_equal(handoff_lane_close(&rig->lane, rig_on_closed), 0);
  turn_loop(rig);
  assert_false(lane_of(rig)->gathered.armed);
  assert_int_equal(lane_of(rig)->sides[HANDOFF_CONSUMER].delivered, 5);
  end_script(rig, &gate);
}

static void a_lane_that_was_held_meanwhile_looks_at_once(void **state) {
  uv_sem_t gate;
  rig_t *rig = gathering(state, &gate);
  play_fifth(rig);
  handoff_lane_pause(&rig->lane);
  turn_loop(rig);
  assert_int_equal(events_of(rig), 8);
  handoff_lane_resume(&rig->lane);
  turn_loop(rig);
  assert_int_equal(events_of(rig), 10);
  end_script(rig, &gate);
}

/* One of the two was listened for when the other one let the lane begin to gather. */
static void a_report_that_was_listened_for_gathers_too(void **state) {
  uv_sem_t gate;
  rig_t *rig = scripted(state, 1, SECOND_NS, &gate);
  due_ns = 0;
  rig->on_event = on_event_when_due;
  lane_of(rig)->gather.since_ns = uv_hrtime() - SECOND_NS / 10;
  lane_of(rig)->gather.count = lane_of(rig)->gather.patience - 1;
  play(rig, HANDOFF_PRODUCER, 1);
  turn_loop(rig);
  assert_true(lane_of(rig)->gathered.armed);
  assert_true(lane_of(rig)->sides[HANDOFF_CONSUMER].req.pending);
  due_ns = lane_of(rig)->gathered.due_ns;
  play(rig, HANDOFF_CONSUMER, 1);
  while (events_of(rig) < 2) {
    uv_run(&rig->fixture->loop, UV_RUN_ONCE);
  }
  end_script(rig, &gate);
}

/* The consumer could not report its last hand-off, and has ended. */
static void an_event_that_would_follow_a_lost_one_is_not_delivered(void **state) {
  struct handoff__completion end = {
      .event = {.side = HANDOFF_CONSUMER}, .is_end = true, .status = UV_ENOMEM};
  uv_sem_t gate;
  rig_t *rig = scripted(state, 1, 0, &gate);
  play_four(rig, uv_hrtime());
  play(rig, HANDOFF_PRODUCER, 5);
  play(rig, HANDOFF_PRODUCER, 6);
  turn_loop(rig);
  assert_int_equal(rig->events[HANDOFF_PRODUCER], 5);
  assert_true(lane_of(rig)->sides[HANDOFF_PRODUCER].has_report);
  assert_int_equal(handoff_slot_try_put(&lane_of(rig)->sides[HANDOFF_CONSUMER].reports, &end), 0);
  turn_loop(rig);
  assert_int_equal(rig->events[HANDOFF_PRODUCER], 5);
  assert_false(lane_of(rig)->sides[HANDOFF_PRODUCER].has_report);
  end_script(rig, &gate);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      loop_test(events_that_come_fast_gather_and_then_come),
      loop_test(events_that_come_slowly_do_not_gather),
      loop_test(a_lane_that_is_not_to_does_not_let_them_gather),
      loop_test(events_without_room_do_not_gather),
      loop_test(stopping_waits_for_no_gathering),
      loop_test(pacing_waits_for_no_gathering),
      loop_test(closing_waits_for_no_gathering),
      loop_test(a_lane_that_was_held_meanwhile_looks_at_once),
      loop_test(a_report_that_was_listened_for_gathers_too),
      loop_test(an_event_that_would_follow_a_lost_one_is_not_delivered),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

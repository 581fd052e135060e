/* unit.lane_close: closing a lane, or its port, whatever the lane is doing. Every item that was
 * made has been consumed or dropped by then, which rig_free checks. */

#include "lane/lane.h"
#include "lib/queued.h"
#include "lib/rig.h"

static const size_t capacities[] = {0, 1, 5};

/* ---------------------------------------------------------------------------- closing a lane -- */

static void a_lane_that_never_ran_closes_without_on_end(void **state) {
  rig_t *rig = rig_new(state);
  rig_init(rig);
  rig_close(rig);
  assert_int_equal(handoff_lane_close(&rig->lane, NULL), UV_ECANCELED); /* rig_on_closed runs */
  assert_int_equal(handoff_lane_start(&rig->lane), UV_ECANCELED);
  assert_int_equal(handoff_lane_set_interval(&rig->lane, HANDOFF_PRODUCER, 1), UV_ECANCELED);
  assert_false(rig->is_closed);
  loop_run(&rig->fixture->loop); /* a closing lane keeps the loop alive */
  assert_true(rig->is_closed);
  assert_int_equal(rig->ends, 0);
  rig_free(rig);
}

static void close_ends_a_running_lane_early(void **state) {
  size_t i;
  for (i = 0; i < 300; i++) {
    rig_t *rig = rig_new(state);
    rig->options.capacity = capacities[i % 3];
    rig->options.event_capacity = 1 + i % 4;
    rig->options.item_size = sizeof(uint64_t) + i % 20; /* rig_drop checks the alignment */
    rig_init_and_start(rig);
    rig_run_until_events(rig, HANDOFF_PRODUCER, (unsigned)i / 3); /* a different moment each time */
    rig_close(rig);
    assert_int_equal(handoff_lane_start(&rig->lane), UV_ECANCELED);
    rig_run_until_closed(rig);
    assert_int_equal(rig->ends, 1);
    assert_int_equal(rig->end_status, UV_ECANCELED);
    assert_int_equal(rig->events[HANDOFF_CONSUMER], atomic_load(&rig->consumed));
    rig_free(rig);
  }
}

/* The consumer already waits for it when the lane is closed. */
static void a_closing_lane_drops_the_item_in_production(void **state) {
  rig_t *rig = rig_new(state);
  rig_block(rig, HANDOFF_PRODUCER);
  rig_init_and_start(rig);
  rig_await_turn(rig, HANDOFF_PRODUCER, 1);
  queued_await_getters(&rig->lane.impl->items, 1);
  rig_close(rig);
  rig_unblock(rig, HANDOFF_PRODUCER, 1);
  rig_run_until_closed(rig);
  rig_assert_end(rig, UV_ECANCELED, 0, 0);
  assert_int_equal(atomic_load(&rig->dropped), 1);
  rig_free(rig);
}

static void an_error_after_close_is_the_status(void **state) {
  rig_t *rig = rig_new(state);
  rig_block(rig, HANDOFF_CONSUMER);
  rig->fail_at = 1;
  rig->fail_status = UV_EIO;
  rig_init_and_start(rig);
  rig_await_turn(rig, HANDOFF_CONSUMER, 1);
  rig_close(rig);
  rig_unblock(rig, HANDOFF_CONSUMER, 1);
  rig_run_until_closed(rig);
  assert_int_equal(rig->end_status, UV_EIO);
  rig_free(rig);
}

static void on_event_close(rig_t *rig, const handoff_event_t *event) {
  if (event->number == 20) {
    if (rig->lane.impl->is_closing) {
      assert_int_equal(handoff_lane_close(&rig->lane, NULL), UV_ECANCELED);
    } else {
      rig_close(rig);
    }
  }
}

static void a_lane_may_be_closed_in_an_event_callback(void **state) {
  size_t i;
  for (i = 0; i < 30; i++) {
    rig_t *rig = rig_new(state);
    rig->options.capacity = capacities[i % 3];
    rig->on_event = on_event_close;
    rig_init_and_start(rig);
    loop_run(&rig->fixture->loop);
    assert_true(rig->is_closed);
    assert_int_equal(rig->end_status, UV_ECANCELED);
    rig_free(rig);
  }
}

static void on_end_close(rig_t *rig, int status) {
  (void)status;
  rig_close(rig);
}

static void a_lane_may_be_closed_in_its_end_callback(void **state) {
  rig_t *rig = rig_new(state);
  rig->limit = 3;
  rig->on_end = on_end_close;
  rig_init_and_start(rig);
  loop_run(&rig->fixture->loop);
  assert_true(rig->is_closed);
  rig_assert_end(rig, 0, 3, 3);
  rig_free(rig);
}

static void on_end_start(rig_t *rig, int status) {
  assert_int_equal(status, UV_ECANCELED);
  assert_int_equal(handoff_lane_close(&rig->lane, NULL), UV_ECANCELED);
  assert_int_equal(handoff_lane_start(&rig->lane), UV_ECANCELED);
}

static void a_closing_lane_cannot_be_started_in_its_end_callback(void **state) {
  rig_t *rig = rig_new(state);
  rig->on_end = on_end_start;
  rig_init_and_start(rig);
  rig_close(rig);
  rig_run_until_closed(rig);
  assert_int_equal(rig->ends, 1);
  rig_free(rig);
}

static void close_waits_for_a_callback_that_blocks(void **state) {
  handoff_side_t side;
  for (side = HANDOFF_PRODUCER; side <= HANDOFF_CONSUMER; side++) {
    rig_t *rig = rig_new(state);
    rig_block(rig, side);
    rig_init_and_start(rig);
    rig_await_turn(rig, side, 1);
    rig_close(rig);
    rig_run_pending(rig);
    assert_false(rig->is_closed);
    rig_unblock(rig, side, 1);
    rig_run_until_closed(rig);
    assert_int_equal(rig->end_status, UV_ECANCELED);
    rig_free(rig);
  }
}

static void calls_on_a_closed_lane_return_einval(void **state) {
  rig_t *rig = rig_new(state);
  rig_init(rig);
  rig_close(rig);
  loop_close_port(rig->fixture, NULL);
  loop_run(&rig->fixture->loop);
  assert_true(rig->is_closed);
  assert_int_equal(handoff_lane_close(&rig->lane, NULL), UV_EINVAL);
  assert_int_equal(handoff_lane_start(&rig->lane), UV_EINVAL);
  assert_int_equal(handoff_lane_set_interval(&rig->lane, HANDOFF_PRODUCER, 1), UV_EINVAL);
  assert_int_equal(handoff_lane_init(&rig->fixture->port, &rig->lane, &rig->options), UV_EINVAL);
  rig_free(rig);
}

/* -------------------------------------------------------------------------- closing the port -- */

static rig_t *open_rigs[3]; /* that the port closes; NULL: none */
static unsigned expected_ends;
static bool is_port_closed;

/* One open rig; its on_end will have run so often when the port is closed. */
static rig_t *rig_of_port(void **state, unsigned ends) {
  rig_t *rig = rig_new(state);
  memset(open_rigs, 0, sizeof open_rigs);
  open_rigs[0] = rig;
  expected_ends = ends;
  is_port_closed = false;
  return rig;
}

/* The memory of the lanes belongs to the test again, which frees it. A lane that the port has
 * closed has no close callback. */
static void on_port_closed(handoff_port_t *port) {
  size_t i;
  assert_int_equal(handoff_port_close(port, NULL), UV_EINVAL);
  for (i = 0; i < 3 && open_rigs[i] != NULL; i++) {
    assert_null(open_rigs[i]->lane.impl);
    assert_int_equal(open_rigs[i]->ends, expected_ends);
    open_rigs[i]->is_closed = true;
    rig_free(open_rigs[i]);
  }
  is_port_closed = true;
}

static void close_port(rig_t *rig) {
  loop_close_port(rig->fixture, on_port_closed);
  assert_int_equal(handoff_lane_close(&rig->lane, NULL), UV_ECANCELED); /* closing already */
  assert_int_equal(handoff_lane_start(&rig->lane), UV_ECANCELED);
}

static void a_port_closes_its_idle_lanes_without_on_end(void **state) {
  rig_t *rig = rig_of_port(state, 0);
  loop_fixture_t *f = *state;
  rig_init(rig);
  close_port(rig);
  assert_false(is_port_closed);
  loop_run(&f->loop);
  assert_true(is_port_closed);
}

static void on_end_canceled(rig_t *rig, int status) {
  (void)rig;
  assert_int_equal(status, UV_ECANCELED);
}

static void a_port_closes_its_running_lanes(void **state) {
  loop_fixture_t *f = *state;
  size_t i;
  for (i = 0; i < 3; i++) {
    open_rigs[i] = i == 0 ? rig_of_port(state, 1) : rig_new(state);
    open_rigs[i]->options.capacity = capacities[i];
    open_rigs[i]->on_end = on_end_canceled;
    rig_init_and_start(open_rigs[i]);
  }
  rig_run_until_events(open_rigs[0], HANDOFF_CONSUMER, 10);
  close_port(open_rigs[0]);
  loop_run_until(&f->loop, &is_port_closed);
}

static void on_event_close_port(rig_t *rig, const handoff_event_t *event) {
  if (event->number == 20 && rig->fixture->has_port) {
    close_port(rig);
  }
}

static void a_port_may_be_closed_in_a_lanes_event_callback(void **state) {
  loop_fixture_t *f = *state;
  rig_t *rig = rig_of_port(state, 1);
  rig->on_event = on_event_close_port;
  rig->on_end = on_end_canceled;
  rig_init_and_start(rig);
  loop_run(&f->loop);
  assert_true(is_port_closed);
}

static void on_end_close_port(rig_t *rig, int status) {
  assert_int_equal(status, 0);
  close_port(rig);
}

static void a_port_may_be_closed_in_a_lanes_end_callback(void **state) {
  loop_fixture_t *f = *state;
  rig_t *rig = rig_of_port(state, 1);
  rig->limit = 3;
  rig->on_end = on_end_close_port;
  rig_init_and_start(rig);
  loop_run(&f->loop);
  assert_true(is_port_closed);
}

static void a_lane_that_is_closing_already_keeps_its_close_callback(void **state) {
  loop_fixture_t *f = *state;
  int is_running;
  for (is_running = 0; is_running < 2; is_running++) {
    rig_t *rig = rig_of_port(state, 1);
    open_rigs[0] = NULL;
    rig_init(rig);
    if (is_running) {
      rig_start(rig);
    }
    rig_close(rig);
    close_port(rig);
    rig_run_until_closed(rig);
    assert_int_equal(rig->ends, is_running);
    rig_free(rig);
    loop_run_until(&f->loop, &is_port_closed);
    assert_int_equal(handoff_port_init(&f->loop, &f->port), 0);
    f->has_port = true;
  }
}

static void on_end_after_one_transfer(rig_t *rig, int status) {
  assert_int_equal(status, UV_ECANCELED);
  rig_assert_end(rig, status, 1, 1);
}

/* Both sides are in their callbacks, so nothing arrives from them while the port closes. */
static void a_port_waits_for_the_callbacks_of_its_lanes(void **state) {
  loop_fixture_t *f = *state;
  rig_t *rig = rig_of_port(state, 1);
  rig_block(rig, HANDOFF_PRODUCER);
  rig_block(rig, HANDOFF_CONSUMER);
  rig->on_end = on_end_after_one_transfer;
  rig_init_and_start(rig);
  rig_unblock(rig, HANDOFF_PRODUCER, 1);
  rig_await_turn(rig, HANDOFF_CONSUMER, 1);
  rig_await_turn(rig, HANDOFF_PRODUCER, 2);
  rig_run_until_events(rig, HANDOFF_PRODUCER, 1);
  close_port(rig);
  rig_run_pending(rig);
  assert_false(is_port_closed);
  assert_int_equal(rig_event_count(rig), 1);
  rig_unblock(rig, HANDOFF_PRODUCER, 1);
  rig_unblock(rig, HANDOFF_CONSUMER, 1);
  loop_run_until(&f->loop, &is_port_closed);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      loop_test(a_lane_that_never_ran_closes_without_on_end),
      loop_test(close_ends_a_running_lane_early),
      loop_test(a_closing_lane_drops_the_item_in_production),
      loop_test(an_error_after_close_is_the_status),
      loop_test(a_lane_may_be_closed_in_an_event_callback),
      loop_test(a_lane_may_be_closed_in_its_end_callback),
      loop_test(a_closing_lane_cannot_be_started_in_its_end_callback),
      loop_test(close_waits_for_a_callback_that_blocks),
      loop_test(calls_on_a_closed_lane_return_einval),
      loop_test(a_port_closes_its_idle_lanes_without_on_end),
      loop_test(a_port_closes_its_running_lanes),
      loop_test(a_port_may_be_closed_in_a_lanes_event_callback),
      loop_test(a_port_may_be_closed_in_a_lanes_end_callback),
      loop_test(a_lane_that_is_closing_already_keeps_its_close_callback),
      loop_test(a_port_waits_for_the_callbacks_of_its_lanes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

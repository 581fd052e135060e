/* unit.lane_close: a lane that is closed, whatever it is doing, and its port with it. Each item has been
 * accounted for by then: rig_free balances the book. */

#include "lane/lane.h"
#include "lib/queued.h"
#include "lib/rig.h"

static const size_t capacities[] = {0, 1, 5};

/* ------------------------------------------------------------------------------------- close -- */

static void a_lane_that_never_ran_closes_without_an_end(void **state) {
  rig_t *rig = rig_new(state);
  rig_init(rig);
  rig_close(rig);
  assert_int_equal(handoff_lane_close(&rig->lane, NULL), UV_EINVAL);
  assert_int_equal(handoff_lane_start(&rig->lane), UV_ECANCELED);
  assert_int_equal(handoff_lane_set_interval(&rig->lane, HANDOFF_PRODUCER, 1), UV_ECANCELED);
  assert_false(rig->is_closed);
  assert_int_equal(uv_run(&rig->fixture->loop, UV_RUN_DEFAULT), 0); /* it keeps the loop alive */
  assert_true(rig->is_closed);
  assert_int_equal(rig->ends, 0);
  rig_free(rig);
}

static void close_cuts_a_running_lane_short(void **state) {
  size_t i;
  for (i = 0; i < 300; i++) {
    rig_t *rig = rig_new(state);
    rig->options.capacity = capacities[i % 3];
    rig->options.event_capacity = 1 + i % 4;
    rig->options.item_size =
        sizeof(uint64_t) + i % 20; /* what is dropped is aligned all the same */
    rig_init(rig);
    rig_start(rig);
    while (rig->events[HANDOFF_PRODUCER] < i / 3) { /* at various points */
      uv_run(&rig->fixture->loop, UV_RUN_ONCE);
    }
    rig_close(rig);
    assert_int_equal(handoff_lane_start(&rig->lane), UV_ECANCELED);
    loop_run_until(&rig->fixture->loop, &rig->is_closed);
    assert_int_equal(rig->ends, 1);
    assert_int_equal(rig->end_status, UV_ECANCELED);
    assert_int_equal(rig->events[HANDOFF_CONSUMER], atomic_load(&rig->consumed));
    rig_free(rig);
  }
}

/* A consumer that waits for an item when the lane is closed does not get it. */
static void a_closing_lane_takes_no_other_item(void **state) {
  rig_t *rig = rig_new(state);
  uv_sem_t gate;
  assert_int_equal(uv_sem_init(&gate, 0), 0);
  rig->gates[HANDOFF_PRODUCER] = &gate;
  rig_init(rig);
  rig_start(rig);
  rig_await_turn(rig, HANDOFF_PRODUCER, 1);
  queued_await_getters(&rig->lane.impl->items, 1);
  rig_close(rig);
  uv_sem_post(&gate);
  loop_run_until(&rig->fixture->loop, &rig->is_closed);
  rig_assert_end(rig, UV_ECANCELED, 0, 0);
  assert_int_equal(atomic_load(&rig->dropped), 1);
  rig_free(rig);
  uv_sem_destroy(&gate);
}

static void on_event_close(rig_t *rig, const handoff_event_t *event) {
  if (event->number == 20) {
    if (rig->lane.impl->is_closing) {
      assert_int_equal(handoff_lane_close(&rig->lane, NULL), UV_EINVAL);
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
    rig_init(rig);
    rig_start(rig);
    assert_int_equal(uv_run(&rig->fixture->loop, UV_RUN_DEFAULT), 0);
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
  rig_init(rig);
  rig_start(rig);
  assert_int_equal(uv_run(&rig->fixture->loop, UV_RUN_DEFAULT), 0);
  assert_true(rig->is_closed);
  rig_assert_end(rig, 0, 3, 3);
  rig_free(rig);
}

static void on_end_of_a_closing_lane(rig_t *rig, int status) {
  assert_int_equal(status, UV_ECANCELED);
  assert_int_equal(handoff_lane_close(&rig->lane, NULL), UV_EINVAL);
  assert_int_equal(handoff_lane_start(&rig->lane), UV_ECANCELED);
}

static void what_is_closing_cannot_be_started_in_its_end_callback(void **state) {
  rig_t *rig = rig_new(state);
  rig->on_end = on_end_of_a_closing_lane;
  rig_init(rig);
  rig_start(rig);
  rig_close(rig);
  loop_run_until(&rig->fixture->loop, &rig->is_closed);
  assert_int_equal(rig->ends, 1);
  rig_free(rig);
}

static void close_waits_for_a_callback_that_is_blocked(void **state) {
  int side;
  for (side = 0; side < 2; side++) {
    rig_t *rig = rig_new(state);
    uv_sem_t gate;
    assert_int_equal(uv_sem_init(&gate, 0), 0);
    rig->gates[side] = &gate;
    rig_init(rig);
    rig_start(rig);
    rig_await_turn(rig, (handoff_side_t)side, 1);
    rig_close(rig);
    uv_run(&rig->fixture->loop, UV_RUN_NOWAIT);
    assert_false(rig->is_closed);
    uv_sem_post(&gate);
    loop_run_until(&rig->fixture->loop, &rig->is_closed);
    assert_int_equal(rig->end_status, UV_ECANCELED);
    rig_free(rig);
    uv_sem_destroy(&gate);
  }
}

static void on_never(handoff_req_t *req, int status) {
  (void)req;
  fail_msg("on_done was called with %d", status);
}

static void calls_on_what_has_been_closed_are_refused(void **state) {
  rig_t *rig = rig_new(state);
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  handoff_req_t req = {0};
  handoff_slot_t slot;
  uint64_t item = 1;
  rig_init(rig);
  rig_close(rig);
  assert_int_equal(handoff_port_close(&rig->fixture->port, NULL), 0);
  rig->fixture->has_port = false;
  assert_int_equal(uv_run(&rig->fixture->loop, UV_RUN_DEFAULT), 0);
  assert_true(rig->is_closed);
  assert_int_equal(handoff_lane_close(&rig->lane, NULL), UV_EINVAL);
  assert_int_equal(handoff_lane_start(&rig->lane), UV_EINVAL);
  assert_int_equal(handoff_lane_set_interval(&rig->lane, HANDOFF_PRODUCER, 1), UV_EINVAL);
  assert_int_equal(handoff_lane_init(&rig->fixture->port, &rig->lane, &rig->options), UV_EINVAL);
  assert_int_equal(handoff_port_close(&rig->fixture->port, NULL), UV_EINVAL);
  assert_int_equal(handoff_slot_init(&slot, &options), 0);
  assert_int_equal(handoff_port_put(&rig->fixture->port, &req, &slot, &item, on_never), UV_EINVAL);
  handoff_slot_destroy(&slot);
  rig_free(rig);
}

/* ------------------------------------------------------------------------ closing the port -- */

static bool port_closed;
static rig_t *port_of;

static void on_port_closed(handoff_port_t *port) {
  (void)port;
  assert_true(port_of->is_closed); /* it has waited for its lane */
  port_closed = true;
}

static void a_port_with_an_open_lane_is_not_closed(void **state) {
  rig_t *rig = rig_new(state);
  rig->limit = 3;
  rig_init(rig);
  assert_int_equal(handoff_port_close(&rig->fixture->port, NULL), UV_EBUSY);
  rig_start(rig);
  assert_int_equal(handoff_port_close(&rig->fixture->port, NULL), UV_EBUSY);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 3, 3); /* it has not been touched */
  rig_free(rig);
}

static void close_lane_and_port(rig_t *rig) {
  port_of = rig;
  port_closed = false;
  rig_close(rig);
  assert_int_equal(handoff_port_close(&rig->fixture->port, on_port_closed), 0);
  rig->fixture->has_port = false;
}

static void a_port_waits_for_its_idle_lanes_that_are_closing(void **state) {
  rig_t *rig = rig_new(state);
  rig_init(rig);
  close_lane_and_port(rig);
  loop_run_until(&rig->fixture->loop, &port_closed);
  rig_free(rig);
}

/* Both sides are in their callbacks: nothing comes from them while the port is told to close. */
static void a_port_waits_for_its_running_lanes_that_are_closing(void **state) {
  rig_t *rig = rig_new(state);
  uv_sem_t gates[2];
  int i;
  for (i = 0; i < 2; i++) {
    assert_int_equal(uv_sem_init(&gates[i], 0), 0);
    rig->gates[i] = &gates[i];
  }
  rig_init(rig);
  rig_start(rig);
  uv_sem_post(&gates[HANDOFF_PRODUCER]);
  rig_await_turn(rig, HANDOFF_CONSUMER, 1);
  rig_await_turn(rig, HANDOFF_PRODUCER, 2);
  while (rig->events[HANDOFF_PRODUCER] == 0) {
    uv_run(&rig->fixture->loop, UV_RUN_ONCE);
  }
  close_lane_and_port(rig);
  for (i = 0; i < 10; i++) {
    uv_run(&rig->fixture->loop, UV_RUN_NOWAIT);
  }
  assert_false(port_closed);
  assert_int_equal(rig->events[HANDOFF_PRODUCER], 1);
  uv_sem_post(&gates[HANDOFF_PRODUCER]);
  uv_sem_post(&gates[HANDOFF_CONSUMER]);
  loop_run_until(&rig->fixture->loop, &port_closed);
  assert_int_equal(rig->ends, 1);
  rig_assert_end(rig, UV_ECANCELED, 1, 1);
  rig_free(rig);
  for (i = 0; i < 2; i++) {
    uv_sem_destroy(&gates[i]);
  }
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      loop_test(a_lane_that_never_ran_closes_without_an_end),
      loop_test(close_cuts_a_running_lane_short),
      loop_test(a_closing_lane_takes_no_other_item),
      loop_test(a_lane_may_be_closed_in_an_event_callback),
      loop_test(a_lane_may_be_closed_in_its_end_callback),
      loop_test(what_is_closing_cannot_be_started_in_its_end_callback),
      loop_test(close_waits_for_a_callback_that_is_blocked),
      loop_test(calls_on_what_has_been_closed_are_refused),
      loop_test(a_port_with_an_open_lane_is_not_closed),
      loop_test(a_port_waits_for_its_idle_lanes_that_are_closing),
      loop_test(a_port_waits_for_its_running_lanes_that_are_closing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

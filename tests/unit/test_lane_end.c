/* unit.lane_end: how a lane ends, and with which status. Every item that was made has been consumed
 * or dropped by then, which rig_free checks. */

#include <limits.h>

#include "lane/lane.h"
#include "lib/queued.h"
#include "lib/rig.h"

static const size_t capacities[] = {0, 1, 5};

/* ---------------------------------------------------------------------- the end of the items -- */

static void a_lane_ends_when_the_last_item_has_been_consumed(void **state) {
  static const size_t event_capacities[] = {1, 2, 64};
  unsigned count;
  size_t i;
  for (i = 0; i < 9; i++) {
    for (count = 0; count <= 400; count = count * 5 + 1) {
      rig_t *rig = rig_new(state);
      rig->options.capacity = capacities[i % 3];
      rig->options.event_capacity = event_capacities[i / 3];
      rig->limit = count;
      rig->knows_last = count % 2 == 1;
      rig_run(rig, 0, count, count);
      assert_int_equal(atomic_load(&rig->consumed), count);
      rig_free(rig);
    }
  }
}

static int produce_only(handoff_lane_t *lane, void *item) { /* the first item is the last one */
  return rig_produce(lane, item) == 0 ? HANDOFF_LAST : UV_EINVAL;
}

static void produce_is_not_called_after_the_last_item(void **state) {
  rig_t *rig = rig_new(state);
  rig->options.produce = produce_only;
  rig_run(rig, 0, 1, 1);
  assert_int_equal(atomic_load(&rig->turns[HANDOFF_PRODUCER]), 1);
  rig_free(rig);
}

/* ------------------------------------------------------------------------------------ errors -- */

/* The status of a lane that a callback ended with that code. */
static int status_of(int code) { return code > 0 ? UV_EINVAL : code; }

static void an_error_of_produce_ends_the_lane_when_all_items_are_consumed(void **state) {
  static const int errors[] = {UV_EIO,   UV_ENOMEM, UV_ECANCELED,     UV_EAGAIN,
                               UV_EPIPE, -12345,    HANDOFF_LAST + 1, INT_MAX};
  unsigned i;
  for (i = 0; i < sizeof errors / sizeof errors[0]; i++) {
    rig_t *rig = rig_new(state);
    rig->options.capacity = capacities[i % 3];
    rig->limit = UINT64_C(10) * i;
    rig->past = errors[i];
    rig_run(rig, status_of(errors[i]), 10 * i, 10 * i);
    rig_free(rig);
  }
}

static void an_error_of_consume_ends_the_lane_and_the_remaining_items_are_dropped(void **state) {
  static const int errors[] = {UV_EIO,    UV_EOF, UV_EPIPE,     UV_ECANCELED,
                               UV_EAGAIN, -12345, HANDOFF_LAST, INT_MAX};
  size_t i;
  for (i = 0; i < sizeof errors / sizeof errors[0]; i++) {
    rig_t *rig = rig_new(state);
    rig->options.capacity = capacities[i % 3];
    rig->fail_at = 1 + 10 * i;
    rig->fail_status = errors[i];
    rig_init_and_start(rig);
    rig_run_until_end(rig);
    assert_int_equal(rig->end_status, status_of(errors[i]));
    assert_int_equal(rig->events[HANDOFF_CONSUMER], 1 + 10 * i); /* the failed item's event, too */
    assert_int_equal(atomic_load(&rig->consumed), 1 + 10 * i);
    rig_free(rig);
  }
}

static void the_status_is_the_first_error(void **state) {
  rig_t *rig = rig_new(state);
  rig_block(rig, HANDOFF_CONSUMER);
  rig->limit = 1;
  rig->past = UV_EIO;
  rig->fail_at = 1;
  rig->fail_status = UV_EBADF;
  rig_init_and_start(rig);
  loop_run_until(&rig->fixture->loop, &rig->lane.impl->sides[HANDOFF_PRODUCER].has_ended);
  rig_unblock(rig, HANDOFF_CONSUMER, 1);
  rig_run_until_end(rig);
  rig_assert_end(rig, UV_EIO, 1, 1);
  rig_free(rig);
}

static void an_error_of_consume_ends_the_wait_of_the_producer(void **state) {
  size_t i;
  for (i = 0; i < 3; i++) {
    rig_t *rig = rig_new(state);
    rig->options.capacity = capacities[i];
    rig_block(rig, HANDOFF_CONSUMER);
    rig->fail_at = 1;
    rig->fail_status = UV_EIO;
    rig_init_and_start(rig);
    rig_await_turn(rig, HANDOFF_CONSUMER, 1); /* it has the first item */
    queued_await_putters(&rig->lane.impl->items, 1);
    rig_unblock(rig, HANDOFF_CONSUMER, 1);
    rig_run_until_end(rig);
    rig_assert_end(rig, UV_EIO, 1 + (unsigned)capacities[i], 1);
    assert_int_equal(atomic_load(&rig->made), 2 + capacities[i]);
    rig_free(rig);
  }
}

/* A worker that waits for the rest of the time until its tick takes no turn after a stop. */
static void a_stop_during_the_wait_for_a_tick_ends_the_producer(void **state) {
  bool was_in_time = false;
  while (!was_in_time) {
    rig_t *rig = rig_new(state);
    struct handoff__lane_side *producer;
    struct handoff__credit credit = {.is_paced = true, .period_ns = MS_NS, .count = 1};

    rig_pace(rig, HANDOFF_PRODUCER, UINT64_C(3600000) * MS_NS, HANDOFF_MISSED_SKIP, 1);
    rig_init_and_start(rig);
    rig_run_until_events(rig, HANDOFF_CONSUMER, 1);
    producer = &rig->lane.impl->sides[HANDOFF_PRODUCER];
    queued_await_getters(&producer->credits, 1);
    credit.due_ns = uv_hrtime() + 100 * MS_NS;
    producer->credits_out++;
    assert_int_equal(handoff_slot_try_put(&producer->credits, &credit), 0);
    handoff_lane_stop(&rig->lane);
    was_in_time = uv_hrtime() < credit.due_ns;
    rig_run_until_end(rig);
    if (was_in_time) {
      rig_assert_end(rig, 0, 1, 1);
    }
    rig_free(rig);
  }
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      loop_test(a_lane_ends_when_the_last_item_has_been_consumed),
      loop_test(produce_is_not_called_after_the_last_item),
      loop_test(an_error_of_produce_ends_the_lane_when_all_items_are_consumed),
      loop_test(an_error_of_consume_ends_the_lane_and_the_remaining_items_are_dropped),
      loop_test(the_status_is_the_first_error),
      loop_test(an_error_of_consume_ends_the_wait_of_the_producer),
      loop_test(a_stop_during_the_wait_for_a_tick_ends_the_producer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

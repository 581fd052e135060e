/* unit.lane_end: every way in which a lane ends, what it says then, and that each item has been
 * accounted for by then: rig_free balances the book. */

#include "lane/lane.h"
#include "lib/queued.h"
#include "lib/rig.h"

static const size_t capacities[] = {0, 1, 5};

/* ---------------------------------------------------------------------- the end of the items -- */

static void the_end_of_the_items_ends_the_lane_once_all_were_consumed(void **state) {
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
      rig_init(rig);
      rig_start(rig);
      rig_run_until_end(rig);
      rig_assert_end(rig, 0, count, count);
      assert_int_equal(atomic_load(&rig->consumed), count);
      rig_free(rig);
    }
  }
}

static int produce_only(handoff_lane_t *lane, void *item) { /* the last one is the first one */
  return rig_produce(lane, item) == 0 ? HANDOFF_LAST : UV_EINVAL;
}

static void nothing_is_asked_for_after_the_last_item(void **state) {
  rig_t *rig = rig_new(state);
  rig->options.produce = produce_only;
  rig_init(rig);
  rig_start(rig);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 1, 1);
  rig_free(rig);
}

/* ------------------------------------------------------------------------------------ errors -- */

static void an_error_of_produce_is_the_status_once_what_was_made_is_consumed(void **state) {
  static const int errors[] = {UV_EIO, UV_ENOMEM, UV_ECANCELED, UV_EAGAIN, UV_EPIPE, -12345};
  size_t i;
  for (i = 0; i < sizeof errors / sizeof errors[0]; i++) {
    rig_t *rig = rig_new(state);
    rig->options.capacity = capacities[i % 3];
    rig->limit = 10 * i;
    rig->past = errors[i];
    rig_init(rig);
    rig_start(rig);
    rig_run_until_end(rig);
    rig_assert_end(rig, errors[i], 10 * (unsigned)i, 10 * (unsigned)i);
    rig_free(rig);
  }
}

static void an_error_of_consume_is_the_status_and_what_was_left_is_dropped(void **state) {
  static const int errors[] = {UV_EIO, UV_EOF, UV_EPIPE, UV_ECANCELED, UV_EAGAIN, -12345};
  size_t i;
  for (i = 0; i < sizeof errors / sizeof errors[0]; i++) {
    rig_t *rig = rig_new(state);
    rig->options.capacity = capacities[i % 3];
    rig->fail_at = 1 + 10 * i;
    rig->fail_status = errors[i];
    rig_init(rig);
    rig_start(rig);
    rig_run_until_end(rig);
    assert_int_equal(rig->end_status, errors[i]);
    assert_int_equal(rig->events[HANDOFF_CONSUMER], 1 + 10 * i); /* that hand-off was one, too */
    assert_int_equal(atomic_load(&rig->consumed), 1 + 10 * i);
    rig_free(rig);
  }
}

static void the_first_error_is_the_status(void **state) {
  rig_t *rig = rig_new(state);
  uv_sem_t gate;
  assert_int_equal(uv_sem_init(&gate, 0), 0);
  rig->gates[HANDOFF_CONSUMER] = &gate;
  rig->limit = 1;
  rig->past = UV_EIO;
  rig->fail_at = 1;
  rig->fail_status = UV_EBADF;
  rig_init(rig);
  rig_start(rig);
  while (!rig->lane.impl->sides[HANDOFF_PRODUCER].has_ended) {
    uv_run(&rig->fixture->loop, UV_RUN_ONCE);
  }
  uv_sem_post(&gate);
  rig_run_until_end(rig);
  rig_assert_end(rig, UV_EIO, 1, 1);
  rig_free(rig);
  uv_sem_destroy(&gate);
}

/* A producer that waits for room is told at once when there is no consumer any more. */
static void an_error_of_consume_frees_a_producer_that_waits(void **state) {
  size_t i;
  for (i = 0; i < 3; i++) {
    rig_t *rig = rig_new(state);
    uv_sem_t gate;
    assert_int_equal(uv_sem_init(&gate, 0), 0);
    rig->options.capacity = capacities[i];
    rig->gates[HANDOFF_CONSUMER] = &gate;
    rig->fail_at = 1;
    rig->fail_status = UV_EIO;
    rig_init(rig);
    rig_start(rig);
    rig_await_turn(rig, HANDOFF_CONSUMER, 1); /* it has the first item */
    queued_await_putters(&rig->lane.impl->items, 1);
    uv_sem_post(&gate);
    rig_run_until_end(rig);
    rig_assert_end(rig, UV_EIO, 1 + (unsigned)capacities[i], 1);
    assert_int_equal(atomic_load(&rig->made), 2 + capacities[i]);
    rig_free(rig);
    uv_sem_destroy(&gate);
  }
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      loop_test(the_end_of_the_items_ends_the_lane_once_all_were_consumed),
      loop_test(nothing_is_asked_for_after_the_last_item),
      loop_test(an_error_of_produce_is_the_status_once_what_was_made_is_consumed),
      loop_test(an_error_of_consume_is_the_status_and_what_was_left_is_dropped),
      loop_test(the_first_error_is_the_status),
      loop_test(an_error_of_consume_frees_a_producer_that_waits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

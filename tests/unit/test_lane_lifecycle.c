/* unit.lane_lifecycle: a lane's options, start, stop, and start again. */

#include "lane/lane.h"
#include "lib/queued.h"
#include "lib/rig.h"

static int no_turn(handoff_lane_t *lane, void *item) {
  (void)lane;
  (void)item;
  return UV_EOF;
}

/* -------------------------------------------------------------------------------------- init -- */

static void assert_side_defaults(const handoff_side_options_t *side) {
  assert_int_equal(side->interval_ns, 0);
  assert_int_equal(side->missed, HANDOFF_MISSED_SKIP);
  assert_int_equal(side->burst, 1);
}

static void assert_defaults(const handoff_lane_options_t *options) {
  assert_int_equal(options->item_size, 12);
  assert_ptr_equal(options->produce, no_turn);
  assert_ptr_equal(options->consume, no_turn);
  assert_int_equal(options->capacity, 1);
  assert_null(options->name);
  assert_null(options->drop);
  assert_null(options->drop_arg);
  assert_null(options->on_event);
  assert_null(options->on_end);
  assert_side_defaults(&options->producer);
  assert_side_defaults(&options->consumer);
  assert_int_equal(options->event_capacity, 64);
  assert_int_equal(options->coalesce_ns, 0);
  assert_int_equal(options->stack_size, 256 * 1024);
}

static void the_defaults_are_as_documented(void **state) {
  handoff_lane_options_t options = handoff_lane_options(12, no_turn, no_turn);
  (void)state;
  assert_int_equal(options.size, sizeof options);
  assert_defaults(&options);
}

static void assert_init_fails(loop_fixture_t *f, const handoff_lane_options_t *options, int err) {
  handoff_lane_t lane;
  handoff_lane_t before;
  memset(&lane, 0x5a, sizeof lane);
  before = lane;
  assert_int_equal(handoff_lane_init(&f->port, &lane, options), err);
  assert_memory_equal(&lane, &before, sizeof lane); /* outputs are written only on success */
}

static void init_refuses_options_out_of_range(void **state) {
  loop_fixture_t *f = *state;
  const handoff_lane_options_t good = handoff_lane_options(8, no_turn, no_turn);
  handoff_lane_options_t bad;
  handoff_lane_t lane;
  assert_int_equal(handoff_lane_init(NULL, &lane, &good), UV_EINVAL);
  assert_int_equal(handoff_lane_init(&f->port, NULL, &good), UV_EINVAL);
  assert_init_fails(f, NULL, UV_EINVAL);
#define REFUSES(field, value) \
  bad = good;                 \
  bad.field = (value);        \
  assert_init_fails(f, &bad, UV_EINVAL)
#define REFUSES_BURST(side, value)        \
  bad = good;                             \
  bad.side.missed = HANDOFF_MISSED_BURST; \
  bad.side.burst = (value);               \
  assert_init_fails(f, &bad, UV_EINVAL)
  REFUSES(size, 0);
  REFUSES(size, offsetof(handoff_lane_options_t, capacity) - 1);
  REFUSES(size, offsetof(handoff_lane_options_t, capacity) + 1); /* within a field */
  REFUSES(size, sizeof good + sizeof(void *));
  REFUSES(size, SIZE_MAX);
  REFUSES(item_size, 0);
  REFUSES(item_size, SIZE_MAX);
  REFUSES(item_size, SIZE_MAX - 8); /* would wrap when rounded up */
  REFUSES(item_size, SIZE_MAX / 2 + 1);
  REFUSES(capacity, HANDOFF_CAPACITY_MAX + 1);
  REFUSES(produce, NULL);
  REFUSES(consume, NULL);
  REFUSES(event_capacity, 0);
  REFUSES(event_capacity, HANDOFF_CAPACITY_MAX + 1);
  REFUSES(coalesce_ns, HANDOFF_COALESCE_MAX_NS + 1);
  REFUSES(stack_size, SIZE_MAX / 2 + 1);
  REFUSES(producer.missed, (handoff_missed_t)3);
  REFUSES(consumer.missed, (handoff_missed_t)3);
  REFUSES_BURST(producer, 0);
  REFUSES_BURST(consumer, 0);
  REFUSES_BURST(producer, HANDOFF_CAPACITY_MAX + 1);
  REFUSES_BURST(consumer, HANDOFF_CAPACITY_MAX + 1);
  bad = good;
  bad.capacity = HANDOFF_CAPACITY_MAX;
  bad.item_size = SIZE_MAX / HANDOFF_CAPACITY_MAX;
  assert_init_fails(f, &bad, UV_EINVAL);
  assert_int_equal(uv_loop_alive(&f->loop), 0); /* nothing is left behind: tear-down checks */
}

/* An older caller's struct is shorter. Init reads no further; the rest takes its defaults. */
static void init_accepts_the_shorter_options_of_an_older_caller(void **state) {
  static const size_t sizes[] = {offsetof(handoff_lane_options_t, capacity),
                                 offsetof(handoff_lane_options_t, drop),
                                 offsetof(handoff_lane_options_t, producer),
                                 offsetof(handoff_lane_options_t, consumer),
                                 offsetof(handoff_lane_options_t, event_capacity),
                                 offsetof(handoff_lane_options_t, stack_size),
                                 sizeof(handoff_lane_options_t)};
  loop_fixture_t *f = *state;
  size_t i;
  for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    handoff_lane_options_t options = handoff_lane_options(12, no_turn, no_turn);
    handoff_lane_options_t *given = malloc(sizes[i]); /* memcheck sees a read behind it */
    handoff_lane_t lane;
    assert_non_null(given);
    options.size = sizes[i];
    memcpy(given, &options, sizes[i]);
    assert_int_equal(handoff_lane_init(&f->port, &lane, given), 0);
    free(given);
    assert_defaults(&lane.impl->options);
    assert_int_equal(handoff_lane_close(&lane, NULL), 0);
    loop_run(&f->loop);
  }
}

static void init_on_a_closing_port_returns_ecanceled(void **state) {
  loop_fixture_t *f = *state;
  const handoff_lane_options_t good = handoff_lane_options(8, no_turn, no_turn);
  loop_close_port(f, NULL);
  assert_init_fails(f, &good, UV_ECANCELED);
}

static void calls_refuse_null_pointers_closed_lanes_and_unknown_sides(void **state) {
  handoff_lane_t closed = {.impl = NULL};
  handoff_port_t closed_port = {.impl = NULL};
  rig_t *rig = rig_new(state);
  rig_init(rig);
  assert_int_equal(handoff_lane_start(NULL), UV_EINVAL);
  assert_int_equal(handoff_lane_start(&closed), UV_EINVAL);
  assert_int_equal(handoff_lane_close(NULL, NULL), UV_EINVAL);
  assert_int_equal(handoff_lane_close(&closed, NULL), UV_EINVAL);
  assert_int_equal(handoff_lane_set_interval(NULL, HANDOFF_PRODUCER, 1), UV_EINVAL);
  assert_int_equal(handoff_lane_set_interval(&closed, HANDOFF_PRODUCER, 1), UV_EINVAL);
  assert_int_equal(handoff_lane_set_interval(&rig->lane, (handoff_side_t)2, 1), UV_EINVAL);
  assert_int_equal(handoff_lane_set_interval(&rig->lane, (handoff_side_t)-1, 1), UV_EINVAL);
  handoff_lane_stop(NULL);
  handoff_lane_stop(&closed);
  handoff_lane_pause(NULL);
  handoff_lane_pause(&closed);
  handoff_lane_resume(NULL);
  handoff_lane_resume(&closed);
  handoff_port_ref(NULL);
  handoff_port_ref(&closed_port);
  handoff_port_unref(NULL);
  handoff_port_unref(&closed_port);
  assert_null(closed.impl);
  assert_null(closed_port.impl);
  rig_free(rig);
}

/* ---------------------------------------------------------------------------- start and stop -- */

static void starting_a_running_lane_returns_ebusy(void **state) {
  rig_t *rig = rig_new(state);
  rig->limit = 10;
  rig_init_and_start(rig);
  assert_int_equal(handoff_lane_start(&rig->lane), UV_EBUSY);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 10, 10);
  rig_free(rig);
}

static void only_a_running_lane_of_a_referenced_port_keeps_the_loop_alive(void **state) {
  rig_t *rig = rig_new(state);
  uv_loop_t *loop = &rig->fixture->loop;
  rig->limit = 1;
  rig_block(rig, HANDOFF_PRODUCER);
  rig_init(rig);
  assert_int_equal(uv_loop_alive(loop), 0);
  rig_start(rig);
  assert_int_not_equal(uv_loop_alive(loop), 0);
  handoff_port_unref(&rig->fixture->port);
  assert_int_equal(uv_loop_alive(loop), 0);
  handoff_port_ref(&rig->fixture->port);
  assert_int_not_equal(uv_loop_alive(loop), 0);
  rig_unblock(rig, HANDOFF_PRODUCER, 2);
  loop_run(loop); /* returns when the lane has ended */
  rig_assert_end(rig, 0, 1, 1);
  assert_int_equal(uv_loop_alive(loop), 0);
  rig_free(rig);
}

static void stopping_a_lane_that_is_not_running_does_nothing(void **state) {
  rig_t *rig = rig_new(state);
  rig->limit = 3;
  rig_init(rig);
  handoff_lane_stop(&rig->lane);
  rig_start(rig);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 3, 3);
  handoff_lane_stop(&rig->lane);
  loop_run(&rig->fixture->loop);
  assert_int_equal(rig->ends, 1);
  rig_free(rig);
}

static void a_lane_can_be_stopped_right_after_its_start(void **state) {
  unsigned round;
  for (round = 0; round < 100; round++) {
    rig_t *rig = rig_new(state);
    rig_init_and_start(rig);
    handoff_lane_stop(&rig->lane);
    handoff_lane_stop(&rig->lane); /* twice is the same as once */
    rig_run_until_end(rig);
    rig_assert_end(rig, 0, atomic_load(&rig->made), atomic_load(&rig->made));
    assert_int_equal(atomic_load(&rig->consumed), atomic_load(&rig->made));
    rig_free(rig);
  }
}

static void on_event_stop_at_50(rig_t *rig, const handoff_event_t *event) {
  if (event->side == HANDOFF_CONSUMER && event->number == 50) {
    handoff_lane_stop(&rig->lane);
  }
}

static void a_stopped_lane_consumes_every_item_that_was_made(void **state) {
  size_t capacity;
  for (capacity = 0; capacity <= 5; capacity++) {
    rig_t *rig = rig_new(state);
    rig->options.capacity = capacity;
    rig->on_event = on_event_stop_at_50;
    rig_init_and_start(rig);
    rig_run_until_end(rig);
    assert_true(rig->events[HANDOFF_PRODUCER] >= 50);
    rig_assert_end(rig, 0, atomic_load(&rig->made), atomic_load(&rig->made));
    assert_int_equal(atomic_load(&rig->dropped), 0);
    rig_free(rig);
  }
}

/* ------------------------------------------------------------------------------- start again -- */

static void on_end_start_until_100(rig_t *rig, int status) {
  assert_int_equal(status, 0);
  if (rig->ends < 100) {
    rig->limit += 3;
    rig_start(rig);
    assert_int_equal(handoff_lane_start(&rig->lane), UV_EBUSY);
  }
}

static void a_lane_may_be_started_again_in_its_end_callback(void **state) {
  rig_t *rig = rig_new(state);
  rig->limit = 3;
  rig->on_end = on_end_start_until_100;
  rig_init_and_start(rig);
  loop_run(&rig->fixture->loop);
  assert_int_equal(rig->ends, 100);
  rig_assert_end(rig, 0, 3, 3); /* each run numbers its items from 1 */
  assert_int_equal(atomic_load(&rig->consumed), 300);
  rig_free(rig);
}

static void a_lane_may_be_started_again_after_an_error(void **state) {
  rig_t *rig = rig_new(state);
  rig->options.capacity = 5;
  rig->fail_at = 7;
  rig->fail_status = UV_EIO;
  rig->limit = 100;
  rig_init_and_start(rig);
  rig_run_until_end(rig);
  assert_int_equal(rig->end_status, UV_EIO);
  assert_int_equal(rig->events[HANDOFF_CONSUMER], 7);
  rig_block(rig, HANDOFF_PRODUCER);
  rig_start(rig); /* drops the remaining items */
  assert_int_equal(atomic_load(&rig->consumed) + atomic_load(&rig->dropped),
                   atomic_load(&rig->made));
  rig_unblock(rig, HANDOFF_PRODUCER, 100);
  rig_run_until_end(rig);
  assert_int_equal(rig->end_status, 0);
  assert_int_equal(atomic_load(&rig->made), 100);
  assert_int_equal(rig->events[HANDOFF_PRODUCER], rig->events[HANDOFF_CONSUMER]);
  rig_free(rig);
}

static void drop_and_close(void *item, void *arg) {
  rig_t *rig = arg;
  uv_thread_t self = uv_thread_self();
  rig_drop(item, rig);
  if (uv_thread_equal(&self, &rig->loop_thread) && !rig->lane.impl->is_closing) {
    assert_int_equal(handoff_lane_start(&rig->lane), UV_EBUSY);
    rig_close(rig);
  }
}

static void a_lane_may_be_closed_by_a_finalizer_that_its_start_calls(void **state) {
  rig_t *rig = rig_new(state);
  rig->options.capacity = 5;
  rig->options.drop = drop_and_close;
  rig->fail_at = 1;
  rig->fail_status = UV_EIO;
  rig_block(rig, HANDOFF_CONSUMER);
  rig_init_and_start(rig);
  queued_await_putters(&rig->lane.impl->items, 1);
  rig_unblock(rig, HANDOFF_CONSUMER, 1);
  rig_run_until_end(rig);
  assert_int_equal(handoff_lane_start(&rig->lane), UV_ECANCELED);
  rig_run_until_closed(rig);
  assert_int_equal(rig->ends, 1); /* of the first run */
  rig_free(rig);
}

/* ------------------------------------------------------------------------------- other lanes -- */

static void several_lanes_share_a_port(void **state) {
  rig_t *rigs[8];
  unsigned i;
  for (i = 0; i < 8; i++) {
    rigs[i] = rig_new(state);
    rigs[i]->limit = 100 + i;
    rigs[i]->options.capacity = i % 3;
    rig_init_and_start(rigs[i]);
  }
  loop_run(&rigs[0]->fixture->loop);
  for (i = 0; i < 8; i++) {
    rig_assert_end(rigs[i], 0, 100 + i, 100 + i);
    rig_free(rigs[i]);
  }
}

static atomic_uint bare_left;

static int bare_produce(handoff_lane_t *lane, void *item) {
  (void)lane;
  (void)item;
  return atomic_fetch_sub(&bare_left, 1) == 1 ? HANDOFF_LAST : 0;
}

static int bare_consume(handoff_lane_t *lane, void *item) {
  (void)lane;
  (void)item;
  return 0;
}

static void a_lane_needs_only_the_callbacks_produce_and_consume(void **state) {
  loop_fixture_t *f = *state;
  handoff_lane_options_t options = handoff_lane_options(3, bare_produce, bare_consume);
  handoff_lane_t lane;
  unsigned i;
  options.stack_size = 0; /* libuv's default */
  for (i = 0; i < 4; i++) {
    options.producer.interval_ns = i % 2 == 0 ? 0 : 100000;
    options.consumer.interval_ns = i / 2 == 0 ? 0 : 100000;
    atomic_store(&bare_left, 10);
    assert_int_equal(handoff_lane_init(&f->port, &lane, &options), 0);
    assert_int_equal(handoff_lane_start(&lane), 0);
    loop_run(&f->loop);
    assert_int_equal(atomic_load(&bare_left), 0);
    assert_int_equal(handoff_lane_close(&lane, NULL), 0);
    loop_run(&f->loop);
  }
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      loop_test(the_defaults_are_as_documented),
      loop_test(init_refuses_options_out_of_range),
      loop_test(init_accepts_the_shorter_options_of_an_older_caller),
      loop_test(init_on_a_closing_port_returns_ecanceled),
      loop_test(calls_refuse_null_pointers_closed_lanes_and_unknown_sides),
      loop_test(starting_a_running_lane_returns_ebusy),
      loop_test(only_a_running_lane_of_a_referenced_port_keeps_the_loop_alive),
      loop_test(stopping_a_lane_that_is_not_running_does_nothing),
      loop_test(a_lane_can_be_stopped_right_after_its_start),
      loop_test(a_stopped_lane_consumes_every_item_that_was_made),
      loop_test(a_lane_may_be_started_again_in_its_end_callback),
      loop_test(a_lane_may_be_started_again_after_an_error),
      loop_test(a_lane_may_be_closed_by_a_finalizer_that_its_start_calls),
      loop_test(several_lanes_share_a_port),
      loop_test(a_lane_needs_only_the_callbacks_produce_and_consume),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* unit.lane: the life of a lane: its refusals, start, stop, close, and start again. */

#include "lane/lane.h"
#include "lib/rig.h"

static int none(handoff_lane_t *lane, void *item) {
  (void)lane;
  (void)item;
  return UV_EOF;
}

/* ------------------------------------------------------------------------------------ init -- */

static void the_defaults_are_as_documented(void **state) {
  handoff_lane_options_t options = handoff_lane_options(12, none, none);
  int side;
  (void)state;
  assert_int_equal(options.size, sizeof options);
  assert_int_equal(options.item_size, 12);
  assert_int_equal(options.capacity, 1);
  assert_null(options.name);
  assert_null(options.drop);
  assert_null(options.on_event);
  assert_null(options.on_end);
  for (side = 0; side < 2; side++) {
    assert_int_equal(options.pacing[side].interval_ns, 0);
    assert_int_equal(options.pacing[side].late, HANDOFF_MISSED_SKIP);
    assert_int_equal(options.pacing[side].burst, 1);
  }
  assert_int_equal(options.event_capacity, 64);
  assert_int_equal(options.coalesce_ns, 1000000);
  assert_int_equal(options.stack_size, 256 * 1024);
}

static void assert_init_gives(loop_fixture_t *f, const handoff_lane_options_t *options, int err) {
  handoff_lane_t lane;
  handoff_lane_t before;
  memset(&lane, 0x5a, sizeof lane);
  before = lane;
  assert_int_equal(handoff_lane_init(&f->port, &lane, options), err);
  assert_memory_equal(&lane, &before, sizeof lane); /* outputs are written only on success */
}

static void init_refuses_options_out_of_range(void **state) {
  loop_fixture_t *f = *state;
  const handoff_lane_options_t good = handoff_lane_options(8, none, none);
  handoff_lane_options_t bad;
  handoff_lane_t lane;
  int side;
  assert_int_equal(handoff_lane_init(NULL, &lane, &good), UV_EINVAL);
  assert_int_equal(handoff_lane_init(&f->port, NULL, &good), UV_EINVAL);
  assert_init_gives(f, NULL, UV_EINVAL);
#define REFUSES(field, value) \
  bad = good;                 \
  bad.field = (value);        \
  assert_init_gives(f, &bad, UV_EINVAL)
  REFUSES(size, 0);
  REFUSES(size, sizeof good - 1);
  REFUSES(size, sizeof good + 1);
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
  for (side = 0; side < 2; side++) {
    REFUSES(pacing[side].late, (handoff_missed_t)3);
    bad = good;
    bad.pacing[side].late = HANDOFF_MISSED_BURST;
    bad.pacing[side].burst = 0;
    assert_init_gives(f, &bad, UV_EINVAL);
    bad.pacing[side].burst = HANDOFF_CAPACITY_MAX + 1;
    assert_init_gives(f, &bad, UV_EINVAL);
  }
  bad = good;
  bad.capacity = HANDOFF_CAPACITY_MAX;
  bad.item_size = SIZE_MAX / HANDOFF_CAPACITY_MAX;
  assert_init_gives(f, &bad, UV_EINVAL);
  assert_int_equal(uv_loop_alive(&f->loop), 0); /* and nothing is left: tear-down checks */
}

static void init_on_a_closing_port_is_refused(void **state) {
  loop_fixture_t *f = *state;
  const handoff_lane_options_t good = handoff_lane_options(8, none, none);
  assert_int_equal(handoff_port_close(&f->port, NULL), 0);
  f->has_port = false;
  assert_init_gives(f, &good, UV_ECANCELED);
}

static void calls_refuse_null_pointers_and_sides_that_there_are_not(void **state) {
  rig_t *rig = rig_new(state);
  rig_init(rig);
  assert_int_equal(handoff_lane_start(NULL), UV_EINVAL);
  assert_int_equal(handoff_lane_close(NULL, NULL), UV_EINVAL);
  assert_int_equal(handoff_lane_set_interval(NULL, HANDOFF_PRODUCER, 1), UV_EINVAL);
  assert_int_equal(handoff_lane_set_interval(&rig->lane, (handoff_side_t)2, 1), UV_EINVAL);
  assert_int_equal(handoff_lane_set_interval(&rig->lane, (handoff_side_t)-1, 1), UV_EINVAL);
  rig_free(rig);
}

static void calls_on_no_lane_do_nothing(void **state) {
  handoff_lane_t closed = {.impl = NULL};
  handoff_port_t closed_port = {.impl = NULL};

  (void)state;
  assert_int_equal(handoff_lane_start(&closed), UV_EINVAL);
  assert_int_equal(handoff_lane_close(&closed, NULL), UV_EINVAL);
  assert_int_equal(handoff_lane_set_interval(&closed, HANDOFF_PRODUCER, 1), UV_EINVAL);
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
}

/* ---------------------------------------------------------------------------- start and stop -- */

static void a_running_lane_cannot_be_started(void **state) {
  rig_t *rig = rig_new(state);
  rig->limit = 10;
  rig_init(rig);
  rig_start(rig);
  assert_int_equal(handoff_lane_start(&rig->lane), UV_EBUSY);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 10, 10);
  rig_free(rig);
}

static void a_lane_that_is_idle_or_unreferenced_does_not_keep_the_loop_alive(void **state) {
  rig_t *rig = rig_new(state);
  uv_loop_t *loop = &rig->fixture->loop;
  uv_sem_t gate;
  assert_int_equal(uv_sem_init(&gate, 0), 0);
  rig->limit = 1;
  rig->gates[HANDOFF_PRODUCER] = &gate;
  rig_init(rig);
  assert_int_equal(uv_loop_alive(loop), 0);
  rig_start(rig);
  assert_int_not_equal(uv_loop_alive(loop), 0);
  handoff_port_unref(&rig->fixture->port);
  assert_int_equal(uv_loop_alive(loop), 0);
  handoff_port_ref(&rig->fixture->port);
  assert_int_not_equal(uv_loop_alive(loop), 0);
  uv_sem_post(&gate);
  uv_sem_post(&gate);
  assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0); /* it ends, and the loop with it */
  rig_assert_end(rig, 0, 1, 1);
  assert_int_equal(uv_loop_alive(loop), 0);
  rig_free(rig);
  uv_sem_destroy(&gate);
}

static void stop_of_a_lane_that_does_not_run_does_nothing(void **state) {
  rig_t *rig = rig_new(state);
  rig->limit = 3;
  rig_init(rig);
  handoff_lane_stop(&rig->lane);
  rig_start(rig);
  rig_run_until_end(rig);
  rig_assert_end(rig, 0, 3, 3);
  handoff_lane_stop(&rig->lane);
  assert_int_equal(uv_run(&rig->fixture->loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(rig->ends, 1);
  rig_free(rig);
}

static void a_lane_can_be_stopped_before_it_has_done_anything(void **state) {
  unsigned round;
  for (round = 0; round < 100; round++) {
    rig_t *rig = rig_new(state);
    rig_init(rig);
    rig_start(rig);
    handoff_lane_stop(&rig->lane);
    handoff_lane_stop(&rig->lane); /* twice is the same as once */
    rig_run_until_end(rig);
    assert_int_equal(rig->end_status, 0);
    assert_int_equal(atomic_load(&rig->consumed), atomic_load(&rig->made));
    assert_int_equal(rig->events[HANDOFF_CONSUMER], atomic_load(&rig->made));
    rig_free(rig);
  }
}

static void on_event_stop_at_50(rig_t *rig, const handoff_event_t *event) {
  if (event->side == HANDOFF_CONSUMER && event->number == 50) {
    handoff_lane_stop(&rig->lane);
  }
}

static void stop_drains(void **state) {
  size_t capacity;
  for (capacity = 0; capacity <= 5; capacity++) {
    rig_t *rig = rig_new(state);
    rig->options.capacity = capacity;
    rig->on_event = on_event_stop_at_50;
    rig_init(rig);
    rig_start(rig);
    rig_run_until_end(rig);
    assert_true(rig->events[HANDOFF_PRODUCER] >= 50);
    rig_assert_end(rig, 0, atomic_load(&rig->made), atomic_load(&rig->made));
    assert_int_equal(atomic_load(&rig->dropped), 0);
    rig_free(rig);
  }
}

/* --------------------------------------------------------------------------------- again -- */

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
  rig_init(rig);
  rig_start(rig);
  assert_int_equal(uv_run(&rig->fixture->loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(rig->ends, 100);
  rig_assert_end(rig, 0, 3, 3); /* numbered from 1 in each run */
  assert_int_equal(atomic_load(&rig->consumed), 300);
  rig_free(rig);
}

static void a_lane_may_be_started_again_after_an_error(void **state) {
  rig_t *rig = rig_new(state);
  rig->options.capacity = 5;
  rig->fail_at = 7;
  rig->fail_status = UV_EIO;
  rig->limit = 100;
  rig_init(rig);
  rig_start(rig);
  rig_run_until_end(rig);
  assert_int_equal(rig->end_status, UV_EIO);
  assert_int_equal(rig->events[HANDOFF_CONSUMER], 7);
  rig_start(rig); /* goes on with what produce gives next; what was left has been dropped */
  assert_int_equal(atomic_load(&rig->consumed) + atomic_load(&rig->dropped) >= 7, 1);
  rig_run_until_end(rig);
  assert_int_equal(rig->end_status, 0);
  assert_int_equal(atomic_load(&rig->made), 100);
  assert_int_equal(rig->events[HANDOFF_PRODUCER], rig->events[HANDOFF_CONSUMER]);
  rig_free(rig);
}

/* ---------------------------------------------------------------------------------- several -- */

static void several_lanes_share_a_port(void **state) {
  rig_t *rigs[8];
  size_t i;
  for (i = 0; i < 8; i++) {
    rigs[i] = rig_new(state);
    rigs[i]->limit = 100 + i;
    rigs[i]->options.capacity = i % 3;
    rig_init(rigs[i]);
    rig_start(rigs[i]);
  }
  assert_int_equal(uv_run(&rigs[0]->fixture->loop, UV_RUN_DEFAULT), 0);
  for (i = 0; i < 8; i++) {
    rig_assert_end(rigs[i], 0, 100 + (unsigned)i, 100 + (unsigned)i);
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

static void a_lane_needs_no_callbacks_but_its_workers(void **state) {
  loop_fixture_t *f = *state;
  handoff_lane_options_t options = handoff_lane_options(3, bare_produce, bare_consume);
  handoff_lane_t lane;
  unsigned round;
  options.name = "bare";
  for (round = 0; round < 4; round++) {
    options.producer.interval_ns = round % 2 == 0 ? 0 : 100000;
    options.consumer.interval_ns = round / 2 == 0 ? 0 : 100000;
    atomic_store(&bare_left, 10);
    assert_int_equal(handoff_lane_init(&f->port, &lane, &options), 0);
    assert_int_equal(handoff_lane_start(&lane), 0);
    assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(atomic_load(&bare_left), 0);
    assert_int_equal(handoff_lane_close(&lane, NULL), 0);
    assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
  }
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      loop_test(the_defaults_are_as_documented),
      loop_test(init_refuses_options_out_of_range),
      loop_test(init_on_a_closing_port_is_refused),
      loop_test(calls_refuse_null_pointers_and_sides_that_there_are_not),
      loop_test(calls_on_no_lane_do_nothing),
      loop_test(a_running_lane_cannot_be_started),
      loop_test(a_lane_that_is_idle_or_unreferenced_does_not_keep_the_loop_alive),
      loop_test(stop_of_a_lane_that_does_not_run_does_nothing),
      loop_test(a_lane_can_be_stopped_before_it_has_done_anything),
      loop_test(stop_drains),
      loop_test(a_lane_may_be_started_again_in_its_end_callback),
      loop_test(a_lane_may_be_started_again_after_an_error),
      loop_test(several_lanes_share_a_port),
      loop_test(a_lane_needs_no_callbacks_but_its_workers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* stress.lane: many lanes on a loop, started, stopped, held, released, paced anew and closed at any moment, from
 * a timer and from within their own callbacks. Events obey the slot's law; each item is consumed or dropped. */

#include <stdatomic.h>
#include <string.h>

#include "stress/dice.h"

#define LANES_MAX 24
#define PORTS 2

typedef struct stage_s stage_t;

/* What is made, on the heap too: what is consumed or dropped twice, or never, shows under ASan. */
typedef struct item_s {
  uint64_t number;
  uint64_t *heap;
} item_t;

typedef struct runner_s {
  stage_t *stage;
  handoff_lane_t lane;
  handoff_lane_options_t options;
  size_t last_odds; /* set before init: how soon each kind of end comes */
  size_t fail_odds;

  /* Producer's thread; loop thread while the lane is not running. */
  dice_t produce_dice;
  uint64_t produced;
  /* Consumer's thread; loop thread while the lane is not running. */
  dice_t consume_dice;
  uint64_t consumed;
  uint64_t last_consumed;
  atomic_uint_fast64_t dropped;
  atomic_uint_fast64_t turns[2]; /* callbacks that have begun */
  atomic_bool has_failed;

  /* Loop thread. */
  uint64_t produced_before; /* this run */
  uint64_t consumed_before;
  uint64_t turns_at_close[2];
  uint64_t turns_wanted; /* of the consumer, before the curtain */
  uint64_t events[2];
  uint64_t last_due_ns[2];
  bool is_running;
  bool is_held;
  bool is_closing;
  bool was_cut_short;
  bool is_bowing; /* the last act: it goes on for a while, is stopped, and must end by itself */
  bool is_open;
} runner_t;

struct stage_s {
  uv_thread_t thread; /* runs the loop, and may be the test's own */
  uv_thread_t loop_thread;
  dice_t dice;
  size_t lanes;
  size_t actions; /* still to come */
  uv_loop_t loop;
  uv_timer_t director;
  handoff_port_t ports[PORTS];
  runner_t *runners;
  size_t open;
  bool is_calling; /* a call of the library is under way: no callback of its may come */
  bool is_over;
  bool is_closed;
  uint64_t all_events;
  uint64_t all_ends;
  uint64_t all_closes;
};

#define CALL(stage, call) ((stage)->is_calling = true, (stage)->is_calling = ((call), false))

/* ------------------------------------------------------------------------------- the workers -- */

static int produce(handoff_lane_t *lane, void *into) {
  runner_t *runner = lane->data;
  item_t item;

  (void)atomic_fetch_add(&runner->turns[HANDOFF_PRODUCER], 1);
  if (dice_hit(&runner->produce_dice, runner->fail_odds)) {
    atomic_store(&runner->has_failed, true);
    return UV_EIO;
  }
  if (dice_hit(&runner->produce_dice, runner->last_odds)) {
    return UV_EOF;
  }
  item.number = ++runner->produced;
  item.heap = malloc(sizeof *item.heap);
  CHECK(item.heap != NULL);
  *item.heap = item.number;
  memcpy(into, &item, sizeof item);
  return dice_hit(&runner->produce_dice, runner->last_odds) ? HANDOFF_LAST : 0;
}

static item_t use_up(const void *from) {
  item_t item;
  memcpy(&item, from, sizeof item);
  CHECK(*item.heap == item.number);
  free(item.heap);
  return item;
}

static int consume(handoff_lane_t *lane, void *from) {
  runner_t *runner = lane->data;
  item_t item = use_up(from);

  (void)atomic_fetch_add(&runner->turns[HANDOFF_CONSUMER], 1);
  CHECK(runner->last_consumed < item.number);
  runner->last_consumed = item.number;
  runner->consumed++;
  if (dice_hit(&runner->consume_dice, runner->fail_odds)) {
    atomic_store(&runner->has_failed, true);
    return UV_EIO;
  }
  return 0;
}

static void on_drop(void *from, void *arg) {
  runner_t *runner = arg;
  (void)use_up(from);
  (void)atomic_fetch_add(&runner->dropped, 1);
}

/* ------------------------------------------------------------------------------- the actions -- */

static void open_lane(runner_t *runner);
static void on_closed(handoff_lane_t *lane);

static void check_callback(runner_t *runner) {
  uv_thread_t self = uv_thread_self();
  CHECK(uv_thread_equal(&self, &runner->stage->loop_thread));
  CHECK(!runner->stage->is_calling);
  CHECK(runner->is_open);
}

static void start(runner_t *runner) {
  int err = 0;

  CALL(runner->stage, err = handoff_lane_start(&runner->lane));
  if (runner->is_closing) {
    CHECK(err == UV_ECANCELED);
  } else if (runner->is_running) {
    CHECK(err == UV_EBUSY);
  } else {
    CHECK(err == 0);
    runner->is_running = true;
    memset(runner->events, 0, sizeof runner->events);
    memset(runner->last_due_ns, 0, sizeof runner->last_due_ns);
  }
}

/* What the workers count is looked at only while there are none. */
static void prepare_start(runner_t *runner) {
  if (!runner->is_running && !runner->is_closing) {
    runner->produced_before = runner->produced;
    runner->consumed_before = runner->consumed;
    atomic_store(&runner->has_failed, false);
  }
  start(runner);
}

static void close_lane(runner_t *runner) {
  int err = 0;

  CALL(runner->stage, err = handoff_lane_close(&runner->lane, on_closed));
  CHECK(err == (runner->is_closing ? UV_EINVAL : 0));
  if (!runner->is_closing) {
    runner->is_closing = true;
    runner->was_cut_short = runner->is_running;
    runner->is_held = false;
    runner->turns_at_close[HANDOFF_PRODUCER] = atomic_load(&runner->turns[HANDOFF_PRODUCER]);
    runner->turns_at_close[HANDOFF_CONSUMER] = atomic_load(&runner->turns[HANDOFF_CONSUMER]);
  }
}

static uint64_t choose_interval(dice_t *dice) {
  static const uint64_t most_us[] = {1, 50, 500, 3000};
  return dice_hit(dice, 3) ? 0 : 1000 * dice_below(dice, most_us[dice_below(dice, 4)]) + 1;
}

static void act(runner_t *runner) {
  stage_t *stage = runner->stage;
  int err = 0;

  if (!runner->is_open || runner->is_bowing) {
    return;
  }
  switch (dice_below(&stage->dice, 12)) {
    case 0:
    case 1:
    case 2:
      prepare_start(runner);
      break;
    case 3:
      CALL(stage, handoff_lane_stop(&runner->lane));
      break;
    case 4:
    case 5:
    case 6: {
      handoff_side_t side = (handoff_side_t)dice_below(&stage->dice, 2);
      uint64_t interval_ns = choose_interval(&stage->dice);
      CALL(stage, err = handoff_lane_set_interval(&runner->lane, side, interval_ns));
      CHECK(err == (runner->is_closing ? UV_ECANCELED : 0));
      break;
    }
    case 7:
      CALL(stage, handoff_lane_pause(&runner->lane));
      runner->is_held = !runner->is_closing;
      break;
    case 8:
    case 9:
    case 10:
      CALL(stage, handoff_lane_resume(&runner->lane));
      runner->is_held = false;
      break;
    default:
      if (dice_hit(&stage->dice, 4)) {
        close_lane(runner);
      }
      break;
  }
}

/* ----------------------------------------------------------------------------- the callbacks -- */

static void on_event(handoff_lane_t *lane, const handoff_event_t *event) {
  runner_t *runner = lane->data;
  size_t most = runner->options.capacity == 0 ? 1 : runner->options.capacity;

  check_callback(runner);
  CHECK(runner->is_running && !runner->is_held);
  CHECK(event->number == ++runner->events[event->side]);
  CHECK(runner->events[HANDOFF_CONSUMER] <= runner->events[HANDOFF_PRODUCER]);
  CHECK(runner->events[HANDOFF_PRODUCER] <= runner->events[HANDOFF_CONSUMER] + most);
  CHECK(event->due_ns <= event->begun_ns && event->begun_ns <= event->done_ns); /* never early */
  if (event->due_ns != 0) {
    CHECK(runner->last_due_ns[event->side] < event->due_ns);
    runner->last_due_ns[event->side] = event->due_ns;
  }
  runner->stage->all_events++;
  if (dice_hit(&runner->stage->dice, 40)) {
    act(runner);
  }
}

static void on_end(handoff_lane_t *lane, int status) {
  runner_t *runner = lane->data;
  uint64_t produced = runner->produced - runner->produced_before;
  uint64_t consumed = runner->consumed - runner->consumed_before;

  check_callback(runner);
  CHECK(runner->is_running);
  runner->is_running = false;
  runner->stage->all_ends++;
  switch (status) {
    case 0:
      CHECK(!runner->was_cut_short && !atomic_load(&runner->has_failed));
      CHECK(consumed == produced); /* drained */
      break;
    case UV_ECANCELED:
      CHECK(runner->was_cut_short);
      break;
    default:
      CHECK(status == UV_EIO && atomic_load(&runner->has_failed));
      break;
  }
  if (runner->options.on_event != NULL) {
    CHECK(runner->events[HANDOFF_CONSUMER] == consumed); /* the log loses nothing */
    CHECK(runner->events[HANDOFF_PRODUCER] >= consumed);
    CHECK(runner->events[HANDOFF_PRODUCER] <= produced);
  }
  switch (runner->is_bowing ? 1 : dice_below(&runner->stage->dice, 4)) {
    case 0:
      prepare_start(runner);
      break;
    case 1:
      close_lane(runner);
      break;
    default:
      break;
  }
}

/* As soon as all lanes are closing it may be done, and the ports wait for them. */
static void close_stage(stage_t *stage) {
  size_t i;
  if (stage->is_closed) {
    return;
  }
  stage->is_closed = true;
  for (i = 0; i < PORTS; i++) {
    CHECK(handoff_port_close(&stage->ports[i], NULL) == 0);
  }
  uv_close((uv_handle_t *)&stage->director, NULL);
}

static void on_closed(handoff_lane_t *lane) {
  runner_t *runner = lane->data;
  stage_t *stage = runner->stage;
  int side;

  check_callback(runner);
  CHECK(runner->is_closing && !runner->is_running);
  CHECK(runner->produced == runner->consumed + atomic_load(&runner->dropped));
  for (side = HANDOFF_PRODUCER; side <= HANDOFF_CONSUMER; side++) { /* no other than that in hand */
    CHECK(atomic_load(&runner->turns[side]) <= runner->turns_at_close[side] + 1);
  }
  runner->is_open = false;
  stage->all_closes++;
  memset(&runner->lane, 0xdd, sizeof runner->lane); /* the memory is ours again */
  if (!stage->is_over) {
    open_lane(runner);
    return;
  }
  stage->open--;
  if (stage->open == 0) {
    close_stage(stage);
  }
}

/* ------------------------------------------------------------------------------------ a stage -- */

static void open_lane(runner_t *runner) {
  stage_t *stage = runner->stage;
  dice_t *dice = &stage->dice;
  handoff_lane_options_t options = handoff_lane_options(sizeof(item_t), produce, consume);
  int side;
  int err = 0;

  options.capacity = dice_hit(dice, 8) ? 17 : dice_below(dice, 4);
  options.drop = on_drop;
  options.drop_arg = runner;
  options.on_event = dice_hit(dice, 8) ? NULL : on_event;
  options.on_end = on_end;
  options.event_capacity = dice_hit(dice, 2) ? 64 : 1 + dice_below(dice, 4);
  options.coalesce_ns = dice_hit(dice, 2) ? options.coalesce_ns : dice_below(dice, 100000);
  for (side = HANDOFF_PRODUCER; side <= HANDOFF_CONSUMER; side++) {
    options.pacing[side].interval_ns = choose_interval(dice);
    options.pacing[side].late = (handoff_missed_t)dice_below(dice, 3);
    options.pacing[side].burst = 1 + dice_below(dice, 4);
  }
  memset(runner, 0, sizeof *runner);
  runner->stage = stage;
  runner->options = options;
  runner->last_odds = dice_hit(dice, 2) ? 0 : 200;
  runner->fail_odds = dice_hit(dice, 2) ? 0 : 1000;
  runner->produce_dice = dice_new(dice_roll(dice));
  runner->consume_dice = dice_new(dice_roll(dice));
  runner->lane.data = runner;
  CALL(stage, err = handoff_lane_init(&stage->ports[dice_below(dice, PORTS)], &runner->lane,
                                      &runner->options));
  CHECK(err == 0);
  runner->is_open = true;
  if (!dice_hit(dice, 4)) {
    prepare_start(runner);
  }
}

/* Lets it run on at a new pace, or closes it. */
static void begin_bow(runner_t *runner) {
  stage_t *stage = runner->stage;
  int side;
  int err = 0;

  if (runner->is_closing) {
    return;
  }
  if (!runner->is_running || dice_hit(&stage->dice, 3)) {
    close_lane(runner);
    return;
  }
  runner->is_bowing = true;
  runner->is_held = false;
  CALL(stage, handoff_lane_resume(&runner->lane));
  for (side = HANDOFF_PRODUCER; side <= HANDOFF_CONSUMER; side++) {
    uint64_t interval_ns = dice_hit(&stage->dice, 2) ? 0 : 1 + dice_below(&stage->dice, 100000);
    CALL(stage, err = handoff_lane_set_interval(&runner->lane, (handoff_side_t)side, interval_ns));
    CHECK(err == 0);
  }
  runner->turns_wanted = atomic_load(&runner->turns[HANDOFF_CONSUMER]) + 10;
}

static bool is_bow_done(runner_t *runner) {
  if (runner->is_running && !runner->is_closing &&
      atomic_load(&runner->turns[HANDOFF_CONSUMER]) >= runner->turns_wanted) {
    CALL(runner->stage, handoff_lane_stop(&runner->lane)); /* once more does nothing */
  }
  return runner->is_closing;
}

static void on_director(uv_timer_t *timer) {
  stage_t *stage = timer->data;
  bool is_done = true;
  size_t i;

  for (i = 0; i < 4 && stage->actions != 0; i++, stage->actions--) {
    act(&stage->runners[dice_below(&stage->dice, stage->lanes)]);
  }
  if (stage->actions != 0) {
    return;
  }
  if (!stage->is_over) {
    stage->is_over = true;
    for (i = 0; i < stage->lanes; i++) {
      begin_bow(&stage->runners[i]);
    }
  }
  for (i = 0; i < stage->lanes; i++) {
    is_done = is_bow_done(&stage->runners[i]) && is_done;
  }
  if (is_done) {
    CHECK(uv_timer_stop(timer) == 0);
    if (dice_hit(&stage->dice, 2)) {
      close_stage(stage);
    }
  }
}

static void run_stage(void *arg) {
  stage_t *stage = arg;
  size_t i;

  stage->loop_thread = uv_thread_self();
  stage->open = stage->lanes;
  stage->runners = calloc(stage->lanes, sizeof *stage->runners);
  CHECK(stage->runners != NULL);
  CHECK(uv_loop_init(&stage->loop) == 0);
  CHECK(uv_timer_init(&stage->loop, &stage->director) == 0);
  stage->director.data = stage;
  for (i = 0; i < PORTS; i++) {
    CHECK(handoff_port_init(&stage->loop, &stage->ports[i]) == 0);
  }
  for (i = 0; i < stage->lanes; i++) {
    stage->runners[i].stage = stage;
    open_lane(&stage->runners[i]);
  }
  CHECK(uv_timer_start(&stage->director, on_director, 1, 1) == 0);
  CHECK(uv_run(&stage->loop, UV_RUN_DEFAULT) == 0);
  CHECK(stage->open == 0);
  CHECK(uv_loop_close(&stage->loop) == 0);
  CHECK(stage->all_events != 0 && stage->all_ends != 0 && stage->all_closes >= stage->lanes);
  free(stage->runners);
}

static void test_many_lanes_on_a_loop(void **state) {
  stage_t stage = {.lanes = LANES_MAX, .dice = dice_new(3000001), .actions = dice_scaled(12000)};
  (void)state;
  run_stage(&stage);
  print_message("%llu events, %llu ends, %llu closes\n", (unsigned long long)stage.all_events,
                (unsigned long long)stage.all_ends, (unsigned long long)stage.all_closes);
}

static void test_loops_do_not_know_of_each_other(void **state) {
  enum { STAGES = 3 };
  stage_t stages[STAGES];
  size_t i;
  (void)state;

  memset(stages, 0, sizeof stages);
  for (i = 0; i < STAGES; i++) {
    stages[i].lanes = 4;
    stages[i].dice = dice_new(3000002 + i);
    stages[i].actions = dice_scaled(6000);
    assert_int_equal(uv_thread_create(&stages[i].thread, run_stage, &stages[i]), 0);
  }
  for (i = 0; i < STAGES; i++) {
    assert_int_equal(uv_thread_join(&stages[i].thread), 0);
  }
}

static int set_up(void **state) {
  (void)state;
  bounded_start();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_many_lanes_on_a_loop, set_up),
      cmocka_unit_test_setup(test_loops_do_not_know_of_each_other, set_up),
  };
  dice_start();
  return cmocka_run_group_tests_name("stress.lane", tests, NULL, NULL);
}

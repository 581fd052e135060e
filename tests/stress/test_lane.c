/* stress.lane: many lanes on a loop are started, stopped, paused, resumed, paced anew and closed at
 * any moment, from a timer and from their own callbacks. Events keep the occupancy invariant, and
 * each item is consumed or finalized. */

#include "stress/stress.h"

#define LANES_MAX 24
#define PORTS 2

typedef struct looper_s looper_t;

/* An item refers to memory, so that AddressSanitizer finds an item that is freed twice or never. */
typedef struct item_s {
  uint64_t number;
  uint64_t *heap;
} item_t;

/* A lane under test. */
typedef struct subject_s {
  looper_t *looper;
  handoff_lane_t lane;
  handoff_lane_options_t options;
  /* Set before init, then constant: one turn in so many is the last one, or fails. */
  size_t last_odds;
  size_t fail_odds;

  /* The producer's thread; the loop thread while the lane is not running. */
  rng_t producer_rng;
  uint64_t produced;
  /* The consumer's thread; the loop thread while the lane is not running. */
  rng_t consumer_rng;
  uint64_t consumed;
  uint64_t last_consumed;
  /* Any thread. */
  atomic_uint_fast64_t dropped;
  atomic_uint_fast64_t turns[2]; /* callbacks that have begun */
  atomic_bool has_failed;

  /* Loop thread only. */
  uint64_t produced_before; /* this run */
  uint64_t consumed_before;
  uint64_t turns_at_close[2];
  uint64_t turns_at_stop; /* of the consumer: the number at which a finishing lane is stopped */
  uint64_t events[2];
  uint64_t last_due_ns[2];
  bool is_open;
  bool is_running;
  bool is_paused;
  bool is_closing;
  bool was_cut_short; /* closed while running */
  bool is_finishing;  /* left alone for some turns, then stopped; must end by itself */
} subject_t;

/* A loop with its lanes. */
struct looper_s {
  uv_thread_t thread;
  uv_thread_t loop_thread; /* runs the loop: the same, or the test's own */
  rng_t rng;
  size_t lanes;
  size_t actions; /* still to come */
  uv_loop_t loop;
  uv_timer_t timer;
  handoff_port_t ports[PORTS];
  subject_t *subjects;
  size_t open;
  bool is_calling; /* a library call is in progress: no callback may run */
  bool is_ending;
  bool is_closed;
  size_t ports_closed;
  uint64_t all_events;
  uint64_t all_ends;
  uint64_t all_closes;
};

#define CALL(looper, call) ((looper)->is_calling = true, (call), (looper)->is_calling = false)

/* ------------------------------------------------------------------------------- the workers -- */

static int produce(handoff_lane_t *lane, void *to) {
  subject_t *self = lane->data;
  item_t item;

  (void)atomic_fetch_add(&self->turns[HANDOFF_PRODUCER], 1);
  if (rng_one_in(&self->producer_rng, self->fail_odds)) {
    atomic_store(&self->has_failed, true);
    return UV_EIO;
  }
  if (rng_one_in(&self->producer_rng, self->last_odds)) {
    return UV_EOF;
  }
  item.number = ++self->produced;
  item.heap = malloc(sizeof *item.heap);
  CHECK(item.heap != NULL);
  *item.heap = item.number;
  memcpy(to, &item, sizeof item);
  return rng_one_in(&self->producer_rng, self->last_odds) ? HANDOFF_LAST : 0;
}

static uint64_t free_item(const void *from) {
  item_t item;
  memcpy(&item, from, sizeof item);
  CHECK(*item.heap == item.number);
  free(item.heap);
  return item.number;
}

static int consume(handoff_lane_t *lane, void *from) {
  subject_t *self = lane->data;
  uint64_t number = free_item(from);

  (void)atomic_fetch_add(&self->turns[HANDOFF_CONSUMER], 1);
  CHECK(self->last_consumed < number);
  self->last_consumed = number;
  self->consumed++;
  if (rng_one_in(&self->consumer_rng, self->fail_odds)) {
    atomic_store(&self->has_failed, true);
    return UV_EIO;
  }
  return 0;
}

static void on_drop(void *from, void *arg) {
  subject_t *self = arg;
  (void)free_item(from);
  (void)atomic_fetch_add(&self->dropped, 1);
}

/* ------------------------------------------------------------------------------- the actions -- */

static void open_lane(subject_t *self);
static void on_lane_closed(handoff_lane_t *lane);

static void check_callback(const subject_t *self) {
  uv_thread_t thread = uv_thread_self();
  CHECK(uv_thread_equal(&thread, &self->looper->loop_thread));
  CHECK(!self->looper->is_calling);
  CHECK(self->is_open);
}

/* The workers' counters are read only while no worker runs. */
static void start(subject_t *self) {
  int err = 0;

  if (!self->is_running && !self->is_closing) {
    self->produced_before = self->produced;
    self->consumed_before = self->consumed;
    atomic_store(&self->has_failed, false);
  }
  CALL(self->looper, err = handoff_lane_start(&self->lane));
  CHECK(err == (self->is_closing ? UV_ECANCELED : self->is_running ? UV_EBUSY : 0));
  if (err == 0) {
    self->is_running = true;
    memset(self->events, 0, sizeof self->events);
    memset(self->last_due_ns, 0, sizeof self->last_due_ns);
  }
}

/* Called after the close, because a worker may begin a turn until then. */
static void note_closing(subject_t *self) {
  self->is_closing = true;
  self->was_cut_short = self->is_running;
  self->is_paused = false;
  self->turns_at_close[HANDOFF_PRODUCER] = atomic_load(&self->turns[HANDOFF_PRODUCER]);
  self->turns_at_close[HANDOFF_CONSUMER] = atomic_load(&self->turns[HANDOFF_CONSUMER]);
}

static void close_lane(subject_t *self) {
  int err = 0;

  CALL(self->looper, err = handoff_lane_close(&self->lane, on_lane_closed));
  CHECK(err == (self->is_closing ? UV_ECANCELED : 0));
  if (!self->is_closing) {
    note_closing(self);
  }
}

static uint64_t random_interval(rng_t *rng) {
  static const uint64_t max_us[] = {1, 50, 500, 3000};
  return rng_one_in(rng, 3) ? 0 : 1000 * rng_below(rng, max_us[rng_below(rng, 4)]) + 1;
}

static void set_interval(subject_t *self, handoff_side_t side, uint64_t interval_ns) {
  int err = 0;

  CALL(self->looper, err = handoff_lane_set_interval(&self->lane, side, interval_ns));
  CHECK(err == (self->is_closing ? UV_ECANCELED : 0));
}

static void act(subject_t *self) {
  looper_t *looper = self->looper;
  size_t action = rng_below(&looper->rng, 12);

  if (!self->is_open || self->is_finishing) {
    return;
  }
  if (action < 3) {
    start(self);
  } else if (action < 4) {
    CALL(looper, handoff_lane_stop(&self->lane));
  } else if (action < 7) {
    set_interval(self, (handoff_side_t)rng_below(&looper->rng, 2), random_interval(&looper->rng));
  } else if (action < 8) {
    CALL(looper, handoff_lane_pause(&self->lane));
    self->is_paused = !self->is_closing;
  } else if (action < 11) {
    CALL(looper, handoff_lane_resume(&self->lane));
    self->is_paused = false;
  } else if (rng_one_in(&looper->rng, 4)) {
    close_lane(self);
  }
}

/* ----------------------------------------------------------------------------- the callbacks -- */

static void on_event(handoff_lane_t *lane, const handoff_event_t *event) {
  subject_t *self = lane->data;
  size_t occupancy_max = self->options.capacity == 0 ? 1 : self->options.capacity;

  check_callback(self);
  CHECK(self->is_running && !self->is_paused);
  CHECK(event->number == ++self->events[event->side]);
  CHECK(self->events[HANDOFF_CONSUMER] <= self->events[HANDOFF_PRODUCER]);
  CHECK(self->events[HANDOFF_PRODUCER] <= self->events[HANDOFF_CONSUMER] + occupancy_max);
  CHECK(event->due_ns <= event->begun_ns && event->begun_ns <= event->done_ns); /* never early */
  if (event->due_ns != 0) {
    CHECK(self->last_due_ns[event->side] < event->due_ns);
    self->last_due_ns[event->side] = event->due_ns;
  }
  self->looper->all_events++;
  if (rng_one_in(&self->looper->rng, 40)) {
    act(self);
  }
}

static void check_end(const subject_t *self, int status) {
  uint64_t produced = self->produced - self->produced_before;
  uint64_t consumed = self->consumed - self->consumed_before;

  if (status == 0) {
    CHECK(!self->was_cut_short && !atomic_load(&self->has_failed));
    CHECK(consumed == produced);
  } else if (status == UV_ECANCELED) {
    CHECK(self->was_cut_short);
  } else {
    CHECK(status == UV_EIO && atomic_load(&self->has_failed));
  }
  if (self->options.on_event != NULL) { /* no event is lost */
    CHECK(self->events[HANDOFF_CONSUMER] == consumed);
    CHECK(self->events[HANDOFF_PRODUCER] >= consumed);
    CHECK(self->events[HANDOFF_PRODUCER] <= produced);
  }
}

static void on_end(handoff_lane_t *lane, int status) {
  subject_t *self = lane->data;
  size_t next = self->is_finishing ? 1 : rng_below(&self->looper->rng, 4);

  check_callback(self);
  CHECK(self->is_running);
  check_end(self, status);
  self->is_running = false;
  self->looper->all_ends++;
  if (next == 0) {
    start(self);
  } else if (next == 1) {
    close_lane(self);
  }
}

static void check_closed(const subject_t *self) {
  int side;

  CHECK(self->is_closing && !self->is_running);
  CHECK(self->produced == self->consumed + atomic_load(&self->dropped));
  for (side = HANDOFF_PRODUCER; side <= HANDOFF_CONSUMER; side++) { /* only the turns in progress */
    CHECK(atomic_load(&self->turns[side]) <= self->turns_at_close[side] + 1);
  }
}

static void on_port_closed(handoff_port_t *port) {
  looper_t *looper = port->data;
  CHECK(!looper->is_calling);
  looper->ports_closed++;
}

/* Closing a port closes its lanes and waits for them. */
static void close_looper(looper_t *looper) {
  size_t i;
  if (looper->is_closed) {
    return;
  }
  looper->is_closed = true;
  for (i = 0; i < PORTS; i++) {
    int err = 0;
    CALL(looper, err = handoff_port_close(&looper->ports[i], on_port_closed));
    CHECK(err == 0);
  }
  uv_close((uv_handle_t *)&looper->timer, NULL);
}

static void on_lane_closed(handoff_lane_t *lane) {
  subject_t *self = lane->data;
  looper_t *looper = self->looper;

  check_callback(self);
  check_closed(self);
  self->is_open = false;
  looper->all_closes++;
  memset(&self->lane, 0xdd, sizeof self->lane); /* the library no longer reads it */
  if (!looper->is_ending) {
    open_lane(self);
    return;
  }
  looper->open--;
  if (looper->open == 0) {
    close_looper(looper);
  }
}

/* ---------------------------------------------------------------------------------- the loop -- */

static handoff_lane_options_t random_options(rng_t *rng) {
  handoff_lane_options_t options = handoff_lane_options(sizeof(item_t), produce, consume);
  int side;

  options.capacity = rng_one_in(rng, 8) ? 17 : rng_below(rng, 4);
  options.drop = on_drop;
  options.on_event = rng_one_in(rng, 8) ? NULL : on_event;
  options.on_end = on_end;
  options.event_capacity = rng_one_in(rng, 2) ? 64 : 1 + rng_below(rng, 4);
  options.coalesce_ns = rng_one_in(rng, 2) ? 0 : rng_below(rng, 100000);
  for (side = HANDOFF_PRODUCER; side <= HANDOFF_CONSUMER; side++) {
    handoff_side_options_t *pacing =
        side == HANDOFF_PRODUCER ? &options.producer : &options.consumer;
    pacing->interval_ns = random_interval(rng);
    pacing->missed = (handoff_missed_t)rng_below(rng, 3);
    pacing->burst = 1 + rng_below(rng, 4);
  }
  return options;
}

static void open_lane(subject_t *self) {
  looper_t *looper = self->looper;
  rng_t *rng = &looper->rng;
  int err = 0;

  memset(self, 0, sizeof *self);
  self->looper = looper;
  self->options = random_options(rng);
  self->options.drop_arg = self;
  self->last_odds = rng_one_in(rng, 2) ? 0 : 200;
  self->fail_odds = rng_one_in(rng, 2) ? 0 : 1000;
  self->producer_rng = rng_new(rng_next(rng));
  self->consumer_rng = rng_new(rng_next(rng));
  self->lane.data = self;
  CALL(looper,
       err = handoff_lane_init(&looper->ports[rng_below(rng, PORTS)], &self->lane, &self->options));
  CHECK(err == 0);
  self->is_open = true;
  if (!rng_one_in(rng, 4)) {
    start(self);
  }
}

/* The lanes have no close callback, except for those that are closing already. */
static void close_looper_with_lanes(looper_t *looper) {
  size_t i;

  close_looper(looper);
  for (i = 0; i < looper->lanes; i++) {
    if (!looper->subjects[i].is_closing) {
      note_closing(&looper->subjects[i]);
      looper->open--;
    }
  }
}

/* Closes the lane, or lets it run for some turns at a new pace before it is stopped. */
static void begin_finish(subject_t *self) {
  looper_t *looper = self->looper;
  int side;

  if (self->is_closing) {
    return;
  }
  if (!self->is_running || rng_one_in(&looper->rng, 3)) {
    close_lane(self);
    return;
  }
  self->is_finishing = true;
  self->is_paused = false;
  CALL(looper, handoff_lane_resume(&self->lane));
  for (side = HANDOFF_PRODUCER; side <= HANDOFF_CONSUMER; side++) {
    uint64_t interval_ns = rng_one_in(&looper->rng, 2) ? 0 : 1 + rng_below(&looper->rng, 100000);
    set_interval(self, (handoff_side_t)side, interval_ns);
  }
  self->turns_at_stop = atomic_load(&self->turns[HANDOFF_CONSUMER]) + 10;
}

/* Returns: whether the lane is closing. */
static bool finish(subject_t *self) {
  if (self->is_running && !self->is_closing &&
      atomic_load(&self->turns[HANDOFF_CONSUMER]) >= self->turns_at_stop) {
    CALL(self->looper, handoff_lane_stop(&self->lane)); /* a second stop does nothing */
  }
  return self->is_closing;
}

static void on_timer(uv_timer_t *timer) {
  looper_t *looper = timer->data;
  bool are_closing = true;
  size_t i;

  for (i = 0; i < 4 && looper->actions != 0; i++, looper->actions--) {
    act(&looper->subjects[rng_below(&looper->rng, looper->lanes)]);
  }
  if (looper->actions != 0) {
    return;
  }
  if (!looper->is_ending) {
    looper->is_ending = true;
    if (rng_one_in(&looper->rng, 2)) {
      close_looper_with_lanes(looper);
      return;
    }
    for (i = 0; i < looper->lanes; i++) {
      begin_finish(&looper->subjects[i]);
    }
  }
  for (i = 0; i < looper->lanes; i++) {
    are_closing = finish(&looper->subjects[i]) && are_closing;
  }
  if (are_closing) {
    CHECK(uv_timer_stop(timer) == 0);
    if (rng_one_in(&looper->rng, 2)) {
      close_looper(looper);
    }
  }
}

static void run_loop(void *arg) {
  looper_t *looper = arg;
  size_t i;

  looper->loop_thread = uv_thread_self();
  looper->open = looper->lanes;
  looper->subjects = calloc(looper->lanes, sizeof *looper->subjects);
  CHECK(looper->subjects != NULL);
  CHECK(uv_loop_init(&looper->loop) == 0);
  CHECK(uv_timer_init(&looper->loop, &looper->timer) == 0);
  looper->timer.data = looper;
  for (i = 0; i < PORTS; i++) {
    looper->ports[i].data = looper;
    CHECK(handoff_port_init(&looper->loop, &looper->ports[i]) == 0);
  }
  for (i = 0; i < looper->lanes; i++) {
    looper->subjects[i].looper = looper;
    open_lane(&looper->subjects[i]);
  }
  CHECK(uv_timer_start(&looper->timer, on_timer, 1, 1) == 0);
  CHECK(uv_run(&looper->loop, UV_RUN_DEFAULT) == 0);
  CHECK(looper->open == 0 && looper->ports_closed == PORTS);
  CHECK(uv_loop_close(&looper->loop) == 0);
  CHECK(looper->all_events != 0 && looper->all_ends != 0);
  for (i = 0; i < looper->lanes; i++) {
    if (looper->subjects[i].is_open) { /* its port has closed it */
      check_closed(&looper->subjects[i]);
    }
  }
  free(looper->subjects);
}

static void test_many_lanes_on_one_loop(void **state) {
  looper_t looper = {.lanes = LANES_MAX, .rng = rng_new(3000001), .actions = stress_scaled(12000)};
  (void)state;
  run_loop(&looper);
  printf("%zu events, %zu ends, %zu closes\n", (size_t)looper.all_events, (size_t)looper.all_ends,
         (size_t)looper.all_closes);
}

static void test_lanes_on_three_loops_in_three_threads(void **state) {
  looper_t loopers[3];
  size_t i;
  (void)state;

  memset(loopers, 0, sizeof loopers);
  for (i = 0; i < COUNT_OF(loopers); i++) {
    loopers[i].lanes = 4;
    loopers[i].rng = rng_new(3000002 + i);
    loopers[i].actions = stress_scaled(6000);
    assert_int_equal(uv_thread_create(&loopers[i].thread, run_loop, &loopers[i]), 0);
  }
  for (i = 0; i < COUNT_OF(loopers); i++) {
    assert_int_equal(uv_thread_join(&loopers[i].thread), 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      bounded_test(test_many_lanes_on_one_loop),
      bounded_test(test_lanes_on_three_loops_in_three_threads),
  };
  return stress_run("lane", tests);
}

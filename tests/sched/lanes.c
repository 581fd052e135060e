/* lanes: see lanes.h. The items of a run are numbered from 0, over all starts of the lane. */

#include "sched/lanes.h"

#include <string.h>

#include "lane/lane.h"
#include "sched/race.h"
#include "sched/rng.h"
#include "sched/scheduler.h"
#include "sched/shim_heap.h"
#include "sched/shim_loop.h"
#include "sched/shim_sync.h"
#include "sched/trace.h"

#define ITEMS_MAX 24
#define STARTS_MAX 3u
#define LOOP_THREAD 0

/* In the run's memory, because other threads access it. */
typedef struct {
  uv_loop_t loop;
  handoff_port_t port;
  handoff_lane_t lane;
  unsigned char payloads[ITEMS_MAX]; /* what each item refers to: written by the item's owner */
} world_t;

static world_t *world;
static handoff_lane_options_t options;
static unsigned error_odds;  /* of a callback that fails; an n of rng_one_in() */
static unsigned action_odds; /* of an action of the loop thread */
static unsigned starts_left;
static bool uses_last; /* `produce` returns HANDOFF_LAST */

static unsigned made; /* items, over all starts */
static unsigned consumed[ITEMS_MAX];
static unsigned finalized[ITEMS_MAX];

/* Of the current start. */
static unsigned first;        /* its first item */
static unsigned end;          /* no item from this one on */
static unsigned next;         /* the next item to be consumed */
static unsigned delivered[2]; /* events, by side */
static bool is_stopped;

/* The state of the lane as the loop thread has to see it. */
static bool is_in_call;
static bool is_running;
static bool is_paused;
static bool is_closing;
static bool is_lane_closed;
static bool is_port_closing;
static bool is_port_closed;

/* Unpaced, so short that ticks come in groups, or longer. */
static uint64_t random_interval_ns(void) {
  const uint64_t interval_ns = 10 + rng_below(10u << rng_below(7));
  return rng_one_in(3) ? 0 : rng_one_in(2) ? interval_ns : 600000 + interval_ns;
}

static void check(const char *function, int err, int expected) {
  if (err != expected) {
    scheduler_fail("outcome", "%s returned %d instead of %d", function, err, expected);
  }
}

/* ---------------------------------------------------------------------------- on the workers -- */

static unsigned own(const void *item) {
  uint64_t number;

  memcpy(&number, item, sizeof number);
  if (number >= ITEMS_MAX) {
    scheduler_fail("items", "an item that was never produced");
  }
  race_access(&world->payloads[number], 1, RACE_WRITE);
  return (unsigned)number;
}

static int produce(handoff_lane_t *lane, void *item) {
  const uint64_t number = made;

  (void)lane;
  if (made == end) {
    return UV_EOF;
  }
  if (rng_one_in(error_odds)) {
    return UV_EIO;
  }
  made++;
  memcpy(item, &number, sizeof number);
  (void)own(item);
  return made == end && uses_last ? HANDOFF_LAST : 0;
}

static int consume(handoff_lane_t *lane, void *item) {
  const unsigned number = own(item);

  (void)lane;
  if (number != next) {
    scheduler_fail("items", "item %u was consumed instead of %u", number, next);
  }
  next++;
  consumed[number]++;
  return rng_one_in(error_odds) ? UV_EIO : 0;
}

static void close_lane(void);

/* On the loop thread, in handoff_lane_start, it may close the lane. */
static void on_drop(void *item, void *arg) {
  (void)arg;
  finalized[own(item)]++;
  if (thread_index() == LOOP_THREAD && !is_closing && rng_one_in(4)) {
    close_lane();
  }
}

/* ------------------------------------------------------------------------ on the loop thread -- */

static void check_callback(const char *name) {
  if (is_in_call || is_paused || !is_running) {
    scheduler_fail("callback", "%s runs inside a call, while paused or after on_end", name);
  }
}

static void on_lane_close(handoff_lane_t *lane) {
  (void)lane;
  if (is_in_call || is_running || is_lane_closed) {
    scheduler_fail("callback", "the lane's on_close runs inside a call, before on_end or twice");
  }
  is_lane_closed = true;
}

static void on_port_close(handoff_port_t *port) {
  (void)port;
  if (is_in_call || is_running || is_port_closed) {
    scheduler_fail("callback", "the port's on_close runs inside a call, before on_end or twice");
  }
  is_port_closed = true;
}

static void close_lane(void) {
  is_closing = true;
  is_paused = false;
  scheduler_record("handoff_lane_close", NULL, TRACE_NO_VALUE);
  check("handoff_lane_close", handoff_lane_close(&world->lane, on_lane_close), 0);
}

static void close_port(void) {
  is_closing = true;
  is_port_closing = true;
  is_paused = false;
  scheduler_record("handoff_port_close", NULL, TRACE_NO_VALUE);
  check("handoff_port_close", handoff_port_close(&world->port, on_port_close), 0);
}

static void act(void) {
  const unsigned choice = is_closing ? 8 : rng_below(10);

  is_in_call = true;
  if (choice < 2) {
    is_paused = true;
    scheduler_record("handoff_lane_pause", NULL, TRACE_NO_VALUE);
    handoff_lane_pause(&world->lane);
  } else if (choice < 4) {
    is_paused = false;
    scheduler_record("handoff_lane_resume", NULL, TRACE_NO_VALUE);
    handoff_lane_resume(&world->lane);
  } else if (choice < 7) {
    handoff_side_t side = rng_one_in(2) ? HANDOFF_PRODUCER : HANDOFF_CONSUMER;
    scheduler_record("handoff_lane_set_interval", NULL, side);
    check("handoff_lane_set_interval",
          handoff_lane_set_interval(&world->lane, side, random_interval_ns()), 0);
  } else if (choice == 7 && is_running) {
    is_stopped = true;
    scheduler_record("handoff_lane_stop", NULL, TRACE_NO_VALUE);
    handoff_lane_stop(&world->lane);
  } else if (!is_closing && rng_one_in(3)) {
    (rng_one_in(2) ? close_lane : close_port)();
  }
  is_in_call = false;
}

static void on_event(handoff_lane_t *lane, const handoff_event_t *event) {
  const int capacity = options.capacity == 0 ? 1 : (int)options.capacity;
  int occupancy;

  (void)lane;
  check_callback("on_event");
  delivered[event->side]++;
  occupancy = (int)delivered[HANDOFF_PRODUCER] - (int)delivered[HANDOFF_CONSUMER];
  if (event->number != delivered[event->side] || occupancy < 0 || occupancy > capacity) {
    scheduler_fail("events", "event %u of side %d, with an occupancy of %d",
                   (unsigned)event->number, event->side, occupancy);
  }
  if (event->due_ns > event->begun_ns || event->begun_ns > event->done_ns) {
    scheduler_fail("events", "a turn begins before its tick, or ends before it begins");
  }
  if (rng_one_in(action_odds)) {
    act();
  }
}

static void start(void) {
  int err;

  is_running = true;
  is_stopped = false;
  starts_left--;
  first = made;
  next = made;
  end = made + rng_below(ITEMS_MAX / STARTS_MAX);
  delivered[HANDOFF_PRODUCER] = 0;
  delivered[HANDOFF_CONSUMER] = 0;
  is_in_call = true;
  do {
    err = handoff_lane_start(&world->lane);
    if (err != 0 && !(err == UV_EAGAIN && scheduler_config.failures != 0) &&
        !(err == UV_ECANCELED && is_closing)) {
      scheduler_fail("faults", "handoff_lane_start returned %d", err);
    }
  } while (err == UV_EAGAIN);
  is_running = err == 0;
  is_in_call = false;
}

/* Status 0: all items have been consumed, and all events delivered. */
static void check_complete(void) {
  if ((made != end && !is_stopped) || next != made) {
    scheduler_fail("outcome", "status 0, but items were not produced or not consumed");
  }
  if (options.on_event != NULL && (delivered[HANDOFF_PRODUCER] != made - first ||
                                   delivered[HANDOFF_CONSUMER] != made - first)) {
    scheduler_fail("events", "on_end runs before the last event");
  }
}

static void on_end(handoff_lane_t *lane, int status) {
  (void)lane;
  check_callback("on_end");
  is_running = false;
  scheduler_record("  ended", NULL, (uint64_t)(int64_t)status);
  if (status == 0) {
    check_complete();
  } else if (status == UV_ECANCELED ? !is_closing
                                    : status != UV_EIO && scheduler_config.failures == 0) {
    scheduler_fail("outcome", "on_end with status %d", status);
  }
  if (!is_closing && starts_left != 0 && rng_one_in(2)) {
    start();
  }
}

/* What the loop thread does between two turns of the loop. False: nothing. */
static bool proceed(void) {
  if (is_running && is_paused && rng_one_in(6)) {
    is_paused = false;
    is_in_call = true;
    handoff_lane_resume(&world->lane);
    is_in_call = false;
    return true;
  }
  if (!is_running && !is_closing && starts_left != 0) {
    start();
    return true;
  }
  if (is_running || is_port_closing) {
    return false;
  }
  is_in_call = true;
  (is_closing || rng_one_in(2) ? close_port : close_lane)();
  is_in_call = false;
  return true;
}

static void run_loop(void *arg) {
  int live;

  (void)arg;
  while (handoff_port_init(&world->loop, &world->port) != 0) {
    if (scheduler_config.failures == 0) {
      scheduler_fail("faults", "handoff_port_init failed without a cause");
    }
  }
  live = shim_heap_live() + shim_sync_live();
  while (handoff_lane_init(&world->port, &world->lane, &options) != 0) {
    if (scheduler_config.failures == 0 || shim_heap_live() + shim_sync_live() != live) {
      scheduler_fail("faults", "handoff_lane_init failed without a cause, or left objects");
    }
  }
  race_allow_stores(&world->lane.impl->advance_learnt_ns);
  while (!is_port_closed) {
    if (rng_one_in(action_odds) && !is_lane_closed) {
      act();
    } else if (!proceed()) {
      shim_loop_turn(!is_paused);
    }
  }
}

/* ------------------------------------------------------------------------------------- a run -- */

static handoff_side_options_t random_side(void) {
  handoff_side_options_t side;

  side.interval_ns = random_interval_ns();
  side.missed = (handoff_missed_t)rng_below(3);
  side.burst = rng_between(1, 3);
  return side;
}

void lanes_begin(void) {
  world = shim_heap_take(sizeof *world);
  memset(consumed, 0, sizeof consumed);
  memset(finalized, 0, sizeof finalized);
  made = 0;
  starts_left = rng_between(1, STARTS_MAX);
  error_odds = rng_one_in(3) ? 12 : 0;
  action_odds = rng_one_in(2) ? 0 : 8u << rng_below(4);
  uses_last = rng_one_in(2);
  is_in_call = is_running = is_paused = is_closing = false;
  is_lane_closed = is_port_closing = is_port_closed = false;
  options = handoff_lane_options(sizeof(uint64_t), produce, consume);
  options.capacity = rng_below(4);
  options.drop = on_drop;
  options.on_event = rng_one_in(5) ? NULL : on_event;
  options.on_end = on_end;
  options.producer = random_side();
  options.consumer = random_side();
  options.event_capacity = rng_between(1, 4);
  options.coalesce_ns = rng_one_in(2) ? 0 : 8u << rng_below(9);
  (void)scheduler_add("loop", run_loop, NULL);
}

void lanes_check(void) {
  unsigned i;

  for (i = 0; i < made; i++) {
    if (consumed[i] + finalized[i] != 1) {
      scheduler_fail("items", "item %u was consumed %u times and finalized %u times", i,
                     consumed[i], finalized[i]);
    }
  }
}

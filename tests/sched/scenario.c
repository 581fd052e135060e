/* scenario: see scenario.h. The threads' functions are in callers.c and requests.c. */

#include "sched/scenario.h"

#include <string.h>

#include "sched/lanes.h"
#include "sched/race.h"
#include "sched/rng.h"
#include "sched/scheduler.h"
#include "sched/shim_heap.h"
#include "sched/shim_sync.h"

scenario_t scenario;

/* --------------------------------------------------------------------------------- the items -- */

void scenario_fill(unsigned char *bytes, int item) {
  size_t i;

  for (i = 0; i < scenario.item_size; i++) {
    bytes[i] = (unsigned char)((size_t)item + i * 37);
  }
  scenario_touch_payload(item);
}

int scenario_read(const unsigned char *bytes) {
  int item = bytes[0];
  size_t i;

  for (i = 0; i < scenario.item_size; i++) {
    if (bytes[i] != (unsigned char)((size_t)item + i * 37)) {
      scheduler_fail("items", "a torn item");
    }
  }
  if (item >= ITEMS_MAX) {
    scheduler_fail("items", "an item that was never put");
  }
  return item;
}

void scenario_touch_payload(int item) { race_access(scenario.payloads + item, 1, RACE_WRITE); }

/* A finalizer may use the slot, except in destroy. */
static void use_slot(void) {
  handoff_slot_stats_t stats = {.size = sizeof stats};

  if (handoff_slot_stats(scenario.slot, &stats) != 0 || stats.count > scenario.capacity) {
    scheduler_fail("outcome", "handoff_slot_stats in a finalizer");
  }
}

static void on_drop(void *item, void *arg) {
  int number = scenario_read(item);

  if (arg != &scenario) {
    scheduler_fail("items", "a finalizer with another argument");
  }
  scenario_touch_payload(number);
  history_finalized(number);
  if (!scenario.is_destroyed && rng_one_in(2)) {
    use_slot();
  }
}

/* ----------------------------------------------------------------------------- the destroyer -- */

static void destroy(void) {
  if (scenario.is_destroyed) {
    scheduler_fail("scenario", "the slot is destroyed twice");
  }
  scenario.is_destroyed = true;
  handoff_slot_destroy(scenario.slot);
}

/* Counts down. Like an atomic counter with acq_rel, it orders all earlier calls before the last. */
static bool is_last(unsigned *left, unsigned which) {
  const unsigned char *counter = scenario.counters + (size_t)which * 8;

  race_release(counter, false);
  --*left;
  if (*left == 0) {
    race_acquire(counter);
  }
  return *left == 0;
}

void scenario_transferred(call_type_t type) {
  bool is_put = type == CALL_PUT;

  if (scenario.destroyer == (is_put ? BY_LAST_PUTTER : BY_LAST_GETTER) &&
      is_last(is_put ? &scenario.puts_left : &scenario.gets_left, is_put ? 0 : 1)) {
    destroy();
  }
}

void scenario_done(void) {
  if (scenario.destroyer != BY_LAST_USER && scenario.destroyer != BY_LAST_REFUSED) {
    return;
  }
  if (is_last(&scenario.users, 2)) {
    if (!scenario.is_destroyed) {
      destroy();
    }
  } else if (scenario.destroyer == BY_LAST_REFUSED && scenario.users == 1 && scenario.is_refused &&
             !scenario.is_shut_done) {
    race_acquire(scenario.counters + 16);
    destroy();
  }
}

/* ---------------------------------------------------------------------------------- the plan -- */

/* Distributes the transfers over the threads and the loop. */
static void distribute(unsigned *counts, unsigned threads, unsigned total) {
  memset(counts, 0, (SIDE_MAX + 1) * sizeof *counts);
  for (; total != 0; total--) {
    unsigned to = rng_below(threads + (scenario.has_loop ? 1 : 0));
    counts[to < threads ? to : SIDE_MAX]++;
  }
}

static void plan_environment(void) {
  scheduler_config.spurious_wakeups = rng_one_in(2) ? 8u << rng_below(4) : 0;
  scheduler_config.time_jumps = rng_one_in(2) ? 8u << rng_below(4) : 0;
  scheduler_config.failures = rng_one_in(4) ? 2u << rng_below(4) : 0;
  scheduler_config.failures_left = 4;
  scheduler_config.has_plain_steps = rng_one_in(4);
  scheduler_config.has_many_cpus = rng_one_in(2);
}

static void plan(void) {
  unsigned total;

  memset(&scenario, 0, sizeof scenario);
  scenario.has_lane = rng_one_in(32);
  scenario.ending = rng_one_in(3) ? SHUT : BALANCED;
  scenario.has_loop = rng_one_in(3);
  scenario.closes_early = rng_one_in(4);
  scenario.capacity = rng_below(CAPACITY_MAX + 1);
  scenario.item_size = rng_one_in(2) ? 8 : rng_one_in(2) ? 1 : ITEM_BYTES_MAX;
  scenario.producers = rng_between(1, SIDE_MAX);
  scenario.consumers = rng_between(1, SIDE_MAX);
  if (scenario.ending == SHUT && rng_one_in(2)) {
    scenario.destroyer = BY_LAST_REFUSED;
  }
  scenario.drops_oldest = scenario.ending == SHUT && scenario.capacity != 0 && rng_one_in(3);
  total = rng_between(1, 7);
  if (scenario.ending == BALANCED && rng_one_in(2)) {
    scenario.destroyer = rng_one_in(2) ? BY_LAST_PUTTER : BY_LAST_GETTER;
  }
  scenario.has_observers = scenario.destroyer == BY_LAST_USER && rng_one_in(3);
  scenario.gets_left = total;
  scenario.puts_left = total;
  if (scenario.destroyer == BY_LAST_PUTTER) { /* the last put proves that all gets are complete */
    scenario.puts_left += (unsigned)scenario.capacity;
  }
  distribute(scenario.puts, scenario.producers, scenario.puts_left);
  distribute(scenario.gets, scenario.consumers,
             scenario.ending == BALANCED ? total : rng_between(1, 7));
  plan_environment();
}

static void init_slot(void) {
  handoff_slot_options_t options = handoff_slot_options(scenario.item_size);
  int err;

  options.capacity = scenario.capacity;
  options.overflow = scenario.drops_oldest ? HANDOFF_DROP_OLDEST : HANDOFF_BLOCK;
  options.drop = on_drop;
  options.drop_arg = &scenario;
  while ((err = handoff_slot_init(scenario.slot, &options)) != 0) {
    int left = shim_heap_live() + shim_sync_live();
    if ((err != UV_ENOMEM && err != UV_EAGAIN) || left != 0 || scheduler_config.failures == 0) {
      scheduler_fail("faults", "handoff_slot_init returned %d and left %d objects", err, left);
    }
  }
}

void scenario_begin(void) {
  static const char *const producers[] = {"producer 0", "producer 1", "producer 2"};
  static const char *const consumers[] = {"consumer 0", "consumer 1", "consumer 2"};
  unsigned i;

  plan();
  history_begin(scenario.capacity, scenario.drops_oldest);
  if (scenario.has_lane) {
    lanes_begin();
    return;
  }
  scenario.slot = shim_heap_take(sizeof *scenario.slot);
  scenario.payloads = shim_heap_take(ITEMS_MAX);
  scenario.counters = shim_heap_take(64);
  init_slot();
  for (i = 0; i < scenario.producers && i < SIDE_MAX; i++) {
    scheduler_add(producers[i], callers_put, &scenario.puts[i]);
  }
  for (i = 0; i < scenario.consumers && i < SIDE_MAX; i++) {
    scheduler_add(consumers[i], callers_get, &scenario.gets[i]);
  }
  scenario.users = scenario.producers + scenario.consumers;
  if (scenario.has_loop) {
    requests_begin();
    scheduler_add("loop", requests_run, NULL);
    scenario.users++;
  }
  if (scenario.ending == SHUT) {
    scheduler_add("shutter", callers_shut, NULL);
    scenario.users++;
  }
}

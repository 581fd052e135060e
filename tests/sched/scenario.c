/* scenario: see scenario.h. What its threads do is in callers.c and requests.c. */

#include "sched/scenario.h"

#include <string.h>

#include "sched/lock.h"
#include "sched/memory.h"
#include "sched/race.h"
#include "sched/scheduler.h"
#include "slot/ring.h"

scenario_t scenario;

static chance_t *chance(void) { return &scheduler_chance; }

/* ---------------------------------------------------------------------------------- the items -- */

void scenario_fill(unsigned char *bytes, int item) {
  size_t i;

  for (i = 0; i < scenario.item_size; i++) {
    bytes[i] = (unsigned char)((size_t)item + i * 37);
  }
  scenario_own(item);
}

int scenario_read(const unsigned char *bytes) {
  int item = bytes[0];
  size_t i;

  for (i = 0; i < scenario.item_size; i++) {
    if (bytes[i] != (unsigned char)((size_t)item + i * 37)) {
      scheduler_fail("items", "an item arrived torn");
    }
  }
  if (item >= ITEMS_MAX) {
    scheduler_fail("items", "an item arrived that is none");
  }
  return item;
}

void scenario_own(int item) { race_touch(scenario.payloads + item, 1, RACE_WRITE); }

static void on_drop(void *item, void *arg) {
  int number = scenario_read(item);

  if (arg != &scenario) {
    scheduler_fail("items", "a drop with another argument");
  }
  scenario_own(number);
  history_dropped(number);
}

/* ------------------------------------------------------------------------------- the last user -- */

static void destroy(void) {
  if (scenario.is_destroyed) {
    scheduler_fail("scenario", "the slot is destroyed twice");
  }
  scenario.is_destroyed = true;
  handoff_slot_destroy(scenario.slot);
}

/* As an atomic counter would it puts what all did who counted down before what the last one does. */
static bool is_last(unsigned *left, unsigned which) {
  const unsigned char *counter = scenario.counters + (size_t)which * 8;

  race_release(counter, false);
  --*left;
  if (*left == 0) {
    race_acquire(counter);
  }
  return *left == 0;
}

void scenario_passed(call_way_t way) {
  bool is_put = way == CALL_PUT;

  if (scenario.destroyer == (is_put ? BY_LAST_PUTTER : BY_LAST_GETTER) &&
      is_last(is_put ? &scenario.puts_left : &scenario.gets_left, is_put ? 0 : 1)) {
    destroy();
  }
}

void scenario_leave(void) {
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

/* ----------------------------------------------------------------------------------- the plan -- */

/* That many hand-offs, each to one of those who can. */
static void deal(unsigned *counts, unsigned threads, unsigned total) {
  unsigned i;

  for (i = 0; i <= SIDE_MAX; i++) {
    counts[i] = 0;
  }
  for (i = 0; i < total; i++) {
    unsigned to = chance_below(chance(), threads + (scenario.has_loop ? 1 : 0));
    counts[to < threads ? to : SIDE_MAX]++;
  }
}

static void plan(void) {
  unsigned total;

  memset(&scenario, 0, sizeof scenario);
  scenario.ending = chance_hits(chance(), 3) ? SHUT : BALANCED;
  scenario.has_loop = chance_hits(chance(), 3);
  scenario.may_close_early = chance_hits(chance(), 4);
  scenario.capacity = chance_below(chance(), CAPACITY_MAX + 1);
  scenario.item_size = chance_hits(chance(), 2) ? 8 : chance_hits(chance(), 2) ? 1 : ITEM_BYTES_MAX;
  scenario.putters = chance_between(chance(), 1, SIDE_MAX);
  scenario.getters = chance_between(chance(), 1, SIDE_MAX);
  if (scenario.ending == SHUT && chance_hits(chance(), 2)) {
    scenario.destroyer = BY_LAST_REFUSED;
  }
  scenario.is_latest =
      scenario.ending == SHUT && scenario.capacity != 0 && chance_hits(chance(), 3);
  total = chance_between(chance(), 1, 7);
  if (scenario.ending == BALANCED && chance_hits(chance(), 2)) {
    scenario.destroyer = chance_hits(chance(), 2) ? BY_LAST_PUTTER : BY_LAST_GETTER;
  }
  scenario.is_watched = scenario.destroyer == BY_LAST_USER && chance_hits(chance(), 3);
  scenario.gets_left = total;
  scenario.puts_left = total;
  if (scenario.destroyer == BY_LAST_PUTTER) { /* to whom a full slot says that all gets are done */
    scenario.puts_left += (unsigned)scenario.capacity;
  }
  deal(scenario.puts, scenario.putters, scenario.puts_left);
  deal(scenario.gets, scenario.getters,
       scenario.ending == BALANCED ? total : chance_between(chance(), 1, 7));

  scheduler_mishaps.spurious = chance_hits(chance(), 2) ? 8u << chance_below(chance(), 4) : 0;
  scheduler_mishaps.hurry = chance_hits(chance(), 2) ? 8u << chance_below(chance(), 4) : 0;
  scheduler_mishaps.faults = chance_hits(chance(), 4) ? 2u << chance_below(chance(), 4) : 0;
  scheduler_mishaps.fault_budget = 4;
  scheduler_mishaps.is_fine = chance_hits(chance(), 4);
  scheduler_mishaps.has_many_cpus = chance_hits(chance(), 2);
}

static void make_slot(void) {
  handoff_slot_options_t options = handoff_slot_options(scenario.item_size);
  int err;

  options.capacity = scenario.capacity;
  options.overflow = scenario.is_latest ? HANDOFF_DROP_OLDEST : HANDOFF_BLOCK;
  options.drop = on_drop;
  options.drop_arg = &scenario;
  for (;;) {
    err = handoff_slot_init(scenario.slot, &options);
    if (err == 0) {
      return;
    }
    if ((err != UV_ENOMEM && err != UV_EAGAIN) || memory_live() + lock_live() != 0 ||
        scheduler_mishaps.faults == 0) {
      scheduler_fail("faults", "the slot that could not be made: %d, leaves %d", err,
                     memory_live() + lock_live());
    }
  }
}

void scenario_begin(void) {
  static const char *const putters[] = {"putter 0", "putter 1", "putter 2"};
  static const char *const getters[] = {"getter 0", "getter 1", "getter 2"};
  unsigned i;

  plan();
  history_begin(scenario.capacity, scenario.is_latest);
  scenario.slot = memory_take(sizeof *scenario.slot);
  scenario.payloads = memory_take(ITEMS_MAX);
  scenario.counters = memory_take(64);
  make_slot();
  for (i = 0; i < scenario.putters && i < SIDE_MAX; i++) {
    (void)scheduler_add(putters[i], callers_put, &scenario.puts[i]);
  }
  for (i = 0; i < scenario.getters && i < SIDE_MAX; i++) {
    (void)scheduler_add(getters[i], callers_get, &scenario.gets[i]);
  }
  scenario.users = scenario.putters + scenario.getters;
  if (scenario.has_loop) {
    requests_begin();
    (void)scheduler_add("loop", requests_live, NULL);
    scenario.users++;
  }
  if (scenario.ending == SHUT) {
    (void)scheduler_add("shutter", callers_shut, NULL);
    scenario.users++;
  }
}

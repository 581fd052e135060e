/* callers: the threads that put and get, and the thread that shuts the slot. */

#include <string.h>

#include "sched/rng.h"
#include "sched/scenario.h"
#include "sched/scheduler.h"

#define TWO_HOURS_NS (UINT64_C(7200) * 1000000000)
#define FAILURES_MAX 3u /* calls that may fail before one that blocks */

static void shut(void) {
  /* handoff_slot_abort uses the slot until it returns. */
  bool is_abort = scenario.destroyer != BY_LAST_REFUSED && rng_one_in(3);
  call_t *call = history_call(is_abort ? CALL_ABORT : CALL_SHUT, MODE_BLOCK, NONE, NEVER);
  int discarded = 0;

  if (is_abort) {
    discarded = (int)handoff_slot_abort(scenario.slot);
  } else {
    handoff_slot_shut(scenario.slot);
  }
  history_end(call, discarded, NONE);
}

/* A call that reads the slot and changes nothing. */
static void observe(void) {
  unsigned char bytes[ITEM_BYTES_MAX];
  char text[256];
  call_t *call;
  int err;

  switch (rng_below(5)) {
    case 0:
      if (handoff_slot_dump(scenario.slot, text, sizeof text) <= 0) {
        scheduler_fail("outcome", "handoff_slot_dump returned an empty text");
      }
      break;
    case 1:
    case 2:
      call = history_call(CALL_STATS, MODE_BLOCK, NONE, NEVER);
      call->stats.size = sizeof call->stats;
      err = handoff_slot_stats(scenario.slot, &call->stats);
      history_end(call, err, NONE);
      break;
    default:
      call = history_call(CALL_PEEK, MODE_BLOCK, NONE, NEVER);
      err = handoff_slot_peek(scenario.slot, bytes);
      history_end(call, err, err == 0 ? scenario_read(bytes) : NONE);
      break;
  }
}

static call_mode_t random_mode(unsigned failures) {
  unsigned choice = rng_below(4);

  if (choice < 2 || (scenario.ending == BALANCED && failures >= FAILURES_MAX)) {
    return MODE_BLOCK;
  }
  return choice == 2 ? MODE_DEADLINE : MODE_TRY;
}

/* Mostly up to 400 ns, each step taking one, and perhaps passed already; rarely never, or so late
 * that the parker splits the wait. */
static uint64_t random_deadline_ns(void) {
  if (rng_one_in(16)) {
    return rng_one_in(2) ? NEVER : scheduler_now_ns() + TWO_HOURS_NS;
  }
  return scheduler_now_ns() - 20 + rng_below(8u << rng_below(7));
}

static int put(call_mode_t mode, const void *item, uint64_t deadline_ns) {
  switch (mode) {
    case MODE_BLOCK:
      return handoff_slot_put(scenario.slot, item);
    case MODE_TRY:
      return handoff_slot_try_put(scenario.slot, item);
    default:
      return handoff_slot_put_until(scenario.slot, item, deadline_ns);
  }
}

static int get(call_mode_t mode, void *item, uint64_t deadline_ns) {
  switch (mode) {
    case MODE_BLOCK:
      return handoff_slot_get(scenario.slot, item);
    case MODE_TRY:
      return handoff_slot_try_get(scenario.slot, item);
    default:
      return handoff_slot_get_until(scenario.slot, item, deadline_ns);
  }
}

static int call_once(call_type_t type, unsigned failures, int item) {
  unsigned char bytes[ITEM_BYTES_MAX];
  call_mode_t mode = random_mode(failures);
  uint64_t deadline_ns = random_deadline_ns();
  call_t *call;
  int err;

  if (type == CALL_PUT) {
    scenario_fill(bytes, item);
    call = history_call(type, mode, item, deadline_ns);
    err = put(mode, bytes, deadline_ns);
    history_end(call, err, item);
    if (err != 0) {
      scenario_touch_payload(scenario_read(bytes)); /* it still belongs to this thread */
    }
  } else {
    memset(bytes, 0xff, sizeof bytes);
    call = history_call(type, mode, NONE, deadline_ns);
    err = get(mode, bytes, deadline_ns);
    history_end(call, err, err == 0 ? scenario_read(bytes) : NONE);
    if (err == 0) {
      scenario_touch_payload(bytes[0]);
    } else if (bytes[0] != 0xff) {
      scheduler_fail("items", "a get that failed has written to its item");
    }
  }
  return err;
}

static void transfer(call_type_t type, unsigned count) {
  for (; count != 0; count--) {
    int item = type == CALL_PUT ? scenario.items++ : NONE;
    unsigned failures = 0;
    int err = call_once(type, failures, item);
    while (scenario.ending == BALANCED && err != 0) {
      failures++;
      err = call_once(type, failures, item);
    }
    if (err == 0) {
      scenario_transferred(type);
    }
    if (scenario.has_observers && rng_one_in(2)) {
      observe();
    }
    scenario.is_refused |= err == UV_EPIPE || err == UV_EOF;
    if (scenario.ending == SHUT && scenario.destroyer != BY_LAST_REFUSED && rng_one_in(24)) {
      shut();
    }
  }
  scenario_done();
}

void callers_put(void *count) { transfer(CALL_PUT, *(unsigned *)count); }

void callers_get(void *count) { transfer(CALL_GET, *(unsigned *)count); }

void callers_shut(void *arg) {
  unsigned steps = rng_below(16u << rng_below(5));

  (void)arg;
  for (; steps != 0; steps--) {
    scheduler_step();
  }
  shut();
  scenario.is_shut_done = true;
  scenario_done();
}

/* callers: the threads whose calls wait, try, or wait until an instant, and the one that shuts the slot. */

#include <string.h>

#include "sched/scenario.h"
#include "sched/scheduler.h"

#define TWO_HOURS_NS (UINT64_C(7200) * 1000000000)
#define PATIENCE 3u /* calls that may fail before one that waits */

static chance_t *chance(void) { return &scheduler_chance; }

static void shut(void) {
  /* Who aborts it uses it until the call has returned. */
  bool is_abort = scenario.destroyer != BY_LAST_REFUSED && chance_hits(chance(), 3);
  call_t *call = history_call(is_abort ? CALL_ABORT : CALL_SHUT, BY_WAITING, NOBODY, NEVER);
  int dropped = 0;

  if (is_abort) {
    dropped = (int)handoff_slot_abort(scenario.slot);
  } else {
    handoff_slot_shut(scenario.slot);
  }
  history_end(call, dropped, NOBODY);
}

/* Looks, and leaves all as it is. */
static void watch(void) {
  unsigned char bytes[ITEM_BYTES_MAX];
  char text[256];
  call_t *call;
  int err;

  switch (chance_below(chance(), 5)) {
    case 0:
      if (handoff_slot_dump(scenario.slot, text, sizeof text) <= 0) {
        scheduler_fail("outcome", "an empty dump");
      }
      break;
    case 1:
    case 2:
      call = history_call(CALL_STATS, BY_WAITING, NOBODY, NEVER);
      err = handoff_slot_stats(scenario.slot, &call->stats);
      history_end(call, err, NOBODY);
      break;
    default:
      call = history_call(CALL_PEEK, BY_WAITING, NOBODY, NEVER);
      err = handoff_slot_peek(scenario.slot, bytes);
      history_end(call, err, err == 0 ? scenario_read(bytes) : NOBODY);
      break;
  }
}

static call_kind_t any_kind(unsigned failures) {
  unsigned choice = chance_below(chance(), 4);

  if (choice < 2 || (scenario.ending == BALANCED && failures >= PATIENCE)) {
    return BY_WAITING;
  }
  return choice == 2 ? BY_DEADLINE : BY_TRYING;
}

/* Up to 400 ns from now, of which each step takes one; some have passed; some never come, or so late that the
 * wait is made of several. */
static uint64_t any_deadline_ns(void) {
  if (chance_hits(chance(), 16)) {
    return chance_hits(chance(), 2) ? NEVER : scheduler_now_ns() + TWO_HOURS_NS;
  }
  return scheduler_now_ns() - 20 + chance_below(chance(), 8u << chance_below(chance(), 7));
}

static int put_by(call_kind_t kind, const void *item, uint64_t deadline_ns) {
  switch (kind) {
    case BY_WAITING:
      return handoff_slot_put(scenario.slot, item);
    case BY_TRYING:
      return handoff_slot_try_put(scenario.slot, item);
    default:
      return handoff_slot_put_until(scenario.slot, item, deadline_ns);
  }
}

static int get_by(call_kind_t kind, void *item, uint64_t deadline_ns) {
  switch (kind) {
    case BY_WAITING:
      return handoff_slot_get(scenario.slot, item);
    case BY_TRYING:
      return handoff_slot_try_get(scenario.slot, item);
    default:
      return handoff_slot_get_until(scenario.slot, item, deadline_ns);
  }
}

static int call_once(call_way_t way, unsigned failures, int item) {
  unsigned char bytes[ITEM_BYTES_MAX];
  call_kind_t kind = any_kind(failures);
  uint64_t deadline_ns = any_deadline_ns();
  call_t *call;
  int err;

  if (way == CALL_PUT) {
    scenario_fill(bytes, item);
    call = history_call(way, kind, item, deadline_ns);
    err = put_by(kind, bytes, deadline_ns);
    history_end(call, err, item);
    if (err != 0) {
      scenario_own(scenario_read(bytes)); /* it is still ours */
    }
  } else {
    memset(bytes, 0xff, sizeof bytes);
    call = history_call(way, kind, NOBODY, deadline_ns);
    err = get_by(kind, bytes, deadline_ns);
    history_end(call, err, err == 0 ? scenario_read(bytes) : NOBODY);
    if (err == 0) {
      scenario_own(bytes[0]);
    }
    if (err != 0 && bytes[0] != 0xff) {
      scheduler_fail("items", "a get that failed has written");
    }
  }
  return err;
}

static void live(call_way_t way, unsigned count) {
  while (count != 0) {
    int item = way == CALL_PUT ? scenario.items++ : NOBODY;
    unsigned failures = 0;
    int err = call_once(way, failures, item);
    while (scenario.ending == BALANCED && err != 0) {
      failures++;
      err = call_once(way, failures, item);
    }
    if (err == 0) {
      scenario_passed(way);
    }
    count--;
    if (scenario.is_watched && chance_hits(chance(), 2)) {
      watch();
    }
    scenario.is_refused |= err == UV_EPIPE || err == UV_EOF;
    if (scenario.ending == SHUT && scenario.destroyer != BY_LAST_REFUSED &&
        chance_hits(chance(), 24)) {
      shut();
    }
  }
  scenario_leave();
}

void callers_put(void *count) { live(CALL_PUT, *(unsigned *)count); }

void callers_get(void *count) { live(CALL_GET, *(unsigned *)count); }

void callers_shut(void *arg) {
  unsigned rest = chance_below(chance(), 16u << chance_below(chance(), 5));

  (void)arg;
  while (rest != 0) {
    scheduler_step();
    rest--;
  }
  shut();
  scenario.is_shut_done = true;
  scenario_leave();
}

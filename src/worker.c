/* worker: one side of a lane, on its thread.
 *
 * Invariant: a worker reports a hand-off before it begins the next one. So the loop, which puts the reports of both
 * sides in order, never waits in vain for the one that is missing (report.c). */

#include <limits.h>
#include <string.h>

#include "cpu.h"
#include "lane.h"
#include "lead.h"
#include "park.h"
#include "slot.h"

/* A worker that is before its tick by more than this sleeps; otherwise it spins. */
#define SPIN_NS 15000u

/* What a turn returns, beside 0 and the errors, when there is to be no other and nothing is wrong. No
 * code of libuv's, so that it cannot be taken for one that a callback returned. */
#define ENDED INT_MAX

static void learn(struct handoff__lane *l, uint64_t took_ns) {
  uint64_t lead_ns = atomic_load_explicit(&l->lead_learnt_ns, memory_order_relaxed);

  lead_ns = handoff__lead_learn(lead_ns, took_ns);
  atomic_store_explicit(&l->lead_learnt_ns, lead_ns, memory_order_relaxed);
}

/* Nobody will wake us. Returns: 0, or what handoff__park_init returns. */
static int sleep_until(uint64_t due_ns) {
  struct handoff__park park;
  int err = handoff__park_init(&park);

  if (err == 0) {
    (void)handoff__park_wait(&park, due_ns);
    handoff__park_destroy(&park);
  }
  return err;
}

/* The loop lets us go before the tick is due, so that it is when we have woken up. Where it is not yet we wait. */
static int await_tick(const struct handoff__lane *l, uint64_t due_ns, uint64_t now_ns) {
  if (now_ns < due_ns && (!l->has_many_cpus || due_ns - now_ns > SPIN_NS)) {
    return sleep_until(due_ns);
  }
  while (now_ns < due_ns) {
    handoff__cpu_relax();
    now_ns = uv_hrtime();
  }
  return 0;
}

/* Returns: 0; UV_EOF: there will be none; or what handoff_get and await_tick return. */
static int take_permit(struct handoff__side *side, struct handoff__permit *permit) {
  struct handoff__lane *l = side->lane;
  int err = handoff_try_get(&side->gate, permit);
  const bool has_slept = err == UV_EAGAIN;
  uint64_t now_ns;

  if (has_slept) {
    err = handoff_get(&side->gate, permit);
  }
  if (err != 0 || permit->due_ns == 0) {
    return err;
  }
  now_ns = uv_hrtime();
  if (has_slept && permit->armed_ns != 0) {
    learn(l, now_ns - permit->armed_ns);
  }
  return await_tick(l, permit->due_ns, now_ns);
}

/* Waits for a permit, if the side is paced or this is its first turn. */
static int begin_turn(struct handoff__side *side, handoff_event_t *event) {
  struct handoff__permit permit = {0, 0, 0};
  int err;

  if (atomic_load(&side->is_stopping)) {
    return ENDED;
  }
  if (event->number == 0 || atomic_load(&side->is_paced)) {
    if (side->which == HANDOFF_CONSUMER && handoff__slot_is_drained(&side->lane->items)) {
      return ENDED; /* without waiting for a tick to find that out */
    }
    err = take_permit(side, &permit);
    if (err == UV_EOF || atomic_load(&side->is_stopping)) {
      return ENDED;
    }
    if (err != 0) {
      return err;
    }
  }
  event->number++;
  event->due_ns = permit.due_ns;
  event->missed = permit.missed;
  event->waited_ns = 0;
  event->handoff_ns = 0;
  return 0;
}

/* Whether anybody is to know of this turn: then it is timed and reported. */
static bool is_reported(const struct handoff__side *side, const handoff_event_t *event) {
  return side->lane->options.on_event != NULL || event->due_ns != 0;
}

static int report(struct handoff__side *side, const handoff_event_t *event) {
  struct handoff__report told = {.event = *event};
  return handoff_put(&side->reports, &told);
}

/* Tries first, to tell a turn that has waited from one that has not. */
static int put_timed(struct handoff__side *side, handoff_event_t *event, uint64_t ready_ns) {
  int err = handoff_try_put(&side->lane->items, side->item);
  bool has_waited = err == UV_EAGAIN;

  if (has_waited) {
    err = handoff_put(&side->lane->items, side->item);
  }
  event->done_ns = uv_hrtime();
  event->waited_ns = has_waited ? event->done_ns - ready_ns : 0;
  return err;
}

/* If it does not return 0 it has dropped the item. */
static int put_item(struct handoff__side *side, handoff_event_t *event) {
  const handoff_lane_options_t *options = &side->lane->options;
  uint64_t ready_ns = is_reported(side, event) ? uv_hrtime() : 0;
  int err;

  memcpy(side->item + side->lane->stamp_offset, &ready_ns, sizeof ready_ns);
  err = ready_ns != 0 ? put_timed(side, event, ready_ns)
                      : handoff_put(&side->lane->items, side->item);
  if (err != 0 && options->drop != NULL) {
    options->drop(side->item, options->drop_arg);
  }
  return err == UV_EPIPE ? ENDED : err;
}

static int get_timed(struct handoff__side *side, handoff_event_t *event) {
  uint64_t ready_ns = uv_hrtime();
  uint64_t stamp_ns;
  int err = handoff_try_get(&side->lane->items, side->item);
  bool has_waited = err == UV_EAGAIN;

  if (has_waited) {
    err = handoff_get(&side->lane->items, side->item);
  }
  if (err == 0) {
    event->done_ns = uv_hrtime();
    event->waited_ns = has_waited ? event->done_ns - ready_ns : 0;
    memcpy(&stamp_ns, side->item + side->lane->stamp_offset, sizeof stamp_ns);
    event->handoff_ns = event->done_ns - (stamp_ns > ready_ns ? stamp_ns : ready_ns);
  }
  return err;
}

static int get_item(struct handoff__side *side, handoff_event_t *event) {
  int err = is_reported(side, event) ? get_timed(side, event)
                                     : handoff_get(&side->lane->items, side->item);
  return err == UV_EOF ? ENDED : err;
}

static int produce_one(struct handoff__side *side, handoff_event_t *event) {
  int made = side->lane->options.produce(side->lane->handle, side->item);
  int err;

  if (made != 0 && made != HANDOFF_LAST) {
    return made == UV_EOF ? ENDED : made;
  }
  err = put_item(side, event);
  if (err == 0 && is_reported(side, event)) {
    err = report(side, event);
  }
  return err == 0 && made == HANDOFF_LAST ? ENDED : err;
}

static int consume_one(struct handoff__side *side, handoff_event_t *event) {
  int err = get_item(side, event);
  int status;

  if (err != 0) {
    return err;
  }
  status = side->lane->options.consume(side->lane->handle, side->item);
  err =
      is_reported(side, event) ? report(side, event) : 0; /* the hand-off was, whatever status is */
  return status != 0 ? status : err;
}

static int turn(struct handoff__side *side, handoff_event_t *event) {
  int err = begin_turn(side, event);

  if (err != 0) {
    return err;
  }
  event->begun_ns = is_reported(side, event) ? uv_hrtime() : 0;
  return side->which == HANDOFF_PRODUCER ? produce_one(side, event) : consume_one(side, event);
}

void handoff__worker_run(void *arg) {
  struct handoff__side *side = arg;
  struct handoff__report end = {.event = {.side = side->which}, .is_end = true};
  handoff_event_t event = {.side = side->which};
  int err;

  do {
    err = turn(side, &event);
  } while (err == 0);
  end.status = err == ENDED ? 0 : err;
  /* It can fail only where the system has no condition variable left; the loop must be told, so again. */
  while (handoff_put(&side->reports, &end) != 0) {
  }
}

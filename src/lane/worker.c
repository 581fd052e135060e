/* worker: see worker.h.
 *
 * Invariant: a worker reports a transfer before it begins the next one. So the loop, which puts the
 * events of both sides in order, never waits for one that will not come (events.c). */

#include "lane/worker.h"

#include <limits.h>
#include <string.h>

#include "lane/lane.h"
#include "slot/blocking.h"
#include "slot/lifecycle.h"

/* A worker that is early for its tick by more than this sleeps; otherwise it spins. */
#define SPIN_NS 15000u

/* What a turn returns, beside 0 and errors, if no turn follows and nothing is wrong. Positive
 * results of callbacks become UV_EINVAL, so this one is distinct. */
#define ENDED INT_MAX

static void learn_advance(struct handoff__lane *l, uint64_t took_ns) {
  uint64_t advance_ns = atomic_load_explicit(&l->advance_learnt_ns, memory_order_relaxed);

  advance_ns = handoff__advance_learn(advance_ns, took_ns);
  atomic_store_explicit(&l->advance_learnt_ns, advance_ns, memory_order_relaxed);
}

/* The loop grants credits early to hide the wake-up latency. Waits for the rest of the time. */
static int await_tick(const struct handoff__lane *l, uint64_t due_ns, uint64_t now_ns) {
  if (now_ns < due_ns && (!l->has_many_cpus || due_ns - now_ns > SPIN_NS)) {
    return handoff__parker_sleep(due_ns - now_ns);
  }
  while (now_ns < due_ns) {
    handoff__cpu_relax();
    now_ns = uv_hrtime();
  }
  return 0;
}

/* Returns: 0; UV_EOF: there will be no more; what handoff_slot_get and await_tick return. Does not
 * spin for a credit: the next tick is usually far away. */
static int take_credit(struct handoff__lane_side *side, struct handoff__credit *credit) {
  struct handoff__lane *l = side->lane;
  int err = handoff_slot_try_get(&side->credits, credit);
  const bool has_slept = err == UV_EAGAIN;
  uint64_t now_ns;

  if (has_slept) {
    err = handoff__get_until(&side->credits, credit, HANDOFF_NEVER, HANDOFF__SPIN_NONE);
  }
  if (err != 0 || !credit->is_paced) {
    return err;
  }
  now_ns = uv_hrtime();
  if (has_slept && credit->armed_ns != 0) {
    learn_advance(l, now_ns - credit->armed_ns);
  }
  return await_tick(l, credit->due_ns, now_ns);
}

/* Waits for a credit if the side is paced or this is its first turn. */
static int begin_turn(struct handoff__lane_side *side, struct handoff__completion *turn) {
  struct handoff__credit credit = {.is_paced = false};
  handoff_event_t *event = &turn->event;
  int err;

  if (atomic_load(&side->is_stopping)) {
    return ENDED;
  }
  if (event->number == 0 || atomic_load(&side->is_paced)) {
    if (side->which == HANDOFF_CONSUMER && handoff__slot_is_drained(&side->lane->items)) {
      return ENDED; /* without waiting for a tick to find that out */
    }
    err = take_credit(side, &credit);
    if (err == UV_EOF || atomic_load(&side->is_stopping)) {
      return ENDED;
    }
    if (err != 0) {
      return err;
    }
  }
  turn->is_paced = credit.is_paced;
  turn->is_reported = credit.is_paced || side->lane->options.on_event != NULL;
  event->number++;
  event->due_ns = credit.is_paced ? credit.due_ns : 0;
  event->missed = credit.is_paced ? credit.missed : 0;
  event->waited_ns = 0;
  event->handoff_ns = 0;
  return 0;
}

/* While the loop coalesces, it has no get pending; so the worker posts `look` whenever it has
 * filled half of its queue. */
static int report(struct handoff__lane_side *side, const struct handoff__completion *turn) {
  struct handoff__lane *l = side->lane;
  int err = handoff_slot_put(&side->completions, turn);

  if (l->look_every != 0 && turn->event.number % l->look_every == 0 &&
      !atomic_exchange_explicit(&l->is_look_posted, true, memory_order_acq_rel)) {
    handoff__task_queue_post(&l->handle->port->impl->tasks, &l->look);
  }
  return err;
}

/* A reported turn tries first, to tell a turn that has waited from one that has not. If this does
 * not return 0, it has finalized the item. */
static int put_item(struct handoff__lane_side *side, struct handoff__completion *turn) {
  struct handoff__lane *l = side->lane;
  const uint64_t ready_ns = turn->is_reported ? uv_hrtime() : 0;
  int err = UV_EAGAIN;
  bool has_waited;

  memcpy(side->item + l->stamp_offset, &ready_ns, sizeof ready_ns);
  if (turn->is_reported) {
    err = handoff_slot_try_put(&l->items, side->item);
  }
  has_waited = err == UV_EAGAIN;
  if (has_waited) {
    err = handoff_slot_put(&l->items, side->item);
  }
  if (turn->is_reported) {
    turn->event.done_ns = uv_hrtime();
    turn->event.waited_ns = has_waited ? turn->event.done_ns - ready_ns : 0;
  }
  if (err != 0 && l->options.drop != NULL) {
    l->options.drop(side->item, l->options.drop_arg);
  }
  return err == UV_EPIPE ? ENDED : err;
}

static int get_item(struct handoff__lane_side *side, struct handoff__completion *turn) {
  struct handoff__lane *l = side->lane;
  const uint64_t ready_ns = turn->is_reported ? uv_hrtime() : 0;
  uint64_t stamp_ns;
  int err = UV_EAGAIN;
  bool has_waited;

  if (turn->is_reported) {
    err = handoff_slot_try_get(&l->items, side->item);
  }
  has_waited = err == UV_EAGAIN;
  if (has_waited) {
    err = handoff_slot_get(&l->items, side->item);
  }
  if (err == 0 && turn->is_reported) {
    memcpy(&stamp_ns, side->item + l->stamp_offset, sizeof stamp_ns);
    turn->event.done_ns = uv_hrtime();
    turn->event.waited_ns = has_waited ? turn->event.done_ns - ready_ns : 0;
    turn->event.handoff_ns = turn->event.done_ns - (stamp_ns > ready_ns ? stamp_ns : ready_ns);
  }
  return err == UV_EOF ? ENDED : err;
}

static int produce_one(struct handoff__lane_side *side, struct handoff__completion *turn) {
  int made = side->lane->options.produce(side->lane->handle, side->item);
  int err;

  if (made != 0 && made != HANDOFF_LAST) {
    return made == UV_EOF ? ENDED : made < 0 ? made : UV_EINVAL;
  }
  err = put_item(side, turn);
  if (err == 0 && turn->is_reported) {
    err = report(side, turn);
  }
  return err == 0 && made == HANDOFF_LAST ? ENDED : err;
}

static int consume_one(struct handoff__lane_side *side, struct handoff__completion *turn) {
  int err = get_item(side, turn);
  int status;

  if (err != 0) {
    return err;
  }
  status = side->lane->options.consume(side->lane->handle, side->item);
  err = turn->is_reported ? report(side, turn) : 0; /* the transfer happened in any case */
  return status < 0 ? status : status > 0 ? UV_EINVAL : err;
}

static int take_turn(struct handoff__lane_side *side, struct handoff__completion *turn) {
  int err = begin_turn(side, turn);

  if (err != 0) {
    return err;
  }
  turn->event.begun_ns = turn->is_reported ? uv_hrtime() : 0;
  return side->which == HANDOFF_PRODUCER ? produce_one(side, turn) : consume_one(side, turn);
}

void handoff__worker_run(void *arg) {
  struct handoff__lane_side *side = arg;
  struct handoff__completion turn = {.event = {.size = sizeof turn.event, .side = side->which}};
  int err;

  do {
    err = take_turn(side, &turn);
  } while (err == 0);
  turn.is_end = true;
  turn.status = err == ENDED ? 0 : err;
  /* It fails only if the system has no condition variable left. The loop must be told, so retry. */
  while (report(side, &turn) != 0) {
    handoff__cpu_yield();
  }
}

/* worker: see worker.h.
 *
 * Invariant: a worker reports a transfer before it begins the next one. So the loop, which puts
 * the events of both sides in order, never waits for one that will not come (events.c). */

#include "lane/worker.h"

#include <limits.h>
#include <string.h>

#include "lane/lane.h"
#include "slot/blocking.h"
#include "slot/lifecycle.h"

/* A worker that is early for its tick by more than this sleeps; otherwise it spins. */
#define SPIN_NS 15000u
/* A worker of a group sleeps at least this long. */
#define SLEEP_MIN_NS 50000u

/* What a turn returns, beside 0 and errors, if no turn follows and nothing is wrong. Positive
 * results of callbacks become UV_EINVAL, so this one is distinct. */
#define ENDED INT_MAX

static void learn_advance(struct handoff__lane *l, uint64_t took_ns) {
  uint64_t advance_ns = atomic_load_explicit(&l->advance_learnt_ns, memory_order_relaxed);

  advance_ns = handoff__advance_learn(advance_ns, took_ns);
  atomic_store_explicit(&l->advance_learnt_ns, advance_ns, memory_order_relaxed);
}

/* Credits come early, to hide the wake-up latency, and groups of ticks far ahead. Waits for the
 * rest of the time. The worker of a group always sleeps: several ticks may be due after that,
 * and it runs them back to back. */
static int await_tick(const struct handoff__lane_side *side, uint64_t due_ns, uint64_t now_ns) {
  const bool is_group = handoff__schedule_group(side->ticks.period_ns) > 1;

  if (now_ns < due_ns && (is_group || !side->lane->has_many_cpus || due_ns - now_ns > SPIN_NS)) {
    const uint64_t rest_ns = due_ns - now_ns;
    return handoff__parker_sleep(is_group && rest_ns < SLEEP_MIN_NS ? SLEEP_MIN_NS : rest_ns);
  }
  while (now_ns < due_ns) {
    handoff__cpu_relax();
    now_ns = uv_hrtime();
  }
  return 0;
}

/* Takes the next credit. Does not spin for it: the next tick is usually far away. Returns: 0;
 * UV_EOF: there will be no more; what handoff_slot_get returns. */
static int take_credit(struct handoff__lane_side *side, struct handoff__credit *credit) {
  int err = handoff_slot_try_get(&side->credits, credit);

  if (err == UV_EAGAIN) {
    err = handoff__get_until(&side->credits, credit, HANDOFF_NEVER, HANDOFF__SPIN_NONE);
    if (err == 0 && credit->is_paced && credit->armed_ns != 0) {
      learn_advance(side->lane, uv_hrtime() - credit->armed_ns);
    }
  }
  return err;
}

static uint64_t count_due(const struct handoff__schedule *ticks, uint64_t now_ns) {
  return now_ns < ticks->due_ns ? 0 : (now_ns - ticks->due_ns) / ticks->period_ns + 1;
}

/* Groups, SKIP and BURST: drops ticks of the credit in use that are too late, but not its last
 * one. Late ticks that fit in a group still run, unless the side was blocked while they were
 * due. */
static void drop_late(struct handoff__lane_side *side, handoff_event_t *event, uint64_t now_ns) {
  struct handoff__schedule *ticks = &side->ticks;
  const uint64_t group = handoff__schedule_group(ticks->period_ns);
  const uint64_t max = group > side->late_max ? group : side->late_max;
  const uint64_t late = count_due(ticks, now_ns);
  const uint64_t blocked = count_due(ticks, side->not_before_ns);
  uint64_t drop = late > max ? late - max : 0;

  drop = drop > blocked ? drop : blocked;
  drop = drop < side->ticks_left ? drop : side->ticks_left - 1;
  if (drop != 0) {
    handoff__schedule_next(ticks, drop);
    side->ticks_left -= drop;
    event->missed += drop;
  }
}

/* Returns: when the turn's tick is due: the next one of the credit in use. After a change of the
 * interval the worker may have run a tick later than the loop knew; the next one is still later.
 * */
static uint64_t next_tick(struct handoff__lane_side *side, handoff_event_t *event,
                          uint64_t now_ns) {
  struct handoff__schedule *ticks = &side->ticks;
  const uint64_t last_ns = side->last_due_ns;
  uint64_t due_ns;

  if (ticks->missed != HANDOFF_MISSED_SHIFT && side->ticks_left > 1) {
    drop_late(side, event, now_ns);
  }
  due_ns = ticks->due_ns;
  if (ticks->missed == HANDOFF_MISSED_SHIFT && due_ns < side->not_before_ns) {
    due_ns = side->not_before_ns;
  }
  side->last_due_ns = due_ns > last_ns ? due_ns : last_ns + 1;
  handoff__schedule_next(ticks, 1);
  side->ticks_left--;
  return side->last_due_ns;
}

/* Whether a consumer would wait for a tick that has no item. */
static bool has_no_item(const struct handoff__lane_side *side) {
  return side->which == HANDOFF_CONSUMER && handoff__slot_is_drained(&side->lane->items);
}

/* Waits for a credit, unless one is in use, and for its next tick. The turn stays unpaced if the
 * credit is. Returns: as take_credit. */
static int begin_paced_turn(struct handoff__lane_side *side, struct handoff__completion *turn) {
  struct handoff__credit credit;
  uint64_t now_ns;
  int err;

  if (side->ticks_left != 0 && side->ticks_epoch != atomic_load(&side->epoch)) {
    side->ticks_left = 0;
  }
  if (side->ticks_left == 0) {
    if (has_no_item(side)) {
      return UV_EOF;
    }
    err = take_credit(side, &credit);
    if (err != 0 || !credit.is_paced) {
      return err;
    }
    side->ticks.period_ns = credit.period_ns;
    side->ticks.due_ns = credit.due_ns;
    side->ticks_left = credit.count;
    side->ticks_epoch = credit.epoch;
    turn->event.missed = credit.missed;
  }
  now_ns = uv_hrtime();
  turn->event.due_ns = next_tick(side, &turn->event, now_ns);
  turn->is_paced = true;
  turn->returns_credit = side->ticks_left == 0;
  turn->epoch = side->ticks_epoch;
  turn->event.begun_ns = now_ns;
  if (now_ns >= turn->event.due_ns) {
    return 0;
  }
  if (has_no_item(side)) {
    return UV_EOF;
  }
  err = await_tick(side, turn->event.due_ns, now_ns);
  turn->event.begun_ns = uv_hrtime();
  return err;
}

static int begin_turn(struct handoff__lane_side *side, struct handoff__completion *turn) {
  handoff_event_t *event = &turn->event;
  int err;

  turn->is_paced = false;
  turn->returns_credit = false;
  event->due_ns = 0;
  event->missed = 0;
  event->waited_ns = 0;
  event->handoff_ns = 0;
  if (atomic_load(&side->is_stopping)) {
    return ENDED;
  }
  if (event->number == 0 || atomic_load(&side->is_paced)) {
    err = begin_paced_turn(side, turn);
    if (err == UV_EOF || atomic_load(&side->is_stopping)) {
      return ENDED;
    }
    if (err != 0) {
      return err;
    }
  }
  event->number++;
  turn->is_timed = side->lane->options.on_event != NULL ||
                   (turn->is_paced && handoff__schedule_group(side->ticks.period_ns) == 1);
  if (turn->is_timed) {
    event->begun_ns = uv_hrtime();
  }
  return 0;
}

/* Groups: the turn has its item, and the next tick may not be due before some time: with SHIFT,
 * a period after this start; with SKIP, after a long wait for the other side. The loop's
 * schedule knows neither. */
static void defer(struct handoff__lane_side *side, const handoff_event_t *event) {
  const uint64_t period_ns = side->ticks.period_ns;
  const uint64_t group = handoff__schedule_group(period_ns);
  const uint64_t start_ns = event->waited_ns != 0 ? event->done_ns : event->begun_ns;

  if (event->due_ns == 0 || group == 1) {
    return;
  }
  if (side->ticks.missed == HANDOFF_MISSED_SHIFT) {
    side->not_before_ns = handoff__schedule_shift(event->due_ns, start_ns, period_ns) + period_ns;
  } else if (side->ticks.missed == HANDOFF_MISSED_SKIP && event->waited_ns >= group * period_ns) {
    side->not_before_ns = event->done_ns;
  }
}

/* Tells the loop of a transfer, unless neither the application nor the loop has to know. While
 * the loop coalesces, it has no get pending; so the worker posts `look` whenever it has filled
 * half of its queue. */
static int report(struct handoff__lane_side *side, const struct handoff__completion *turn) {
  struct handoff__lane *l = side->lane;
  int err;

  if (l->options.on_event == NULL && !turn->returns_credit && !turn->is_end) {
    return 0;
  }
  err = handoff_slot_put(&side->completions, turn);
  if (l->look_every != 0 && turn->event.number % l->look_every == 0 &&
      !atomic_exchange_explicit(&l->is_look_posted, true, memory_order_acq_rel)) {
    handoff__task_queue_post(&l->handle->port->impl->tasks, &l->look);
  }
  return err;
}

/* When the transfer was done, and how long it waited. The ticks of a group that nobody times
 * cost no reading of the clock, unless they wait. */
static void record_wait(struct handoff__completion *turn, uint64_t ready_ns, bool has_waited) {
  if (turn->is_timed || (turn->is_paced && has_waited)) {
    turn->event.done_ns = uv_hrtime();
    turn->event.waited_ns = has_waited ? turn->event.done_ns - ready_ns : 0;
  }
}

/* A paced or timed turn tries first, to tell whether it waits. If this does not return 0, it has
 * finalized the item. */
static int put_item(struct handoff__lane_side *side, struct handoff__completion *turn) {
  struct handoff__lane *l = side->lane;
  uint64_t ready_ns = turn->is_timed ? uv_hrtime() : 0;
  int err = UV_EAGAIN;
  bool has_waited;

  memcpy(side->item + l->stamp_offset, &ready_ns, sizeof ready_ns);
  if (turn->is_timed || turn->is_paced) {
    err = handoff_slot_try_put(&l->items, side->item);
  }
  has_waited = err == UV_EAGAIN;
  if (has_waited) {
    ready_ns = turn->is_paced && !turn->is_timed ? uv_hrtime() : ready_ns;
    err = handoff_slot_put(&l->items, side->item);
  }
  record_wait(turn, ready_ns, has_waited);
  if (err != 0 && l->options.drop != NULL) {
    l->options.drop(side->item, l->options.drop_arg);
  }
  return err == UV_EPIPE ? ENDED : err;
}

static int get_item(struct handoff__lane_side *side, struct handoff__completion *turn) {
  struct handoff__lane *l = side->lane;
  uint64_t ready_ns = turn->is_timed ? uv_hrtime() : 0;
  uint64_t stamp_ns;
  int err = UV_EAGAIN;
  bool has_waited;

  if (turn->is_timed || turn->is_paced) {
    err = handoff_slot_try_get(&l->items, side->item);
  }
  has_waited = err == UV_EAGAIN;
  if (has_waited) {
    ready_ns = turn->is_paced && !turn->is_timed ? uv_hrtime() : ready_ns;
    err = handoff_slot_get(&l->items, side->item);
  }
  record_wait(turn, ready_ns, has_waited);
  if (err == 0 && turn->is_timed) {
    memcpy(&stamp_ns, side->item + l->stamp_offset, sizeof stamp_ns);
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
  if (err == 0) {
    defer(side, &turn->event);
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
  defer(side, &turn->event);
  status = side->lane->options.consume(side->lane->handle, side->item);
  err = report(side, turn); /* the transfer happened in any case */
  return status < 0 ? status : status > 0 ? UV_EINVAL : err;
}

static int take_turn(struct handoff__lane_side *side, struct handoff__completion *turn) {
  int err = begin_turn(side, turn);

  if (err != 0) {
    return err;
  }
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
  /* It fails only if the system has no condition variable left. The loop must be told, so retry.
   * */
  while (report(side, &turn) != 0) {
    handoff__cpu_yield();
  }
}

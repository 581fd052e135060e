/* events: see events.h.
 *
 * Each worker has a completion queue of its own, so the two share no queue but `items`. Events
 * are delivered so that the occupancy invariant, 0 <= puts - gets <= capacity, always holds: an
 * event that would violate it is held until the other side's event arrives. That one will
 * arrive, because its transfer has happened and a worker reports a transfer before it begins
 * another. And if both sides have an event, one of the two is deliverable. Model:
 * tests/model/order.pml.
 *
 * Event coalescing. While both sides are unpaced and completions arrive fast, the loop does not
 * wait for the next one but looks again after coalesce_ns, or when a worker has filled half of
 * its queue. Waking the loop for each costs more than handling it and takes a CPU from the
 * workers (figures: docs/performance.md).
 *
 * The end. Producing ends: by the callback, a stop or an error. The loop learns of it and shuts
 * `items`; the consumer drains them and ends too. When both have reported their end, the loop
 * joins the threads and calls on_end. Closing stops both at once and then goes the same way. */

#include "lane/events.h"

#include "lane/credits.h"
#include "loop/request.h"
#include "slot/lifecycle.h"

/* Completions of each side handled before other tasks of the port run. */
#define ROUNDS_MAX 2
/* Coalescing needs at least so many completions per coalesce_ns. */
#define COALESCE_MIN 8u

/* An item is got after it was put, and put after there was room for it. */
static bool is_deliverable(const struct handoff__lane *l, const handoff_event_t *event) {
  if (event->side == HANDOFF_CONSUMER) {
    return event->number <= l->sides[HANDOFF_PRODUCER].delivered;
  }
  return event->number <= l->sides[HANDOFF_CONSUMER].delivered +
                              (l->options.capacity == 0 ? 1 : l->options.capacity);
}

static void on_side_ended(struct handoff__lane *l, const struct handoff__completion *end) {
  struct handoff__lane_side *side = &l->sides[end->event.side];

  side->has_ended = true;
  handoff__credits_stop(side);
  handoff_slot_shut(&l->items);
  if (l->status == 0) {
    l->status = end->status;
  }
  if (end->event.side == HANDOFF_CONSUMER) {
    handoff__credits_stop(&l->sides[HANDOFF_PRODUCER]);
  } else if (handoff__slot_is_drained(&l->items)) {
    /* The consumer may be waiting for a tick that has no item. */
    handoff__credits_stop(&l->sides[HANDOFF_CONSUMER]);
  }
}

static void finish(struct handoff__lane *l) {
  struct handoff__port *p = l->handle->port->impl;

  /* Both threads have reported their end, so they are about to exit. */
  (void)uv_thread_join(&l->sides[HANDOFF_PRODUCER].thread);
  (void)uv_thread_join(&l->sides[HANDOFF_CONSUMER].thread);
  l->is_running = false;
  if (l->is_closing && l->status == 0) {
    l->status = UV_ECANCELED;
  }
  handoff__port_end(p);
  if (l->is_closing) {
    handoff__task_queue_post(&p->tasks, &l->closed);
  }
  if (l->options.on_end != NULL) {
    l->options.on_end(l->handle, l->status); /* it may start or close the lane */
  }
}

/* Whether the next completion can be taken from the queue: no earlier one waits for delivery,
 * and no pending request owns the place for it. */
static bool can_take(const struct handoff__lane_side *side) {
  return !side->has_completion && !side->req.is_pending && !side->has_ended;
}

/* False: there is no completion, or it has to wait for the other side's. If the other side has
 * ended because the system had no condition variable left, its last event may be missing; then
 * the events that depend on it are handled but not delivered. */
static bool handle_next(struct handoff__lane_side *side) {
  struct handoff__completion *completion = &side->completion;
  struct handoff__lane *l = side->lane;
  bool may_deliver;

  if (l->is_paused) {
    return false;
  }
  if (can_take(side)) {
    side->has_completion = handoff_slot_try_get(&side->completions, completion) == 0;
  }
  if (!side->has_completion) {
    return false;
  }
  /* The credit returns at once, however long the event has to wait: a `consume` may be slow. */
  if (!side->is_credit_returned && !completion->is_end) {
    handoff__credits_on_completion(side, completion);
  }
  side->is_credit_returned = true;
  may_deliver = l->options.on_event == NULL || is_deliverable(l, &completion->event);
  if (!completion->is_end && !may_deliver && !l->sides[!side->which].has_ended) {
    return false;
  }
  side->has_completion = false;
  side->is_credit_returned = false;
  l->handled++;
  if (completion->is_end) {
    on_side_ended(l, completion);
  } else if (l->options.on_event != NULL && may_deliver) {
    side->delivered++;
    l->options.on_event(l->handle, &completion->event);
  }
  return true;
}

/* ------------------------------------------------------------------ when to look for more -- */

static void handle_completions(struct handoff__lane *l);

static void on_look(struct handoff__task *task) {
  struct handoff__lane *l = handoff__container_of(task, struct handoff__lane, look);

  (void)atomic_exchange_explicit(&l->is_look_posted, false, memory_order_acq_rel);
  if (l->is_running) {
    handle_completions(l);
  }
}

void handoff__events_resume(struct handoff__lane *l) {
  /* handle_completions looks for more by itself. No event is delivered inside a call. */
  if (l->is_running && !l->is_handling &&
      !atomic_exchange_explicit(&l->is_look_posted, true, memory_order_acq_rel)) {
    handoff__task_queue_post(&l->handle->port->impl->tasks, &l->look);
  }
}

static void on_completion(handoff_req_t *req, int status) {
  struct handoff__lane_side *side = handoff__container_of(req, struct handoff__lane_side, req);

  (void)status; /* `completions` is never shut and the request never cancelled */
  side->has_completion = true;
  if (!side->lane->coalesced.is_armed) {
    handle_completions(side->lane);
  }
}

/* A credit for a single tick has to be returned before the next one can be granted. */
static bool may_coalesce(const struct handoff__lane_side *side) {
  const uint64_t period_ns = side->schedule.period_ns;
  return (period_ns == 0 || handoff__schedule_group(period_ns) > 1) && !side->has_ended &&
         !atomic_load(&side->is_stopping);
}

/* Whether completions have arrived fast enough since the last look to leave the next ones alone
 * for coalesce_ns. */
static bool is_coalescing(struct handoff__lane *l) {
  const uint64_t coalesce_ns = l->options.coalesce_ns;
  const uint64_t handled = l->handled;
  const uint64_t before_ns = l->look_ns;

  if (coalesce_ns == 0 || !may_coalesce(&l->sides[HANDOFF_PRODUCER]) ||
      !may_coalesce(&l->sides[HANDOFF_CONSUMER])) {
    return false;
  }
  l->look_ns = uv_hrtime();
  l->handled = 0;
  return l->look_ns - before_ns < handled * (coalesce_ns / COALESCE_MIN);
}

static void await(struct handoff__lane *l) {
  handoff_side_t which;

  if (is_coalescing(l)) {
    handoff__timer_arm(&l->handle->port->impl->timers, &l->coalesced,
                       l->look_ns + l->options.coalesce_ns);
    return;
  }
  for (which = HANDOFF_PRODUCER; which <= HANDOFF_CONSUMER; which++) {
    struct handoff__lane_side *side = &l->sides[which];
    if (can_take(side)) {
      handoff__request_get(l->handle->port, &side->req, &side->completions, &side->completion,
                           on_completion);
    }
  }
}

static void on_coalesced(struct handoff__timer *timer) {
  handle_completions(handoff__container_of(timer, struct handoff__lane, coalesced));
}

static void handle_completions(struct handoff__lane *l) {
  struct handoff__lane_side *producer = &l->sides[HANDOFF_PRODUCER];
  struct handoff__lane_side *consumer = &l->sides[HANDOFF_CONSUMER];
  int rounds = ROUNDS_MAX;
  bool has_more = true;

  handoff__timer_disarm(&l->handle->port->impl->timers, &l->coalesced);
  l->is_handling = true;
  while (has_more && rounds-- != 0) {
    const bool was_put = handle_next(producer);
    has_more = handle_next(consumer) || was_put;
  }
  l->is_handling = false;
  if (producer->has_ended && consumer->has_ended) {
    finish(l);
  } else if (has_more) {
    handoff__events_resume(l);
  } else if (!l->is_paused) {
    await(l);
  }
}

void handoff__events_init(struct handoff__lane *l) {
  const size_t half = l->options.event_capacity / 2;

  l->look_every = l->options.coalesce_ns == 0 ? 0 : half == 0 ? 1 : half;
  handoff__timer_init(&l->coalesced, on_coalesced);
  atomic_init(&l->is_look_posted, false);
  l->look.run = on_look;
}

void handoff__events_start(struct handoff__lane *l) {
  l->look_ns = uv_hrtime();
  l->handled = 0;
  if (!l->is_paused) {
    await(l);
  }
}

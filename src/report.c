/* report: the loop's half of what the workers of a lane tell: in order to on_event, and to the end.
 *
 * Each worker tells over a slot of its own, so the two of them share nothing but items. Events are delivered by
 * the slot's law, 0 <= puts - gets <= capacity: the next one of a side that is not lawful yet waits for one of the other
 * side. That one will come: its hand-off has been, and a worker reports a hand-off before it begins
 * another. And where both sides have one, one of the two is lawful.
 *
 * While neither side is paced and reports come fast, the loop lets them gather for a while, by a tick, rather
 * than be woken for each (gather.h).
 *
 * The way to the end: producing ends, by the callback, by stop or by an error; the loop hears of it and
 * shuts `items`; the consumer drains them and ends too; when both have said so the threads are joined
 * and on_end runs. Closing stops both at once and then goes the same way. Loop thread only. */

#include "lane.h"
#include "port.h"
#include "queue.h"
#include "slot.h"

/* Reports of each side handled before other jobs of the port get their turn. */
#define TURNS_MAX 2

/* An item is got after it was put, and put after there was room for it. */
static bool is_lawful(const struct handoff__lane *l, const handoff_event_t *event) {
  if (event->side == HANDOFF_CONSUMER) {
    return event->number <= l->sides[HANDOFF_PRODUCER].delivered;
  }
  return event->number <= l->sides[HANDOFF_CONSUMER].delivered +
                              (l->options.capacity == 0 ? 1 : l->options.capacity);
}

static void on_side_ended(struct handoff__lane *l, const struct handoff__report *report) {
  struct handoff__side *side = &l->sides[report->event.side];

  side->has_ended = true;
  handoff__permits_stop(side);
  handoff_slot_shut(&l->items);
  if (l->status == 0) {
    l->status = report->status;
  }
  if (report->event.side == HANDOFF_CONSUMER) {
    handoff__permits_stop(&l->sides[HANDOFF_PRODUCER]);
  } else if (handoff__slot_is_drained(&l->items)) {
    handoff__permits_stop(
        &l->sides[HANDOFF_CONSUMER]); /* it may be waiting for a tick, for nothing */
  }
}

static void finish(struct handoff__lane *l) {
  int side;

  for (side = HANDOFF_PRODUCER; side <= HANDOFF_CONSUMER; side++) {
    (void)uv_thread_join(&l->sides[side].thread); /* it has said its last word */
  }
  l->is_running = false;
  handoff__port_end(l->handle->port->impl);
  if (l->is_closing) {
    handoff__port_post(l->handle->port->impl, &l->closed);
  }
  if (l->options.on_end != NULL) {
    l->options.on_end(l->handle, l->status); /* may start or close the lane */
  }
}

/* Its turn has come, or will not: a worker that has ended for want of a condition variable may have kept its last
 * event to itself, and those of the other one that would have followed it are not delivered. */
static bool is_in_turn(const struct handoff__side *side) {
  const struct handoff__lane *l = side->lane;

  return side->report.is_end || l->options.on_event == NULL || l->sides[!side->which].has_ended ||
         is_lawful(l, &side->report.event);
}

static void handle(struct handoff__side *side) {
  struct handoff__lane *l = side->lane;
  const handoff_event_t *event = &side->report.event;

  if (side->report.is_end) {
    on_side_ended(l, &side->report);
    return;
  }
  if (l->options.on_event != NULL && is_lawful(l, event)) {
    side->delivered++;
    l->options.on_event(l->handle, event);
  }
}

/* While the request is pending the next report, and the place for it, are the request's. */
static bool is_at_hand(const struct handoff__side *side) {
  return !side->has_report && !side->req.pending && !side->has_ended;
}

/* The permit comes back with the report, however long the event has to wait: a `consume` may take its time. */
static void note(struct handoff__side *side) {
  if (!side->is_noted && !side->report.is_end) {
    handoff__permits_on_report(side, &side->report.event);
  }
  side->is_noted = true;
}

/* False: there is none, or not yet. */
static bool handle_next(struct handoff__side *side) {
  if (side->lane->is_held) {
    return false;
  }
  if (is_at_hand(side)) {
    side->has_report = handoff_try_get(&side->reports, &side->report) == 0;
  }
  if (!side->has_report) {
    return false;
  }
  note(side);
  if (!is_in_turn(side)) {
    return false;
  }
  side->has_report = false;
  side->is_noted = false;
  handoff__gather_count(&side->lane->gather);
  handle(side);
  return true;
}

/* --------------------------------------------------------------------- when to look for more -- */

static void handle_reports(struct handoff__lane *l);

static void on_resumed(struct handoff__job *job) {
  struct handoff__lane *l = handoff__owner(job, struct handoff__lane, resumed);

  l->is_resuming = false;
  if (l->is_running) {
    handle_reports(l);
  }
}

void handoff__reports_resume(struct handoff__lane *l) {
  /* handle_reports looks for more by itself; and no event is delivered from within the application's call. */
  if (l->is_running && !l->is_reporting && !l->is_resuming) {
    l->is_resuming = true;
    l->resumed.run = on_resumed;
    handoff__port_post(l->handle->port->impl, &l->resumed);
  }
}

static void on_report(handoff_req_t *req, int status) {
  struct handoff__side *side = handoff__owner(req, struct handoff__side, req);

  (void)status; /* `reports` is never shut and the request never cancelled */
  side->has_report = true;
  if (!side->lane->gathered.armed) {
    handle_reports(side->lane);
  }
}

static void await_next(struct handoff__side *side) {
  if (is_at_hand(side)) {
    handoff__port_get(side->lane->handle->port, &side->req, &side->reports, &side->report,
                      on_report);
  }
}

static bool may_gather(const struct handoff__side *side) {
  return side->pace.period_ns == 0 && !side->has_ended && !atomic_load(&side->is_stopping);
}

void handoff__reports_await(struct handoff__lane *l) {
  struct handoff__gather *gather = &l->gather;
  const bool may =
      may_gather(&l->sides[HANDOFF_PRODUCER]) && may_gather(&l->sides[HANDOFF_CONSUMER]);
  uint64_t now_ns = 0;
  uint64_t time_ns = 0;

  if (!may) {
    handoff__gather_stop(gather);
  } else if (handoff__gather_is_due(gather)) {
    now_ns = uv_hrtime();
    time_ns = handoff__gather_next(gather, now_ns);
  }
  if (time_ns != 0) {
    handoff__tick_arm(&l->handle->port->impl->ticks, &l->gathered, now_ns + time_ns);
  } else {
    await_next(&l->sides[HANDOFF_PRODUCER]);
    await_next(&l->sides[HANDOFF_CONSUMER]);
  }
}

static void on_gathered(struct handoff__tick *tick) {
  handle_reports(handoff__owner(tick, struct handoff__lane, gathered));
}

void handoff__reports_init(struct handoff__lane *l) {
  handoff__gather_init(&l->gather, l->options.gather_ns, l->options.event_capacity);
  handoff__tick_init(&l->gathered, on_gathered);
}

static void handle_reports(struct handoff__lane *l) {
  struct handoff__side *producer = &l->sides[HANDOFF_PRODUCER];
  struct handoff__side *consumer = &l->sides[HANDOFF_CONSUMER];
  int turns = TURNS_MAX;
  bool is_more = true;

  handoff__tick_disarm(&l->handle->port->impl->ticks, &l->gathered);
  l->is_reporting = true;
  while (is_more && turns-- != 0) {
    const bool was_put = handle_next(producer);
    is_more = handle_next(consumer) || was_put;
  }
  l->is_reporting = false;
  if (producer->has_ended && consumer->has_ended) {
    finish(l);
  } else if (is_more) {
    handoff__reports_resume(l);
  } else if (!l->is_held) {
    handoff__reports_await(l);
  }
}

/* ------------------------------------------------------------------------------ hold, release -- */

void handoff_lane_hold(handoff_lane_t *lane) {
  if (lane != NULL && lane->impl != NULL) {
    lane->impl->is_held = !lane->impl->is_closing;
  }
}

void handoff_lane_release(handoff_lane_t *lane) {
  if (lane != NULL && lane->impl != NULL && lane->impl->is_held) {
    lane->impl->is_held = false;
    handoff__reports_resume(lane->impl);
  }
}

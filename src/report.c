/* report: the loop's half of what the workers of a lane tell: in order to on_event, and to the end.
 *
 * Invariant: events are delivered by the slot's law, 0 <= puts - gets <= capacity. A worker may be held up
 * between its hand-off and its report of it, but does nothing else before it has reported; so the other
 * side can be ahead by one event, never more, and one place to set it aside is enough.
 *
 * The way to the end: producing ends, by the callback, by stop or by an error; the loop hears of it and
 * shuts `items`; the consumer drains them and ends too; when both have said so the threads are joined
 * and on_end runs. Closing stops both at once and then goes the same way. Loop thread only. */

#include "lane.h"
#include "port.h"
#include "queue.h"
#include "slot.h"

/* Reports handled before other jobs of the port get their turn. */
#define REPORTS_MAX 16

/* An item is got after it was put, and put after there was room for it. */
static bool is_lawful(const struct handoff__lane *l, const handoff_event_t *event) {
  if (event->side == HANDOFF_CONSUMER) {
    return event->number <= l->sides[HANDOFF_PRODUCER].delivered;
  }
  return event->number <= l->sides[HANDOFF_CONSUMER].delivered +
                              (l->options.capacity == 0 ? 1 : l->options.capacity);
}

static void deliver(struct handoff__lane *l, const handoff_event_t *event) {
  l->sides[event->side].delivered++;
  l->options.on_event(l->handle, event);
}

/* Delivers the event that was set aside, if its time has come. */
static void deliver_early(struct handoff__lane *l) {
  if (l->has_early && !l->is_held && is_lawful(l, &l->early)) {
    handoff_event_t event = l->early;
    l->has_early = false;
    deliver(l, &event);
  }
}

static void deliver_in_order(struct handoff__lane *l, const handoff_event_t *event) {
  if (is_lawful(l, event)) {
    deliver(l, event);
  } else {
    l->early = *event;
    l->has_early = true;
  }
  deliver_early(l);
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

static void on_report(handoff_req_t *req, int status);

void handoff__reports_listen(struct handoff__lane *l) {
  if (!l->is_held && !l->req.pending) {
    handoff__port_get(l->handle->port, &l->req, &l->reports, &l->report, on_report);
  }
}

static void handle(struct handoff__lane *l, const struct handoff__report *report) {
  if (report->is_end) {
    on_side_ended(l, report);
    return;
  }
  handoff__permits_on_report(&l->sides[report->event.side], &report->event);
  if (l->options.on_event != NULL) {
    deliver_in_order(l, &report->event);
  }
}

/* While the request is pending the next report, and the place for it, are the request's. */
static bool take_report(struct handoff__lane *l) {
  bool has_report = l->has_report;
  l->has_report = false;
  return has_report || (!l->req.pending && handoff_try_get(&l->reports, &l->report) == 0);
}

static void handle_reports(struct handoff__lane *l) {
  int budget = REPORTS_MAX;

  l->is_reporting = true;
  deliver_early(l);
  while (!l->is_held && budget-- != 0 && take_report(l)) {
    handle(l, &l->report);
  }
  l->is_reporting = false;
  if (l->sides[HANDOFF_PRODUCER].has_ended && l->sides[HANDOFF_CONSUMER].has_ended) {
    finish(l);
  } else {
    handoff__reports_listen(l);
  }
}

static void on_report(handoff_req_t *req, int status) {
  struct handoff__lane *l = handoff__owner(req, struct handoff__lane, req);

  (void)status; /* `reports` is never shut and the request never cancelled */
  l->has_report = true;
  handle_reports(l);
}

void handoff_lane_hold(handoff_lane_t *lane) {
  if (lane != NULL && lane->impl != NULL) {
    lane->impl->is_held = !lane->impl->is_closing;
  }
}

static void on_resumed(struct handoff__job *job) {
  struct handoff__lane *l = handoff__owner(job, struct handoff__lane, resumed);

  l->is_resuming = false;
  if (l->is_running) {
    handle_reports(l);
  }
}

void handoff_lane_release(handoff_lane_t *lane) {
  struct handoff__lane *l = lane == NULL ? NULL : lane->impl;

  if (l == NULL) {
    return;
  }
  l->is_held = false;
  /* handle_reports looks for more by itself; and no event is delivered from within this call. */
  if (l->is_running && !l->is_reporting && !l->is_resuming) {
    l->is_resuming = true;
    l->resumed.run = on_resumed;
    handoff__port_post(lane->port->impl, &l->resumed);
  }
}

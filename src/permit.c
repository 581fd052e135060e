/* permit: the loop's half of a side's pacing: which permits are out, and when the next one is due.
 *
 * Invariant: while a lane runs, a paced side that is not stopping has its tick armed, or all its permits
 * out, or a turn without a tick in its gate; a permit comes back with the report of the turn that used it. So a side
 * that is blocked makes no ticks, and the loop is not woken for it. Loop thread only. */

#include "lane.h"
#include "lead.h"
#include "port.h"
#include "queue.h"
#include "slot.h"

/* Permits granted before others on the loop get their turn: a burst may be of a million. */
#define GRANTS_MAX 64u

static struct handoff__ticks *ticks_of(const struct handoff__side *side) {
  return &side->lane->handle->port->impl->ticks;
}

/* Grants what is due, or will be by the time that a worker has woken up for it. `armed_ns`: when the tick was armed for,
 * which has come; 0: it is not about the tick. */
static void grant(struct handoff__side *side, uint64_t armed_ns) {
  unsigned grants = GRANTS_MAX;
  uint64_t now_ns;

  if (!side->lane->is_running || side->pace.period_ns == 0 || atomic_load(&side->is_stopping)) {
    return;
  }
  now_ns = uv_hrtime();
  while (side->permits_out < side->permits_max) {
    struct handoff__permit permit;
    uint64_t wake_ns;
    side->missed += handoff__pace_limit(&side->pace, now_ns, side->permits_max - side->permits_out);
    wake_ns = handoff__lead_before(side->lane->lead_ns, side->pace.due_ns, side->pace.period_ns);
    if ((wake_ns > now_ns && armed_ns == 0) || grants-- == 0) {
      handoff__tick_arm(ticks_of(side), &side->tick, wake_ns);
      return;
    }
    permit.due_ns = side->pace.due_ns;
    permit.missed = side->missed;
    permit.armed_ns = armed_ns;
    if (handoff_try_put(&side->gate, &permit) != 0) {
      return; /* it has a turn without a tick in it: that turn's report brings us back */
    }
    armed_ns = 0;
    side->permits_out++;
    side->missed = 0;
    handoff__pace_take(&side->pace);
  }
}

static void on_tick(struct handoff__tick *tick) {
  struct handoff__side *side = handoff__owner(tick, struct handoff__side, tick);

  side->lane->lead_ns = atomic_load_explicit(&side->lane->lead_learnt_ns, memory_order_relaxed);
  grant(side, tick->due_ns);
}

/* Lets the worker have a turn that has nothing to do with ticks. */
static void grant_free_turn(struct handoff__side *side) {
  static const struct handoff__permit free_turn = {0, 0, 0};
  if (handoff_try_put(&side->gate, &free_turn) != 0) {
    return; /* a permit is there already, or the side is ending: either lets it go on */
  }
}

static void take_permits_back(struct handoff__side *side) {
  struct handoff__permit permit;
  while (handoff_try_get(&side->gate, &permit) == 0) {
    side->permits_out -= permit.due_ns != 0;
  }
}

void handoff__permits_init(struct handoff__side *side, const handoff_pacing_t *pacing) {
  side->pace.late = pacing->late;
  side->pace.period_ns = pacing->interval_ns;
  atomic_init(&side->is_paced, pacing->interval_ns != 0);
  handoff__tick_init(&side->tick, on_tick);
}

void handoff__permits_start(struct handoff__side *side, uint64_t now_ns) {
  side->permits_out = 0;
  side->missed = 0;
  handoff__pace_start(&side->pace, now_ns);
  if (side->pace.period_ns == 0) {
    grant_free_turn(side);
  } else {
    grant(side, 0);
  }
}

void handoff__permits_on_report(struct handoff__side *side, const handoff_event_t *event) {
  if (event->due_ns != 0) {
    side->permits_out--;
    side->missed +=
        handoff__pace_spend(&side->pace, event->begun_ns, event->done_ns, event->waited_ns);
  }
  grant(side, 0);
}

void handoff__permits_stop(struct handoff__side *side) {
  atomic_store(&side->is_stopping, true);
  handoff_slot_shut(&side->gate);
  handoff__tick_disarm(ticks_of(side), &side->tick);
}

int handoff_lane_set_interval(handoff_lane_t *lane, handoff_side_t which, uint64_t interval_ns) {
  struct handoff__lane *l;
  struct handoff__side *side;
  bool was_paced;

  if (lane == NULL || lane->impl == NULL ||
      (which != HANDOFF_PRODUCER && which != HANDOFF_CONSUMER)) {
    return UV_EINVAL;
  }
  l = lane->impl;
  if (l->is_closing) {
    return UV_ECANCELED;
  }
  side = &l->sides[which];
  was_paced = side->pace.period_ns != 0;
  handoff__pace_set_period(&side->pace, uv_hrtime(), interval_ns);
  handoff__tick_disarm(ticks_of(side), &side->tick);
  atomic_store(&side->is_paced, interval_ns != 0);
  if (!l->is_running) {
    return 0;
  }
  if (interval_ns == 0) {
    grant_free_turn(side);
  } else {
    if (!was_paced) {
      take_permits_back(side);
    }
    grant(side, 0);
    handoff__reports_resume(l); /* from now on none is left to gather */
  }
  return 0;
}

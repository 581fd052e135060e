/* credits: see credits.h.
 *
 * Invariant: while a lane runs, a paced side that is not stopping has its timer armed or all its
 * credits out. The completion of a credit's last turn returns it. So a side that is blocked soon
 * has no ticks, and the loop is not woken for it.
 *
 * Groups. A credit for one tick costs two wake-ups of a thread. If ticks are closer together
 * than that, a credit is for a group of them, and two are granted ahead of their time: the
 * worker runs the ticks of one, each when it is due, while the other one is in the queue. */

#include "lane/credits.h"

/* Credits granted before the loop's other handles have their turn: `burst` may be 2^20. */
#define GRANTS_MAX 64u
#define GROUPS_MAX 2u

/* How many credits may be out. */
static size_t credits_max(const struct handoff__lane_side *side, uint64_t group) {
  return group > 1 ? GROUPS_MAX : side->late_max;
}

/* Grants credits for the ticks that are due, or that will be by the time a worker has woken up;
 * and groups. armed_ns: what the timer was armed for, which has come; 0: this call is not about
 * it. */
static void grant(struct handoff__lane_side *side, uint64_t armed_ns) {
  struct handoff__schedule *schedule = &side->schedule;
  const uint64_t group = handoff__schedule_group(schedule->period_ns);
  const size_t max = credits_max(side, group);
  unsigned grants = GRANTS_MAX;
  uint64_t now_ns;

  if (!side->lane->is_running || schedule->period_ns == 0 || atomic_load(&side->is_stopping)) {
    return;
  }
  now_ns = uv_hrtime();
  while (side->credits_out < max) {
    struct handoff__credit credit = {
        .is_paced = true, .period_ns = schedule->period_ns, .count = group};
    uint64_t wake_ns;
    side->missed += handoff__schedule_drop_late(
        schedule, now_ns, group > side->late_max ? group : max - side->credits_out);
    wake_ns =
        handoff__advance_wake_at(side->lane->advance_ns, schedule->due_ns, schedule->period_ns);
    if ((group == 1 && wake_ns > now_ns && armed_ns == 0) || grants-- == 0) {
      handoff__timer_arm(side->timers, &side->timer, wake_ns);
      return;
    }
    credit.due_ns = schedule->due_ns;
    credit.missed = side->missed;
    credit.armed_ns = armed_ns;
    credit.epoch = atomic_load_explicit(&side->epoch, memory_order_relaxed);
    if (handoff_slot_try_put(&side->credits, &credit) != 0) {
      return; /* the side is ending */
    }
    armed_ns = 0;
    side->credits_out++;
    side->missed = 0;
    handoff__schedule_next(schedule, group);
  }
}

static void on_timer(struct handoff__timer *timer) {
  struct handoff__lane_side *side = handoff__container_of(timer, struct handoff__lane_side, timer);
  struct handoff__lane *l = side->lane;

  l->advance_ns = atomic_load_explicit(&l->advance_learnt_ns, memory_order_relaxed);
  grant(side, timer->due_ns);
}

static void grant_unpaced(struct handoff__lane_side *side) {
  static const struct handoff__credit unpaced = {.is_paced = false};
  if (handoff_slot_try_put(&side->credits, &unpaced) != 0) {
    return; /* the worker has a credit already, or is ending: it will wake in both cases */
  }
}

static void take_back(struct handoff__lane_side *side) {
  struct handoff__credit credit;
  while (handoff_slot_try_get(&side->credits, &credit) == 0) {
    side->credits_out -= credit.is_paced;
  }
}

size_t handoff__credits_init(struct handoff__lane_side *side,
                             const handoff_side_options_t *options) {
  side->late_max = options->missed == HANDOFF_MISSED_BURST ? options->burst : 1;
  side->schedule.missed = options->missed;
  side->schedule.period_ns = options->interval_ns;
  side->ticks.missed = options->missed;
  atomic_init(&side->is_paced, options->interval_ns != 0);
  atomic_init(&side->is_stopping, false);
  atomic_init(&side->epoch, 0);
  handoff__timer_init(&side->timer, on_timer);
  return side->late_max > GROUPS_MAX ? side->late_max : GROUPS_MAX;
}

void handoff__credits_start(struct handoff__lane_side *side, uint64_t now_ns) {
  side->credits_out = 0;
  side->missed = 0;
  side->completed_due_ns = now_ns;
  handoff__schedule_start(&side->schedule, now_ns);
  if (side->schedule.period_ns == 0) {
    grant_unpaced(side);
  } else {
    grant(side, 0);
  }
}

void handoff__credits_on_completion(struct handoff__lane_side *side,
                                    const struct handoff__completion *completion) {
  const unsigned epoch = atomic_load_explicit(&side->epoch, memory_order_relaxed);
  const handoff_event_t *event = &completion->event;

  if (completion->is_paced) {
    side->completed_due_ns = event->due_ns;
    side->credits_out -= completion->returns_credit && completion->epoch == epoch;
    if (handoff__schedule_group(side->schedule.period_ns) == 1) {
      side->missed += handoff__schedule_complete(&side->schedule, event->begun_ns, event->done_ns,
                                                 event->waited_ns);
    }
  }
  grant(side, 0);
}

void handoff__credits_set_interval(struct handoff__lane_side *side, uint64_t interval_ns) {
  struct handoff__schedule *schedule = &side->schedule;
  const bool was_paced = schedule->period_ns != 0;

  if (handoff__schedule_group(schedule->period_ns) > 1) {
    /* Groups were granted ahead of time. What the worker has not run of them becomes void. */
    (void)atomic_fetch_add_explicit(&side->epoch, 1, memory_order_relaxed);
    take_back(side);
    side->credits_out = 0;
    schedule->last_ns = side->completed_due_ns;
  }
  handoff__schedule_set_period(schedule, uv_hrtime(), interval_ns);
  handoff__timer_disarm(side->timers, &side->timer);
  atomic_store(&side->is_paced, interval_ns != 0);
  if (!side->lane->is_running) {
    return;
  }
  if (interval_ns == 0) {
    grant_unpaced(side);
    return;
  }
  if (!was_paced) {
    take_back(side);
  }
  grant(side, 0);
}

void handoff__credits_stop(struct handoff__lane_side *side) {
  atomic_store(&side->is_stopping, true);
  handoff_slot_shut(&side->credits);
  handoff__timer_disarm(side->timers, &side->timer);
}

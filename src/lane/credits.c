/* credits: see credits.h.
 *
 * Invariant: while a lane runs, a paced side that is not stopping has its timer armed or all its
 * credits out. The completion of a turn returns its credit. So a side that is blocked soon has no
 * ticks, and the loop is not woken for it. */

#include "lane/credits.h"

/* Credits granted before the loop's other handles have their turn: `burst` may be 2^20. */
#define GRANTS_MAX 64u

/* Grants credits for the ticks that are due, or that will be by the time a worker has woken up.
 * armed_ns: what the timer was armed for, which has come; 0: this call is not about the timer. */
static void grant(struct handoff__lane_side *side, uint64_t armed_ns) {
  struct handoff__schedule *schedule = &side->schedule;
  unsigned grants = GRANTS_MAX;
  uint64_t now_ns;

  if (!side->lane->is_running || schedule->period_ns == 0 || atomic_load(&side->is_stopping)) {
    return;
  }
  now_ns = uv_hrtime();
  while (side->credits_out < side->credits_max) {
    struct handoff__credit credit = {.is_paced = true};
    uint64_t wake_ns;
    side->missed +=
        handoff__schedule_drop_late(schedule, now_ns, side->credits_max - side->credits_out);
    wake_ns =
        handoff__advance_wake_at(side->lane->advance_ns, schedule->due_ns, schedule->period_ns);
    if ((wake_ns > now_ns && armed_ns == 0) || grants-- == 0) {
      handoff__timer_arm(side->timers, &side->timer, wake_ns);
      return;
    }
    credit.due_ns = schedule->due_ns;
    credit.missed = side->missed;
    credit.armed_ns = armed_ns;
    if (handoff_slot_try_put(&side->credits, &credit) != 0) {
      return; /* the side is ending */
    }
    armed_ns = 0;
    side->credits_out++;
    side->missed = 0;
    handoff__schedule_next(schedule);
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

void handoff__credits_init(struct handoff__lane_side *side, const handoff_side_options_t *options) {
  side->credits_max = options->missed == HANDOFF_MISSED_BURST ? options->burst : 1;
  side->schedule.missed = options->missed;
  side->schedule.period_ns = options->interval_ns;
  atomic_init(&side->is_paced, options->interval_ns != 0);
  atomic_init(&side->is_stopping, false);
  handoff__timer_init(&side->timer, on_timer);
}

void handoff__credits_start(struct handoff__lane_side *side, uint64_t now_ns) {
  side->credits_out = 0;
  side->missed = 0;
  handoff__schedule_start(&side->schedule, now_ns);
  if (side->schedule.period_ns == 0) {
    grant_unpaced(side);
  } else {
    grant(side, 0);
  }
}

void handoff__credits_on_completion(struct handoff__lane_side *side,
                                    const struct handoff__completion *completion) {
  const handoff_event_t *event = &completion->event;

  if (completion->is_paced) {
    side->credits_out--;
    side->missed += handoff__schedule_complete(&side->schedule, event->begun_ns, event->done_ns,
                                               event->waited_ns);
  }
  grant(side, 0);
}

void handoff__credits_set_interval(struct handoff__lane_side *side, uint64_t interval_ns) {
  const bool was_paced = side->schedule.period_ns != 0;

  handoff__schedule_set_period(&side->schedule, uv_hrtime(), interval_ns);
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

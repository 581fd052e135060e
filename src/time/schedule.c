/* schedule: see schedule.h.
 *
 * Invariant: while the policy is not SHIFT and the period does not change, due_ns - t0 is a
 * multiple of the period. Every step is a whole number of periods, so no error accumulates. */

#include "time/schedule.h"

/* The advance is at most this long, and at most 1/ADVANCE_SHARE of a period. */
#define ADVANCE_MAX_NS ((uint64_t)500 * 1000)
#define ADVANCE_SHARE 4u
/* It grows by 1/ADVANCE_GROWTH of the difference. */
#define ADVANCE_GROWTH 32u

/* Ticks closer than this are granted in groups that last this long. */
#define GROUP_PERIOD_MAX_NS ((uint64_t)500 * 1000)
#define GROUP_NS ((uint64_t)10000 * 1000)
/* SHIFT: a start that is late by less than this, or than half a period, does not move the grid.
 * Otherwise the latency of every wake-up would slow the rate down. */
#define SHIFT_SLACK_NS ((uint64_t)1000 * 1000)

/* Times beyond the end of the clock saturate. */
static uint64_t later(uint64_t time_ns, uint64_t by_ns) {
  return by_ns > HANDOFF_NEVER - time_ns ? HANDOFF_NEVER : time_ns + by_ns;
}

void handoff__schedule_next(struct handoff__schedule *schedule, uint64_t count) {
  schedule->last_ns = schedule->due_ns + (count - 1) * schedule->period_ns;
  schedule->has_last = true;
  schedule->due_ns = later(schedule->last_ns, schedule->period_ns);
}

uint64_t handoff__schedule_group(uint64_t period_ns) {
  return period_ns == 0 || period_ns > GROUP_PERIOD_MAX_NS ? 1 : GROUP_NS / period_ns;
}

/* The slack of a group is the group: its ticks are run back to back as they become due. */
uint64_t handoff__schedule_shift(uint64_t due_ns, uint64_t start_ns, uint64_t period_ns) {
  const uint64_t half_ns = period_ns / 2;
  const uint64_t slack_ns = handoff__schedule_group(period_ns) > 1 ? GROUP_NS
                            : half_ns < SHIFT_SLACK_NS             ? half_ns
                                                                   : SHIFT_SLACK_NS;

  return start_ns > later(due_ns, slack_ns) ? start_ns - slack_ns : due_ns;
}

void handoff__schedule_start(struct handoff__schedule *schedule, uint64_t now_ns) {
  schedule->due_ns = now_ns;
  schedule->has_last = false;
}

uint64_t handoff__schedule_complete(struct handoff__schedule *schedule, uint64_t begun_ns,
                                    uint64_t done_ns, uint64_t waited_ns) {
  uint64_t missed = 0;

  if (schedule->period_ns == 0) {
    return 0;
  }
  switch (schedule->missed) {
    case HANDOFF_MISSED_SKIP:
      /* Ticks of a long wait are not made up, or the next items would come in a burst. A shorter
       * wait only shows which side was woken first, and costs no tick. */
      if (waited_ns >= schedule->period_ns && done_ns >= schedule->due_ns) {
        missed = (done_ns - schedule->due_ns) / schedule->period_ns + 1;
        handoff__schedule_next(schedule, missed);
      }
      break;
    case HANDOFF_MISSED_SHIFT:
      schedule->last_ns = handoff__schedule_shift(
          schedule->last_ns, waited_ns != 0 ? done_ns : begun_ns, schedule->period_ns);
      schedule->due_ns = later(schedule->last_ns, schedule->period_ns);
      break;
    case HANDOFF_MISSED_BURST:
      break;
  }
  return missed;
}

uint64_t handoff__schedule_drop_late(struct handoff__schedule *schedule, uint64_t now_ns,
                                     size_t room) {
  uint64_t due_count;
  uint64_t missed;

  if (schedule->period_ns == 0 || schedule->due_ns > now_ns ||
      schedule->missed == HANDOFF_MISSED_SHIFT) {
    return 0;
  }
  due_count = (now_ns - schedule->due_ns) / schedule->period_ns + 1;
  if (due_count <= room) {
    return 0;
  }
  missed = due_count - room;
  handoff__schedule_next(schedule, missed);
  return missed;
}

void handoff__schedule_set_period(struct handoff__schedule *schedule, uint64_t now_ns,
                                  uint64_t period_ns) {
  uint64_t next_ns = schedule->has_last ? later(schedule->last_ns, period_ns) : now_ns;

  schedule->due_ns = next_ns > now_ns ? next_ns : now_ns;
  schedule->period_ns = period_ns;
}

/* An early worker can wait; a late one is late. So the advance follows about the shortest recent
 * latency: it falls at once and grows slowly. */
uint64_t handoff__advance_learn(uint64_t advance_ns, uint64_t took_ns) {
  const uint64_t bounded_ns = took_ns < ADVANCE_MAX_NS ? took_ns : ADVANCE_MAX_NS;

  if (advance_ns == 0) {
    return bounded_ns / 2;
  }
  return bounded_ns < advance_ns ? bounded_ns
                                 : advance_ns + (bounded_ns - advance_ns) / ADVANCE_GROWTH;
}

uint64_t handoff__advance_wake_at(uint64_t advance_ns, uint64_t due_ns, uint64_t period_ns) {
  const uint64_t most_ns = period_ns / ADVANCE_SHARE;
  const uint64_t by_ns = advance_ns < most_ns ? advance_ns : most_ns;

  return due_ns == HANDOFF_NEVER ? HANDOFF_NEVER : due_ns < by_ns ? 0 : due_ns - by_ns;
}

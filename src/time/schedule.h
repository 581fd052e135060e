/* schedule: when a side's ticks are due. Pure arithmetic: no clock and no handle; `now` is
 * passed in.
 *
 * Ticks are due at t0 + k * period. The caller grants ticks one after the other (next), says
 * when the work of one has completed (complete), and drops those that are too late before it
 * grants more (drop_late). */

#ifndef HANDOFF_TIME_SCHEDULE_H
#define HANDOFF_TIME_SCHEDULE_H

#include "handoff.h"

struct handoff__schedule {
  uint64_t period_ns; /* 0: unpaced */
  uint64_t due_ns;    /* the next tick to grant; HANDOFF_NEVER: beyond the end of the clock */
  uint64_t
      last_ns; /* the tick before it, granted or missed; SHIFT: from when the next period counts */
  bool has_last;
  handoff_missed_t missed; /* the policy */
};

/* The first tick is due now. */
void handoff__schedule_start(struct handoff__schedule *schedule, uint64_t now_ns);

/* Grants `count` ticks (at least one), the first at due_ns: due_ns moves to the one after them.
 * All but the last must lie within the clock. */
void handoff__schedule_next(struct handoff__schedule *schedule, uint64_t count);

/* How many ticks one credit is for: 1, or a group of them if a wake-up for each would cost more
 * than their period. */
uint64_t handoff__schedule_group(uint64_t period_ns);

/* The work of a tick began at begun_ns, and its transfer was done at done_ns; of that time it
 * waited for the other side for waited_ns. Returns: how many ticks were missed by waiting. */
uint64_t handoff__schedule_complete(struct handoff__schedule *schedule, uint64_t begun_ns,
                                    uint64_t done_ns, uint64_t waited_ns);

/* HANDOFF_MISSED_SHIFT: the tick was due at due_ns and started at start_ns. Returns: the time
 * from which the next period counts: due_ns, or later by as much as the start was too late. */
uint64_t handoff__schedule_shift(uint64_t due_ns, uint64_t start_ns, uint64_t period_ns);

/* Drops the oldest of the ticks that are due, so that at most `room` (at least 1) are left.
 * Returns: how many were dropped, that is, missed. */
uint64_t handoff__schedule_drop_late(struct handoff__schedule *schedule, uint64_t now_ns,
                                     size_t room);

/* Changes the period at once. The next tick is due one new period after the last one, but not
 * before now; if there was none, now. */
void handoff__schedule_set_period(struct handoff__schedule *schedule, uint64_t now_ns,
                                  uint64_t period_ns);

/* Wake-up latency compensation (timer advance: Linux KVM's lapic_timer_advance_ns). The loop
 * needs some time to wake up for a tick, and the worker that it wakes needs some more. That time
 * is measured, and the loop wakes up earlier by it; a worker that is early waits for the rest of
 * the time. */

/* It took took_ns from when the loop was to wake up until the worker had woken up. Returns: the
 * new advance; it starts as 0. */
uint64_t handoff__advance_learn(uint64_t advance_ns, uint64_t took_ns);

/* Returns: when the loop is to wake up for a tick of that period that is due at due_ns. */
uint64_t handoff__advance_wake_at(uint64_t advance_ns, uint64_t due_ns, uint64_t period_ns);

#endif /* HANDOFF_TIME_SCHEDULE_H */

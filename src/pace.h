/* pace: when a side's ticks are due. Pure arithmetic: no clock, no handle; `now` comes in.
 *
 * Ticks are due at t0 + k * period. The side holds permits for ticks; the caller says when it grants
 * one (take), when the work on one is done (spend), and before it looks at the next one (limit). */

#ifndef HANDOFF_PACE_H
#define HANDOFF_PACE_H

#include "handoff.h"

struct handoff__pace {
  uint64_t period_ns; /* 0: not paced */
  uint64_t due_ns;  /* the next tick to grant; HANDOFF_NEVER if the clock does not reach that far */
  uint64_t last_ns; /* the one before it: the last that was granted or given up */
  bool has_last;
  handoff_late_t late;
};

/* The first tick is due now. */
void handoff__pace_start(struct handoff__pace *pace, uint64_t now_ns);

/* The tick at due_ns has been granted: on to the one after it. */
void handoff__pace_take(struct handoff__pace *pace);

/* The side has done the work of a tick, which it began at begun_ns and ended at done_ns; of that it waited
 * for waited_ns for the other side.
 * Returns: how many ticks it thereby missed. */
uint64_t handoff__pace_spend(struct handoff__pace *pace, uint64_t begun_ns, uint64_t done_ns,
                             uint64_t waited_ns);

/* Gives up the oldest of the ticks that are due so that `room` are left, at least 1.
 * Returns: how many were given up: missed. */
uint64_t handoff__pace_limit(struct handoff__pace *pace, uint64_t now_ns, size_t room);

/* A new period, at once: the next tick is due one new period after the last one, but not before
 * now; if there was none, now. */
void handoff__pace_set_period(struct handoff__pace *pace, uint64_t now_ns, uint64_t period_ns);

#endif /* HANDOFF_PACE_H */

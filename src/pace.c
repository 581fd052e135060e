/* pace: see pace.h.
 *
 * Invariant: as long as the policy is not SHIFT and the period does not change, due_ns - t0 is a
 * multiple of the period: every step is a whole number of periods, so no error accumulates. */

#include "pace.h"

/* Instants beyond the end of the clock are never. */
static uint64_t later(uint64_t instant_ns, uint64_t by_ns) {
  return by_ns > HANDOFF_NEVER - instant_ns ? HANDOFF_NEVER : instant_ns + by_ns;
}

/* Moves on by whole periods, at least one, of which all but the last lie before some instant: so all but
 * the last can be multiplied without overflow. */
static void skip(struct handoff__pace *pace, uint64_t count) {
  pace->last_ns = pace->due_ns + (count - 1) * pace->period_ns;
  pace->has_last = true;
  pace->due_ns = later(pace->last_ns, pace->period_ns);
}

void handoff__pace_start(struct handoff__pace *pace, uint64_t now_ns) {
  pace->due_ns = now_ns;
  pace->has_last = false;
}

void handoff__pace_take(struct handoff__pace *pace) { skip(pace, 1); }

uint64_t handoff__pace_spend(struct handoff__pace *pace, uint64_t begun_ns, uint64_t done_ns,
                             uint64_t waited_ns) {
  uint64_t missed = 0;

  if (pace->period_ns == 0) {
    return 0;
  }
  switch (pace->late) {
    case HANDOFF_SKIP:
      /* What passed in a pause is gone, or the next items would come in a burst. A shorter wait is a
       * matter of who was woken first, and costs no tick. */
      if (waited_ns >= pace->period_ns && done_ns >= pace->due_ns) {
        missed = (done_ns - pace->due_ns) / pace->period_ns + 1;
        skip(pace, missed);
      }
      break;
    case HANDOFF_SHIFT:
      pace->last_ns = waited_ns != 0 ? done_ns : begun_ns;
      pace->due_ns = later(pace->last_ns, pace->period_ns);
      break;
    case HANDOFF_BURST:
      break;
  }
  return missed;
}

uint64_t handoff__pace_limit(struct handoff__pace *pace, uint64_t now_ns, size_t room) {
  uint64_t due_count;
  uint64_t missed;

  if (pace->period_ns == 0 || pace->due_ns > now_ns || pace->late == HANDOFF_SHIFT) {
    return 0;
  }
  due_count = (now_ns - pace->due_ns) / pace->period_ns + 1;
  if (due_count <= room) {
    return 0;
  }
  missed = due_count - room;
  skip(pace, missed);
  return missed;
}

void handoff__pace_set_period(struct handoff__pace *pace, uint64_t now_ns, uint64_t period_ns) {
  uint64_t next_ns = pace->has_last ? later(pace->last_ns, period_ns) : now_ns;

  pace->due_ns = next_ns > now_ns ? next_ns : now_ns;
  pace->period_ns = period_ns;
}

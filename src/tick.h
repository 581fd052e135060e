/* tick: deadlines on a loop, any number of them over one alarm. Loop thread only.
 *
 * Deadlines stand in a pairing heap, the links of which are in the ticks: arming allocates nothing. */

#ifndef HANDOFF_TICK_H
#define HANDOFF_TICK_H

#include "alarm.h"
#include "handoff.h"

struct handoff__tick {
  uint64_t due_ns;
  void (*on_due)(struct handoff__tick *);
  bool armed;
  struct handoff__tick *child; /* the first one */
  struct handoff__tick *next;  /* sibling */
  struct handoff__tick *prev;  /* sibling or, of a first child, the parent; NULL: the root */
};

struct handoff__ticks {
  struct handoff__alarm alarm;
  struct handoff__tick *root; /* the earliest; NULL: none */
  uint64_t round_ns;          /* while ticks are being run: the instant they are run for; else 0 */
};

/* Returns: 0, and then they must be closed; or what handoff__alarm_init returns. */
int handoff__ticks_init(uv_loop_t *loop, struct handoff__ticks *ticks);

/* on_closed runs once, from the loop; no tick will. */
void handoff__ticks_close(struct handoff__ticks *ticks, void (*on_closed)(struct handoff__alarm *));

void handoff__tick_init(struct handoff__tick *tick, void (*on_due)(struct handoff__tick *));

/* Runs on_due once when uv_hrtime() has reached due_ns, from the loop, never from in here. Arming
 * again moves the deadline. HANDOFF_NEVER disarms. */
void handoff__tick_arm(struct handoff__ticks *ticks, struct handoff__tick *tick, uint64_t due_ns);
void handoff__tick_disarm(struct handoff__ticks *ticks, struct handoff__tick *tick);

#endif /* HANDOFF_TICK_H */

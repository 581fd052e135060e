/* alarm: wakes the loop at one instant, in nanoseconds, never early.
 *
 * There are two: alarm_timerfd.c, a Linux timerfd that the loop polls; and alarm_timer.c, for every
 * libuv platform, a uv_timer_t. An alarm never keeps its loop alive. Loop thread only. */

#ifndef HANDOFF_ALARM_H
#define HANDOFF_ALARM_H

#include "handoff.h"

struct handoff__alarm {
  uint64_t due_ns; /* what it is set to; HANDOFF_NEVER: not set */
  void (*on_due)(struct handoff__alarm *);
  void (*on_closed)(struct handoff__alarm *);
  int fd; /* of the timerfd */
  union {
    uv_handle_t handle;
    uv_poll_t poll;
    uv_timer_t timer;
  } uv;
};

/* Returns: 0, and then it must be closed; or what the system says when it has no timer left. */
int handoff__alarm_init(uv_loop_t *loop, struct handoff__alarm *alarm,
                        void (*on_due)(struct handoff__alarm *));

/* Sets the one instant; on_due runs once when it has come, from the loop, never from in here. */
void handoff__alarm_set(struct handoff__alarm *alarm, uint64_t due_ns);

/* on_due will not run any more; on_closed will, once, and then the memory is the caller's. */
void handoff__alarm_close(struct handoff__alarm *alarm, void (*on_closed)(struct handoff__alarm *));

#endif /* HANDOFF_ALARM_H */

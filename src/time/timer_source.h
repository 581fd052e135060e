/* timer_source: wakes the loop at one time, never early. How late depends on the source.
 *
 * timer_source_fd.c uses a Linux timerfd that the loop polls; timer_source_uv.c uses a
 * uv_timer_t and works on every libuv platform. A source never keeps its loop alive. Loop thread
 * only. */

#ifndef HANDOFF_TIME_TIMER_SOURCE_H
#define HANDOFF_TIME_TIMER_SOURCE_H

#include "handoff.h"

struct handoff__timer_source {
  uint64_t due_ns; /* HANDOFF_NEVER: not set */
  void (*on_due)(struct handoff__timer_source *);
  void (*on_closed)(struct handoff__timer_source *);
  int fd; /* of the timerfd */
  union {
    uv_handle_t handle;
    uv_poll_t poll;
    uv_timer_t timer;
  } uv;
};

/* Returns: 0, and then the source must be closed; or a system error if no timer is left. */
int handoff__timer_source_init(uv_loop_t *loop, struct handoff__timer_source *source,
                               void (*on_due)(struct handoff__timer_source *));

/* Sets the time. on_due runs once when it has come, from the loop, never from inside this call.
 * */
void handoff__timer_source_set(struct handoff__timer_source *source, uint64_t due_ns);

/* on_due will not run any more. on_closed runs once; then the memory belongs to the caller. */
void handoff__timer_source_close(struct handoff__timer_source *source,
                                 void (*on_closed)(struct handoff__timer_source *));

#endif /* HANDOFF_TIME_TIMER_SOURCE_H */

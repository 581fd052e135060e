/* port: what requests and lanes need of a port: its queues, and what keeps its loop alive. */

#ifndef HANDOFF_LOOP_PORT_H
#define HANDOFF_LOOP_PORT_H

#include "loop/task_queue.h"
#include "time/timer_queue.h"

/* Set at init, then constant: handle. All else: loop thread only, except for posting tasks. */
struct handoff__port {
  handoff_port_t *handle;
  struct handoff__task_queue tasks;
  struct handoff__timer_queue timers;
  struct handoff__link
      members; /* the application's pending requests, and lanes that are not closing */
  bool has_timers;
  bool is_spin_allowed;
  bool is_referenced;
  bool is_closing;
  size_t
      activities; /* pending requests, running lanes and closing lanes: they keep the loop alive */
  size_t handles; /* libuv handles that are not closed yet */
  handoff_port_close_cb on_close;
};

/* Refs or unrefs the loop as `activities` and the other fields demand. Loop thread. */
void handoff__port_update_ref(struct handoff__port *port);

/* An activity has begun or ended. Loop thread. */
static inline void handoff__port_begin(struct handoff__port *port) {
  if (port->activities++ == 0) {
    handoff__port_update_ref(port);
  }
}

static inline void handoff__port_end(struct handoff__port *port) {
  if (--port->activities == 0) {
    handoff__port_update_ref(port);
  }
}

/* Creates the port's timer queue if it has none. Loop thread.
 * Returns: 0; what handoff__timer_queue_init returns. */
int handoff__port_need_timers(struct handoff__port *port);

#endif /* HANDOFF_LOOP_PORT_H */

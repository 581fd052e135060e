/* port: how a loop waits. One uv_async_t and one alarm for everything that the loop does here.
 *
 * A job is what the port runs on its loop: any thread may post one. Requests and lanes are made of
 * jobs. Only uv_async_send is ever called off the loop thread. */

#ifndef HANDOFF_PORT_H
#define HANDOFF_PORT_H

#include <stdatomic.h>

#include "handoff.h"
#include "tick.h"

struct handoff__port {
  handoff_port_t *handle;

  uv_mutex_t lock;
  /* Guarded by lock. */
  struct handoff__link ready; /* jobs that have been posted */
  bool signalled;             /* somebody will look into `ready` again: on_async, or who polls */
  /* Atomic, written under lock: `ready` is not empty. */
  atomic_bool has_ready;

  /* Loop thread only, but for uv_async_send, which is called under lock. */
  uv_async_t async;
  struct handoff__link batch; /* jobs to be run before those in `ready` */
  bool is_running;            /* jobs are being run */
  struct handoff__link reqs;  /* pending requests */
  struct handoff__ticks ticks;
  bool has_ticks;
  uv_prepare_t prepare; /* see busy_poll.c */
  bool has_prepare;
  uint64_t poll_max_ns; /* 0: not to poll */
  uint64_t poll_ns;     /* how long it has lately been worth it */
  unsigned poll_misses;
  bool referenced;
  bool closing;
  size_t active;  /* pending requests, running lanes, closing lanes: what keeps the loop alive */
  size_t lanes;   /* open and not closing */
  size_t handles; /* of libuv, not closed yet */
  handoff_port_close_cb on_close;
};

/* Jobs have been posted that have not been taken yet. Any thread. */
static inline bool handoff__port_has_ready(const struct handoff__port *port) {
  return atomic_load_explicit(&port->has_ready, memory_order_acquire);
}

/* Runs the job on the loop, once, never from in here. Any thread. */
void handoff__port_post(struct handoff__port *port, struct handoff__job *job);

/* The same, for the loop thread, about something that it has done to a slot just now. Cheaper: what has been
 * posted before, about that slot, is visible, since it was posted with a lock held that we have had since. */
void handoff__port_post_to_self(struct handoff__port *port, struct handoff__job *job);

/* Runs what has been posted, up to the budget. False: there may be more. Loop thread. */
bool handoff__port_run(struct handoff__port *port);

/* Something of the port has begun, or ended, that keeps the loop alive. */
void handoff__port_begin(struct handoff__port *port);
void handoff__port_end(struct handoff__port *port);

/* As handoff_port_get, for the port's own: it is let in while the port is closing, which waits for it
 * rather than cancel it. The arguments must be good. */
void handoff__port_get(handoff_port_t *port, handoff_req_t *req, handoff_slot_t *slot, void *item,
                       handoff_req_cb on_done);

/* Sees to it that the port has ticks: they come with the first lane.
 * Returns: 0, or what handoff__ticks_init returns. */
int handoff__port_need_ticks(struct handoff__port *port);

#endif /* HANDOFF_PORT_H */

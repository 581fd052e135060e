/* port: how a loop waits. One uv_async_t and one alarm for everything that the loop does here.
 *
 * A job is what the port runs on its loop: any thread may post one. Requests and lanes are made of
 * jobs. Only uv_async_send is ever called off the loop thread. */

#ifndef HANDOFF_PORT_H
#define HANDOFF_PORT_H

#include "handoff.h"
#include "tick.h"

struct handoff__port {
  handoff_port_t *handle;

  uv_mutex_t lock;
  /* Guarded by lock. */
  struct handoff__link ready; /* jobs that have been posted */
  bool signalled;             /* the async has been sent for what is in `ready` */

  /* Loop thread only, but for uv_async_send, which is called under lock. */
  uv_async_t async;
  struct handoff__link batch; /* jobs taken from `ready`, to be run */
  struct handoff__link reqs;  /* pending requests */
  struct handoff__ticks ticks;
  bool has_ticks;
  bool referenced;
  bool closing;
  size_t active;  /* pending requests, running lanes, closing lanes: what keeps the loop alive */
  size_t lanes;   /* open and not closing */
  size_t handles; /* of libuv, not closed yet */
  handoff_port_close_cb on_close;
};

/* Runs the job on the loop, once, never from in here. Any thread. */
void handoff__port_post(struct handoff__port *port, struct handoff__job *job);

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

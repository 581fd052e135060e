/* port: how a loop waits. One uv_async_t and one alarm for everything that the loop does here.
 *
 * A job is what the port runs on its loop: any thread may post one. Requests and lanes are made of
 * jobs. Only uv_async_send is ever called off the loop thread. */

#ifndef HANDOFF_PORT_H
#define HANDOFF_PORT_H

#include <stdatomic.h>

#include "handoff.h"
#include "queue.h"
#include "tick.h"

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): in the order of who may touch it */
struct handoff__port {
  handoff_port_t *handle;

  uv_mutex_t lock;
  /* Guarded by lock. */
  struct handoff__link ready; /* jobs that have been posted */
  bool signalled;             /* somebody will look into `ready` again: on_async, or who polls */
  uint64_t roused_ns;    /* when another thread has last sent the async; 0: not since on_async */
  uintptr_t loop_thread; /* as a number: the one that has last run on_async */
  /* Atomic, written under lock: `ready` is not empty. */
  atomic_bool has_ready;
  /* Atomic, written by the loop thread: itself, as a number, while it runs jobs; else 0. So who reads its own
   * number has written it. */
  atomic_uintptr_t runner;

  /* Loop thread only, but for uv_async_send, which is called under lock. */
  uv_async_t async;
  struct handoff__link batch; /* jobs to be run before those in `ready` */
  struct handoff__link reqs;  /* pending requests */
  struct handoff__ticks ticks;
  uv_prepare_t prepare; /* see busy_poll.c */
  bool has_ticks;
  bool has_prepare;
  uint64_t poll_max_ns; /* 0: not to poll */
  uint64_t poll_ns;     /* how long it has lately been worth it */
  unsigned poll_misses;
  bool may_hope;    /* a request that would have to wait: see busy_poll.c */
  bool is_hopeful;  /* it has lately been worth it, or would have been */
  uint64_t idle_ns; /* when the last job had been run */
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

/* The last job of those that are to be run next. Loop thread. */
static inline struct handoff__link *handoff__port_last(const struct handoff__port *port) {
  return port->batch.prev;
}

static inline uintptr_t handoff__port_runner(const struct handoff__port *port) {
  return atomic_load_explicit(&port->runner, memory_order_relaxed);
}

/* The loop runs jobs, and nothing that has been posted by others is still to be taken. Loop thread. */
static inline bool handoff__port_is_ahead(const struct handoff__port *port) {
  return handoff__port_runner(port) != 0 && !handoff__port_has_ready(port);
}

/* Runs the job on the loop, once, never from in here. Jobs that are posted about one slot, with its locks held or
 * by who has just had them, are run in the order of their posts. Any thread. */
void handoff__port_post(struct handoff__port *port, struct handoff__job *job);

/* The same for the loop, about what it did to a slot after `last` was the last job: its own outcome comes before
 * the jobs that it has thereby posted to itself, unless others have posted some meanwhile. Loop thread. */
static inline void handoff__port_post_after(struct handoff__port *port, struct handoff__link *last,
                                            struct handoff__job *job) {
  if (handoff__port_is_ahead(port)) {
    handoff__queue_push(last->next, &job->link); /* before that one, or at the end */
  } else {
    handoff__port_post(port, job);
  }
}

/* Runs what has been posted, up to the budget. False: there may be more. Loop thread. */
bool handoff__port_run(struct handoff__port *port);

/* Whether a request that would have to wait may hope for some microseconds first; if it did in vain, despair
 * (busy_poll.c). Loop thread. */
bool handoff__port_may_hope(const struct handoff__port *port);
static inline void handoff__port_despair(struct handoff__port *port) { port->is_hopeful = false; }

/* Learns how long the loop has slept: a wake-up by the async has come, or the jobs have been run. Loop thread. */
void handoff__port_note_wake(struct handoff__port *port);
void handoff__port_note_idle(struct handoff__port *port);

/* The port keeps its loop alive, or does not, as `active` and the like say. Loop thread. */
void handoff__port_update_ref(struct handoff__port *port);

/* Something of the port has begun, or ended, that keeps the loop alive. Loop thread. */
static inline void handoff__port_begin(struct handoff__port *port) {
  if (port->active++ == 0) {
    handoff__port_update_ref(port);
  }
}

static inline void handoff__port_end(struct handoff__port *port) {
  if (--port->active == 0) {
    handoff__port_update_ref(port);
  }
}

/* As handoff_port_get, for the port's own: it is let in while the port is closing, which waits for it
 * rather than cancel it. The arguments must be good. */
void handoff__port_get(handoff_port_t *port, handoff_req_t *req, handoff_slot_t *slot, void *item,
                       handoff_req_cb on_done);

/* Sees to it that the port has ticks: they come with the first lane.
 * Returns: 0, or what handoff__ticks_init returns. */
int handoff__port_need_ticks(struct handoff__port *port);

#endif /* HANDOFF_PORT_H */

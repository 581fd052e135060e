/* port: see port.h.
 *
 * Invariants:
 *   `ready` is not empty  =>  `signalled`; `signalled`  =>  on_async is running or will run. on_async
 *   clears it only under the lock, when it finds `ready` empty. So no post is lost, and posts that come
 *   while jobs are being run cost no system call.
 *   A post sends the async under the lock, and the handles are closed only when `active` is 0, which is
 *   after every job has been taken out of `ready` under the lock. So nothing is sent after the close. */

#include "port.h"

#include <stdlib.h>

#include "queue.h"
#include "slot.h"

/* Jobs run before other handles of the loop get their turn. */
#define DISPATCH_MAX 256

static void close_handles(struct handoff__port *p);

/* -------------------------------------------------------------------------------- the jobs -- */

void handoff__port_post(struct handoff__port *p, struct handoff__job *job) {
  uv_mutex_lock(&p->lock);
  handoff__queue_push(&p->ready, &job->link);
  if (!p->signalled) {
    p->signalled = true;
    (void)uv_async_send(&p->async); /* it fails only for handles that are no async */
  }
  uv_mutex_unlock(&p->lock);
}

/* Takes what has been posted. True: there is something to run. */
static bool take_ready(struct handoff__port *p) {
  uv_mutex_lock(&p->lock);
  handoff__queue_append(&p->batch, &p->ready);
  p->signalled = !handoff__queue_is_empty(&p->batch);
  uv_mutex_unlock(&p->lock);
  return !handoff__queue_is_empty(&p->batch);
}

static void on_async(uv_async_t *async) {
  struct handoff__port *p = handoff__owner(async, struct handoff__port, async);
  int budget = DISPATCH_MAX;

  while (budget != 0 && take_ready(p)) {
    while (budget != 0 && !handoff__queue_is_empty(&p->batch)) {
      struct handoff__job *job =
          handoff__owner(handoff__queue_pop(&p->batch), struct handoff__job, link);
      budget--;
      job->run(job);
    }
  }
  if (budget == 0) {
    (void)uv_async_send(&p->async); /* still signalled: the rest comes in the loop's next turn */
  } else if (p->closing && p->active == 0) {
    close_handles(p);
  }
}

static void update_ref(struct handoff__port *p) {
  if (p->closing || (p->referenced && p->active != 0)) {
    uv_ref((uv_handle_t *)&p->async);
  } else {
    uv_unref((uv_handle_t *)&p->async);
  }
}

void handoff__port_begin(struct handoff__port *p) {
  p->active++;
  update_ref(p);
}

void handoff__port_end(struct handoff__port *p) {
  p->active--;
  update_ref(p);
}

/* ------------------------------------------------------------------------------- the port -- */

int handoff_port_init(uv_loop_t *loop, handoff_port_t *port) {
  struct handoff__port *p;
  int err;

  if (loop == NULL || port == NULL) {
    return UV_EINVAL;
  }
  p = calloc(1, sizeof *p);
  if (p == NULL) {
    return UV_ENOMEM;
  }
  err = uv_mutex_init(&p->lock);
  if (err != 0) {
    free(p);
    return err;
  }
  err = uv_async_init(loop, &p->async, on_async); /* last: it cannot be undone from in here */
  if (err != 0) {
    uv_mutex_destroy(&p->lock);
    free(p);
    return err;
  }
  handoff__queue_init(&p->ready);
  handoff__queue_init(&p->batch);
  handoff__queue_init(&p->reqs);
  p->handle = port;
  p->handles = 1;
  p->referenced = true;
  port->loop = loop;
  port->impl = p;
  update_ref(p);
  return 0;
}

int handoff__port_need_ticks(struct handoff__port *p) {
  int err;

  if (p->has_ticks) {
    return 0;
  }
  err = handoff__ticks_init(p->handle->loop, &p->ticks);
  if (err == 0) {
    p->has_ticks = true;
    p->handles++;
  }
  return err;
}

static void set_referenced(handoff_port_t *port, bool referenced) {
  if (port != NULL && port->impl != NULL) {
    port->impl->referenced = referenced;
    update_ref(port->impl);
  }
}

void handoff_port_ref(handoff_port_t *port) { set_referenced(port, true); }

void handoff_port_unref(handoff_port_t *port) { set_referenced(port, false); }

int handoff_port_close(handoff_port_t *port, handoff_port_close_cb on_close) {
  struct handoff__port *p;
  struct handoff__link *link;

  if (port == NULL || port->impl == NULL || port->impl->closing) {
    return UV_EINVAL;
  }
  p = port->impl;
  if (p->lanes != 0) {
    return UV_EBUSY;
  }
  p->closing = true;
  p->on_close = on_close;
  update_ref(p);
  for (link = p->reqs.next; link != &p->reqs; link = link->next) {
    (void)handoff_cancel(handoff__owner(link, handoff_req_t, link)); /* too late is fine too */
  }
  (void)uv_async_send(&p->async); /* the rest is done there, once nothing is active */
  return 0;
}

static void on_handle_closed(struct handoff__port *p) {
  handoff_port_t *port = p->handle;
  handoff_port_close_cb on_close = p->on_close;

  p->handles--;
  if (p->handles != 0) {
    return;
  }
  uv_mutex_destroy(&p->lock);
  free(p);
  port->impl = NULL;
  if (on_close != NULL) {
    on_close(port);
  }
}

static void on_async_closed(uv_handle_t *handle) {
  on_handle_closed(handoff__owner(handle, struct handoff__port, async));
}

static void on_ticks_closed(struct handoff__alarm *alarm) {
  on_handle_closed(handoff__owner(alarm, struct handoff__port, ticks.alarm));
}

static void close_handles(struct handoff__port *p) {
  uv_close((uv_handle_t *)&p->async, on_async_closed);
  if (p->has_ticks) {
    handoff__ticks_close(&p->ticks, on_ticks_closed);
  }
}

/* --------------------------------------------------------------------------- the requests -- */

static void on_req_done(struct handoff__job *job) {
  handoff_req_t *req = handoff__owner(job, handoff_req_t, job);

  handoff__queue_remove(&req->link);
  req->pending = false;
  handoff__port_end(req->port->impl);
  req->on_done(req, req->waiter.status); /* the request may be gone or pending again after this */
}

/* Any thread. */
static void wake(struct handoff__waiter *waiter) {
  handoff_req_t *req = handoff__owner(waiter, handoff_req_t, waiter);
  handoff__port_post(req->port->impl, &req->job);
}

typedef int (*operation)(handoff_slot_t *slot, void *item, struct handoff__waiter *waiter);

/* The request's `link` is in a queue. */
static void begin(handoff_port_t *port, handoff_req_t *req, handoff_slot_t *slot, void *item,
                  handoff_req_cb on_done, operation operate) {
  int err;

  req->port = port;
  req->slot = slot;
  req->on_done = on_done;
  req->pending = true;
  req->waiter.item = item;
  req->waiter.wake = wake;
  req->waiter.is_ordered = true;
  req->waiter.since_ns = uv_now(port->loop) * 1000000; /* costs nothing, unlike uv_hrtime() */
  req->waiter.who = (uintptr_t)req;
  req->job.run = on_req_done;
  handoff__port_begin(port->impl);

  err = operate(slot, item, &req->waiter);
  if (err != UV_EAGAIN) { /* done at once; the callback still comes from the loop */
    req->waiter.queued = false;
    req->waiter.status = err;
    handoff__port_post(port->impl, &req->job);
  }
}

static int begin_checked(handoff_port_t *port, handoff_req_t *req, handoff_slot_t *slot, void *item,
                         handoff_req_cb on_done, operation operate) {
  if (port == NULL || port->impl == NULL || req == NULL || slot == NULL || slot->impl == NULL ||
      item == NULL || on_done == NULL) {
    return UV_EINVAL;
  }
  if (req->pending) {
    return UV_EBUSY;
  }
  if (port->impl->closing) {
    return UV_ECANCELED;
  }
  handoff__queue_push(&port->impl->reqs, &req->link);
  begin(port, req, slot, item, on_done, operate);
  return 0;
}

static int put(handoff_slot_t *slot, void *item, struct handoff__waiter *waiter) {
  return handoff__slot_put(slot, item, waiter, false);
}

static int get(handoff_slot_t *slot, void *item, struct handoff__waiter *waiter) {
  return handoff__slot_get(slot, item, waiter, false);
}

int handoff_port_put(handoff_port_t *port, handoff_req_t *req, handoff_slot_t *slot,
                     const void *item, handoff_req_cb on_done) {
  void *from = (void *)(uintptr_t)item; /* a putter's is only read */
  return begin_checked(port, req, slot, from, on_done, put);
}

int handoff_port_get(handoff_port_t *port, handoff_req_t *req, handoff_slot_t *slot, void *item,
                     handoff_req_cb on_done) {
  return begin_checked(port, req, slot, item, on_done, get);
}

void handoff__port_get(handoff_port_t *port, handoff_req_t *req, handoff_slot_t *slot, void *item,
                       handoff_req_cb on_done) {
  handoff__queue_init(&req->link); /* a queue of its own, not the one that close cancels */
  begin(port, req, slot, item, on_done, get);
}

int handoff_cancel(handoff_req_t *req) {
  if (req == NULL || !req->pending) {
    return UV_EINVAL;
  }
  if (!handoff__slot_leave(req->slot, &req->waiter)) {
    return UV_EBUSY;
  }
  req->waiter.status = UV_ECANCELED;
  handoff__port_post(req->port->impl, &req->job);
  return 0;
}

/* request: a put or a get that is under way on a loop. Loop thread only, but for wake.
 *
 * Invariant: a request is pending from begin to its callback. Whoever claims its waiter, or did not have to queue
 * it, posts its job, once: it is called back exactly once. */

#include "pass.h"
#include "port.h"
#include "queue.h"

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

/* It could not be done quickly: done at once all the same, or queued. Returns: as handoff__slot_pass. */
static int pass_or_queue(struct handoff__port *port, handoff_req_t *req, enum handoff__way way,
                         bool is_held) {
  const enum handoff__hope hope =
      handoff__port_may_hope(port) ? HANDOFF__HOPE_BRIEF : HANDOFF__HOPE_NONE;
  struct handoff__waiter *waiter = &req->waiter;
  int err;

  waiter->wake = wake;
  waiter->is_ordered = true;
  waiter->since_ns = uv_now(port->handle->loop) * 1000000; /* costs nothing, unlike uv_hrtime() */
  waiter->who = (uintptr_t)req;
  err = handoff__slot_pass(req->slot, way, waiter->item, waiter, hope, is_held);
  if (err == UV_EAGAIN && hope != HANDOFF__HOPE_NONE) {
    handoff__port_despair(port);
  }
  return err;
}

/* The request's `link` is in a queue. */
static inline void begin(handoff_port_t *port, handoff_req_t *req, handoff_slot_t *slot,
                         enum handoff__way way, void *item, handoff_req_cb on_done) {
  struct handoff__link *last = handoff__port_last(port->impl);
  bool is_held;
  int err;

  req->port = port;
  req->slot = slot;
  req->on_done = on_done;
  req->pending = true;
  req->waiter.item = item;
  req->job.run = on_req_done;
  handoff__port_begin(port->impl);
  err = handoff__pass_quickly(slot->impl, way, item, &is_held)
            ? 0
            : pass_or_queue(port->impl, req, way, is_held);
  if (err != UV_EAGAIN) { /* done at once; the callback still comes from the loop */
    handoff__waiter_claim_unqueued(&req->waiter); /* too late to cancel it */
    req->waiter.status = err;
    handoff__port_post_after(port->impl, last, &req->job);
  }
}

static inline int begin_checked(handoff_port_t *port, handoff_req_t *req, handoff_slot_t *slot,
                                enum handoff__way way, void *item, handoff_req_cb on_done) {
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
  begin(port, req, slot, way, item, on_done);
  return 0;
}

int handoff_port_put(handoff_port_t *port, handoff_req_t *req, handoff_slot_t *slot,
                     const void *item, handoff_req_cb on_done) {
  void *from = (void *)(uintptr_t)item; /* a putter's is only read */
  return begin_checked(port, req, slot, HANDOFF__PUT, from, on_done);
}

int handoff_port_get(handoff_port_t *port, handoff_req_t *req, handoff_slot_t *slot, void *item,
                     handoff_req_cb on_done) {
  return begin_checked(port, req, slot, HANDOFF__GET, item, on_done);
}

void handoff__port_get(handoff_port_t *port, handoff_req_t *req, handoff_slot_t *slot, void *item,
                       handoff_req_cb on_done) {
  handoff__queue_init(&req->link); /* a queue of its own, not the one that close cancels */
  begin(port, req, slot, HANDOFF__GET, item, on_done);
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

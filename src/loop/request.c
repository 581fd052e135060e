/* request: a put or a get in progress on a loop. Loop thread only, except for wake.
 *
 * The happy path: try the transfer at once and post the request's task, which runs the callback. If
 * the other side is not ready, the request's waiter is queued in the slot; the thread that claims
 * it posts the task.
 *
 * Invariant: a request is pending from begin to its callback. Either it was completed at once, or
 * exactly one thread claims its waiter and posts its task. So the callback runs exactly once. */

#include "loop/request.h"

#include "loop/port.h"
#include "slot/transfer.h"
#include "slot/waitq.h"

static void on_task(struct handoff__task *task) {
  handoff_req_t *req = handoff__container_of(task, handoff_req_t, task);

  handoff__list_remove(&req->member.link);
  req->is_pending = false;
  handoff__port_end(req->port->impl);
  req->on_done(req, req->waiter.status); /* the request may be gone or pending again after this */
}

/* Any thread. */
static void wake(struct handoff__waiter *waiter) {
  handoff_req_t *req = handoff__container_of(waiter, handoff_req_t, waiter);
  handoff__task_queue_post(&req->port->impl->tasks, &req->task);
}

static void on_port_close(struct handoff__member *member) {
  (void)handoff_cancel(handoff__container_of(member, handoff_req_t, member));
}

/* Whether a request that would have to wait may spin: waking a loop costs each side a system call.
 * It may if this is the last task, no handle of the loop is due, and the loop last blocked for less
 * than a wake-up costs. */
static bool may_spin(const struct handoff__port *p) {
  return p->is_spin_allowed && p->tasks.was_block_short &&
         handoff__task_queue_is_ahead(&p->tasks) && handoff__list_is_empty(&p->tasks.run_list) &&
         uv_backend_timeout(p->handle->loop) != 0;
}

static int transfer_or_queue(struct handoff__port *p, handoff_req_t *req, handoff_side_t side,
                             bool is_locked) {
  const enum handoff__spin spin = may_spin(p) ? HANDOFF__SPIN_SHORT : HANDOFF__SPIN_NONE;
  struct handoff__waiter *waiter = &req->waiter;
  int err;

  waiter->wake = wake;
  waiter->is_request = true;
  waiter->wait_start_ns = uv_now(p->handle->loop) * 1000000; /* free, unlike uv_hrtime() */
  waiter->owner_id = (uintptr_t)req;
  err = handoff__transfer(req->slot->impl, side, waiter->item, waiter, spin, is_locked);
  if (err == UV_EAGAIN && spin != HANDOFF__SPIN_NONE) {
    p->tasks.was_block_short = false; /* the spin missed: do not spin before the next short block */
  }
  return err;
}

/* Precondition: the request's member link is in a list. */
static inline void begin(handoff_port_t *port, handoff_req_t *req, handoff_slot_t *slot,
                         handoff_side_t side, void *item, handoff_req_cb on_done) {
  struct handoff__port *p = port->impl;
  struct handoff__link *last = p->tasks.run_list.prev;
  bool is_locked;
  int err;

  req->port = port;
  req->slot = slot;
  req->on_done = on_done;
  req->is_pending = true;
  req->waiter.item = item;
  req->task.run = on_task;
  handoff__waiter_claim_unqueued(&req->waiter); /* cannot be cancelled unless it is queued */
  handoff__port_begin(p);
  err = handoff__transfer_fast(slot->impl, side, item, &is_locked)
            ? 0
            : transfer_or_queue(p, req, side, is_locked);
  if (err != UV_EAGAIN) { /* completed at once; the callback still comes from the loop */
    req->waiter.status = err;
    handoff__task_queue_post_after(&p->tasks, last, &req->task);
  }
}

static inline int begin_checked(handoff_port_t *port, handoff_req_t *req, handoff_slot_t *slot,
                                handoff_side_t side, void *item, handoff_req_cb on_done) {
  if (port == NULL || port->impl == NULL || req == NULL || slot == NULL || slot->impl == NULL ||
      item == NULL || on_done == NULL) {
    return UV_EINVAL;
  }
  if (req->is_pending) {
    return UV_EBUSY;
  }
  if (port->impl->is_closing) {
    return UV_ECANCELED;
  }
  req->member.on_port_close = on_port_close;
  handoff__list_push(&port->impl->members, &req->member.link);
  begin(port, req, slot, side, item, on_done);
  return 0;
}

void handoff_req_init(handoff_req_t *req) {
  if (req != NULL) {
    req->is_pending = false;
  }
}

int handoff_port_put(handoff_port_t *port, handoff_req_t *req, handoff_slot_t *slot,
                     const void *item, handoff_req_cb on_done) {
  void *from = (void *)(uintptr_t)item; /* it is only read */
  return begin_checked(port, req, slot, HANDOFF_PRODUCER, from, on_done);
}

int handoff_port_get(handoff_port_t *port, handoff_req_t *req, handoff_slot_t *slot, void *item,
                     handoff_req_cb on_done) {
  return begin_checked(port, req, slot, HANDOFF_CONSUMER, item, on_done);
}

void handoff__request_get(handoff_port_t *port, handoff_req_t *req, handoff_slot_t *slot,
                          void *item, handoff_req_cb on_done) {
  handoff__list_init(&req->member.link); /* a list of its own: the port does not cancel it */
  begin(port, req, slot, HANDOFF_CONSUMER, item, on_done);
}

int handoff_cancel(handoff_req_t *req) {
  if (req == NULL || !req->is_pending) {
    return UV_EINVAL;
  }
  if (!handoff__waitq_cancel(&req->waiter)) {
    return UV_EBUSY;
  }
  req->waiter.status = UV_ECANCELED;
  handoff__task_queue_post(&req->port->impl->tasks, &req->task);
  return 0;
}

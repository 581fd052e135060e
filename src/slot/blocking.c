/* blocking: the calls that wait.
 *
 * A thread that has to wait pushes a waiter, which lives on its stack, and sleeps in a parker. It
 * leaves the call after it has cancelled the waiter itself (its deadline passed) or after its
 * parker was notified, never before: until then the waiter and the parker belong to the thread that
 * claimed it.
 *
 * A waker should signal after it has unlocked the parker's mutex, or the woken thread blocks again
 * on the mutex: on one CPU that would cost half a transfer. But then the signal is the waker's last
 * access to the parker, and the woken thread may have returned by then and destroyed the slot. So a
 * slot lends its two embedded parkers, one for each of two threads, and is reference-counted: the
 * slot itself holds 1 and each loan 2, one for the thread that waits and one for the thread that
 * wakes it. A parker can be claimed again as soon as its thread has returned it, even if the signal
 * is still to come: that signal is then a spurious wake-up, and the next thread checks `notified`.
 * More threads than that wait in parkers on their stacks, signalled under the mutex.
 *
 * Model: tests/model/parker.pml. */

#include "slot/blocking.h"

#include <stdlib.h>

#include "slot/waitq.h"

struct waiting_thread {
  struct handoff__waiter waiter;
  struct handoff__parker *parker;
  struct handoff__slot *lender; /* NULL: the parker is `own` */
  struct handoff__parker own;
};

/* --------------------------------------------------------------- the parkers, and references -- */

int handoff__slot_init_parkers(struct handoff__slot *s) {
  int err = handoff__parker_init(&s->parkers[0].parker);

  if (err != 0) {
    return err;
  }
  err = handoff__parker_init(&s->parkers[1].parker);
  if (err != 0) {
    handoff__parker_destroy(&s->parkers[0].parker);
    return err;
  }
  atomic_init(&s->parkers[0].is_claimed, false);
  atomic_init(&s->parkers[1].is_claimed, false);
  atomic_init(&s->refs, 1);
  return 0;
}

/* Releases what this thread did to the slot; the last one acquires what all others did. */
void handoff__slot_unref(struct handoff__slot *s, unsigned count) {
  if (atomic_fetch_sub_explicit(&s->refs, count, memory_order_acq_rel) == count) {
    handoff__parker_destroy(&s->parkers[0].parker);
    handoff__parker_destroy(&s->parkers[1].parker);
    free(s->allocation);
  }
}

/* The claim acquires what the previous loan released: above all, that its notification came before
 * this reset. Returns: 0; what handoff__parker_init returns. */
static int claim_parker(struct waiting_thread *self, struct handoff__slot *s, unsigned first) {
  unsigned i;

  for (i = 0; i < 2; i++) {
    struct handoff__slot_parker *place = &s->parkers[first ^ i];
    if (!atomic_exchange_explicit(&place->is_claimed, true, memory_order_acquire)) {
      (void)atomic_fetch_add_explicit(&s->refs, 2, memory_order_relaxed);
      handoff__parker_reset(&place->parker);
      self->lender = s;
      self->parker = &place->parker;
      return 0;
    }
  }
  self->lender = NULL;
  self->parker = &self->own;
  return handoff__parker_init(&self->own);
}

/* The slot may have been destroyed. If no thread has woken this one, none will: the waker's
 * reference is dropped here too. */
static void return_parker(struct waiting_thread *self, bool is_notified) {
  struct handoff__slot_parker *place = (struct handoff__slot_parker *)(void *)self->parker;

  if (self->lender == NULL) {
    handoff__parker_destroy(&self->own);
    return;
  }
  atomic_store_explicit(&place->is_claimed, false, memory_order_release);
  handoff__slot_unref(self->lender, is_notified ? 1 : 2);
}

static void wake(struct handoff__waiter *waiter) {
  struct waiting_thread *thread = (struct waiting_thread *)(void *)waiter;
  struct handoff__slot *lender = thread->lender;

  if (lender == NULL) {
    handoff__parker_unpark_locked(thread->parker);
  } else {
    handoff__parker_unpark_unlocked(thread->parker); /* the waiter is gone after this */
    handoff__slot_unref(lender, 1);
  }
}

/* --------------------------------------------------------------------- deadlock with oneself -- */

int handoff_slot_bind(handoff_slot_t *slot, handoff_side_t side) {
  struct handoff__slot *s;

  if (slot == NULL || slot->impl == NULL ||
      (side != HANDOFF_PRODUCER && side != HANDOFF_CONSUMER)) {
    return UV_EINVAL;
  }
  s = slot->impl;
  handoff__slot_lock(s);
  s->bound[side] = uv_thread_self();
  atomic_store_explicit(&s->is_bound[side], true, memory_order_relaxed);
  handoff__slot_unlock(s);
  return 0;
}

static bool is_bound_here(struct handoff__slot *s, handoff_side_t side) {
  uv_thread_t self = uv_thread_self();
  bool is_here;

  if (!atomic_load_explicit(&s->is_bound[side], memory_order_relaxed)) {
    return false; /* only a bind by this thread matters, and this thread sees its own */
  }
  handoff__slot_lock(s);
  is_here = uv_thread_equal(&s->bound[side], &self) != 0;
  handoff__slot_unlock(s);
  return is_here;
}

/* ------------------------------------------------------------------------ the blocking calls -- */

static int wait_for(struct handoff__slot *s, handoff_side_t side, void *item,
                    uint64_t deadline_ns) {
  struct waiting_thread self;
  bool is_notified = false;
  int err;

  if (is_bound_here(s, !side)) {
    return UV_EBUSY;
  }
  err = claim_parker(&self, s, side); /* the other side's threads try the other parker first */
  if (err != 0) {
    return err;
  }
  self.waiter.item = item;
  self.waiter.wake = wake;
  self.waiter.is_request = false;
  self.waiter.wait_start_ns = uv_hrtime();
  self.waiter.owner_id = (uintptr_t)uv_thread_self();
  err = handoff__transfer(s, side, item, &self.waiter, HANDOFF__SPIN_NONE, false);
  if (err == UV_EAGAIN) {
    is_notified = handoff__parker_wait(self.parker, self.waiter.spin_budget, deadline_ns);
    if (!is_notified && !handoff__waitq_cancel(&self.waiter)) {
      is_notified = handoff__parker_wait(self.parker, 0, HANDOFF_NEVER); /* a wake is on its way */
    }
    err = is_notified ? self.waiter.status : UV_ETIMEDOUT;
  }
  return_parker(&self, is_notified);
  return err;
}

/* Tries without a waiter first, because a thread that need not sleep should not pay for a parker.
 * That overtakes nobody: a thread that queues before the second attempt stays ahead. */
static inline int transfer_until(handoff_slot_t *slot, handoff_side_t side, void *item,
                                 uint64_t deadline_ns, enum handoff__spin spin) {
  struct handoff__slot *s;
  bool may_wait;
  bool is_locked;
  int err;

  if (slot == NULL || slot->impl == NULL || item == NULL) {
    return UV_EINVAL;
  }
  s = slot->impl;
  if (handoff__transfer_fast(s, side, item, &is_locked)) {
    return 0;
  }
  may_wait = deadline_ns == HANDOFF_NEVER || uv_hrtime() < deadline_ns;
  err = handoff__transfer(s, side, item, NULL, may_wait ? spin : HANDOFF__SPIN_NONE, is_locked);
  if (err != UV_EAGAIN) {
    return err;
  }
  return may_wait ? wait_for(s, side, item, deadline_ns) : UV_ETIMEDOUT;
}

int handoff_slot_put_until(handoff_slot_t *slot, const void *item, uint64_t deadline_ns) {
  void *from = (void *)(uintptr_t)item; /* it is only read */
  return transfer_until(slot, HANDOFF_PRODUCER, from, deadline_ns, HANDOFF__SPIN_ADAPTIVE);
}

int handoff__get_until(handoff_slot_t *slot, void *item, uint64_t deadline_ns,
                       enum handoff__spin spin) {
  return transfer_until(slot, HANDOFF_CONSUMER, item, deadline_ns, spin);
}

int handoff_slot_get_until(handoff_slot_t *slot, void *item, uint64_t deadline_ns) {
  return transfer_until(slot, HANDOFF_CONSUMER, item, deadline_ns, HANDOFF__SPIN_ADAPTIVE);
}

int handoff_slot_put(handoff_slot_t *slot, const void *item) {
  void *from = (void *)(uintptr_t)item; /* it is only read */
  return transfer_until(slot, HANDOFF_PRODUCER, from, HANDOFF_NEVER, HANDOFF__SPIN_ADAPTIVE);
}

int handoff_slot_get(handoff_slot_t *slot, void *item) {
  return transfer_until(slot, HANDOFF_CONSUMER, item, HANDOFF_NEVER, HANDOFF__SPIN_ADAPTIVE);
}

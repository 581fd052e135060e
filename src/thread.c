/* thread: a thread's end of a slot: the calls that block.
 *
 * Invariant: a thread that has queued its waiter leaves the call either after it has claimed it itself and had
 * its end's lock (it timed out) or after its park was woken, never before: until then the waiter, on its stack, and the
 * park belong to whoever claimed it. */

#include "lot.h"
#include "pass.h"
#include "queue.h"

struct parked {
  struct handoff__waiter waiter;
  struct handoff__park *park; /* the slot's lot has lent it, or `own` */
  struct handoff__lot *lot;   /* which has; NULL: none has */
  struct handoff__park own;
};

static void wake(struct handoff__waiter *waiter) {
  struct parked *parked = handoff__owner(waiter, struct parked, waiter);

  if (parked->lot == NULL) {
    handoff__park_wake(parked->park);
  } else {
    handoff__lot_wake(parked->lot, parked->park);
  }
}

/* The slot is there. Returns: 0; what handoff__park_init returns. */
static int find_park(struct parked *self, struct handoff__lot *lot, unsigned number) {
  self->lot = lot;
  self->park = handoff__lot_borrow(lot, number);
  if (self->park != NULL) {
    return 0;
  }
  self->lot = NULL;
  self->park = &self->own;
  return handoff__park_init(&self->own);
}

/* The slot may be gone. */
static void leave_park(struct parked *self, bool is_woken) {
  if (self->lot == NULL) {
    handoff__park_destroy(&self->own);
    return;
  }
  if (!is_woken) {
    handoff__lot_let_go(self->lot); /* in place of who would have woken it */
  }
  handoff__lot_return(self->lot, self->park);
}

/* It could not be done at once. */
static int wait_for(handoff_slot_t *slot, enum handoff__way way, void *item, uint64_t deadline_ns) {
  const enum handoff__way other = way == HANDOFF__PUT ? HANDOFF__GET : HANDOFF__PUT;
  struct parked self;
  bool is_woken = false;
  int err;

  if (handoff__slot_is_bound_here(slot, other)) {
    return UV_EBUSY;
  }
  err = find_park(&self, slot->impl->lot, way); /* any number that is not the other side's */
  if (err != 0) {
    return err;
  }
  self.waiter.item = item;
  self.waiter.wake = wake;
  self.waiter.is_ordered = false;
  self.waiter.since_ns = uv_hrtime();
  self.waiter.who = (uintptr_t)uv_thread_self();
  err = handoff__slot_pass(slot, way, item, &self.waiter, HANDOFF__HOPE_NONE, false);
  if (err == UV_EAGAIN) {
    handoff__park_hope(self.park, self.waiter.hope);
    is_woken = handoff__park_wait(self.park, deadline_ns);
    if (!is_woken && !handoff__slot_leave(slot, &self.waiter)) {
      is_woken = handoff__park_wait(self.park, HANDOFF_NEVER); /* the wake is on its way */
    }
    err = is_woken ? self.waiter.status : UV_ETIMEDOUT;
  }
  leave_park(&self, is_woken);
  return err;
}

static bool has_time(uint64_t deadline_ns) {
  return deadline_ns == HANDOFF_NEVER || uv_hrtime() < deadline_ns;
}

/* It could not be done quickly. Tried without a waiter first, and with hope for a few microseconds: who need not sleep pays for
 * no park. Nobody is overtaken by that: who is queued when the next attempt comes is still before us. */
static int pass_or_wait(handoff_slot_t *slot, enum handoff__way way, void *item,
                        uint64_t deadline_ns, bool is_held) {
  const bool may_wait = has_time(deadline_ns);
  const enum handoff__hope hope = may_wait ? HANDOFF__HOPE_LONG : HANDOFF__HOPE_NONE;
  int err = handoff__slot_pass(slot, way, item, NULL, hope, is_held);

  if (err != UV_EAGAIN) {
    return err;
  }
  return may_wait ? wait_for(slot, way, item, deadline_ns) : UV_ETIMEDOUT;
}

int handoff_put_until(handoff_slot_t *slot, const void *item, uint64_t deadline_ns) {
  void *from = (void *)(uintptr_t)item; /* only read */
  bool is_held;

  if (slot == NULL || slot->impl == NULL || item == NULL) {
    return UV_EINVAL;
  }
  return handoff__pass_quickly(slot->impl, HANDOFF__PUT, from, &is_held)
             ? 0
             : pass_or_wait(slot, HANDOFF__PUT, from, deadline_ns, is_held);
}

int handoff_get_until(handoff_slot_t *slot, void *item, uint64_t deadline_ns) {
  bool is_held;

  if (slot == NULL || slot->impl == NULL || item == NULL) {
    return UV_EINVAL;
  }
  return handoff__pass_quickly(slot->impl, HANDOFF__GET, item, &is_held)
             ? 0
             : pass_or_wait(slot, HANDOFF__GET, item, deadline_ns, is_held);
}

int handoff_put(handoff_slot_t *slot, const void *item) {
  return handoff_put_until(slot, item, HANDOFF_NEVER);
}

int handoff_get(handoff_slot_t *slot, void *item) {
  return handoff_get_until(slot, item, HANDOFF_NEVER);
}

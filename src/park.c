/* park: see park.h. And the thread's end of a slot: the calls that block.
 *
 * Invariant: a thread that has queued its waiter leaves the call either after it has claimed it itself and had
 * its end's lock (it timed out) or after its park was woken, never before: until then the waiter and the park, both
 * on its stack, belong to whoever claimed it. */

#include "park.h"

#include "cpu.h"
#include "queue.h"
#include "slot.h"

/* A longer wait is made of several: uv_cond_timedwait adds the time of day to what it is given. */
#define WAIT_MAX_NS ((uint64_t)3600 * 1000 * 1000 * 1000)

int handoff__park_init(struct handoff__park *park) {
  int err = uv_mutex_init(&park->lock);
  if (err != 0) {
    return err;
  }
  err = uv_cond_init(&park->cond);
  if (err != 0) {
    uv_mutex_destroy(&park->lock);
    return err;
  }
  atomic_init(&park->woken, false);
  return 0;
}

void handoff__park_destroy(struct handoff__park *park) {
  uv_cond_destroy(&park->cond);
  uv_mutex_destroy(&park->lock);
}

static bool is_woken(const struct handoff__park *park) {
  return atomic_load_explicit(&park->woken, memory_order_relaxed);
}

/* The lock is held. */
static void set_woken(struct handoff__park *park) {
  atomic_store_explicit(&park->woken, true, memory_order_relaxed);
}

/* That it is woken is for park_wait to say: with the lock, without which the waker is not done with the park. */
void handoff__park_hope(const struct handoff__park *park, unsigned pauses) {
  for (; pauses != 0 && !is_woken(park); pauses--) {
    handoff__cpu_relax();
  }
}

bool handoff__park_wait(struct handoff__park *park, uint64_t deadline_ns) {
  bool woken;

  uv_mutex_lock(&park->lock);
  while (!is_woken(park)) {
    if (deadline_ns == HANDOFF_NEVER) {
      uv_cond_wait(&park->cond, &park->lock);
      continue;
    }
    uint64_t now = uv_hrtime();
    if (now >= deadline_ns) {
      break;
    }
    uint64_t rest = deadline_ns - now;
    /* What it returns does not matter: the predicate and the clock decide. */
    (void)uv_cond_timedwait(&park->cond, &park->lock, rest < WAIT_MAX_NS ? rest : WAIT_MAX_NS);
  }
  woken = is_woken(park);
  uv_mutex_unlock(&park->lock);
  return woken;
}

void handoff__park_wake(struct handoff__park *park) {
  uv_mutex_lock(&park->lock);
  set_woken(park);
  /* Under the lock, because without it the woken thread might take the park down first. */
  uv_cond_signal(&park->cond);
  uv_mutex_unlock(&park->lock);
}

/* ------------------------------------------------------------------- the calls that block -- */

struct parked {
  struct handoff__waiter waiter;
  struct handoff__park park;
};

static void wake(struct handoff__waiter *waiter) {
  handoff__park_wake(&handoff__owner(waiter, struct parked, waiter)->park);
}

typedef int (*operation)(handoff_slot_t *slot, void *item, struct handoff__waiter *waiter,
                         enum handoff__hope hope);

static int put(handoff_slot_t *slot, void *item, struct handoff__waiter *waiter,
               enum handoff__hope hope) {
  return handoff__slot_put(slot, item, waiter, hope);
}

/* It could not be done at once. */
static int wait_for(operation operate, handoff_slot_t *slot, enum handoff__way other, void *item,
                    uint64_t deadline_ns) {
  struct parked self;
  int err;

  if (handoff__slot_is_bound_here(slot, other)) {
    return UV_EBUSY;
  }
  err = handoff__park_init(&self.park);
  if (err != 0) {
    return err;
  }
  self.waiter.item = item;
  self.waiter.wake = wake;
  self.waiter.is_ordered = false;
  self.waiter.since_ns = uv_hrtime();
  self.waiter.who = (uintptr_t)uv_thread_self();
  err = operate(slot, item, &self.waiter, HANDOFF__HOPE_NONE);
  if (err == UV_EAGAIN) {
    handoff__park_hope(&self.park, self.waiter.hope);
    if (!handoff__park_wait(&self.park, deadline_ns) && handoff__slot_leave(slot, &self.waiter)) {
      err = UV_ETIMEDOUT;
    } else {
      handoff__park_wait(&self.park, HANDOFF_NEVER); /* the wake is on its way, or has come */
      err = self.waiter.status;
    }
  }
  handoff__park_destroy(&self.park);
  return err;
}

static bool has_time(uint64_t deadline_ns) {
  return deadline_ns == HANDOFF_NEVER || uv_hrtime() < deadline_ns;
}

/* Tried without a waiter first, and with hope for a few microseconds: who need not sleep pays for no condition
 * variable. Nobody is overtaken by that: who is queued when the second attempt comes is still before us. */
int handoff_put_until(handoff_slot_t *slot, const void *item, uint64_t deadline_ns) {
  bool may_wait;
  int err;

  if (slot == NULL || slot->impl == NULL || item == NULL) {
    return UV_EINVAL;
  }
  may_wait = has_time(deadline_ns);
  err = handoff__slot_put(slot, item, NULL, may_wait ? HANDOFF__HOPE_LONG : HANDOFF__HOPE_NONE);
  if (err != UV_EAGAIN) {
    return err;
  }
  /* A putter's item is only read. */
  return may_wait ? wait_for(put, slot, HANDOFF__GET, (void *)(uintptr_t)item, deadline_ns)
                  : UV_ETIMEDOUT;
}

int handoff_get_until(handoff_slot_t *slot, void *item, uint64_t deadline_ns) {
  bool may_wait;
  int err;

  if (slot == NULL || slot->impl == NULL || item == NULL) {
    return UV_EINVAL;
  }
  may_wait = has_time(deadline_ns);
  err = handoff__slot_get(slot, item, NULL, may_wait ? HANDOFF__HOPE_LONG : HANDOFF__HOPE_NONE);
  if (err != UV_EAGAIN) {
    return err;
  }
  return may_wait ? wait_for(handoff__slot_get, slot, HANDOFF__PUT, item, deadline_ns)
                  : UV_ETIMEDOUT;
}

int handoff_put(handoff_slot_t *slot, const void *item) {
  return handoff_put_until(slot, item, HANDOFF_NEVER);
}

int handoff_get(handoff_slot_t *slot, void *item) {
  return handoff_get_until(slot, item, HANDOFF_NEVER);
}

/* park: see park.h. */

#include "park.h"

#include "cpu.h"

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

/* The lock is held, or nobody else looks at it or will set it. */
static void set_woken(struct handoff__park *park, bool woken) {
  atomic_store_explicit(&park->woken, woken, memory_order_relaxed);
}

void handoff__park_reset(struct handoff__park *park) { set_woken(park, false); }

/* That it is woken is for park_wait to say: with the lock, which orders what the waker has written, and without which the
 * waker of a park that is not lent is not done with it. */
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
  set_woken(park, true);
  /* Under the lock, because without it the woken thread might take the park down first. */
  uv_cond_signal(&park->cond);
  uv_mutex_unlock(&park->lock);
}

void handoff__park_wake_lasting(struct handoff__park *park) {
  uv_mutex_lock(&park->lock);
  set_woken(park, true);
  uv_mutex_unlock(&park->lock);
  uv_cond_signal(&park->cond);
}

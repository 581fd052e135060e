/* parker: see parker.h. */

#include "base/parker.h"

#include "base/cancel.h"
#include "base/cpu.h"

/* Longer waits are split, because uv_cond_timedwait adds the current time to its argument. */
#define WAIT_MAX_NS ((uint64_t)3600 * 1000 * 1000 * 1000)

int handoff__parker_init(struct handoff__parker *parker) {
  int err = uv_mutex_init(&parker->mutex);
  if (err != 0) {
    return err;
  }
  err = uv_cond_init(&parker->cond);
  if (err != 0) {
    uv_mutex_destroy(&parker->mutex);
    return err;
  }
  atomic_init(&parker->notified, false);
  return 0;
}

void handoff__parker_destroy(struct handoff__parker *parker) {
  uv_cond_destroy(&parker->cond);
  uv_mutex_destroy(&parker->mutex);
}

void handoff__parker_reset(struct handoff__parker *parker) {
  atomic_store_explicit(&parker->notified, false, memory_order_relaxed);
}

bool handoff__parker_wait(struct handoff__parker *parker, unsigned spins, uint64_t deadline_ns) {
  bool is_notified;
  int cancel_state;

  while (spins-- != 0 && !atomic_load_explicit(&parker->notified, memory_order_relaxed)) {
    handoff__cpu_relax();
  }
  /* The waits below are cancellation points; a cancelled thread would leave its waiter queued. */
  handoff__cancel_disable(&cancel_state);
  uv_mutex_lock(&parker->mutex);
  while (!atomic_load_explicit(&parker->notified, memory_order_relaxed)) {
    if (deadline_ns == HANDOFF_NEVER) {
      uv_cond_wait(&parker->cond, &parker->mutex);
      continue;
    }
    uint64_t now_ns = uv_hrtime();
    if (now_ns >= deadline_ns) {
      break;
    }
    uint64_t rest_ns = deadline_ns - now_ns;
    /* Its result does not matter: the predicate and the clock decide. */
    (void)uv_cond_timedwait(&parker->cond, &parker->mutex,
                            rest_ns < WAIT_MAX_NS ? rest_ns : WAIT_MAX_NS);
  }
  is_notified = atomic_load_explicit(&parker->notified, memory_order_relaxed);
  uv_mutex_unlock(&parker->mutex);
  handoff__cancel_restore(cancel_state);
  return is_notified;
}

void handoff__parker_unpark_locked(struct handoff__parker *parker) {
  uv_mutex_lock(&parker->mutex);
  atomic_store_explicit(&parker->notified, true, memory_order_relaxed);
  uv_cond_signal(&parker->cond);
  uv_mutex_unlock(&parker->mutex);
}

void handoff__parker_unpark_unlocked(struct handoff__parker *parker) {
  uv_mutex_lock(&parker->mutex);
  atomic_store_explicit(&parker->notified, true, memory_order_relaxed);
  uv_mutex_unlock(&parker->mutex);
  uv_cond_signal(&parker->cond);
}

int handoff__parker_sleep(uint64_t duration_ns) {
  struct handoff__parker parker;
  int err = handoff__parker_init(&parker);

  if (err == 0) {
    (void)handoff__parker_wait(&parker, 0, uv_hrtime() + duration_ns);
    handoff__parker_destroy(&parker);
  }
  return err;
}

/* parker: see parker.h. */

#include "base/parker.h"

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

static bool is_notified(const struct handoff__parker *parker) {
  return atomic_load_explicit(&parker->notified, memory_order_relaxed);
}

static void set_notified(struct handoff__parker *parker, bool notified) {
  atomic_store_explicit(&parker->notified, notified, memory_order_relaxed);
}

void handoff__parker_reset(struct handoff__parker *parker) { set_notified(parker, false); }

/* Spinning only passes time. handoff__parker_wait then checks `notified` under the mutex, which
 * orders what the waking thread has written before it. */
void handoff__parker_spin(const struct handoff__parker *parker, unsigned iterations) {
  for (; iterations != 0 && !is_notified(parker); iterations--) {
    handoff__cpu_relax();
  }
}

bool handoff__parker_wait(struct handoff__parker *parker, uint64_t deadline_ns) {
  bool notified;

  uv_mutex_lock(&parker->mutex);
  while (!is_notified(parker)) {
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
  notified = is_notified(parker);
  uv_mutex_unlock(&parker->mutex);
  return notified;
}

void handoff__parker_unpark_locked(struct handoff__parker *parker) {
  uv_mutex_lock(&parker->mutex);
  set_notified(parker, true);
  uv_cond_signal(&parker->cond);
  uv_mutex_unlock(&parker->mutex);
}

void handoff__parker_unpark_unlocked(struct handoff__parker *parker) {
  uv_mutex_lock(&parker->mutex);
  set_notified(parker, true);
  uv_mutex_unlock(&parker->mutex);
  uv_cond_signal(&parker->cond);
}

int handoff__parker_sleep(uint64_t duration_ns) {
  struct handoff__parker parker;
  int err = handoff__parker_init(&parker);

  if (err == 0) {
    (void)handoff__parker_wait(&parker, uv_hrtime() + duration_ns);
    handoff__parker_destroy(&parker);
  }
  return err;
}

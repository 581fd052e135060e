/* shim_sync: see shim_sync.h. */

#include "sched/shim_sync.h"

#include <sched.h>
#include <string.h>
#include <uv.h>

#include "sched/history.h"
#include "sched/race.h"
#include "sched/scheduler.h"
#include "sched/symbols.h"
#include "sched/thread.h"
#include "sched/trace.h"

#define MUTEX_MAGIC 0x10c4u
#define COND_MAGIC 0xc04du
#define FAILING_THREADS 2 /* later ones do not fail, or a run would need more than THREADS_MAX */
#define SETUP THREADS_MAX /* the owner of a mutex that is locked outside of a run */

/* Takes the place of libuv's own content. */
typedef struct {
  unsigned magic;
  int owner;
} mutex_t;

_Static_assert(sizeof(mutex_t) <= sizeof(uv_mutex_t), "it must fit in libuv's type");
_Static_assert(sizeof(unsigned) <= sizeof(uv_cond_t), "it must fit in libuv's type");

static int live;
static bool is_backing_off[THREADS_MAX + 1]; /* sleeps between attempts to acquire a spinlock */

void shim_sync_begin(void) {
  live = 0;
  memset(is_backing_off, 0, sizeof is_backing_off);
}

int shim_sync_live(void) { return live; }

static int self(void) { return thread_index() == NONE ? SETUP : thread_index(); }

/* ----------------------------------------------------------------------------------- mutexes -- */

static mutex_t *mutex_of(uv_mutex_t *mutex, const char *operation) {
  mutex_t *found = (mutex_t *)(void *)mutex;

  race_access(mutex, sizeof *mutex, RACE_ATOMIC);
  if (found->magic != MUTEX_MAGIC) {
    scheduler_fail("lock", "%s: not a mutex: %s", operation, symbols_name(mutex));
  }
  return found;
}

int uv_mutex_init(uv_mutex_t *mutex) {
  mutex_t *made = (mutex_t *)(void *)mutex;

  scheduler_step();
  race_access(mutex, sizeof *mutex, RACE_WRITE);
  if (scheduler_injects_failure()) {
    scheduler_record("fails to init", mutex, TRACE_NO_VALUE);
    return UV_EAGAIN;
  }
  race_clear(mutex);
  made->magic = MUTEX_MAGIC;
  made->owner = NONE;
  live++;
  return 0;
}

void uv_mutex_destroy(uv_mutex_t *mutex) {
  mutex_t *gone;

  scheduler_step();
  gone = mutex_of(mutex, "destroy");
  if (gone->owner != NONE || scheduler_has_waiter(FOR_MUTEX, mutex)) {
    scheduler_fail("lock", "destroyed while in use: %s", symbols_name(mutex));
  }
  race_access(mutex, sizeof *mutex, RACE_WRITE);
  gone->magic = 0;
  live--;
  scheduler_record("destroys", mutex, TRACE_NO_VALUE);
}

static void lock_without_step(uv_mutex_t *mutex) {
  mutex_t *locked = mutex_of(mutex, "lock");

  if (locked->owner == self()) {
    scheduler_fail("lock", "locked again by its owner: %s", symbols_name(mutex));
  }
  while (locked->owner != NONE) {
    (void)scheduler_wait(FOR_MUTEX, mutex, NEVER);
    (void)mutex_of(mutex, "lock");
  }
  locked->owner = self();
  race_acquire(mutex);
  scheduler_record("locks", mutex, TRACE_NO_VALUE);
}

void uv_mutex_lock(uv_mutex_t *mutex) {
  scheduler_step();
  lock_without_step(mutex);
}

static void unlock_without_step(uv_mutex_t *mutex) {
  mutex_t *locked = mutex_of(mutex, "unlock");

  if (locked->owner != self()) {
    scheduler_fail("lock", "unlocked by a thread that does not own it: %s", symbols_name(mutex));
  }
  race_release(mutex, true);
  locked->owner = NONE;
  scheduler_record("unlocks", mutex, TRACE_NO_VALUE);
  scheduler_wake(FOR_MUTEX, mutex, true);
}

void uv_mutex_unlock(uv_mutex_t *mutex) {
  scheduler_step();
  unlock_without_step(mutex);
}

/* ----------------------------------------------------------------------- condition variables -- */

static void check_cond(const uv_cond_t *cond, const char *operation) {
  race_access(cond, sizeof *cond, RACE_ATOMIC);
  if (*(const unsigned *)(const void *)cond != COND_MAGIC) {
    scheduler_fail("lock", "%s: not a condition variable: %s", operation, symbols_name(cond));
  }
}

int uv_cond_init(uv_cond_t *cond) {
  scheduler_step();
  race_access(cond, sizeof *cond, RACE_WRITE);
  if (scheduler_injects_failure()) {
    scheduler_record("fails to init", cond, TRACE_NO_VALUE);
    return UV_ENOMEM;
  }
  *(unsigned *)(void *)cond = COND_MAGIC;
  live++;
  return 0;
}

void uv_cond_destroy(uv_cond_t *cond) {
  scheduler_step();
  check_cond(cond, "destroy");
  if (scheduler_has_waiter(FOR_SIGNAL, cond)) {
    scheduler_fail("lock", "destroyed while in use: %s", symbols_name(cond));
  }
  race_access(cond, sizeof *cond, RACE_WRITE);
  *(unsigned *)(void *)cond = 0;
  live--;
}

void uv_cond_signal(uv_cond_t *cond) {
  scheduler_step();
  check_cond(cond, "signal");
  scheduler_record("signals", cond, TRACE_NO_VALUE);
  scheduler_wake(FOR_SIGNAL, cond, false);
}

/* Unlocking and the beginning of the wait are one step. */
static bool wait_for_signal(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t deadline_ns) {
  bool is_notified;

  scheduler_step();
  check_cond(cond, "wait");
  unlock_without_step(mutex);
  if (!is_backing_off[self()]) {
    history_record_sleep();
  }
  is_notified = scheduler_wait(FOR_SIGNAL, cond, deadline_ns);
  check_cond(cond, "wait");
  lock_without_step(mutex);
  return is_notified;
}

void uv_cond_wait(uv_cond_t *cond, uv_mutex_t *mutex) { (void)wait_for_signal(cond, mutex, NEVER); }

int uv_cond_timedwait(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t timeout) {
  return wait_for_signal(cond, mutex, scheduler_now_ns() + timeout) ? 0 : UV_ETIMEDOUT;
}

/* A thread that sleeps here waits for a spinlock; it is not queued in the slot. */
int __real_handoff__parker_sleep(uint64_t duration_ns);
int __wrap_handoff__parker_sleep(uint64_t duration_ns);
int __wrap_handoff__parker_sleep(uint64_t duration_ns) {
  int err;

  is_backing_off[self()] = true;
  err = __real_handoff__parker_sleep(duration_ns);
  is_backing_off[self()] = false;
  return err;
}

/* ---------------------------------------------------------------- threads, clock, processors -- */

int uv_thread_create_ex(uv_thread_t *id, const uv_thread_options_t *options, uv_thread_cb entry,
                        void *arg) {
  (void)options;
  scheduler_step();
  if (thread_count <= FAILING_THREADS && scheduler_injects_failure()) {
    scheduler_record("fails to create a thread", NULL, TRACE_NO_VALUE);
    return UV_EAGAIN;
  }
  *id = (uv_thread_t)scheduler_add("worker", entry, arg) + 1;
  return 0;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the type is libuv's */
int uv_thread_join(uv_thread_t *id) {
  scheduler_join((int)*id - 1);
  return 0;
}

uint64_t uv_hrtime(void) {
  scheduler_step();
  scheduler_record("reads the clock", NULL, scheduler_now_ns());
  return scheduler_now_ns();
}

int sched_yield(void) {
  scheduler_yield();
  scheduler_record("yields", NULL, TRACE_NO_VALUE);
  return 0;
}

/* Never 0, as with every libc. */
uv_thread_t uv_thread_self(void) { return (uv_thread_t)self() + 1; }

int uv_thread_equal(const uv_thread_t *a, const uv_thread_t *b) { return *a == *b; }

unsigned int uv_available_parallelism(void) { return scheduler_config.has_many_cpus ? 2 : 1; }

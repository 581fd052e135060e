/* lock: see lock.h. */

#include "sched/lock.h"

#include <string.h>
#include <uv.h>

#include "sched/race.h"
#include "sched/scheduler.h"
#include "sched/trace.h"

#define LOCK_MAGIC 0x10c4u
#define COND_MAGIC 0xc04du
#define OUTSIDE 1000 /* who owns what is locked outside of a run */

/* What we keep where libuv keeps its own. */
typedef struct {
  unsigned magic;
  int owner;
} lock_t;

_Static_assert(sizeof(lock_t) <= sizeof(uv_mutex_t), "a lock is larger than libuv's");
_Static_assert(sizeof(unsigned) <= sizeof(uv_cond_t), "a condition is larger than libuv's");

static int live;              /* locks and conditions */
static int held[THREADS_MAX]; /* of each thread: locks */

void lock_begin(void) {
  live = 0;
  memset(held, 0, sizeof held);
}

int lock_live(void) { return live; }

/* So many more are held by the running thread. */
static void count_held(int change) {
  if (thread_index() != NOBODY) {
    held[thread_index()] += change;
  }
}

static int self(void) { return thread_index() == NOBODY ? OUTSIDE : thread_index(); }

/* ------------------------------------------------------------------------------------ mutexes -- */

static lock_t *lock_of(uv_mutex_t *mutex, const char *doing) {
  lock_t *lock = (lock_t *)(void *)mutex;

  race_touch(mutex, sizeof *mutex, RACE_ATOMIC);
  if (lock->magic != LOCK_MAGIC) {
    scheduler_fail("lock", "%s: there is no such lock: %s", doing, trace_name_of(mutex));
  }
  return lock;
}

int uv_mutex_init(uv_mutex_t *mutex) {
  lock_t *lock = (lock_t *)(void *)mutex;

  scheduler_step();
  race_touch(mutex, sizeof *mutex, RACE_WRITE);
  if (scheduler_faults()) {
    scheduler_did("has no lock for", mutex, TRACE_NO_VALUE);
    return UV_EAGAIN;
  }
  race_forget(mutex);
  lock->magic = LOCK_MAGIC;
  lock->owner = NOBODY;
  live++;
  return 0;
}

void uv_mutex_destroy(uv_mutex_t *mutex) {
  lock_t *lock;

  scheduler_step();
  lock = lock_of(mutex, "destroy");
  if (lock->owner != NOBODY || scheduler_is_awaited(FOR_LOCK, mutex)) {
    scheduler_fail("lock", "it is destroyed while in use: %s", trace_name_of(mutex));
  }
  race_touch(mutex, sizeof *mutex, RACE_WRITE);
  lock->magic = 0;
  live--;
  scheduler_did("destroys", mutex, TRACE_NO_VALUE);
}

static void take(lock_t *lock, uv_mutex_t *mutex) {
  lock->owner = self();
  count_held(1);
  race_acquire(mutex);
  scheduler_did("locks", mutex, TRACE_NO_VALUE);
}

/* Without a step before it. */
static void lock_now(uv_mutex_t *mutex) {
  lock_t *lock = lock_of(mutex, "lock");

  if (lock->owner == self()) {
    scheduler_fail("lock", "who has it locks it again: %s", trace_name_of(mutex));
  }
  while (lock->owner != NOBODY) {
    (void)scheduler_wait(FOR_LOCK, mutex, NEVER);
    (void)lock_of(mutex, "lock");
  }
  take(lock, mutex);
}

void uv_mutex_lock(uv_mutex_t *mutex) {
  scheduler_step();
  lock_now(mutex);
}

int uv_mutex_trylock(uv_mutex_t *mutex) {
  lock_t *lock;

  scheduler_step();
  lock = lock_of(mutex, "trylock");
  if (lock->owner != NOBODY) {
    scheduler_did("tries in vain to lock", mutex, TRACE_NO_VALUE);
    return UV_EBUSY;
  }
  take(lock, mutex);
  return 0;
}

static void unlock_now(uv_mutex_t *mutex) {
  lock_t *lock = lock_of(mutex, "unlock");

  if (lock->owner != self()) {
    scheduler_fail("lock", "it is unlocked by who has not locked it: %s", trace_name_of(mutex));
  }
  race_release(mutex, true);
  lock->owner = NOBODY;
  count_held(-1);
  scheduler_did("unlocks", mutex, TRACE_NO_VALUE);
  scheduler_wake(FOR_LOCK, mutex, true);
}

void uv_mutex_unlock(uv_mutex_t *mutex) {
  scheduler_step();
  unlock_now(mutex);
}

/* --------------------------------------------------------------------------------- conditions -- */

static void check_cond(const uv_cond_t *cond, const char *doing) {
  race_touch(cond, sizeof *cond, RACE_ATOMIC);
  if (*(const unsigned *)(const void *)cond != COND_MAGIC) {
    scheduler_fail("lock", "%s: there is no such condition: %s", doing, trace_name_of(cond));
  }
}

int uv_cond_init(uv_cond_t *cond) {
  scheduler_step();
  race_touch(cond, sizeof *cond, RACE_WRITE);
  if (scheduler_faults()) {
    scheduler_did("has no condition for", cond, TRACE_NO_VALUE);
    return UV_ENOMEM;
  }
  *(unsigned *)(void *)cond = COND_MAGIC;
  live++;
  return 0;
}

void uv_cond_destroy(uv_cond_t *cond) {
  scheduler_step();
  check_cond(cond, "destroy");
  if (scheduler_is_awaited(FOR_SIGNAL, cond)) {
    scheduler_fail("lock", "it is destroyed while in use: %s", trace_name_of(cond));
  }
  race_touch(cond, sizeof *cond, RACE_WRITE);
  *(unsigned *)(void *)cond = 0;
  live--;
}

void uv_cond_signal(uv_cond_t *cond) {
  scheduler_step();
  check_cond(cond, "signal");
  scheduler_did("signals", cond, TRACE_NO_VALUE);
  scheduler_wake(FOR_SIGNAL, cond, false);
}

/* To begin to wait and to let go of the lock is one. Who then holds a lock still does not wait in a slot, but for a lock's
 * word. */
static bool wait_for(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t deadline_ns) {
  bool is_woken;

  scheduler_step();
  check_cond(cond, "wait");
  unlock_now(mutex);
  if (held[thread_index()] == 0) {
    scheduler_on_park();
  }
  is_woken = scheduler_wait(FOR_SIGNAL, cond, deadline_ns);
  check_cond(cond, "waited");
  lock_now(mutex);
  return is_woken;
}

void uv_cond_wait(uv_cond_t *cond, uv_mutex_t *mutex) { (void)wait_for(cond, mutex, NEVER); }

int uv_cond_timedwait(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t timeout) {
  uint64_t deadline_ns = scheduler_now_ns() + timeout;
  return wait_for(cond, mutex, deadline_ns) ? 0 : UV_ETIMEDOUT;
}

/* -------------------------------------------------------------------------------------- clock -- */

uint64_t uv_hrtime(void) {
  scheduler_step();
  scheduler_did("looks at the clock", NULL, scheduler_now_ns());
  return scheduler_now_ns();
}

/* None is 0, as with every libc. */
uv_thread_t uv_thread_self(void) { return (uv_thread_t)self() + 1; }

int uv_thread_equal(const uv_thread_t *a, const uv_thread_t *b) { return *a == *b; }

unsigned int uv_available_parallelism(void) { return scheduler_mishaps.has_many_cpus ? 2 : 1; }

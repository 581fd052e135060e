/* scheduler: see scheduler.h. */

#include "sched/scheduler.h"

#include <string.h>

#include "sched/race.h"
#include "sched/rng.h"
#include "sched/strategy.h"
#include "sched/thread.h"
#include "sched/trace.h"

#define STEPS_MAX 50000u
#define CLEARED_STACK 16384u
#define START_NS UINT64_C(1000000)

uint64_t rng_state;
config_t scheduler_config;

thread_t threads[THREADS_MAX];
int thread_count;
static int current = NONE;
static fiber_t outside;
static uint64_t now_ns;
static uint64_t steps;

int thread_index(void) { return current; }
const char *thread_name(int thread) { return thread == NONE ? "no thread" : threads[thread].name; }
const unsigned char *thread_depth(int thread) { return threads[thread].fiber.depth; }
uint64_t scheduler_now_ns(void) { return now_ns; }
uint64_t scheduler_steps(void) { return steps; }

bool scheduler_injects_failure(void) {
  if (scheduler_config.failures_left == 0 || !rng_one_in(scheduler_config.failures)) {
    return false;
  }
  scheduler_config.failures_left--;
  return true;
}

void scheduler_record(const char *what, const void *object, uint64_t value) {
  if (current != NONE) {
    threads[current].last = what;
    threads[current].last_object = object;
    trace_add(current, what, object, value);
  }
}

/* ------------------------------------------------------------------------- which thread runs -- */

static bool is_waiting(const thread_t *thread) {
  return !thread->has_ended && thread->waits != FOR_NOTHING;
}

static void wake(thread_t *thread, bool is_notified) {
  thread->waits = FOR_NOTHING;
  thread->is_notified = is_notified;
}

static uint64_t next_deadline_ns(void) {
  uint64_t next_ns = NEVER;
  int i;

  for (i = 0; i < thread_count; i++) {
    if (is_waiting(&threads[i]) && threads[i].deadline_ns < next_ns) {
      next_ns = threads[i].deadline_ns;
    }
  }
  return next_ns;
}

static void advance_time(uint64_t to_ns) {
  int i;

  now_ns = to_ns > now_ns ? to_ns : now_ns;
  for (i = 0; i < thread_count; i++) {
    if (is_waiting(&threads[i]) && threads[i].deadline_ns <= now_ns) {
      wake(&threads[i], false);
    }
  }
}

/* A random thread that waits for the object, or for any object if it is NULL. */
static thread_t *pick_waiter(wait_t what, const void *object) {
  thread_t *picked = NULL;
  unsigned count = 0;
  int i;

  for (i = 0; i < thread_count; i++) {
    if (threads[i].waits == what && (object == NULL || threads[i].object == object) &&
        rng_below(++count) == 0) {
      picked = &threads[i];
    }
  }
  return picked;
}

static void inject_wakeups(void) {
  if (rng_one_in(scheduler_config.spurious_wakeups)) {
    thread_t *victim = pick_waiter(FOR_SIGNAL, NULL);
    if (victim != NULL) {
      wake(victim, rng_one_in(2)); /* it may even report a timeout */
    }
  }
  if (rng_one_in(scheduler_config.time_jumps) && next_deadline_ns() != NEVER) {
    advance_time(next_deadline_ns());
  }
}

static unsigned runnable_threads(void) {
  unsigned runnable = 0;
  int i;

  for (i = 0; i < thread_count; i++) {
    runnable |= !threads[i].has_ended && !is_waiting(&threads[i]) ? 1u << i : 0;
  }
  return runnable;
}

/* NONE: all threads have ended. */
static int pick_thread(void) {
  unsigned runnable;
  int i;

  steps++;
  if (steps > STEPS_MAX) {
    scheduler_fail("endless", "the run has taken more than %u steps", STEPS_MAX);
  }
  now_ns++;
  if (next_deadline_ns() <= now_ns) {
    advance_time(now_ns);
  }
  inject_wakeups();
  runnable = runnable_threads();
  if (runnable == 0 && next_deadline_ns() != NEVER) {
    advance_time(next_deadline_ns());
    runnable = runnable_threads();
  }
  for (i = 0; runnable == 0 && i < thread_count; i++) {
    if (!threads[i].has_ended) {
      scheduler_fail("deadlock", "no thread can run");
    }
  }
  return runnable == 0 ? NONE : strategy_pick(runnable, current, steps);
}

static void switch_thread(void) {
  int picked = pick_thread();
  fiber_t *from = current == NONE ? &outside : &threads[current].fiber;

  if (picked != current) {
    current = picked;
    fiber_switch(from, picked == NONE ? &outside : &threads[picked].fiber);
  }
}

/* --------------------------------------------------------------------- called by the threads -- */

void scheduler_step(void) {
  if (current != NONE) {
    switch_thread();
  }
}

void scheduler_yield(void) {
  strategy_yield();
  scheduler_step();
}

bool scheduler_wait(wait_t what, const void *object, uint64_t deadline_ns) {
  thread_t *self;

  if (current == NONE) {
    scheduler_fail("deadlock", "the setup of the run has to wait");
  }
  self = &threads[current];
  self->waits = what;
  self->object = object;
  self->deadline_ns = deadline_ns;
  trace_add_wait(current, object);
  switch_thread();
  self->deadline_ns = NEVER;
  return self->is_notified;
}

void scheduler_wake(wait_t what, const void *object, bool all) {
  thread_t *thread;

  do {
    thread = pick_waiter(what, object);
    if (thread != NULL) {
      wake(thread, true);
    }
  } while (all && thread != NULL);
}

bool scheduler_has_waiter(wait_t what, const void *object) {
  int i;

  for (i = 0; i < thread_count; i++) {
    if (threads[i].waits == what && threads[i].object == object) {
      return true;
    }
  }
  return false;
}

/* ------------------------------------------------------------------------------------- a run -- */

/* Clears the stack below, so that code which reads uninitialised memory reads the same in each
 * replay. */
__attribute__((noinline)) static void clear_stack(void) {
  unsigned char unused[CLEARED_STACK];

  memset(unused, 0, sizeof unused);
  __asm__ volatile("" : : "r"(unused) : "memory"); /* keeps the memset */
}

/* The address for the happens-before of a thread's creation and its end: the end of its stack. */
static const void *lifetime_of(const thread_t *thread) {
  return race_stack((int)(thread - threads));
}

static void run_thread(void *arg) {
  thread_t *self = arg;

  for (;;) {
    clear_stack();
    race_acquire(lifetime_of(self));
    self->body(self->arg);
    race_release(lifetime_of(self), true);
    self->has_ended = true;
    scheduler_wake(FOR_END, self, true);
    switch_thread(); /* returns in the next run */
  }
}

int scheduler_add(const char *name, void (*body)(void *arg), void *arg) {
  thread_t *thread = &threads[thread_count];

  if (thread_count == THREADS_MAX) {
    scheduler_fail("limit", "more than %d threads", THREADS_MAX);
  }
  if (!thread->has_fiber) {
    fiber_make(&thread->fiber, race_stack(thread_count), RACE_STACK, run_thread, thread);
    thread->has_fiber = true;
  }
  thread->name = name;
  thread->body = body;
  thread->arg = arg;
  thread->has_ended = false;
  thread->waits = FOR_NOTHING;
  thread->object = NULL;
  thread->deadline_ns = NEVER;
  thread->last = NULL;
  thread->last_object = NULL;
  strategy_add_thread(thread_count);
  race_release(lifetime_of(thread), true);
  return thread_count++;
}

void scheduler_join(int thread) {
  scheduler_step();
  while (!threads[thread].has_ended) {
    (void)scheduler_wait(FOR_END, &threads[thread], NEVER);
  }
  race_acquire(lifetime_of(&threads[thread]));
}

void scheduler_begin(uint64_t seed) {
  trace_begin();
  rng_state = seed * UINT64_C(0xd1342543de82ef95);
  thread_count = 0;
  now_ns = START_NS;
  steps = 0;
  strategy_begin();
}

void scheduler_run(void) { switch_thread(); }

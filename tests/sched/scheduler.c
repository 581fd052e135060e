/* scheduler: see scheduler.h. */

#include "sched/scheduler.h"

#include <string.h>

#include "sched/choice.h"
#include "sched/race.h"
#include "sched/thread.h"
#include "sched/trace.h"

#define STEPS_MAX 50000u
#define WIPED 8192u
#define START_NS UINT64_C(1000000)

chance_t scheduler_chance;
mishaps_t scheduler_mishaps;
void (*scheduler_on_park)(void);

thread_t threads[THREADS_MAX];
int thread_count;
static int current = NOBODY;
static fiber_t outside;
static uint64_t now_ns;
static uint64_t steps;

int thread_index(void) { return current; }
const char *thread_name(int thread) { return thread == NOBODY ? "nobody" : threads[thread].name; }
const unsigned char *thread_depth(int thread) { return threads[thread].fiber.depth; }
uint64_t scheduler_now_ns(void) { return now_ns; }
uint64_t scheduler_steps(void) { return steps; }

bool scheduler_faults(void) {
  if (scheduler_mishaps.fault_budget == 0 ||
      !chance_hits(&scheduler_chance, scheduler_mishaps.faults)) {
    return false;
  }
  scheduler_mishaps.fault_budget--;
  return true;
}

void scheduler_did(const char *what, const void *object, uint64_t value) {
  if (current == NOBODY) {
    return;
  }
  threads[current].last = what;
  threads[current].last_object = object;
  trace_did(current, what, object, value);
}

/* -------------------------------------------------------------------------------- who goes on -- */

static bool is_ready(const thread_t *thread) {
  return !thread->has_ended && thread->waits == FOR_NOTHING;
}

static void wake(thread_t *thread, bool is_woken) {
  thread->waits = FOR_NOTHING;
  thread->is_woken = is_woken;
}

static uint64_t next_deadline_ns(void) {
  uint64_t next_ns = NEVER;
  int i;

  for (i = 0; i < thread_count; i++) {
    if (!is_ready(&threads[i]) && !threads[i].has_ended && threads[i].deadline_ns < next_ns) {
      next_ns = threads[i].deadline_ns;
    }
  }
  return next_ns;
}

static void go_to(uint64_t to_ns) {
  int i;

  now_ns = to_ns > now_ns ? to_ns : now_ns;
  for (i = 0; i < thread_count; i++) {
    if (!is_ready(&threads[i]) && !threads[i].has_ended && threads[i].deadline_ns <= now_ns) {
      wake(&threads[i], false);
    }
  }
}

/* One of those, if there are any, who wait for that. */
static thread_t *any_waiting(wait_t what, const void *object) {
  thread_t *found = NULL;
  unsigned count = 0;
  int i;

  for (i = 0; i < thread_count; i++) {
    if (threads[i].waits == what && (object == NULL || threads[i].object == object) &&
        chance_below(&scheduler_chance, ++count) == 0) {
      found = &threads[i];
    }
  }
  return found;
}

static void let_things_go_wrong(void) {
  thread_t *victim;
  uint64_t next_ns;

  if (chance_hits(&scheduler_chance, scheduler_mishaps.spurious)) {
    victim = any_waiting(FOR_SIGNAL, NULL);
    if (victim != NULL) {
      wake(victim, chance_hits(&scheduler_chance, 2)); /* it may even say that it is late */
    }
  }
  if (chance_hits(&scheduler_chance, scheduler_mishaps.hurry)) {
    next_ns = next_deadline_ns();
    if (next_ns != NEVER) {
      go_to(next_ns);
    }
  }
}

static unsigned ready_ones(void) {
  unsigned ready = 0;
  int i;

  for (i = 0; i < thread_count; i++) {
    ready |= is_ready(&threads[i]) ? 1u << i : 0;
  }
  return ready;
}

/* NOBODY: all have ended. */
static int choose(void) {
  unsigned ready;
  int i;

  steps++;
  if (steps > STEPS_MAX) {
    scheduler_fail("endless", "the run does not end");
  }
  now_ns++;
  if (next_deadline_ns() <= now_ns) {
    go_to(now_ns);
  }
  let_things_go_wrong();
  ready = ready_ones();
  if (ready == 0 && next_deadline_ns() != NEVER) {
    go_to(next_deadline_ns());
    ready = ready_ones();
  }
  for (i = 0; ready == 0 && i < thread_count; i++) {
    if (!threads[i].has_ended) {
      scheduler_fail("deadlock", "nobody can go on");
    }
  }
  return ready == 0 ? NOBODY : choice_make(ready, current, steps);
}

static void go_on(void) {
  int chosen = choose();
  fiber_t *from = current == NOBODY ? &outside : &threads[current].fiber;

  if (chosen != current) {
    current = chosen;
    fiber_switch(from, chosen == NOBODY ? &outside : &threads[chosen].fiber);
  }
}

/* ------------------------------------------------------------------------------- for threads -- */

void scheduler_step(void) {
  if (current != NOBODY) {
    go_on();
  }
}

bool scheduler_wait(wait_t what, const void *object, uint64_t deadline_ns) {
  thread_t *self;

  if (current == NOBODY) {
    scheduler_fail("deadlock", "who sets up has to wait");
  }
  self = &threads[current];
  self->waits = what;
  self->object = object;
  self->deadline_ns = deadline_ns;
  trace_waits(current, object);
  go_on();
  self->deadline_ns = NEVER;
  return self->is_woken;
}

void scheduler_wake(wait_t what, const void *object, bool all) {
  thread_t *thread;

  do {
    thread = any_waiting(what, object);
    if (thread != NULL) {
      wake(thread, true);
    }
  } while (all && thread != NULL);
}

bool scheduler_is_awaited(wait_t what, const void *object) {
  int i;

  for (i = 0; i < thread_count; i++) {
    if (threads[i].waits == what && threads[i].object == object) {
      return true;
    }
  }
  return false;
}

/* ------------------------------------------------------------------------------------- a run -- */

/* The stack below, so that whoever reads what he has not written reads the same in each run. */
__attribute__((noinline)) static void wipe(void) {
  unsigned char garbage[WIPED];

  memset(garbage, 0, sizeof garbage);
  __asm__ volatile("" : : "r"(garbage) : "memory"); /* somebody may look at it */
}

static void live(void *arg) {
  thread_t *self = arg;

  for (;;) {
    wipe();
    self->body(self->arg);
    self->has_ended = true;
    go_on(); /* until the next run */
  }
}

int scheduler_add(const char *name, void (*body)(void *arg), void *arg) {
  thread_t *thread = &threads[thread_count];

  if (thread_count == THREADS_MAX) {
    scheduler_fail("limit", "more than %d threads", THREADS_MAX);
  }
  if (!thread->has_fiber) {
    fiber_make(&thread->fiber, race_stack(thread_count), RACE_STACK, live, thread);
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
  choice_add(thread_count);
  return thread_count++;
}

void scheduler_begin(uint64_t seed) {
  trace_begin();
  scheduler_chance.state = seed * UINT64_C(0xd1342543de82ef95);
  thread_count = 0;
  now_ns = START_NS;
  steps = 0;
  choice_begin(&scheduler_chance);
}

void scheduler_run(void) { go_on(); }

/* strategy: see strategy.h. Under PCT a spin loop in a thread of high priority would never end. So
 * a thread also loses its priority when it yields, and after each quantum of steps. */

#include "sched/strategy.h"

#include "sched/rng.h"
#include "sched/scheduler.h"

#define CHANGES_MAX 5u
#define PRIORITY_BASE 1000000u /* priorities start above it and fall below it */

static bool is_pct;
static unsigned stickiness;
static uint64_t changes[CHANGES_MAX]; /* the steps at which the running thread's priority falls */
static unsigned change_count;
static unsigned priorities[THREADS_MAX];
static unsigned lowest;
static unsigned quantum;
static unsigned taken[THREADS_MAX]; /* steps since its priority last fell */
static bool has_yielded;

void strategy_begin(void) {
  unsigned horizon; /* PCT needs the length of a run, which is not known: guess it */
  unsigned i;

  is_pct = rng_one_in(2);
  quantum = 64u << rng_below(4);
  stickiness = 1u << rng_below(5);
  change_count = rng_below(CHANGES_MAX + 1);
  horizon = 32u << rng_below(6);
  for (i = 0; i < change_count; i++) {
    changes[i] = rng_below(horizon);
  }
  lowest = PRIORITY_BASE;
  has_yielded = false;
}

void strategy_add_thread(int thread) {
  taken[thread] = 0;
  priorities[thread] = PRIORITY_BASE + 1 + rng_below(1000) * THREADS_MAX + (unsigned)thread;
}

void strategy_yield(void) { has_yielded = true; }

static bool is_runnable(unsigned runnable, int thread) { return (runnable >> thread & 1u) != 0; }

static int pick_randomly(unsigned runnable, int current) {
  int picked = NONE;
  unsigned count = 0;
  int i;

  if (current != NONE && is_runnable(runnable, current) && !has_yielded &&
      !rng_one_in(stickiness)) {
    return current;
  }
  for (i = 0; i < THREADS_MAX; i++) {
    if (is_runnable(runnable, i) && rng_below(++count) == 0) {
      picked = i;
    }
  }
  return picked;
}

static int pick_by_priority(unsigned runnable, int current, uint64_t step) {
  bool falls = has_yielded;
  int picked = NONE;
  unsigned i;
  int t;

  for (i = 0; i < change_count; i++) {
    falls |= changes[i] == step;
  }
  if (current != NONE && (falls || ++taken[current] >= quantum)) {
    priorities[current] = --lowest;
    taken[current] = 0;
  }
  for (t = 0; t < THREADS_MAX; t++) {
    if (is_runnable(runnable, t) && (picked == NONE || priorities[t] > priorities[picked])) {
      picked = t;
    }
  }
  return picked;
}

int strategy_pick(unsigned runnable, int current, uint64_t step) {
  int picked =
      is_pct ? pick_by_priority(runnable, current, step) : pick_randomly(runnable, current);

  has_yielded = false;
  return picked;
}

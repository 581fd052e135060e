/* choice: see choice.h. With priorities, who waits in a loop for another would never end: after SOLO_MAX steps
 * in a row it falls too. */

#include "sched/choice.h"

#include "sched/scheduler.h"

#define SOLO_MAX 300u
#define FALLS_MAX 5u
#define MIDDLE 1000000u /* priorities start above it and fall below */

static chance_t *chance;
static bool is_pct;
static unsigned stickiness;
static uint64_t falls[FALLS_MAX]; /* the steps at which who runs falls */
static unsigned fall_count;
static unsigned priorities[THREADS_MAX];
static unsigned lowest;
static unsigned solo; /* steps in a row by the same thread */

void choice_begin(chance_t *from) {
  unsigned horizon; /* runs differ in length, and so the seed guesses */
  unsigned i;

  chance = from;
  is_pct = chance_hits(chance, 2);
  stickiness = 1u << chance_below(chance, 5);
  fall_count = chance_below(chance, FALLS_MAX + 1);
  horizon = 32u << chance_below(chance, 6);
  for (i = 0; i < fall_count; i++) {
    falls[i] = chance_below(chance, horizon);
  }
  lowest = MIDDLE;
  solo = 0;
}

void choice_add(int thread) {
  priorities[thread] = MIDDLE + 1 + chance_below(chance, 1000) * THREADS_MAX + (unsigned)thread;
}

static bool can(unsigned ready, int thread) { return (ready >> thread & 1u) != 0; }

static int by_walk(unsigned ready, int current) {
  int chosen = NOBODY;
  unsigned count = 0;
  int i;

  if (current != NOBODY && can(ready, current) && !chance_hits(chance, stickiness)) {
    return current;
  }
  for (i = 0; i < THREADS_MAX; i++) {
    if (can(ready, i) && chance_below(chance, ++count) == 0) {
      chosen = i;
    }
  }
  return chosen;
}

static int by_priority(unsigned ready, int current, uint64_t step) {
  int chosen = NOBODY;
  unsigned i;
  int t;

  for (i = 0; i < fall_count && current != NOBODY; i++) {
    if (falls[i] == step) {
      priorities[current] = --lowest;
    }
  }
  if (solo >= SOLO_MAX) {
    priorities[current] = --lowest;
  }
  for (t = 0; t < THREADS_MAX; t++) {
    if (can(ready, t) && (chosen == NOBODY || priorities[t] > priorities[chosen])) {
      chosen = t;
    }
  }
  return chosen;
}

int choice_make(unsigned ready, int current, uint64_t step) {
  int chosen = is_pct ? by_priority(ready, current, step) : by_walk(ready, current);

  solo = chosen == current ? solo + 1 : 0;
  return chosen;
}

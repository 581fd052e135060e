/* dice: chance that can be replayed, and what else the stress tests share.
 *
 * A run prints its seed. HANDOFF_SEED=N in the environment replays the choices of a run, though not what
 * the scheduler made of them. HANDOFF_STRESS=N divides the amount of work; 0.1 makes it ten times as much. */

#ifndef TESTS_STRESS_DICE_H
#define TESTS_STRESS_DICE_H

#include <stdio.h>

#include "handoff.h"
#include "lib/bounded.h"

/* For any thread: cmocka's assertions are for the one that runs the tests. */
#define CHECK(condition) ((condition) ? (void)0 : dice_fail(__FILE__, __LINE__, #condition))

static uint64_t dice_seed; /* of the process; set before any thread is started, then constant */

static _Noreturn inline void dice_fail(const char *file, int line, const char *condition) {
  (void)fprintf(stderr, "%s:%d: HANDOFF_SEED=%llu: not so: %s\n", file, line,
                (unsigned long long)dice_seed, condition);
  abort();
}

/* A number from the environment. */
static inline uint64_t dice_setting(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

/* Call first. */
static inline void dice_start(void) {
  dice_seed = dice_setting("HANDOFF_SEED", uv_hrtime() / 1000 % 1000000000);
  printf("HANDOFF_SEED=%llu\n", (unsigned long long)dice_seed);
  (void)fflush(stdout);
}

/* As much of `count` as is asked for, at least 1. */
static inline size_t dice_scaled(size_t count) {
  const char *text = getenv("HANDOFF_STRESS");
  double divisor = text == NULL ? 0 : strtod(text, NULL);
  size_t scaled = divisor > 0 ? (size_t)((double)count / divisor + 0.5) : count;
  return scaled == 0 ? 1 : scaled;
}

/* A source of chance: one thread's own. */
typedef struct dice_s {
  uint64_t state;
} dice_t;

/* `stream` tells the dice of one run from one another. */
static inline dice_t dice_new(uint64_t stream) {
  dice_t dice = {dice_seed * UINT64_C(0x9e3779b97f4a7c15) + stream * UINT64_C(0xd1342543de82ef95)};
  return dice;
}

/* splitmix64 (Steele, Lea, Flood, 2014). */
static inline uint64_t dice_roll(dice_t *dice) {
  uint64_t mixed = dice->state += UINT64_C(0x9e3779b97f4a7c15);
  mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
  return mixed ^ (mixed >> 31);
}

/* From 0 up to but not including `end`, which is not 0. */
static inline size_t dice_below(dice_t *dice, size_t end) {
  return (size_t)(dice_roll(dice) % end);
}

/* True once in `odds` times; never if they are 0. */
static inline bool dice_hit(dice_t *dice, size_t odds) {
  return odds != 0 && dice_below(dice, odds) == 0;
}

/* Passes a short, random time without giving up the processor. */
static inline void dice_dawdle(dice_t *dice, size_t most) {
  volatile size_t rest = dice_below(dice, most);
  while (rest != 0) {
    rest = rest - 1;
  }
}

#endif /* TESTS_STRESS_DICE_H */

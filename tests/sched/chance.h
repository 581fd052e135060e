/* chance: all the choices of a run come from its seed through here, and so can be made again. */

#ifndef TESTS_SCHED_CHANCE_H
#define TESTS_SCHED_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct chance_s {
  uint64_t state;
} chance_t;

/* splitmix64 (Steele, Lea, Flood, 2014). */
static inline uint64_t chance_roll(chance_t *chance) {
  uint64_t mixed = chance->state += UINT64_C(0x9e3779b97f4a7c15);
  mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
  return mixed ^ (mixed >> 31);
}

/* From 0 up to but not including `end`, which is not 0. */
static inline unsigned chance_below(chance_t *chance, unsigned end) {
  return (unsigned)(((chance_roll(chance) >> 32) * end) >> 32);
}

static inline unsigned chance_between(chance_t *chance, unsigned least, unsigned most) {
  return least + chance_below(chance, most - least + 1);
}

/* True once in `odds` times; never if they are 0. */
static inline bool chance_hits(chance_t *chance, unsigned odds) {
  return odds != 0 && chance_below(chance, odds) == 0;
}

#endif /* TESTS_SCHED_CHANCE_H */

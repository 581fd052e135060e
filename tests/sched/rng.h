/* rng: every choice of a run comes from this generator, so that its seed replays it. */

#ifndef TESTS_SCHED_RNG_H
#define TESTS_SCHED_RNG_H

#include <stdbool.h>
#include <stdint.h>

extern uint64_t rng_state;

/* splitmix64 (Steele, Lea, Flood, 2014). */
static inline uint64_t rng_next(void) {
  uint64_t mixed = rng_state += UINT64_C(0x9e3779b97f4a7c15);
  mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
  return mixed ^ (mixed >> 31);
}

/* From 0 up to but not including `end`, which is not 0. */
static inline unsigned rng_below(unsigned end) {
  return (unsigned)(((rng_next() >> 32) * end) >> 32);
}

/* From `min` to `max`, both included. */
static inline unsigned rng_between(unsigned min, unsigned max) {
  return min + rng_below(max - min + 1);
}

/* True with a probability of 1/n; never if n is 0. */
static inline bool rng_one_in(unsigned n) { return n != 0 && rng_below(n) == 0; }

#endif /* TESTS_SCHED_RNG_H */

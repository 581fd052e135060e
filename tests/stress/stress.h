/* stress: what every stress test shares: CHECK, the amount of work, the set-up, and reproducible
 * random numbers.
 *
 * A run prints its seed. HANDOFF_SEED=N in the environment repeats the random choices of a run, but
 * not its thread schedule. HANDOFF_STRESS=N divides the amount of work; 0.1 makes it ten times as
 * much. */

#ifndef TESTS_STRESS_STRESS_H
#define TESTS_STRESS_STRESS_H

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "handoff.h"
#include "lib/bounded.h"

/* For any thread. cmocka's assertions work only on the thread that runs the tests. */
#define CHECK(condition) ((condition) ? (void)0 : stress_fail(__FILE__, __LINE__, #condition))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A test bounds its work on a slow or busy machine: each series of rounds ends after this time. */
#define STRESS_SERIES_NS (UINT64_C(2) * 1000 * 1000 * 1000)
/* The watchdog ends a hang, not a slow test. It allows for tests with a fixed amount of work on a
 * machine that runs other programs. */
#define STRESS_WATCHDOG_SECONDS "240"

static uint64_t stress_seed; /* Set before any thread is started, then constant. */

static _Noreturn inline void stress_fail(const char *file, int line, const char *condition) {
  (void)fprintf(stderr, "%s:%d: HANDOFF_SEED=%llu: check failed: %s\n", file, line,
                (unsigned long long)stress_seed, condition);
  abort();
}

/* Called first, once per process. */
static inline void stress_start(void) {
  const char *seed = getenv("HANDOFF_SEED");
  stress_seed = seed == NULL ? uv_hrtime() / 1000 % 1000000000 : strtoull(seed, NULL, 10);
  printf("HANDOFF_SEED=%llu\n", (unsigned long long)stress_seed);
  (void)fflush(stdout);
  CHECK(setenv("HANDOFF_TEST_SECONDS", STRESS_WATCHDOG_SECONDS, 0) == 0);
}

#define stress_run(name, tests) \
  (stress_start(), cmocka_run_group_tests_name("stress." name, tests, NULL, NULL))

/* ---------------------------------------------------------------------------- amount of work -- */

/* `count` divided by HANDOFF_STRESS, at least 1. */
static inline size_t stress_scaled(size_t count) {
  const char *text = getenv("HANDOFF_STRESS");
  double divisor = text == NULL ? 0 : strtod(text, NULL);
  size_t scaled = divisor > 0 ? (size_t)((double)count / divisor + 0.5) : count;
  return scaled == 0 ? 1 : scaled;
}

/* A series of rounds: a scaled number of them. The series ends early after STRESS_SERIES_NS, unless
 * HANDOFF_STRESS asks for a certain amount. */
typedef struct stress_series_s {
  size_t count;
  size_t done; /* rounds begun */
  uint64_t end_ns;
} stress_series_t;

static inline stress_series_t stress_series(size_t count) {
  bool is_bounded = getenv("HANDOFF_STRESS") == NULL;
  stress_series_t series = {stress_scaled(count), 0,
                            is_bounded ? uv_hrtime() + STRESS_SERIES_NS : UINT64_MAX};
  return series;
}

/* Returns: whether to run another round. The first one always runs. */
static inline bool stress_next(stress_series_t *series) {
  bool goes_on =
      series->done < series->count && (series->done == 0 || uv_hrtime() < series->end_ns);
  series->done += goes_on;
  return goes_on;
}

/* ---------------------------------------------------------------------------- random numbers -- */

/* A pseudorandom number generator, splitmix64 (Steele, Lea, Flood, 2014). Not shared by threads. */
typedef struct rng_s {
  uint64_t state;
} rng_t;

/* `stream` distinguishes the generators of one run. */
static inline rng_t rng_new(uint64_t stream) {
  rng_t rng = {stress_seed * UINT64_C(0x9e3779b97f4a7c15) + stream * UINT64_C(0xd1342543de82ef95)};
  return rng;
}

static inline uint64_t rng_next(rng_t *rng) {
  uint64_t mixed = rng->state += UINT64_C(0x9e3779b97f4a7c15);
  mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
  return mixed ^ (mixed >> 31);
}

/* From 0 to `end` - 1; `end` is not 0. */
static inline size_t rng_below(rng_t *rng, size_t end) { return (size_t)(rng_next(rng) % end); }

/* True with probability 1 / `odds`; never for 0. */
static inline bool rng_one_in(rng_t *rng, size_t odds) {
  return odds != 0 && rng_below(rng, odds) == 0;
}

/* Busy-waits for a random time, up to `max` loop iterations. */
static inline void rng_busy_wait(rng_t *rng, size_t max) {
  volatile size_t rest = rng_below(rng, max);
  while (rest != 0) {
    rest = rest - 1;
  }
}

#endif /* TESTS_STRESS_STRESS_H */

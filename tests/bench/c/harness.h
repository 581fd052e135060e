/* harness: arguments, threads, clock and output of a contender in C.
 *
 * A contender runs as `PROGRAM SCENARIO NUMBER ITEMS` and prints its figures, in ns, on one line.
 * NUMBER is the capacity, or a time in ms if the scenario needs no capacity. */

#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct harness_args {
  const char *scenario;
  size_t number;
  uint64_t items;
};

struct harness_thread {
  void (*run)(struct harness_thread *self);
  void *arg;
  uint64_t first; /* the first item that this thread puts */
  uint64_t items; /* how many it puts or gets */
  uint64_t sum;   /* of the items that it got */
  uv_barrier_t *start;
  uv_thread_t id;
};

/* Prints the message and exits. */
_Noreturn void harness_fail(const char *message);

/* Exits with status 3, which tells bench.py that the scenario or the number is not supported. */
_Noreturn void harness_unsupported(void);

/* Fails if a libuv or handoff call returned an error. */
void harness_check(int err);

/* Fails unless the items add up to 1 + 2 + … + items. */
void harness_check_sum(uint64_t sum, uint64_t items);

struct harness_args harness_parse(int argc, char **argv);
bool harness_is(const struct harness_args *args, const char *scenario);

/* Starts all threads at once and returns the ns until the last one has finished. */
uint64_t harness_run(struct harness_thread *threads, unsigned count);

/* CPU time of the process so far. */
uint64_t harness_cpu_ns(void);

/* Prints ns per item. */
void harness_print(uint64_t ns, uint64_t items);

#endif /* BENCH_HARNESS_H */

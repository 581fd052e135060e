/* course: what all contenders in C have in common: the arguments, the start and the clock.
 *
 * A contender is run as `PROGRAM SCENARIO NUMBER ITEMS` and prints one line of nanoseconds. NUMBER is
 * the capacity, or a time in ms where the scenario has no capacity to choose. */

#ifndef BENCH_COURSE_H
#define BENCH_COURSE_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* Leaves with this status where a contender does not know the scenario or the number. */
#define COURSE_UNKNOWN 3

struct course {
  const char *scenario;
  size_t number;
  uint64_t items;
};

/* One thread of a race. */
struct runner {
  void (*run)(struct runner *self);
  void *arg;
  uint64_t items; /* how many are its share */
  uint64_t sum;   /* of what it got */
  uv_barrier_t *start;
  uv_thread_t thread;
};

/* Ends the program with a message and the status. */
_Noreturn void course_fail(int status, const char *message);

struct course course_read(int argc, char **argv);

/* Runs all runners at once, each on a thread of its own; returns the ns from their start to the end
 * of the last one. */
uint64_t course_run(struct runner *runners, unsigned count);

/* CPU time of the process so far, in ns. */
uint64_t course_cpu_ns(void);

/* Fails unless the numbers 1 to `items` have been got, each once, by what they sum up to. */
void course_check(uint64_t sum, uint64_t items);

/* Prints the result: the share of each item. */
void course_report(uint64_t ns, uint64_t items);

#endif /* BENCH_COURSE_H */

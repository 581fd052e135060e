/* sleep_until: sleeps until a time on uv_hrtime()'s clock, by clock_nanosleep. */

#ifndef BENCH_SLEEP_UNTIL_H
#define BENCH_SLEEP_UNTIL_H

#include <errno.h>
#include <stdint.h>
#include <time.h>

static inline void sleep_until(uint64_t due_ns) {
  struct timespec until = {(time_t)(due_ns / 1000000000), (long)(due_ns % 1000000000)};

  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
  }
}

#endif /* BENCH_SLEEP_UNTIL_H */

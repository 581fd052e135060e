/* lateness: how late ticks are. Tick k, from 1 to `ticks`, is due at `start_ns + k * period_ns` on
 * uv_hrtime()'s clock. */

#ifndef BENCH_LATENESS_H
#define BENCH_LATENESS_H

#include <stdint.h>

struct lateness {
  uint64_t period_ns;
  uint64_t ticks;
  uint64_t start_ns;
  uint64_t recorded;
  uint64_t *late_ns;
};

/* Parses `late PERIOD_MS TICKS` and starts now. */
struct lateness lateness_start(int argc, char **argv);

/* When the next tick is due. */
uint64_t lateness_due_ns(const struct lateness *lateness);

/* Records that the next tick ran now. Fails if it was early. */
void lateness_record(struct lateness *lateness);

/* Prints the median and the 99th percentile in ns. */
void lateness_print(struct lateness *lateness);

#endif /* BENCH_LATENESS_H */

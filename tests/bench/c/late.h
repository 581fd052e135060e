/* late: how late ticks come. A contender says what it saw, tick by tick; the report is one line with the
 * median and the 99th percentile, in ns. */

#ifndef BENCH_LATE_H
#define BENCH_LATE_H

#include <stdint.h>

/* The race: ticks 1 to `ticks` are due at `start_ns + k * period_ns` on uv_hrtime's clock. */
struct late {
  uint64_t period_ns;
  uint64_t ticks;
  uint64_t start_ns;
  uint64_t seen;
  uint64_t *late_ns;
};

/* Reads `late PERIOD_MS TICKS` and starts the clock. */
struct late late_start(int argc, char **argv);

/* When the next tick is due. */
uint64_t late_due_ns(const struct late *late);

/* The next tick has come, now. */
void late_see(struct late *late);

void late_report(struct late *late);

#endif /* BENCH_LATE_H */

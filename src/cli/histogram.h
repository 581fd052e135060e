/* histogram: percentiles of any number of durations, in constant memory.
 *
 * Log-linear buckets, as in HdrHistogram (Gil Tene, hdrhistogram.org), of one fixed size and
 * without allocation. Each power of two is divided into 64 equal buckets. A percentile is thus
 * within 1/128 (0.8 %) of the exact one, and exact below 128. Count, minimum and maximum are
 * always exact. One thread only. */

#ifndef HANDOFF_CLI_HISTOGRAM_H
#define HANDOFF_CLI_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BITS 6 /* 2^6 buckets for each power of two */
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS)

struct histogram {
  uint64_t count;
  uint64_t min; /* UINT64_MAX while count is 0 */
  uint64_t max;
  uint64_t buckets[HISTOGRAM_BUCKETS];
};

_Static_assert(sizeof(struct histogram) <= 32768, "a histogram takes at most 32 KiB");

void histogram_init(struct histogram *histogram);

/* Adds one value, in constant time. */
void histogram_add(struct histogram *histogram, uint64_t value);

/* Adds `count` values: first, first + step, first + 2 * step, … The time depends on the number of
 * buckets that they fall into, not on the count. Requires: step > 0, and the last value fits. */
void histogram_add_series(struct histogram *histogram, uint64_t first, uint64_t step,
                          uint64_t count);

/* The smallest value that per_mille thousandths of all values do not exceed (nearest rank): 500 is
 * the median, 990 is p99. 0 gives the exact minimum, 1000 and above the exact maximum, and other
 * results lie between them. 0 if the histogram is empty. */
uint64_t histogram_percentile(const struct histogram *histogram, unsigned per_mille);

#endif /* HANDOFF_CLI_HISTOGRAM_H */

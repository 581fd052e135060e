/* histogram: counts of durations, for percentiles of a run of any length in constant memory.
 *
 * Log-linear buckets: every power of two is cut into 64 equal ones, so a percentile is within
 * 1/128 (0.8 %) of the value that sorting all of them would give, over all of uint64, and exact
 * below 128. Count, least, most and mean are exact. The idea is Gil Tene's HdrHistogram; this one
 * is of one size, 30 KiB, without allocation. Not thread-safe: one thread adds and reads. */

#ifndef HANDOFF_CLI_HISTOGRAM_H
#define HANDOFF_CLI_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BITS 6 /* 2^6 buckets for each power of two */
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS)

typedef struct {
  uint64_t count;
  uint64_t min; /* UINT64_MAX while count is 0 */
  uint64_t max;
  uint64_t sum_low; /* the sum has 128 bits: it cannot overflow before count does */
  uint64_t sum_high;
  uint64_t buckets[HISTOGRAM_BUCKETS];
} histogram_t;

_Static_assert(sizeof(histogram_t) <= 32768, "a histogram takes at most 32 KiB");

/* Makes it empty. */
void histogram_init(histogram_t *histogram);

/* Counts one value, in constant time. */
void histogram_add(histogram_t *histogram, uint64_t value);

/* The value that per_mille thousandths of all values do not exceed, by nearest rank: 500 is the
 * median, 990 is p99. Never below the least value nor above the most: 0 is exactly the least, 1000
 * and more exactly the most. 0 when there are no values. */
uint64_t histogram_percentile(const histogram_t *histogram, unsigned per_mille);

/* The mean, rounded down. 0 when there are no values. */
uint64_t histogram_mean(const histogram_t *histogram);

#endif /* HANDOFF_CLI_HISTOGRAM_H */

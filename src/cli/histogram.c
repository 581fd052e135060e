/* histogram: see histogram.h.
 *
 * Each bucket below GROUP holds a single value, its own index. Above, each group of GROUP buckets
 * covers one power of two: group g holds the values whose highest bit is HISTOGRAM_BITS + g - 1,
 * and the HISTOGRAM_BITS bits below that one select the bucket. Buckets are ordered by value. */

#include "histogram.h"

#include <string.h>

#define GROUP (1u << HISTOGRAM_BITS)

static unsigned bucket_of(uint64_t value) {
  unsigned shift;

  if (value < GROUP) {
    return (unsigned)value;
  }
  shift = 63u - (unsigned)__builtin_clzll(value) - HISTOGRAM_BITS;
  return (shift + 1) * GROUP + (unsigned)((value >> shift) & (GROUP - 1));
}

/* The largest value in a bucket. */
static uint64_t end_of(unsigned bucket) {
  unsigned shift;

  if (bucket < GROUP) {
    return bucket;
  }
  shift = bucket / GROUP - 1;
  return ((uint64_t)(GROUP + bucket % GROUP) << shift) + (((uint64_t)1 << shift) - 1);
}

/* The midpoint of a bucket: at most half the bucket's width from every value in it. */
static uint64_t midpoint_of(unsigned bucket) {
  unsigned shift;

  if (bucket < GROUP) {
    return bucket;
  }
  shift = bucket / GROUP - 1;
  return ((uint64_t)(GROUP + bucket % GROUP) << shift) + (((uint64_t)1 << shift) >> 1);
}

void histogram_init(struct histogram *histogram) {
  memset(histogram, 0, sizeof *histogram);
  histogram->min = UINT64_MAX;
}

void histogram_add(struct histogram *histogram, uint64_t value) {
  histogram->count++;
  if (value < histogram->min) {
    histogram->min = value;
  }
  if (value > histogram->max) {
    histogram->max = value;
  }
  histogram->buckets[bucket_of(value)]++;
}

void histogram_add_series(struct histogram *histogram, uint64_t first, uint64_t step,
                          uint64_t count) {
  uint64_t value = first;

  if (count == 0) {
    return;
  }
  histogram->count += count;
  histogram->min = first < histogram->min ? first : histogram->min;
  if (first + (count - 1) * step > histogram->max) {
    histogram->max = first + (count - 1) * step;
  }
  while (count != 0) {
    const unsigned bucket = bucket_of(value);
    const uint64_t fitting = (end_of(bucket) - value) / step + 1;
    const uint64_t added = fitting < count ? fitting : count;

    histogram->buckets[bucket] += added;
    value += added * step;
    count -= added;
  }
}

uint64_t histogram_percentile(const struct histogram *histogram, unsigned per_mille) {
  uint64_t rank;
  uint64_t cumulative = histogram->buckets[0];
  uint64_t value;
  unsigned bucket = 0;

  if (histogram->count == 0) {
    return 0;
  }
  if (per_mille == 0) {
    return histogram->min;
  }
  if (per_mille >= 1000) {
    return histogram->max;
  }
  /* ceil(count * per_mille / 1000), computed without a product that could overflow. At least 1. */
  rank = histogram->count / 1000 * per_mille;
  rank += (histogram->count % 1000 * per_mille + 999) / 1000;
  while (cumulative < rank) {
    cumulative += histogram->buckets[++bucket];
  }
  value = midpoint_of(bucket);
  if (value < histogram->min) {
    return histogram->min;
  }
  return value > histogram->max ? histogram->max : value;
}

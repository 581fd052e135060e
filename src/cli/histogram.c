/* histogram: see histogram.h.
 *
 * Bucket b below 2^BITS holds the value b alone. From there on each group of 2^BITS buckets covers
 * one power of two: group g holds the values whose highest bit is BITS + g - 1, and the BITS bits
 * below that one choose the bucket. The buckets are in the order of their values, which is all
 * that percentile needs. */

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

/* The value in the middle of a bucket, and so at most half its width from each that is in it. */
static uint64_t middle_of(unsigned bucket) {
  unsigned shift;
  if (bucket < GROUP) {
    return bucket;
  }
  shift = bucket / GROUP - 1;
  return ((uint64_t)(GROUP + bucket % GROUP) << shift) + (((uint64_t)1 << shift) >> 1);
}

void histogram_init(histogram_t *histogram) {
  memset(histogram, 0, sizeof *histogram);
  histogram->min = UINT64_MAX;
}

void histogram_add(histogram_t *histogram, uint64_t value) {
  histogram->count++;
  histogram->sum_low += value;
  if (histogram->sum_low < value) {
    histogram->sum_high++;
  }
  if (value < histogram->min) {
    histogram->min = value;
  }
  if (value > histogram->max) {
    histogram->max = value;
  }
  histogram->buckets[bucket_of(value)]++;
}

uint64_t histogram_percentile(const histogram_t *histogram, unsigned per_mille) {
  uint64_t rank;
  uint64_t seen = 0;
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
  /* ceil(count * per_mille / 1000), and no product that could overflow. At least 1. */
  rank = histogram->count / 1000 * per_mille;
  rank += (histogram->count % 1000 * per_mille + 999) / 1000;
  for (;;) {
    seen += histogram->buckets[bucket];
    if (seen >= rank) {
      break;
    }
    bucket++;
  }
  value = middle_of(bucket);
  if (value < histogram->min) {
    return histogram->min;
  }
  return value > histogram->max ? histogram->max : value;
}

/* Division of 128 bits by 64 as on paper, a bit at a time. The sum is at most count * max, so the
 * quotient fits 64 bits, and sum_high is less than count: it is the first remainder. */
uint64_t histogram_mean(const histogram_t *histogram) {
  uint64_t rest = histogram->sum_high;
  uint64_t mean = 0;
  int bit;
  if (histogram->count == 0) {
    return 0;
  }
  for (bit = 63; bit >= 0; bit--) {
    uint64_t carry = rest >> 63;
    rest = rest << 1 | (histogram->sum_low >> bit & 1);
    mean <<= 1;
    if (carry != 0 || rest >= histogram->count) {
      rest -= histogram->count;
      mean |= 1;
    }
  }
  return mean;
}

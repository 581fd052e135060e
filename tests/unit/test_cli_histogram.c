/* unit.histogram: percentiles against a sorted array, within the stated bound; the rest exact. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/histogram.h"

#define SAMPLES 20000

static histogram_t histogram;
static uint64_t samples[SAMPLES];
static uint64_t seed;

static int set_up(void **state) {
  (void)state;
  seed = 1;
  histogram_init(&histogram);
  return 0;
}

/* splitmix64 */
static uint64_t random_next(void) {
  uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a;
  uint64_t y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

/* The value of the nearest rank in the sorted samples. */
static uint64_t expected(size_t count, unsigned per_mille) {
  size_t rank = (count * per_mille + 999) / 1000;
  return samples[rank == 0 ? 0 : rank - 1];
}

static void assert_within_bound(uint64_t got, uint64_t wanted, unsigned per_mille) {
  uint64_t far = got > wanted ? got - wanted : wanted - got;
  if (far > wanted / 128) {
    fail_msg("at %u: %llu for %llu", per_mille, (unsigned long long)got,
             (unsigned long long)wanted);
  }
}

static void check_all_percentiles(size_t count) {
  unsigned per_mille;
  uint64_t last = 0;
  size_t i;
  histogram_init(&histogram);
  for (i = 0; i < count; i++) {
    histogram_add(&histogram, samples[i]);
  }
  qsort(samples, count, sizeof samples[0], by_value);
  for (per_mille = 0; per_mille <= 1000; per_mille++) {
    uint64_t got = histogram_percentile(&histogram, per_mille);
    assert_within_bound(got, expected(count, per_mille), per_mille);
    assert_true(got >= last);
    assert_true(got >= samples[0] && got <= samples[count - 1]);
    last = got;
  }
  assert_int_equal(histogram_percentile(&histogram, 0), samples[0]);
  assert_int_equal(histogram_percentile(&histogram, 1000), samples[count - 1]);
  assert_int_equal(histogram_percentile(&histogram, 5000), samples[count - 1]);
}

static void empty_is_all_zero(void **state) {
  (void)state;
  assert_int_equal(histogram.count, 0);
  assert_int_equal(histogram.max, 0);
  assert_true(histogram.min == UINT64_MAX);
  assert_int_equal(histogram_mean(&histogram), 0);
  assert_int_equal(histogram_percentile(&histogram, 0), 0);
  assert_int_equal(histogram_percentile(&histogram, 500), 0);
  assert_int_equal(histogram_percentile(&histogram, 1000), 0);
}

static void one_value_is_every_percentile(void **state) {
  static const uint64_t values[] = {0, 1, 63, 64, 127, 128, 1000003, INT64_MAX, UINT64_MAX};
  size_t i;
  (void)state;
  for (i = 0; i < sizeof values / sizeof values[0]; i++) {
    histogram_init(&histogram);
    histogram_add(&histogram, values[i]);
    assert_true(histogram_percentile(&histogram, 0) == values[i]);
    assert_true(histogram_percentile(&histogram, 1) == values[i]);
    assert_true(histogram_percentile(&histogram, 500) == values[i]);
    assert_true(histogram_percentile(&histogram, 1000) == values[i]);
    assert_true(histogram_mean(&histogram) == values[i]);
    assert_true(histogram.min == values[i] && histogram.max == values[i]);
  }
}

static void small_values_are_exact(void **state) {
  uint64_t value;
  unsigned i;
  (void)state;
  for (value = 0; value < 128; value++) {
    histogram_add(&histogram, value);
  }
  for (i = 1; i <= 1000; i++) {
    assert_int_equal(histogram_percentile(&histogram, i), (128 * i + 999) / 1000 - 1);
  }
}

static void median_and_p99_by_nearest_rank(void **state) {
  uint64_t value;
  (void)state;
  for (value = 1; value <= 100; value++) {
    histogram_add(&histogram, value);
  }
  assert_int_equal(histogram_percentile(&histogram, 500), 50);
  assert_int_equal(histogram_percentile(&histogram, 501), 51);
  assert_int_equal(histogram_percentile(&histogram, 990), 99);
  assert_int_equal(histogram_percentile(&histogram, 991), 100);
  assert_int_equal(histogram_percentile(&histogram, 999), 100);
  histogram_add(&histogram, 101);
  assert_int_equal(histogram_percentile(&histogram, 500), 51);
}

/* Just below, at and above each power of two, and in the midst of it: each alone, between a far
 * smaller and a far larger one, so that neither end of the range corrects it. */
static void each_power_of_two_is_within_the_bound(void **state) {
  int bit;
  (void)state;
  for (bit = 1; bit < 64; bit++) {
    uint64_t power = UINT64_C(1) << bit;
    uint64_t values[] = {power - 1, power, power + 1, power + power / 2 - 1, power + power / 3};
    size_t i;
    for (i = 0; i < sizeof values / sizeof values[0]; i++) {
      histogram_init(&histogram);
      histogram_add(&histogram, 0);
      histogram_add(&histogram, values[i]);
      histogram_add(&histogram, UINT64_MAX);
      assert_within_bound(histogram_percentile(&histogram, 500), values[i], (unsigned)bit);
    }
  }
}

static void percentiles_as_of_a_sorted_array(void **state) {
  static const size_t counts[] = {1, 2, 3, 7, 999, 1000, 1001, SAMPLES};
  size_t c;
  size_t i;
  (void)state;
  for (c = 0; c < sizeof counts / sizeof counts[0]; c++) {
    for (i = 0; i < counts[c]; i++) {
      samples[i] = random_next() >> (random_next() % 64); /* of every magnitude */
    }
    check_all_percentiles(counts[c]);
    for (i = 0; i < counts[c]; i++) {
      samples[i] = 50000 + random_next() % 100000; /* like latenesses */
    }
    check_all_percentiles(counts[c]);
  }
}

static void mean_does_not_overflow(void **state) {
  int i;
  (void)state;
  for (i = 0; i < 1000; i++) {
    histogram_add(&histogram, UINT64_MAX);
  }
  assert_true(histogram_mean(&histogram) == UINT64_MAX);
  for (i = 0; i < 1000; i++) {
    histogram_add(&histogram, 0);
  }
  assert_true(histogram_mean(&histogram) == UINT64_MAX / 2); /* rounded down */
  assert_int_equal(histogram.count, 2000);
}

static void mean_is_rounded_down(void **state) {
  (void)state;
  histogram_add(&histogram, 1);
  histogram_add(&histogram, 2);
  assert_int_equal(histogram_mean(&histogram), 1);
  histogram_add(&histogram, 3);
  assert_int_equal(histogram_mean(&histogram), 2);
}

/* Ranks of counts that no run reaches, where a product would overflow. */
static void counts_may_be_huge(void **state) {
  (void)state;
  histogram_add(&histogram, 5);
  histogram_add(&histogram, 7);
  histogram.buckets[5] = UINT64_C(1) << 62;
  histogram.buckets[7] = UINT64_C(1) << 62;
  histogram.count = UINT64_C(1) << 63;
  assert_int_equal(histogram_percentile(&histogram, 499), 5);
  assert_int_equal(histogram_percentile(&histogram, 500), 5);
  assert_int_equal(histogram_percentile(&histogram, 501), 7);
  histogram.count = UINT64_MAX; /* of UINT64_MAX each: the square is high * 2^64 + low */
  histogram.sum_high = UINT64_MAX - 1;
  histogram.sum_low = 1;
  assert_true(histogram_mean(&histogram) == UINT64_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(empty_is_all_zero, set_up),
      cmocka_unit_test_setup(one_value_is_every_percentile, set_up),
      cmocka_unit_test_setup(small_values_are_exact, set_up),
      cmocka_unit_test_setup(median_and_p99_by_nearest_rank, set_up),
      cmocka_unit_test_setup(each_power_of_two_is_within_the_bound, set_up),
      cmocka_unit_test_setup(percentiles_as_of_a_sorted_array, set_up),
      cmocka_unit_test_setup(mean_does_not_overflow, set_up),
      cmocka_unit_test_setup(mean_is_rounded_down, set_up),
      cmocka_unit_test_setup(counts_may_be_huge, set_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

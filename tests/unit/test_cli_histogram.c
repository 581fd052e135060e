/* unit.cli_histogram: percentiles are within the stated bound of those of a sorted array. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/histogram.h"

#define SAMPLES 20000

static struct histogram histogram;
static uint64_t samples[SAMPLES];
static uint64_t seed;

static int set_up(void **state) {
  (void)state;
  seed = 1;
  histogram_init(&histogram);
  return 0;
}

/* splitmix64 (Vigna) */
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

/* The exact percentile: the nearest rank in the sorted samples. */
static uint64_t expected(size_t count, unsigned per_mille) {
  size_t rank = (count * per_mille + 999) / 1000;
  return samples[rank == 0 ? 0 : rank - 1];
}

static void assert_within_bound(uint64_t got, uint64_t wanted, unsigned per_mille) {
  uint64_t error = got > wanted ? got - wanted : wanted - got;
  if (error > wanted / 128) {
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

static void an_empty_histogram_returns_0(void **state) {
  (void)state;
  assert_int_equal(histogram.count, 0);
  assert_int_equal(histogram.max, 0);
  assert_true(histogram.min == UINT64_MAX);
  assert_int_equal(histogram_percentile(&histogram, 0), 0);
  assert_int_equal(histogram_percentile(&histogram, 500), 0);
  assert_int_equal(histogram_percentile(&histogram, 1000), 0);
}

static void a_single_value_is_every_percentile(void **state) {
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
    assert_true(histogram.min == values[i] && histogram.max == values[i]);
  }
}

static void values_below_128_are_exact(void **state) {
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

static void percentiles_use_the_nearest_rank(void **state) {
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

/* Around each power of two and between two of them. A much smaller and a much larger value beside
 * it ensure that clamping to the minimum or maximum cannot hide an error. */
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

static void percentiles_match_a_sorted_array(void **state) {
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
      samples[i] = 50000 + random_next() % 100000; /* typical lateness */
    }
    check_all_percentiles(counts[c]);
  }
}

/* Counts so large that count * per_mille overflows. */
static void huge_counts_do_not_overflow(void **state) {
  (void)state;
  histogram_add(&histogram, 5);
  histogram_add(&histogram, 7);
  histogram.buckets[5] = UINT64_C(1) << 62;
  histogram.buckets[7] = UINT64_C(1) << 62;
  histogram.count = UINT64_C(1) << 63;
  assert_int_equal(histogram_percentile(&histogram, 499), 5);
  assert_int_equal(histogram_percentile(&histogram, 500), 5);
  assert_int_equal(histogram_percentile(&histogram, 501), 7);
}

/* A series has the same counts as its values one by one. */
static void a_series_is_the_same_as_its_values(void **state) {
  static struct histogram other;
  static const uint64_t series[][3] = {/* first, step, count */
                                       {5, 1, 0},     {0, 1, 1},           {0, 1, 1000},
                                       {63, 64, 500}, {1000000, 7, 20000}, {3, 1000000007, 3000}};
  size_t i;
  (void)state;
  histogram_init(&other);
  for (i = 0; i < sizeof series / sizeof series[0]; i++) {
    uint64_t k;
    histogram_add_series(&histogram, series[i][0], series[i][1], series[i][2]);
    for (k = 0; k < series[i][2]; k++) {
      histogram_add(&other, series[i][0] + k * series[i][1]);
    }
    assert_memory_equal(&histogram, &other, sizeof other);
  }
  /* The time does not depend on the count. */
  histogram_add_series(&histogram, 1, 1, UINT64_MAX / 2);
  assert_true(histogram.max == UINT64_MAX / 2);
  histogram_init(&histogram);
  histogram_add_series(&histogram, UINT64_MAX, 1, 1);
  assert_true(histogram.min == UINT64_MAX && histogram.max == UINT64_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(an_empty_histogram_returns_0, set_up),
      cmocka_unit_test_setup(a_single_value_is_every_percentile, set_up),
      cmocka_unit_test_setup(values_below_128_are_exact, set_up),
      cmocka_unit_test_setup(percentiles_use_the_nearest_rank, set_up),
      cmocka_unit_test_setup(each_power_of_two_is_within_the_bound, set_up),
      cmocka_unit_test_setup(percentiles_match_a_sorted_array, set_up),
      cmocka_unit_test_setup(huge_counts_do_not_overflow, set_up),
      cmocka_unit_test_setup(a_series_is_the_same_as_its_values, set_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

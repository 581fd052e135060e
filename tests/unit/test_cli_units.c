/* unit.cli_units: tables of texts and the durations, rates and counts that they mean, and back.
 *
 * Each refusal must have its exact phrase and leave the output unchanged. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <uv.h>

#include "cli/units.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define UNTOUCHED UINT64_C(0xfeedface)

typedef struct {
  const char *text;
  uint64_t value;
} accepted_t;

/* Texts that are refused with the same code and phrase. */
typedef struct {
  int code;
  const char *why;
  const char *texts[12];
} refused_t;

static const accepted_t durations[] = {
    {"0", 0},
    {"0.0ms", 0},
    {"0m0s", 0},
    {"1", 1000000000},
    {".5", 500000000},
    {"1.", 1000000000},
    {"1.s", 1000000000},
    {"0.1s", 100000000},
    {"250ms", 250000000},
    {"42us", 42000},
    {"42\xc2\xb5s", 42000},
    {"42\xce\xbcs", 42000},
    {"7ns", 7},
    {"2m", UINT64_C(120000000000)},
    {"1h", UINT64_C(3600000000000)},
    {"1.5h", UINT64_C(5400000000000)},
    {"1d", UINT64_C(86400000000000)},
    {"1d12h", UINT64_C(129600000000000)},
    {"1m30s", UINT64_C(90000000000)},
    {"1h30m", UINT64_C(5400000000000)},
    {"1h2m3s4ms5us6ns", UINT64_C(3723004005006)},
    {"1s.5ms", 1000500000},
    {"90m90s", UINT64_C(5490000000000)},
    /* rounding: nearest, halves up, exactly */
    {"0.5ns", 1},
    {"1.4999999999999999999999ns", 1},
    {"1.5ns", 2},
    {"0.0000000005", 1},
    {"1.0000000004999999999999999999999s", 1000000000},
    {"1.0000000005s", 1000000001},
    {"0.00000000000013888888888888888889h", 1},
    {"0.3333333333333333333333333333h", UINT64_C(1200000000000)},
    {"0.9999999999s", 1000000000},
    /* the largest value, 2^63 - 1 */
    {"9223372036854775807ns", INT64_MAX},
    {"9223372036854775806.5ns", INT64_MAX},
    {"9223372036.854775807", INT64_MAX},
    {"9223372036s854775807ns", INT64_MAX},
    {"2562047h", UINT64_C(9223369200000000000)},
    {"106751d", UINT64_C(9223286400000000000)},
};

static const refused_t duration_refused[] = {
    {UV_ERANGE,
     "is shorter than a nanosecond; try 1ns or 0",
     {"0.4ns", "0.00000000000013888888888888888888h"}},
    {UV_ERANGE,
     "is too long; the maximum is 2562047h",
     {"9223372036854775807.5ns", "9223372036854775808ns", "9223372036s854775808ns",
      "9223372036.854775808", "18446744073709551616ns", "18446744073709551617ns",
      "18446744073709551616s", "2562048h", "106752d", "99999999999999999999999999h1s"}},
    {UV_EINVAL, "is empty", {""}},
    {UV_EINVAL, "contains a space", {" ", " 5s", "5s ", "5 s", "1m 30s", "5\n"}},
    {UV_EINVAL, "is negative", {"-5s", "-0", "-.5"}},
    {UV_EINVAL, "has a plus sign", {"+5s"}},
    {UV_EINVAL, "is not a number", {"-", "-n", ".", "s", "inf", "nan"}},
    {UV_EINVAL,
     "has an unknown unit; units are ns us ms s m h d",
     {"0x10", "1e", "5x", "5S", "5sec", "1D", "5\xc2\xb5", "1s-5ms", "99999999999999999999x"}},
    {UV_EINVAL, "has an exponent", {"1e3", "1E-3s", "2.5e+1"}},
    {UV_EINVAL, "has a comma; use a decimal point", {"1,5s"}},
    {UV_EINVAL, "has two decimal points in a number", {"1.2.3", "1..s"}},
    {UV_EINVAL, "has a decimal point without digits", {"1s."}},
    {UV_EINVAL, "has no unit after its last number", {"1m30", "1h0"}},
    {UV_EINVAL,
     "does not list its units from large to small, each once",
     {"1s1s", "30s1m", "1h1d", "1ms1s", "1us1\xc2\xb5s"}},
};

static const accepted_t rates[] = {
    {"1/s", 1000000000},
    {"10/s", 100000000},
    {"10.0/s", 100000000},
    {".5/s", 2000000000},
    {"0.5/s", 2000000000},
    {"0010/s", 100000000},
    {"100/m", 600000000},
    {"5/15s", 3000000000},
    {"1/1m30s", UINT64_C(90000000000)},
    {"1/.5s", 500000000},
    {"10/ms", 100000},
    {"1/d", UINT64_C(86400000000000)},
    {"1/7d", UINT64_C(604800000000000)},
    {"1000000/s", 1000},
    {"1/2562047h", UINT64_C(9223369200000000000)},
    {"1000/\xc2\xb5s", 1},
    /* rounding: nearest, halves up */
    {"3/s", 333333333},
    {"6/s", 166666667},
    {"2/3ns", 2},
    {"4/5ns", 1},
    {"1000000000/s", 1},
    {"666666667/s", 1},
    {"666666666/s", 2},
    {"0.3/s", 3333333333},
    {"1.1/s", 909090909},
    {"33.333333333333333/s", 30000000},
    {"1.50000000000000000000000000000/s", 666666667},
};

static const refused_t rate_refused[] = {
    {UV_ERANGE, "must be above 0; --every 0 disables pacing", {"0", "0/s", "0.00/m"}},
    {UV_ERANGE,
     "is above 1000000000/s; --every 0 disables pacing",
     {"1000000001/s", "1000000000.1/s", "2/ns"}},
    {UV_ERANGE, "has too many digits; --every 0 disables pacing", {"99999999999999999999/s"}},
    {UV_ERANGE, "is too slow; the minimum is 1/2562047h", {"0.1/2562047h", "0.0000000001/h"}},
    {UV_ERANGE, "is too long; the maximum is 2562047h", {"1/2562048h"}},
    {UV_ERANGE, "has an interval of 0; --every 0 disables pacing", {"1/0s"}},
    {UV_EINVAL, "is empty", {""}},
    {UV_EINVAL, "has no unit", {"10", "2.50"}},
    {UV_EINVAL, "has no unit after the slash", {"10/", "10/5"}},
    {UV_EINVAL, "has no unit after its last number", {"10/1m30"}},
    {UV_EINVAL, "has no number before the slash", {"/s"}},
    {UV_EINVAL, "is negative", {"-1/s"}},
    {UV_EINVAL, "has a plus sign", {"+1/s"}},
    {UV_EINVAL, "is not a number", {"inf/s"}},
    {UV_EINVAL, "has an exponent", {"1e3/s", "10/1e3s"}},
    {UV_EINVAL, "is not a rate", {"10s", "10e/s"}},
    {UV_EINVAL, "contains a space", {"10 /s", "10/ s", "10/1 s"}},
    {UV_EINVAL,
     "has an unknown unit; units are ns us ms s m h d",
     {"10/x", "10/sec", "10/s5", "10/s/s", "0/x"}},
};

typedef int (*parse_t)(const char *text, uint64_t *value, const char **why);

static void check(parse_t parse, const char *text, int code, uint64_t value, const char *why) {
  const char *got_why = "";
  uint64_t got = UNTOUCHED;
  int got_code = parse(text, &got, &got_why);
  if (got_code != code || got != value || strcmp(got_why, why) != 0) {
    fail_msg("'%s': code %d, value %llu, why '%s'", text, got_code, (unsigned long long)got,
             got_why);
  }
}

static void check_accepted(parse_t parse, const accepted_t *rows, size_t count) {
  size_t i;
  for (i = 0; i < count; i++) {
    check(parse, rows[i].text, 0, rows[i].value, "");
  }
}

static void check_refused(parse_t parse, const refused_t *rows, size_t count) {
  size_t i;
  const char *const *text;
  for (i = 0; i < count; i++) {
    for (text = rows[i].texts; *text != NULL; text++) {
      check(parse, *text, rows[i].code, UNTOUCHED, rows[i].why);
    }
  }
}

static void durations_are_parsed(void **state) {
  (void)state;
  check_accepted(units_duration, durations, COUNT_OF(durations));
  check_refused(units_duration, duration_refused, COUNT_OF(duration_refused));
}

static void rates_are_parsed(void **state) {
  (void)state;
  check_accepted(units_rate, rates, COUNT_OF(rates));
  check_refused(units_rate, rate_refused, COUNT_OF(rate_refused));
}

static int count_1_to_1000(const char *text, uint64_t *n, const char **why) {
  return units_count(text, 1, 1000, n, why);
}

static int count_any(const char *text, uint64_t *n, const char **why) {
  return units_count(text, 0, UINT64_MAX, n, why);
}

static void counts_are_parsed(void **state) {
  static const accepted_t few[] = {
      {"1", 1},
      {"1000", 1000},
      {"0000000000000000000000000042", 42},
  };
  static const refused_t few_refused[] = {
      {UV_ERANGE, "is too small", {"0"}},
      {UV_ERANGE, "is too large", {"1001", "18446744073709551617"}},
      {UV_EINVAL, "is empty", {""}},
      {UV_EINVAL, "is negative", {"-1"}},
      {UV_EINVAL, "has a plus sign", {"+1"}},
      {UV_EINVAL, "contains a space", {" 1"}},
      {UV_EINVAL, "is not a number", {"ten"}},
      {UV_EINVAL, "has an exponent", {"1e9"}},
      {UV_EINVAL, "is not a whole number", {"1k", "1.5", "1,000", "0x10", "5000x"}},
  };
  static const accepted_t any[] = {
      {"0", 0},
      {"18446744073709551615", UINT64_MAX},
  };
  static const refused_t any_refused[] = {
      {UV_ERANGE, "is too large", {"18446744073709551616", "184467440737095516150"}},
  };
  (void)state;
  check_accepted(count_1_to_1000, few, COUNT_OF(few));
  check_refused(count_1_to_1000, few_refused, COUNT_OF(few_refused));
  check_accepted(count_any, any, COUNT_OF(any));
  check_refused(count_any, any_refused, COUNT_OF(any_refused));
}

static void check_printed(uint64_t n, const char *expected) {
  char text[UNITS_COUNT_SIZE + 1];
  size_t size;

  memset(text, '#', sizeof text);
  size = units_print_count(text, n);
  assert_int_equal(size, strlen(expected));
  assert_memory_equal(text, expected, size);
  assert_int_equal(text[size], '#');
}

static void counts_are_printed(void **state) {
  char digits[] = "100000000000000000000";
  uint64_t power = 1;
  int zeros;

  (void)state;
  check_printed(0, "0");
  check_printed(1234567890, "1234567890");
  check_printed(UINT64_MAX, "18446744073709551615");
  for (zeros = 0; zeros < 20; zeros++, power *= 10) { /* 1, 10, 100, ... and 9, 99, ... */
    char nines[] = "99999999999999999999";

    digits[zeros + 1] = '\0';
    check_printed(power, digits);
    digits[zeros + 1] = '0';
    if (zeros != 0) {
      nines[zeros] = '\0';
      check_printed(power - 1, nines);
    }
  }
}

static void durations_are_formatted(void **state) {
  static const struct {
    uint64_t ns;
    const char *text;
  } rows[] = {
      {0, "0ns"},
      {999, "999ns"},
      {1000, "1us"},
      {1050, "1.05us"},
      {42000, "42us"},
      {12345, "12.35us"},
      {999949, "999.9us"},
      {999950, "1ms"},
      {1234567, "1.235ms"},
      {250000000, "250ms"},
      {999949999, "999.9ms"},
      {999950000, "1s"},
      {1500000000, "1.5s"},
      {UINT64_C(4990000000), "4.99s"},
      {UINT64_C(59994999999), "59.99s"},
      {UINT64_C(59995000000), "1m"},
      {UINT64_C(90400000000), "1m30s"},
      {UINT64_C(90500000000), "1m31s"},
      {UINT64_C(3599499999999), "59m59s"},
      {UINT64_C(3599500000000), "1h"},
      {UINT64_C(94500000000000), "26h15m"},
      {UINT64_C(36029999999999), "10h"},
      {UINT64_C(36030000000000), "10h1m"},
      {UINT64_MAX, "5124095h34m"},
  };
  char text[UNITS_TEXT_SIZE];
  size_t i;
  (void)state;
  for (i = 0; i < COUNT_OF(rows); i++) {
    units_format_duration(text, sizeof text, rows[i].ns);
    assert_string_equal(text, rows[i].text);
  }
  units_format_duration(text, 4, UINT64_C(94500000000000));
  assert_string_equal(text, "26h");
}

static void rates_are_formatted(void **state) {
  static const struct {
    uint64_t n;
    uint64_t elapsed_ns;
    const char *text;
  } rows[] = {
      {10, 1000000000, "10/s"},
      {500, UINT64_C(4990000000), "100.2/s"},
      {9998, UINT64_C(100000000000), "99.98/s"},
      {1, 10000000000, "0.1/s"},
      {5, UINT64_C(60000000000), "5/m"},
      {3, UINT64_C(3600000000000), "3/h"},
      {1, UINT64_C(86400000000000), "1/d"},
      {523012, 1000000000, "523000/s"},
      {0, 1000000000, "0/s"},
      {UINT64_MAX, 1, ">1000000000000000/s"},
  };
  char text[UNITS_TEXT_SIZE];
  size_t i;
  (void)state;
  for (i = 0; i < COUNT_OF(rows); i++) {
    units_format_rate(text, sizeof text, rows[i].n, rows[i].elapsed_ns);
    assert_string_equal(text, rows[i].text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(durations_are_parsed),    cmocka_unit_test(rates_are_parsed),
      cmocka_unit_test(counts_are_parsed),       cmocka_unit_test(counts_are_printed),
      cmocka_unit_test(durations_are_formatted), cmocka_unit_test(rates_are_formatted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

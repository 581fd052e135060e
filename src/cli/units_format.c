/* units_format: counts, and durations and rates for people. See units.h.
 *
 * Rounding comes first and the unit is chosen after it: 999,950 ns is 1ms, not 1000us. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "units.h"

#define SECOND UINT64_C(1000000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

/* Writes thousandths / 1000 without zeros at its end, and the unit. */
static void print_thousandths(char *text, size_t size, uint64_t thousandths, const char *unit) {
  unsigned fraction = (unsigned)(thousandths % 1000);
  int digits = 3;
  while (digits > 0 && fraction % 10 == 0) {
    fraction /= 10;
    digits--;
  }
  if (digits == 0) {
    snprintf(text, size, "%" PRIu64 "%s", thousandths / 1000, unit);
  } else {
    snprintf(text, size, "%" PRIu64 ".%0*u%s", thousandths / 1000, digits, fraction, unit);
  }
}

/* To the nearest multiple of step, halves up; down where up would overflow. */
static uint64_t round_to(uint64_t value, uint64_t step) {
  uint64_t rest = value % step;
  value -= rest;
  return rest >= step - rest && value <= UINT64_MAX - step ? value + step : value;
}

/* A value of more than four digits, rounded to four. */
static uint64_t round_to_four(uint64_t value) {
  uint64_t step = 1;
  while (value / step >= 10000) {
    step *= 10;
  }
  return round_to(value, step);
}

/* Whole units of two sizes, the smaller left out when there are none. */
static void print_pair(char *text, size_t size, uint64_t ns, uint64_t large_ns, uint64_t small_ns,
                       const char *names) {
  uint64_t rest = ns % large_ns / small_ns;
  int length = snprintf(text, size, "%" PRIu64 "%c", ns / large_ns, names[0]);
  if (rest > 0 && length > 0 && (size_t)length < size) {
    snprintf(text + length, size - (size_t)length, "%" PRIu64 "%c", rest, names[1]);
  }
}

size_t units_print_count(char *text, uint64_t n) {
  char digits[UNITS_COUNT_SIZE];
  size_t begin = sizeof digits;

  do {
    digits[--begin] = (char)('0' + n % 10);
    n /= 10;
  } while (n != 0);
  memcpy(text, digits + begin, sizeof digits - begin);
  return sizeof digits - begin;
}

void units_format_duration(char *text, size_t size, uint64_t ns) {
  ns = ns < MINUTE ? round_to_four(ns) : round_to(ns, ns < HOUR ? SECOND : MINUTE);
  if (ns < 1000) {
    snprintf(text, size, "%" PRIu64 "ns", ns);
  } else if (ns < 1000000) {
    print_thousandths(text, size, ns, "us");
  } else if (ns < SECOND) {
    print_thousandths(text, size, ns / 1000, "ms");
  } else if (ns < MINUTE) {
    print_thousandths(text, size, ns / 1000000, "s");
  } else if (ns < HOUR) {
    print_pair(text, size, ns, MINUTE, SECOND, "ms");
  } else {
    print_pair(text, size, ns, HOUR, MINUTE, "hm");
  }
}

void units_format_rate(char *text, size_t size, uint64_t n, uint64_t elapsed_ns) {
  static const char *const names[] = {"/s", "/m", "/h"};
  double rate = elapsed_ns == 0 ? 0 : (double)n * 1e9 / (double)elapsed_ns;
  int unit;
  for (unit = 0; unit < 2 && rate < 0.1 && n > 0; unit++) {
    rate *= 60;
  }
  if (elapsed_ns == 0) {
    snprintf(text, size, "-");
  } else if (rate > 1e15) { /* no hand-off is that fast: keep the conversion below defined */
    snprintf(text, size, ">1000000000000000/s");
  } else {
    print_thousandths(text, size, round_to_four((uint64_t)(rate * 1000 + 0.5)), names[unit]);
  }
}

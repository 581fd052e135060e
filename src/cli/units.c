/* units: see units.h.
 *
 * A duration is a sequence of terms, each a number and a unit. The scanner first finds the digits
 * before and after the decimal point, and multiplies afterwards, so numbers of any length keep
 * every digit. If several things are wrong, the message names the number first, then the unit, then
 * the range. */

#include "units.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <uv.h>

#define SECOND_NS UINT64_C(1000000000)
#define MINUTE_NS (60 * SECOND_NS)
#define HOUR_NS (60 * MINUTE_NS)
#define DAY_NS (24 * HOUR_NS)
#define DURATION_MAX ((uint64_t)INT64_MAX)

static const char too_long[] = "is too long; the maximum is 2562047h";
static const char has_space_in_it[] = "contains a space";
static const char has_unknown_unit[] = "has an unknown unit; units are ns us ms s m h d";
static const char has_an_exponent[] = "has an exponent";

static const struct {
  const char *name;
  uint64_t ns;
} units[] = {
    /* µ may be the micro sign or the Greek letter. */
    {"d", DAY_NS}, {"h", HOUR_NS},      {"m", MINUTE_NS},    {"s", SECOND_NS}, {"ms", 1000000},
    {"us", 1000},  {"\xc2\xb5s", 1000}, {"\xce\xbcs", 1000}, {"ns", 1}};

/* A decimal number in the text: the digits [whole, point) and [fraction, end). */
struct number {
  const char *whole;
  const char *point;
  const char *fraction;
  const char *end;
};

static int refuse(int code, const char *phrase, const char **why) {
  *why = phrase;
  return code;
}

/* ---------------------------------------------------------------------------------- scanning -- */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool has_space(const char *text) { return strpbrk(text, " \t\n\v\f\r") != NULL; }

/* Whether the text that follows a number is an exponent, as in 1e9. */
static bool is_exponent(const char *text) {
  return (*text == 'e' || *text == 'E') && is_digit(text[1 + (text[1] == '-' || text[1] == '+')]);
}

/* What is wrong with text that does not begin with a number. */
static const char *not_a_number(const char *text) {
  if (*text == '\0') {
    return "is empty";
  }
  if (has_space(text)) {
    return has_space_in_it;
  }
  if (*text == '-' && (is_digit(text[1]) || text[1] == '.')) {
    return "is negative";
  }
  if (*text == '+') {
    return "has a plus sign";
  }
  return "is not a number";
}

/* What is wrong with text that should be a unit and is not. */
static const char *not_a_unit(const char *text) {
  if (has_space(text)) {
    return has_space_in_it;
  }
  return is_exponent(text) ? has_an_exponent : has_unknown_unit;
}

static bool scan_number(const char *text, struct number *number) {
  number->whole = text;
  number->point = text + strspn(text, "0123456789");
  number->fraction = number->point + (*number->point == '.');
  number->end = number->fraction + strspn(number->fraction, "0123456789");
  return number->point > number->whole || number->end > number->fraction;
}

/* Returns: the nanoseconds of the unit at text, or 0 if there is no such unit. Sets *end behind
 * it. */
static uint64_t scan_unit(const char *text, const char **end) {
  size_t length = strcspn(text, "0123456789.");
  size_t i;

  *end = text + length;
  for (i = 0; i < sizeof units / sizeof units[0]; i++) {
    if (strlen(units[i].name) == length && memcmp(units[i].name, text, length) == 0) {
      return units[i].ns;
    }
  }
  return 0;
}

/* --------------------------------------------------------------------------------- durations -- */

/* Computes number * unit_ns, rounded. Returns false if the whole part alone exceeds DURATION_MAX.
 * With the fraction, the product may exceed it by up to one unit. */
static bool multiply(const struct number *number, uint64_t unit_ns, uint64_t *ns) {
  uint64_t whole = 0;
  uint64_t twice = 0;
  const char *p;

  for (p = number->whole; p < number->point; p++) {
    uint64_t digit = (uint64_t)(*p - '0');
    if (whole > (DURATION_MAX / unit_ns - digit) / 10) {
      return false;
    }
    whole = whole * 10 + digit;
  }
  /* From the last digit to the first: dividing by ten at each step gives the exact floor of twice
   * the fraction. Adding one and halving rounds it. */
  for (p = number->end; p > number->fraction; p--) {
    twice = ((uint64_t)(p[-1] - '0') * 2 * unit_ns + twice) / 10;
  }
  *ns = whole * unit_ns + (twice + 1) / 2;
  return true;
}

/* Scans the term at *p: a number and its unit. Only the first term may lack its unit. */
static int scan_term(const char **p, bool is_first, struct number *number, uint64_t *unit_ns,
                     const char **why) {
  if (!scan_number(*p, number)) {
    return refuse(UV_EINVAL, is_first ? not_a_number(*p) : "has a decimal point without digits",
                  why);
  }
  if (*number->end == '.') {
    return refuse(UV_EINVAL, "has two decimal points in a number", why);
  }
  if (*number->end == ',') {
    return refuse(UV_EINVAL, "has a comma; use a decimal point", why);
  }
  if (*number->end == '\0' && !is_first) {
    return refuse(UV_EINVAL, "has no unit after its last number", why);
  }
  if (*number->end == '\0') {
    *unit_ns = SECOND_NS;
    *p = number->end;
    return 0;
  }
  *unit_ns = scan_unit(number->end, p);
  return *unit_ns != 0 ? 0 : refuse(UV_EINVAL, not_a_unit(number->end), why);
}

int units_duration(const char *text, uint64_t *ns, const char **why) {
  const char *p = text;
  uint64_t total = 0;
  uint64_t last_ns = UINT64_MAX;
  bool fits = true;

  do {
    struct number number;
    uint64_t unit_ns;
    uint64_t term = 0;
    int code = scan_term(&p, p == text, &number, &unit_ns, why);
    if (code != 0) {
      return code;
    }
    if (unit_ns >= last_ns) {
      return refuse(UV_EINVAL, "does not list its units from large to small, each once", why);
    }
    last_ns = unit_ns;
    fits = fits && multiply(&number, unit_ns, &term) && term <= DURATION_MAX - total;
    total += fits ? term : 0;
  } while (*p != '\0');
  if (!fits) {
    return refuse(UV_ERANGE, too_long, why);
  }
  if (total == 0 && strpbrk(text, "123456789") != NULL) {
    return refuse(UV_ERANGE, "is shorter than a nanosecond; try 1ns or 0", why);
  }
  *ns = total;
  return 0;
}

/* ------------------------------------------------------------------------------------- rates -- */

/* Parses the time after the slash of a rate: `s`, `15s`, `1m30s`. */
static int parse_rate_unit(const char *text, uint64_t *ns, const char **why) {
  const char *end;

  if (*text == '\0' || text[strspn(text, "0123456789.")] == '\0') {
    return refuse(UV_EINVAL, "has no unit after the slash", why);
  }
  if (is_digit(*text) || *text == '.') {
    int code = units_duration(text, ns, why);
    if (code == 0 && *ns == 0) {
      return refuse(UV_ERANGE, "has an interval of 0; --every 0 disables pacing", why);
    }
    return code;
  }
  *ns = scan_unit(text, &end);
  return *ns != 0 && *end == '\0' ? 0 : refuse(UV_EINVAL, not_a_unit(text), why);
}

/* Reads the digits of the number, without the point, as an integer. */
static int read_digits(const struct number *number, uint64_t *amount, const char **why) {
  const char *p;

  *amount = 0;
  for (p = number->whole; p < number->end; p++) {
    if (*p != '.') {
      if (*amount > UINT64_MAX / 1000) {
        return refuse(UV_ERANGE, "has too many digits; --every 0 disables pacing", why);
      }
      *amount = *amount * 10 + (uint64_t)(*p - '0');
    }
  }
  return 0;
}

/* Computes unit_ns * 10^decimals / amount, rounded, by long division, one decimal at a time. */
static int divide(uint64_t unit_ns, uint64_t amount, size_t decimals, uint64_t *period_ns,
                  const char **why) {
  uint64_t quotient = unit_ns / amount;
  uint64_t rest = unit_ns % amount;

  for (; decimals != 0; decimals--) {
    if (quotient > DURATION_MAX / 10 - 1) {
      return refuse(UV_ERANGE, "is too slow; the minimum is 1/2562047h", why);
    }
    quotient = quotient * 10 + rest * 10 / amount;
    rest = rest * 10 % amount;
  }
  if (quotient == 0) {
    return refuse(UV_ERANGE, "is above 1000000000/s; --every 0 disables pacing", why);
  }
  *period_ns = quotient + (rest >= amount - rest ? 1 : 0);
  return 0;
}

int units_rate(const char *text, uint64_t *period_ns, const char **why) {
  struct number number;
  uint64_t unit_ns = 0;
  uint64_t amount;
  const char *rest;
  int code;

  if (!scan_number(text, &number)) {
    return refuse(UV_EINVAL, *text == '/' ? "has no number before the slash" : not_a_number(text),
                  why);
  }
  rest = number.end;
  while (number.end > number.fraction && number.end[-1] == '0') {
    number.end--;
  }
  code = read_digits(&number, &amount, why);
  if (code == 0 && *rest == '/') {
    code = parse_rate_unit(rest + 1, &unit_ns, why);
  } else if (code == 0 && *rest != '\0') {
    code = refuse(UV_EINVAL,
                  has_space(rest)     ? has_space_in_it
                  : is_exponent(rest) ? has_an_exponent
                                      : "is not a rate",
                  why);
  }
  if (code != 0) {
    return code;
  }
  if (amount == 0) {
    return refuse(UV_ERANGE, "must be above 0; --every 0 disables pacing", why);
  }
  if (*rest == '\0') {
    return refuse(UV_EINVAL, "has no unit", why);
  }
  return divide(unit_ns, amount, (size_t)(number.end - number.fraction), period_ns, why);
}

/* ------------------------------------------------------------------------------------ counts -- */

int units_count(const char *text, uint64_t min, uint64_t max, uint64_t *n, const char **why) {
  uint64_t value = 0;
  bool fits = true;
  const char *p;

  if (!is_digit(*text)) {
    return refuse(UV_EINVAL, not_a_number(text), why);
  }
  for (p = text; is_digit(*p); p++) {
    uint64_t digit = (uint64_t)(*p - '0');
    fits = fits && value <= (UINT64_MAX - digit) / 10;
    value = fits ? value * 10 + digit : 0;
  }
  if (*p != '\0') {
    return refuse(UV_EINVAL, is_exponent(p) ? has_an_exponent : "is not a whole number", why);
  }
  if (!fits || value > max) {
    return refuse(UV_ERANGE, "is too large", why);
  }
  if (value < min) {
    return refuse(UV_ERANGE, "is too small", why);
  }
  *n = value;
  return 0;
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

/* -------------------------------------------------------------------------------- formatting -- */

/* Prints thousandths / 1000 without trailing zeros, and the unit. */
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

/* Rounds to the nearest multiple of step, halves up, but down if that would overflow. */
static uint64_t round_to(uint64_t value, uint64_t step) {
  uint64_t rest = value % step;

  value -= rest;
  return rest >= step - rest && value <= UINT64_MAX - step ? value + step : value;
}

/* Rounds to four significant digits. */
static uint64_t round_to_four(uint64_t value) {
  uint64_t step = 1;

  while (value / step >= 10000) {
    step *= 10;
  }
  return round_to(value, step);
}

/* Prints whole units of two sizes, without the smaller one if it is 0. */
static void print_pair(char *text, size_t size, uint64_t ns, uint64_t large_ns, uint64_t small_ns,
                       const char *names) {
  uint64_t rest = ns % large_ns / small_ns;
  int length = snprintf(text, size, "%" PRIu64 "%c", ns / large_ns, names[0]);

  if (rest > 0 && length > 0 && (size_t)length < size) {
    snprintf(text + length, size - (size_t)length, "%" PRIu64 "%c", rest, names[1]);
  }
}

/* Rounds before choosing the unit: 999,950 ns is 1ms, not 1000us. */
void units_format_duration(char *text, size_t size, uint64_t ns) {
  ns = ns < MINUTE_NS ? round_to_four(ns) : round_to(ns, ns < HOUR_NS ? SECOND_NS : MINUTE_NS);
  if (ns < 1000) {
    snprintf(text, size, "%" PRIu64 "ns", ns);
  } else if (ns < 1000000) {
    print_thousandths(text, size, ns, "us");
  } else if (ns < SECOND_NS) {
    print_thousandths(text, size, ns / 1000, "ms");
  } else if (ns < MINUTE_NS) {
    print_thousandths(text, size, ns / 1000000, "s");
  } else if (ns < HOUR_NS) {
    print_pair(text, size, ns, MINUTE_NS, SECOND_NS, "ms");
  } else {
    print_pair(text, size, ns, HOUR_NS, MINUTE_NS, "hm");
  }
}

void units_format_rate(char *text, size_t size, uint64_t n, uint64_t elapsed_ns) {
  static const char *const names[] = {"/s", "/m", "/h", "/d"};
  static const double factors[] = {60, 60, 24};
  double rate = (double)n * 1e9 / (double)elapsed_ns;
  int unit;

  for (unit = 0; unit < 3 && rate < 0.1 && n > 0; unit++) {
    rate *= factors[unit];
  }
  if (rate > 1e15) { /* Keeps the conversion to an integer below defined. */
    snprintf(text, size, ">1000000000000000/s");
  } else {
    print_thousandths(text, size, round_to_four((uint64_t)(rate * 1000 + 0.5)), names[unit]);
  }
}

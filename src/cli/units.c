/* units: see units.h.
 *
 * A duration is a chain of terms, each a number and a unit. A number is scanned into the span of
 * its digits before and after the point; only then is it multiplied, so that no digit is lost:
 * spans may be of any length. The order of the checks decides which fault of several is named:
 * what is no number, then the unit, then the size. */

#include "units.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <uv.h>

#define SECOND UINT64_C(1000000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DURATION_MAX ((uint64_t)INT64_MAX)

static const char too_long[] = "too long; the most is 2562047h";
static const char spaced[] = "has a space in it";
static const char unknown_unit[] = "unknown unit (there are ns us ms s m h)";

static const struct {
  const char *name;
  uint64_t ns;
} units[] = {
    /* With µ as the sign and as the Greek letter. */
    {"h", HOUR},  {"m", MINUTE},       {"s", SECOND},       {"ms", 1000000},
    {"us", 1000}, {"\xc2\xb5s", 1000}, {"\xce\xbcs", 1000}, {"ns", 1}};

/* A decimal number in the text: [whole, point) and [fraction, end). */
typedef struct {
  const char *whole;
  const char *point;
  const char *fraction;
  const char *end;
} number_t;

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool has_space(const char *text) { return strpbrk(text, " \t\n\v\f\r") != NULL; }

static int refuse(int code, const char *phrase, const char **why) {
  *why = phrase;
  return code;
}

/* What is wrong with text that should begin with a number and does not. */
static const char *not_a_number(const char *text) {
  if (*text == '\0') {
    return "empty";
  }
  if (has_space(text)) {
    return spaced;
  }
  if (*text == '-' && (is_digit(text[1]) || text[1] == '.')) {
    return "negative";
  }
  if (*text == '+') {
    return "has a sign";
  }
  return "not a number";
}

static bool scan_number(const char *text, number_t *number) {
  number->whole = text;
  number->point = text + strspn(text, "0123456789");
  number->fraction = number->point + (*number->point == '.');
  number->end = number->fraction + strspn(number->fraction, "0123456789");
  return number->point > number->whole || number->end > number->fraction;
}

/* The nanoseconds of the unit at text, and where it ends; 0 when there is no such unit. */
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

/* number * unit_ns, rounded. False when whole units are above DURATION_MAX; with what follows the
 * point it may then still be, by less than a unit. */
static bool multiply(const number_t *number, uint64_t unit_ns, uint64_t *ns) {
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
  /* From the last digit to the first, so that dividing by ten step by step gives the exact floor
   * of twice the fraction; adding one and halving rounds it. */
  for (p = number->end; p > number->fraction; p--) {
    twice = ((uint64_t)(p[-1] - '0') * 2 * unit_ns + twice) / 10;
  }
  *ns = whole * unit_ns + (twice + 1) / 2;
  return true;
}

int units_duration(const char *text, uint64_t *ns, const char **why) {
  const char *p = text;
  uint64_t total = 0;
  uint64_t last_ns = UINT64_MAX;
  bool fits = true;
  do {
    number_t number;
    uint64_t unit_ns;
    uint64_t term = 0;
    if (!scan_number(p, &number)) {
      return refuse(UV_EINVAL, p == text ? not_a_number(text) : "a point with no digits", why);
    }
    if (*number.end == '.') {
      return refuse(UV_EINVAL, "has a second point", why);
    }
    if (*number.end == ',') {
      return refuse(UV_EINVAL, "has a comma; decimals take a point", why);
    }
    if (*number.end != '\0') {
      unit_ns = scan_unit(number.end, &p);
    } else if (p > text) {
      return refuse(UV_EINVAL, "the last number has no unit", why);
    } else {
      unit_ns = SECOND;
      p = number.end;
    }
    if (unit_ns == 0) {
      return refuse(UV_EINVAL, has_space(text) ? spaced : unknown_unit, why);
    }
    if (unit_ns >= last_ns) {
      return refuse(UV_EINVAL, "units go from large to small, each once", why);
    }
    last_ns = unit_ns;
    fits = fits && multiply(&number, unit_ns, &term) && term <= DURATION_MAX - total;
    total += fits ? term : 0;
  } while (*p != '\0');
  if (!fits) {
    return refuse(UV_ERANGE, too_long, why);
  }
  if (total == 0 && strpbrk(text, "123456789") != NULL) {
    return refuse(UV_ERANGE, "shorter than a nanosecond; say 1ns, or 0", why);
  }
  *ns = total;
  return 0;
}

/* The time after the slash of a rate: `s`, `15s`, `1m30s`. */
static int rate_unit(const char *text, uint64_t *ns, const char **why) {
  const char *end;
  if (*text == '\0' || text[strspn(text, "0123456789.")] == '\0') {
    return refuse(UV_EINVAL, "no unit of time after the slash", why);
  }
  if (is_digit(*text) || *text == '.') {
    int code = units_duration(text, ns, why);
    if (code == 0 && *ns == 0) {
      return refuse(UV_ERANGE, "no time after the slash; say 10/s, or --every 0 for no pace", why);
    }
    return code;
  }
  *ns = scan_unit(text, &end);
  if (*ns == 0 || *end != '\0') {
    return refuse(UV_EINVAL, has_space(text) ? spaced : unknown_unit, why);
  }
  return 0;
}

int units_rate(const char *text, uint64_t *period_ns, const char **why) {
  number_t number;
  uint64_t unit_ns;
  uint64_t amount = 0; /* the number without its point */
  uint64_t quotient;
  uint64_t rest;
  const char *p;
  int code;
  if (!scan_number(text, &number)) {
    return refuse(UV_EINVAL, *text == '/' ? "no number before the slash" : not_a_number(text), why);
  }
  while (number.end > number.fraction && number.end[-1] == '0') {
    number.end--;
  }
  for (p = number.whole; p < number.end; p++) {
    if (*p != '.') {
      if (amount > UINT64_MAX / 1000) {
        return refuse(UV_ERANGE, "too many digits; --every 0 is no pace", why);
      }
      amount = amount * 10 + (uint64_t)(*p - '0');
    }
  }
  while (*p == '0') {
    p++;
  }
  if (*p == '/') {
    code = rate_unit(p + 1, &unit_ns, why);
    if (code != 0) {
      return code;
    }
  } else if (*p != '\0') {
    return refuse(UV_EINVAL, has_space(p) ? spaced : "not a rate", why);
  }
  if (amount == 0) {
    return refuse(UV_ERANGE, "never; say --every 1h, or --every 0 for no pace", why);
  }
  if (*p == '\0') {
    return refuse(UV_EINVAL, "no unit of time", why);
  }
  /* Long division of unit_ns * 10^decimals by amount, a decimal at a time. */
  quotient = unit_ns / amount;
  rest = unit_ns % amount;
  for (p = number.fraction; p < number.end; p++) {
    if (quotient > DURATION_MAX / 10 - 1) {
      return refuse(UV_ERANGE, "too slow; the least is 1/2562047h", why);
    }
    quotient = quotient * 10 + rest * 10 / amount;
    rest = rest * 10 % amount;
  }
  if (quotient == 0) {
    return refuse(UV_ERANGE, "above 1000000000/s; --every 0 is no pace", why);
  }
  *period_ns = quotient + (rest >= amount - rest ? 1 : 0);
  return 0;
}

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
    return refuse(UV_EINVAL, "not a whole number in digits", why);
  }
  if (!fits || value > max) {
    return refuse(UV_ERANGE, "too many", why);
  }
  if (value < min) {
    return refuse(UV_ERANGE, "too few", why);
  }
  *n = value;
  return 0;
}

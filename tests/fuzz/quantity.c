/* quantity: see quantity.h. */

#include "quantity.h"

#include <stddef.h>
#include <string.h>

#define DIGITS_MAX 24 /* times the nanoseconds of a day this is below 2^128 */
#define RATE_DIGITS_MAX 17

__extension__ typedef unsigned __int128 wide;

static const struct {
  const char *name;
  uint64_t ns;
} units[] = {{"d", UINT64_C(86400000000000)},
             {"h", UINT64_C(3600000000000)},
             {"ms", 1000000},
             {"m", UINT64_C(60000000000)},
             {"us", 1000},
             {"\xc2\xb5s", 1000},
             {"\xce\xbcs", 1000},
             {"ns", 1},
             {"s", UINT64_C(1000000000)}};

/* A decimal number: digits / scale. */
struct number {
  wide digits;
  wide scale;    /* 10^decimals */
  size_t length; /* in digits */
};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Parses a number and moves *text past it. False: there is none. */
static bool take_number(const char **text, struct number *number) {
  bool is_fraction = false;
  size_t length = 0;
  const char *p;

  *number = (struct number){.digits = 0, .scale = 1};
  for (p = *text; is_digit(*p) || (*p == '.' && !is_fraction); p++) {
    if (*p == '.') {
      is_fraction = true;
      continue;
    }
    length++;
    if (length <= DIGITS_MAX) {
      number->digits = number->digits * 10 + (unsigned)(*p - '0');
      number->scale *= is_fraction ? 10 : 1;
    }
  }
  number->length = length;
  *text = p;
  return length != 0;
}

/* Parses a unit and moves *text past it. Returns: its nanoseconds; 0: there is none. */
static uint64_t take_unit(const char **text) {
  size_t length = strcspn(*text, "0123456789.");
  size_t i;

  for (i = 0; i < sizeof units / sizeof units[0]; i++) {
    if (strlen(units[i].name) == length && strncmp(units[i].name, *text, length) == 0) {
      *text += length;
      return units[i].ns;
    }
  }
  return 0;
}

static wide divide(wide dividend, wide divisor) {
  return dividend / divisor +
         (dividend % divisor >= divisor - dividend % divisor ? 1 : 0); /* rounds halves up */
}

enum quantity quantity_duration(const char *text, uint64_t *ns) {
  const char *p = text;
  uint64_t last = UINT64_MAX;
  wide total = 0;
  bool is_zero = true;
  bool is_unknown = false;

  do {
    struct number number;
    uint64_t unit;
    bool is_bare;
    if (!take_number(&p, &number)) {
      return QUANTITY_REFUSED;
    }
    is_bare = *p == '\0' && last == UINT64_MAX;
    unit = is_bare ? UINT64_C(1000000000) : take_unit(&p);
    if (unit == 0 || unit >= last) {
      return QUANTITY_REFUSED;
    }
    last = unit;
    is_unknown = is_unknown || number.length > DIGITS_MAX;
    if (!is_unknown) {
      wide term = divide(number.digits * unit, number.scale);
      is_zero = is_zero && number.digits == 0;
      total += term > (wide)INT64_MAX ? (wide)INT64_MAX + 1 : term;
    }
  } while (*p != '\0');
  if (is_unknown) {
    return QUANTITY_UNKNOWN;
  }
  if (total > (wide)INT64_MAX || (total == 0 && !is_zero)) {
    return QUANTITY_REFUSED;
  }
  *ns = (uint64_t)total;
  return QUANTITY_OK;
}

enum quantity quantity_rate(const char *text, uint64_t *period_ns) {
  const char *p = text;
  struct number number;
  uint64_t unit = 0;
  wide period;

  if (!take_number(&p, &number) || *p++ != '/') {
    return QUANTITY_REFUSED;
  }
  if (is_digit(*p) || *p == '.') {
    enum quantity found =
        p[strspn(p, "0123456789.")] == '\0' ? QUANTITY_REFUSED : quantity_duration(p, &unit);
    if (found != QUANTITY_OK) {
      return found;
    }
  } else {
    unit = take_unit(&p);
    if (*p != '\0') {
      return QUANTITY_REFUSED;
    }
  }
  if (unit == 0) {
    return QUANTITY_REFUSED;
  }
  if (number.length > RATE_DIGITS_MAX) {
    return QUANTITY_UNKNOWN; /* units.c does not count trailing zeros */
  }
  if (number.digits == 0 || (wide)unit * number.scale < number.digits) {
    return QUANTITY_REFUSED;
  }
  period = divide((wide)unit * number.scale, number.digits);
  if (period > (wide)INT64_MAX) {
    return QUANTITY_REFUSED;
  }
  *period_ns = (uint64_t)period;
  return QUANTITY_OK;
}

enum quantity quantity_count(const char *text, uint64_t min, uint64_t max, uint64_t *n) {
  size_t length = strlen(text);
  wide value = 0;
  size_t i;

  if (length == 0 || strspn(text, "0123456789") != length) {
    return QUANTITY_REFUSED;
  }
  for (i = 0; i < length; i++) {
    value = value * 10 + (unsigned)(text[i] - '0');
    if (value > max) {
      return QUANTITY_REFUSED;
    }
  }
  *n = (uint64_t)value;
  return value >= min ? QUANTITY_OK : QUANTITY_REFUSED;
}

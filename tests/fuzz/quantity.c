/* quantity: see quantity.h. */

#include "quantity.h"

#include <stddef.h>
#include <string.h>

#define DIGITS_MAX 25 /* of a number: times an hour it is below 2^128 */
#define RATE_DIGITS_MAX 17

__extension__ typedef unsigned __int128 wide;

static const struct {
  const char *name;
  uint64_t ns;
} units[] = {{"h", UINT64_C(3600000000000)},
             {"ms", 1000000},
             {"m", UINT64_C(60000000000)},
             {"us", 1000},
             {"\xc2\xb5s", 1000},
             {"\xce\xbcs", 1000},
             {"ns", 1},
             {"s", UINT64_C(1000000000)}};

/* A number: digits / 10^decimals. */
struct number {
  wide digits;
  wide scale; /* 10^decimals */
  size_t length;
};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Goes past a number. False: there is none. */
static bool take_number(const char **text, struct number *number) {
  bool is_behind_point = false;
  size_t figures = 0;
  const char *p;

  *number = (struct number){.digits = 0, .scale = 1};
  for (p = *text; is_digit(*p) || (*p == '.' && !is_behind_point); p++) {
    if (*p == '.') {
      is_behind_point = true;
      continue;
    }
    figures++;
    if (figures <= DIGITS_MAX) {
      number->digits = number->digits * 10 + (unsigned)(*p - '0');
      number->scale *= is_behind_point ? 10 : 1;
    }
  }
  number->length = figures;
  *text = p;
  return figures != 0;
}

/* Goes past a unit. Returns its nanoseconds; 0: there is none. */
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

static wide divide(wide above, wide below) {
  return above / below + (above % below >= below - above % below ? 1 : 0); /* halves up */
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
      return QUANTITY_IS_NONE;
    }
    is_bare = *p == '\0' && last == UINT64_MAX;
    unit = is_bare ? UINT64_C(1000000000) : take_unit(&p);
    if (unit == 0 || unit >= last) {
      return QUANTITY_IS_NONE;
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
    return QUANTITY_IS_NONE;
  }
  *ns = (uint64_t)total;
  return QUANTITY_IS;
}

enum quantity quantity_rate(const char *text, uint64_t *period_ns) {
  const char *p = text;
  struct number number;
  uint64_t unit = 0;
  wide period;

  if (!take_number(&p, &number) || *p++ != '/') {
    return QUANTITY_IS_NONE;
  }
  if (is_digit(*p) || *p == '.') {
    enum quantity found =
        p[strspn(p, "0123456789.")] == '\0' ? QUANTITY_IS_NONE : quantity_duration(p, &unit);
    if (found != QUANTITY_IS) {
      return found;
    }
  } else {
    unit = take_unit(&p);
    if (*p != '\0') {
      return QUANTITY_IS_NONE;
    }
  }
  if (unit == 0) {
    return QUANTITY_IS_NONE;
  }
  if (number.length > RATE_DIGITS_MAX) {
    return QUANTITY_UNKNOWN; /* how many of them count is not ours to say */
  }
  if (number.digits == 0 || (wide)unit * number.scale < number.digits) {
    return QUANTITY_IS_NONE;
  }
  period = divide((wide)unit * number.scale, number.digits);
  if (period > (wide)INT64_MAX) {
    return QUANTITY_IS_NONE;
  }
  *period_ns = (uint64_t)period;
  return QUANTITY_IS;
}

enum quantity quantity_count(const char *text, uint64_t min, uint64_t max, uint64_t *n) {
  size_t length = strlen(text);
  wide value = 0;
  size_t i;

  if (length == 0 || strspn(text, "0123456789") != length) {
    return QUANTITY_IS_NONE;
  }
  for (i = 0; i < length; i++) {
    value = value * 10 + (unsigned)(text[i] - '0');
    if (value > max) {
      return QUANTITY_IS_NONE;
    }
  }
  *n = (uint64_t)value;
  return value >= min ? QUANTITY_IS : QUANTITY_IS_NONE;
}

/* units: durations, rates and counts as people write them, and back.
 *
 * Pure: text in, number out; no clock, no locale, no floating point on the way in, so that 0.1s is
 * exactly 100,000,000 ns. Outputs are written only on success. The parsers return UV_EINVAL for
 * text that is no such quantity and UV_ERANGE for one that is, but cannot be used; *why is then a
 * constant phrase that says what is wrong, and, for UV_ERANGE of a duration or rate, what would
 * do. Pointers must not be NULL. */

#ifndef HANDOFF_CLI_UNITS_H
#define HANDOFF_CLI_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* A buffer of this size holds whatever the format functions write. */
#define UNITS_TEXT_SIZE 32

/* Reads `1.5s`, `250ms`, `1m30s`, `.5`: decimals with units ns us µs ms s m h, from large to small,
 * each at most once; a number alone is seconds. Each number is rounded to the nearest nanosecond,
 * halves up. UV_ERANGE above INT64_MAX ns, or when it is not 0 but would be rounded to 0. */
int units_duration(const char *text, uint64_t *ns, const char **why);

/* Reads `10/s`, `0.5/m`, `5/15s`, `1/1m30s` as the period between two, rounded to the nearest
 * nanosecond, halves up. UV_ERANGE for a rate of 0, one above 10^9/s, one of more than 17
 * digits, and a period above INT64_MAX ns. A number alone is UV_EINVAL. */
int units_rate(const char *text, uint64_t *period_ns, const char **why);

/* Reads a whole number in decimal digits. UV_ERANGE outside min to max. */
int units_count(const char *text, uint64_t min, uint64_t max, uint64_t *n, const char **why);

/* Writes a whole number in decimal digits, without a NUL behind them: UNITS_COUNT_SIZE characters
 * at most, and faster than printf. Returns: how many. */
#define UNITS_COUNT_SIZE 20
size_t units_print_count(char *text, uint64_t n);

/* Writes a duration for people: at most four significant digits below a minute (`42us`, `1.235ms`,
 * `4.99s`), whole seconds below an hour (`1m30s`), whole minutes above (`26h15m`). */
void units_format_duration(char *text, size_t size, uint64_t ns);

/* Writes n in elapsed_ns for people, per second, minute or hour as fits: `10/s`, `99.98/s`, `5/m`;
 * `-` when elapsed_ns is 0. */
void units_format_rate(char *text, size_t size, uint64_t n, uint64_t elapsed_ns);

#endif /* HANDOFF_CLI_UNITS_H */

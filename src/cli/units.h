/* units: parses durations, rates and counts, and formats them.
 *
 * Pure functions: no clock, no locale. Parsing uses no floating point, so 0.1s is exactly
 * 100,000,000 ns. The parsers return UV_EINVAL for text that is not such a quantity, and UV_ERANGE
 * for one that is out of range. *why is then a constant phrase that completes the sentence
 * `"10" …`: "has no unit". For a duration or rate out of range it also says what to use instead.
 * Outputs are written only on success. */

#ifndef HANDOFF_CLI_UNITS_H
#define HANDOFF_CLI_UNITS_H

#include <stddef.h>
#include <stdint.h>

#define UNITS_TEXT_SIZE 32  /* holds any formatted duration or rate, with its NUL */
#define UNITS_COUNT_SIZE 20 /* holds any printed count */

/* Parses `1.5s`, `250ms`, `1m30s`, `.5`: decimal numbers with units ns us µs ms s m h d, from large
 * to small, each at most once. A bare number is in seconds. Each number is rounded to the nearest
 * nanosecond, halves up. UV_ERANGE above INT64_MAX ns, or if a duration above 0 rounds to 0. */
int units_duration(const char *text, uint64_t *ns, const char **why);

/* Parses `10/s`, `0.5/m`, `5/15s`, `1/1m30s` into the period between two items, rounded to the
 * nearest nanosecond, halves up. UV_ERANGE for a rate of 0, above 10^9/s or with more than 17
 * digits, and for a period above INT64_MAX ns. A bare number is UV_EINVAL. */
int units_rate(const char *text, uint64_t *period_ns, const char **why);

/* Parses an integer in decimal digits. UV_ERANGE outside min to max. */
int units_count(const char *text, uint64_t min, uint64_t max, uint64_t *n, const char **why);

/* Prints an integer in decimal digits, without a NUL. Faster than printf.
 *
 * Returns: the number of characters, at most UNITS_COUNT_SIZE. */
size_t units_print_count(char *text, uint64_t n);

/* Formats a duration for people: at most four significant digits below a minute (`42us`,
 * `1.235ms`, `4.99s`), whole seconds below an hour (`1m30s`), whole minutes above (`26h15m`). */
void units_format_duration(char *text, size_t size, uint64_t ns);

/* Formats n items in elapsed_ns as a rate per second, minute, hour or day, whichever reads
 * best: `10/s`, `99.98/s`, `5/m`. Requires: elapsed_ns > 0. */
void units_format_rate(char *text, size_t size, uint64_t n, uint64_t elapsed_ns);

#endif /* HANDOFF_CLI_UNITS_H */

/* quantity: a second implementation of the parsers in src/cli/units.c, to compare them with: one
 * grammar, and one division of 128 bits. */

#ifndef TESTS_FUZZ_QUANTITY_H
#define TESTS_FUZZ_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

enum quantity {
  QUANTITY_OK,      /* *n is the quantity */
  QUANTITY_REFUSED, /* the text is no quantity, or out of range */
  QUANTITY_UNKNOWN  /* it has too many digits for this implementation */
};

enum quantity quantity_duration(const char *text, uint64_t *ns);
enum quantity quantity_rate(const char *text, uint64_t *period_ns);
enum quantity quantity_count(const char *text, uint64_t min, uint64_t max, uint64_t *n);

#endif /* TESTS_FUZZ_QUANTITY_H */

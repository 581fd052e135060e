/* quantity: durations, rates and counts once more, to compare src/cli/units.c with: by one grammar and
 * one division of 128 bits. */

#ifndef TESTS_FUZZ_QUANTITY_H
#define TESTS_FUZZ_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

enum quantity {
  QUANTITY_IS,      /* it is one, and *n is it */
  QUANTITY_IS_NONE, /* the text is refused, for what it says or for its size */
  QUANTITY_UNKNOWN  /* it has more digits than fit in here */
};

enum quantity quantity_duration(const char *text, uint64_t *ns);
enum quantity quantity_rate(const char *text, uint64_t *period_ns);
enum quantity quantity_count(const char *text, uint64_t min, uint64_t max, uint64_t *n);

#endif /* TESTS_FUZZ_QUANTITY_H */

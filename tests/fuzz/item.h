/* item: a number as the bytes of an item of any size, and a pattern for unwritten memory. */

#ifndef TESTS_FUZZ_ITEM_H
#define TESTS_FUZZ_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ITEM_UNTOUCHED 0xa5

/* Every byte differs from its neighbours, so that a shifted copy is detected. */
static inline unsigned char item_byte(uint32_t item, size_t at) {
  return (unsigned char)(item + item / 251 * 7 + at * 37);
}

static inline void item_write(unsigned char *bytes, size_t size, uint32_t item) {
  size_t i;
  for (i = 0; i < size; i++) {
    bytes[i] = item_byte(item, i);
  }
}

static inline bool item_is(const unsigned char *bytes, size_t size, uint32_t item) {
  size_t i;
  for (i = 0; i < size; i++) {
    if (bytes[i] != item_byte(item, i)) {
      return false;
    }
  }
  return true;
}

static inline void item_clear(unsigned char *bytes, size_t size) {
  memset(bytes, ITEM_UNTOUCHED, size);
}

static inline bool item_is_untouched(const unsigned char *bytes, size_t size) {
  size_t i;
  for (i = 0; i < size; i++) {
    if (bytes[i] != ITEM_UNTOUCHED) {
      return false;
    }
  }
  return true;
}

#endif /* TESTS_FUZZ_ITEM_H */

/* input: the bytes of an input, read as a script that people can write too.
 *
 * A letter, large or small, is a command: its lowest five bits; the signs ; < = > ? are five more. What follows are
 * operands: the lowest four bits of each, so that digits stand for themselves. Spaces and newlines are no
 * commands. After the end come zeros. */

#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct input {
  const uint8_t *next;
  const uint8_t *end;
};

static inline bool input_is_at_end(const struct input *input) { return input->next == input->end; }

static inline uint8_t input_byte(struct input *input) {
  return input_is_at_end(input) ? 0 : *input->next++;
}

/* A small letter; what is no letter comes as something that is none either: a sign as one of the five
 * characters that follow z. */
static inline char input_command(struct input *input) {
  return (char)('a' - 1 + (input_byte(input) & 31));
}

static inline unsigned input_digit(struct input *input) { return input_byte(input) & 15u; }

#endif /* TESTS_FUZZ_INPUT_H */

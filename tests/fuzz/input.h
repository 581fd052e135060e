/* input: the bytes of an input, read as a script that people can write too.
 *
 * A command is a letter in either case: the lowest five bits of the byte. The signs ; < = > ? are
 * five more commands. An operand is the lowest four bits of a byte, so a digit stands for itself.
 * Spaces and newlines are no commands. After the end the input reads as zeros. */

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

/* Returns: a lower-case letter; for a sign one of the five characters after z; for any other byte
 * the character before a. */
static inline char input_command(struct input *input) {
  return (char)('a' - 1 + (input_byte(input) & 31));
}

static inline unsigned input_digit(struct input *input) { return input_byte(input) & 15u; }

#endif /* TESTS_FUZZ_INPUT_H */

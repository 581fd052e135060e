/* spelt: options as the words that ask for them, each one spelt out, and what the parser makes of these. */

#ifndef TESTS_FUZZ_SPELT_H
#define TESTS_FUZZ_SPELT_H

#include "cli/options.h"
#include "input.h"

/* Spells them out and parses that. 0 is expected: they come out as they were. UV_EINVAL: refused. */
void spelt_check(const struct options *options, int expected);

/* The same for options that the input makes up, in their ranges or with one out of it. */
void spelt_check_made(struct input *input);

#endif /* TESTS_FUZZ_SPELT_H */

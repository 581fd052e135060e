/* roundtrip: options, written out as words and parsed again. */

#ifndef TESTS_FUZZ_ROUNDTRIP_H
#define TESTS_FUZZ_ROUNDTRIP_H

#include "cli/options.h"
#include "input.h"

/* `expected` is 0: the parsed options are the same; or UV_EINVAL: the words are refused. */
void roundtrip_check(const struct options *options, int expected);

/* The same for options that the input makes up, all in range or one out of range. */
void roundtrip_check_random(struct input *input);

#endif /* TESTS_FUZZ_ROUNDTRIP_H */

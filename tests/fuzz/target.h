/* target: what every fuzz target includes: its entry point, CHECK and an allocator.
 *
 * libFuzzer calls the entry point with inputs that it generates, replay.c with the files of the
 * kept corpus. */

#ifndef TESTS_FUZZ_TARGET_H
#define TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition) ((condition) ? (void)0 : target_fail(__FILE__, __LINE__, #condition))

/* Runs one input. Aborts if a check fails. Returns: 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Noreturn inline void target_fail(const char *file, int line, const char *condition) {
  (void)fprintf(stderr, "%s:%d: check failed: %s\n", file, line, condition);
  abort();
}

/* Allocates exactly `size` bytes, so that the sanitizers report any access beyond them. */
static inline void *target_alloc(size_t size) {
  void *memory = calloc(1, size == 0 ? 1 : size);
  if (memory == NULL) {
    abort();
  }
  return memory;
}

#endif /* TESTS_FUZZ_TARGET_H */

/* file_limit: a file that takes only its first bytes and then fails: EFBIG. */

#ifndef TESTS_LIB_FILE_LIMIT_H
#define TESTS_LIB_FILE_LIMIT_H

#include <stdio.h>
#include <sys/resource.h>

#include "lib/bounded.h"

static struct rlimit file_limit_before;

/* Opens an empty temporary file that takes `size` bytes. The limit holds for the whole process. */
static inline int file_limit_open(size_t size) {
  char path[] = "/tmp/handoff-limit-XXXXXX";
  struct rlimit limit;
  int fd = mkstemp(path);

  assert_true(fd >= 0);
  assert_int_equal(unlink(path), 0);
  assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &file_limit_before), 0);
  limit = file_limit_before;
  limit.rlim_cur = size;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  return fd;
}

/* Ends the limit, so that the file may take more. */
static inline void file_limit_end(void) {
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &file_limit_before), 0);
}

#endif /* TESTS_LIB_FILE_LIMIT_H */

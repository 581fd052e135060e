/* descriptors: see descriptors.h. */

#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <uv.h>

int descriptors_fill_standard(void) {
  int fd;

  for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
    if (fcntl(fd, F_GETFD) == -1 && errno == EBADF &&
        open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) == -1) {
      return uv_translate_sys_error(errno);
    }
  }
  return 0;
}

int descriptors_need(int count) {
  int taken[DESCRIPTORS_MAX];
  int err = 0;
  int i;

  for (i = 0; i < count && err == 0; i++) {
    taken[i] = dup(STDERR_FILENO);
    err = taken[i] == -1 ? uv_translate_sys_error(errno) : 0;
  }
  i -= err != 0; /* the one that was not to be had */
  while (i-- != 0) {
    (void)close(taken[i]);
  }
  return err;
}

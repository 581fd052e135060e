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
  const int fd = dup(STDERR_FILENO);
  int err = fd == -1 ? uv_translate_sys_error(errno) : 0;

  if (err == 0) {
    err = count == 1 ? 0 : descriptors_need(count - 1);
    (void)close(fd);
  }
  return err;
}

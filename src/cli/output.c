/* output: see output.h. */

#include "output.h"

#include <errno.h>
#include <poll.h>
#include <sys/types.h>
#include <unistd.h>
#include <uv.h>

/* True: a write will do something, be it to fail. */
static int is_writable(int fd, int timeout_ms) {
  struct pollfd poller = {.fd = fd, .events = POLLOUT};
  int n;

  do {
    n = poll(&poller, 1, timeout_ms);
  } while (n == -1 && errno == EINTR);
  return n != 0;
}

int output_write(int fd, const void *data, size_t size) {
  const char *rest = data;

  while (size != 0) {
    ssize_t n = write(fd, rest, size);
    if (n >= 0) {
      rest += n;
      size -= (size_t)n;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      (void)is_writable(fd, -1);
    } else if (errno != EINTR) {
      return uv_translate_sys_error(errno);
    }
  }
  return 0;
}

int output_write_soon(int fd, const void *data, size_t size, int timeout_ms) {
  /* What a pipe takes at all it takes to the length of PIPE_BUF without blocking. */
  return is_writable(fd, timeout_ms) ? output_write(fd, data, size) : UV_EAGAIN;
}

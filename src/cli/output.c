/* output: see output.h. */

#include "output.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>
#include <uv.h>

/* Until a write will do something, be it to fail. */
static void await_room(int fd) {
  struct pollfd poller = {.fd = fd, .events = POLLOUT};

  while (poll(&poller, 1, -1) == -1 && errno == EINTR) {
  }
}

int output_write(int fd, const void *data, size_t size) {
  const char *rest = data;

  while (size != 0) {
    ssize_t n = write(fd, rest, size);
    if (n >= 0) {
      rest += n;
      size -= (size_t)n;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      await_room(fd);
    } else if (errno != EINTR) {
      return uv_translate_sys_error(errno);
    }
  }
  return 0;
}

int output_empty(int fd) {
  struct stat status;

  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && ftruncate(fd, 0) == -1
             ? uv_translate_sys_error(errno)
             : 0;
}

void output_say(const char *text, size_t size) {
  sigset_t set;

  (void)sigemptyset(&set);
  (void)sigaddset(&set, SIGPIPE);
  (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
  (void)output_write(STDERR_FILENO, text, size); /* there is nowhere else to complain */
}

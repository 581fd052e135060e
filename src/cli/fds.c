/* fds: see fds.h. */

#include "fds.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>
#include <uv.h>

int fds_open_standard(void) {
  int fd;

  for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
    if (fcntl(fd, F_GETFD) == -1 && errno == EBADF &&
        open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) == -1) {
      return uv_translate_sys_error(errno);
    }
  }
  return 0;
}

int fds_check_available(int count) {
  int fds[FDS_RESERVE_MAX];
  int opened = 0;
  int err = 0;

  while (opened < count && err == 0) {
    fds[opened] = dup(STDERR_FILENO);
    if (fds[opened] == -1) {
      err = uv_translate_sys_error(errno);
    } else {
      opened++;
    }
  }
  while (opened != 0) {
    (void)close(fds[--opened]);
  }
  return err;
}

/* Returns when a write makes progress or fails. */
static void wait_writable(int fd) {
  struct pollfd poller = {.fd = fd, .events = POLLOUT};

  while (poll(&poller, 1, -1) == -1 && errno == EINTR) {
  }
}

int fds_write(int fd, const void *data, size_t size) {
  const char *rest = data;

  while (size != 0) {
    ssize_t n = write(fd, rest, size);
    if (n >= 0) {
      rest += n;
      size -= (size_t)n;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait_writable(fd);
    } else if (errno != EINTR) {
      return uv_translate_sys_error(errno);
    }
  }
  return 0;
}

int fds_truncate(int fd) {
  struct stat status;

  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && ftruncate(fd, 0) == -1
             ? uv_translate_sys_error(errno)
             : 0;
}

void fds_write_stderr(const char *text, size_t size) {
  sigset_t set;

  (void)sigemptyset(&set);
  (void)sigaddset(&set, SIGPIPE);
  (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
  (void)fds_write(STDERR_FILENO, text, size);
}

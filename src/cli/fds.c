/* fds: see fds.h. */

#include "fds.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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

/* Returns when a write makes progress or fails, or after a signal. */
static void wait_writable(int fd) {
  struct pollfd poller = {.fd = fd, .events = POLLOUT};
  (void)poll(&poller, 1, -1);
}

int fds_write_until(int fd, const void *data, size_t size, const atomic_bool *is_cancelled,
                    size_t *written) {
  *written = 0;
  while (*written != size) {
    ssize_t n;
    if (atomic_load(is_cancelled)) {
      return UV_ECANCELED;
    }
    n = write(fd, (const char *)data + *written, size - *written);
    if (n >= 0) {
      *written += (size_t)n;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait_writable(fd);
    } else if (errno != EINTR) {
      return uv_translate_sys_error(errno);
    }
  }
  return 0;
}

int fds_write(int fd, const void *data, size_t size) {
  const atomic_bool never = false;
  size_t written;

  return fds_write_until(fd, data, size, &never, &written);
}

bool fds_is_writable(int fd) {
  struct pollfd poller = {.fd = fd, .events = POLLOUT};
  return poll(&poller, 1, 0) == 1;
}

bool fds_has_reader_process(int fd) {
  struct stat status;

  return fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)) &&
         (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
}

int fds_truncate(int fd) {
  struct stat status;

  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && ftruncate(fd, 0) == -1
             ? uv_translate_sys_error(errno)
             : 0;
}

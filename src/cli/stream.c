/* stream: see stream.h.
 *
 * The signal is sent only to a thread that is in a call and stays there until it has been sent. So
 * the thread exists, and no other system call of it is interrupted. */

#include "stream.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "fds.h"

enum { IDLE, IN_CALL, SIGNALLING };

static void on_signal(int signum) { (void)signum; }

void stream_init(struct stream *stream, int fd) {
  struct sigaction action;
  sigset_t set;

  memset(&action, 0, sizeof action); /* without SA_RESTART */
  action.sa_handler = on_signal;
  (void)sigaction(SIGURG, &action, NULL);
  (void)sigemptyset(&set);
  (void)sigaddset(&set, SIGURG);
  (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  stream->fd = fd;
  atomic_init(&stream->is_cancelled, false);
  atomic_init(&stream->state, IDLE);
}

static void enter(struct stream *stream) {
  stream->thread = pthread_self();
  atomic_store(&stream->state, IN_CALL);
}

static void leave(struct stream *stream) {
  int state = IN_CALL;

  while (!atomic_compare_exchange_weak(&stream->state, &state, IDLE)) {
    state = IN_CALL;
    (void)sched_yield(); /* The other thread is in pthread_kill. */
  }
}

long stream_read(struct stream *stream, void *bytes, size_t size) {
  ssize_t n;

  enter(stream);
  n = read(stream->fd, bytes, size);
  n = n == -1 ? uv_translate_sys_error(errno) : n;
  leave(stream);
  return n;
}

int stream_write(struct stream *stream, const void *data, size_t size, size_t *written) {
  int err;

  enter(stream);
  err = fds_write_until(stream->fd, data, size, &stream->is_cancelled, written);
  leave(stream);
  return err;
}

void stream_cancel(struct stream *stream) {
  int state = IN_CALL;

  atomic_store(&stream->is_cancelled, true);
  if (atomic_compare_exchange_strong(&stream->state, &state, SIGNALLING)) {
    (void)pthread_kill(stream->thread, SIGURG);
    atomic_store(&stream->state, IN_CALL);
  }
}

/* stream: a descriptor that one thread reads or writes, and whose blocked call another thread can
 * cancel.
 *
 * A write to a full pipe may block for ever. Closing the descriptor would not end it, and setting
 * O_NONBLOCK would change it for other processes. So stream_cancel() sends SIGURG to the thread:
 * its handler does nothing, and write(2) returns how much it has written. */

#ifndef HANDOFF_CLI_STREAM_H
#define HANDOFF_CLI_STREAM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct stream {
  int fd; /* Set at init, then constant. */
  atomic_bool is_cancelled;
  atomic_int state;
  pthread_t thread; /* the one in a call; valid unless the state is idle */
};

/* Call it before the threads that use the stream are created: they inherit that SIGURG is not
 * blocked. */
void stream_init(struct stream *stream, int fd);

/* Calls read(2) once.
 *
 * Thread:  any, but one at a time.
 * Returns: the number of bytes, 0 at the end; UV_E* of read(2), UV_EINTR after a cancel. */
long stream_read(struct stream *stream, void *bytes, size_t size);

/* Writes all of the data. Sets `*written` to the number of bytes that were written, also on error.
 *
 * Thread:  any, but one at a time.
 * Returns: 0; UV_ECANCELED; UV_E* of write(2). */
int stream_write(struct stream *stream, const void *data, size_t size, size_t *written);

/* Makes the call in progress return, and every write from now on. The signal may come just before
 * the system call blocks and is lost then, so call this repeatedly until the thread has ended.
 *
 * Thread:  any other. */
void stream_cancel(struct stream *stream);

#endif /* HANDOFF_CLI_STREAM_H */

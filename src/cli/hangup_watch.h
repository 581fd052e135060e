/* hangup_watch: notices that the reader of a pipe or socket has gone, before the next write.
 *
 * A thread waits in poll(2) and needs no CPU time meanwhile. uv_poll_t would set O_NONBLOCK on the
 * descriptor, which other processes share. */

#ifndef HANDOFF_CLI_HANGUP_WATCH_H
#define HANDOFF_CLI_HANGUP_WATCH_H

#include <uv.h>

struct hangup_watch {
  void *data; /* for the application */
  /* Set at start, then constant. */
  void (*on_hangup)(struct hangup_watch *);
  int fd;
  int wake_pipe[2]; /* closing its write end ends the thread */
  uv_thread_t thread;
  uv_async_t async;
};

/* Calls on_hangup on the loop thread, at most once, when the last reader has closed its end. Does
 * not keep the loop alive.
 *
 * Thread:  loop.
 * Returns: 0, and the watch must be closed; UV_E* of pipe(2) or pthread_create(3). */
int hangup_watch_start(struct hangup_watch *watch, uv_loop_t *loop, int fd,
                       void (*on_hangup)(struct hangup_watch *));

/* The memory belongs to the caller again once the loop has run the close callbacks.
 *
 * Thread:  loop. */
void hangup_watch_close(struct hangup_watch *watch);

#endif /* HANDOFF_CLI_HANGUP_WATCH_H */

/* log: the loop's text on its way to a descriptor, in batches, one write outstanding.
 *
 * The loop never blocks on it: a thread of the log's writes one buffer while the loop fills the
 * other. They pass through slots, there and back. Memory is two buffers: who adds must stop when
 * the log is full, and may go on when on_written says so. Loop thread only. */

#ifndef HANDOFF_CLI_LOG_H
#define HANDOFF_CLI_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "handoff.h"

#define LOG_SIZE ((size_t)400 * 1024)
/* A log is full when less than this is free: room for what its feeder adds nevertheless. */
#define LOG_RESERVE ((size_t)260 * 1024)

struct log {
  void *data; /* the application's */
  /* Set at init, then constant. */
  handoff_port_t *port;
  int fd;
  void (*on_written)(struct log *, int err); /* a batch: 0 or UV_E*, of write(2) */
  uv_thread_t thread;
  handoff_slot_t batches; /* to the thread */
  handoff_slot_t results; /* and back */
  /* Loop thread only. */
  handoff_req_t req;
  int result;      /* of the last batch; the thread's while is_writing */
  bool has_failed; /* what is added is thrown away */
  bool is_writing;
  unsigned filling; /* which buffer; the other one is the thread's while is_writing */
  size_t filled;
  char buffers[2][LOG_SIZE];
};

/* Returns: 0, and then it must be closed; UV_ENOMEM; UV_EAGAIN when there is no thread left. */
int log_init(struct log *log, handoff_port_t *port, int fd,
             void (*on_written)(struct log *, int err));

/* Adds text, which must fit: no more than LOG_RESERVE since the log was full. */
void log_add(struct log *log, const char *text, size_t size);

/* Adds a hand-off, as a line: `Producer: 1`. */
#define LOG_EVENT_SIZE 31 /* of the longest one: 10 + 20 digits + 1 */
void log_add_event(struct log *log, const handoff_event_t *event);

bool log_is_full(const struct log *log);

/* Nothing is being written, or waiting to be. */
bool log_is_idle(const struct log *log);

/* Once it is idle. */
void log_close(struct log *log);

#endif /* HANDOFF_CLI_LOG_H */

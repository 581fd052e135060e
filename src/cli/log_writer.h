/* log_writer: writes the loop's log to a descriptor in batches, without blocking the loop.
 *
 * Double buffering: a thread writes one buffer while the loop fills the other, and one write is
 * outstanding at a time. Two slots carry the batches to the thread and the results back. Memory is
 * bounded, so the caller must stop adding when the log is full, until on_written says otherwise.
 * Loop thread only. */

#ifndef HANDOFF_CLI_LOG_WRITER_H
#define HANDOFF_CLI_LOG_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#include "handoff.h"
#include "stream.h"

#define LOG_WRITER_SIZE ((size_t)400 * 1024) /* of each buffer */
/* The log counts as full when less than this is free. The caller may still add that much. */
#define LOG_WRITER_RESERVE ((size_t)260 * 1024)
#define LOG_WRITER_EVENT_SIZE 31 /* the longest line of an event: 10 + 20 digits + 1 */

struct log_result {
  int err;
  size_t written; /* bytes */
};

struct log_writer {
  void *data; /* for the application */
  /* Set at init, then constant. */
  handoff_port_t *port;
  struct stream stream;
  /* After each batch: 0, or UV_E* of stream_write; how many bytes of it were written. */
  void (*on_written)(struct log_writer *, int err, size_t written);
  uv_thread_t thread;
  handoff_slot_t batches; /* to the thread */
  handoff_slot_t results; /* from the thread */
  /* Loop thread only. */
  handoff_req_t req;
  struct log_result result; /* of the last batch; written by the request while is_writing */
  bool has_failed;          /* later text is discarded */
  bool is_writing;
  unsigned filling; /* index of the loop's buffer; the thread owns the other while is_writing */
  size_t filled;
  uint64_t consumed[2]; /* consumer's events in each buffer */
  uint64_t items;       /* consumer's events whose whole line has been written */
  char buffers[2][LOG_WRITER_SIZE];
};

/* Returns: 0, and the log must be closed; UV_ENOMEM; UV_EAGAIN if no thread can be created. */
int log_writer_init(struct log_writer *log, handoff_port_t *port, int fd,
                    void (*on_written)(struct log_writer *, int err, size_t written));

/* Adds text. Requires: at most LOG_WRITER_RESERVE bytes in total since the log became full. */
void log_writer_add(struct log_writer *log, const char *text, size_t size);

/* Adds a line for an event: `Producer: 1`. */
void log_writer_add_event(struct log_writer *log, const handoff_event_t *event);

bool log_writer_is_full(const struct log_writer *log);

/* Whether all text has been written. */
bool log_writer_is_idle(const struct log_writer *log);

/* Makes the write in progress end, see stream_cancel. Then on_written gets UV_ECANCELED, and later
 * text is discarded. */
void log_writer_cancel(struct log_writer *log);

/* Requires: the log is idle. */
void log_writer_close(struct log_writer *log);

#endif /* HANDOFF_CLI_LOG_WRITER_H */

/* stderr_writer: writes one text at a time to standard error, on a thread of its own.
 *
 * A write to a paused terminal or a full pipe may block for ever. The loop thread must not block,
 * or it would miss signals. Loop thread only. */

#ifndef HANDOFF_CLI_STDERR_WRITER_H
#define HANDOFF_CLI_STDERR_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#include "handoff.h"

#define STDERR_WRITER_SIZE 1040

struct stderr_writer {
  uv_thread_t thread;
  handoff_slot_t done; /* The thread puts one byte when it has written the text. */
  bool is_writing;
  /* Owned by the thread while is_writing. */
  int err; /* of the last text: 0, or UV_E* of write(2) */
  size_t size;
  char text[STDERR_WRITER_SIZE];
};

/* Returns: 0, and the writer must be closed; UV_ENOMEM. */
int stderr_writer_init(struct stderr_writer *writer);

/* Starts writing the text, of at most STDERR_WRITER_SIZE bytes. Does nothing while an earlier text
 * is being written. If no thread can be created, writes on this one. */
void stderr_writer_start(struct stderr_writer *writer, const char *text, size_t size);

/* Waits until the text has been written or uv_hrtime() reaches the deadline.
 *
 * Returns: whether nothing is being written. */
bool stderr_writer_wait(struct stderr_writer *writer, uint64_t deadline_ns);

/* Returns: true; false if a text is still being written. The process may exit then, but must not
 * free the writer. */
bool stderr_writer_close(struct stderr_writer *writer);

#endif /* HANDOFF_CLI_STDERR_WRITER_H */

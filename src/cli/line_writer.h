/* line_writer: a write buffer between the consumer's thread and the output descriptor.
 *
 * A write waits while the reader is slow. That is the back-pressure that holds back the lane. An
 * item counts once all of its bytes have been written. */

#ifndef HANDOFF_CLI_LINE_WRITER_H
#define HANDOFF_CLI_LINE_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "stream.h"

#define LINE_WRITER_SIZE ((size_t)64 * 1024)

struct line_writer {
  struct stream stream;
  /* Set at init, then constant. */
  char delimiter;
  /* Consumer's thread only, while the lane runs. Any thread may read the atomic fields. */
  atomic_uint_fast64_t items; /* written */
  atomic_uint_fast64_t bytes; /* of these items */
  size_t buffered;            /* items in the buffer */
  size_t filled;
  char buffer[LINE_WRITER_SIZE];
};

/* The caller sets the stream. */
void line_writer_init(struct line_writer *writer, char delimiter);

/* Appends an item, flushing first if it does not fit.
 *
 * Returns: 0; UV_E* of stream_write. */
int line_writer_append(struct line_writer *writer, const char *data, size_t size);

/* Writes the buffer out and empties it, also on error.
 *
 * Returns: 0; UV_E* of stream_write. */
int line_writer_flush(struct line_writer *writer);

/* Empties the buffer and counts the items in its first `written` bytes. For the caller that has
 * written the buffer itself. */
void line_writer_count(struct line_writer *writer, size_t written);

#endif /* HANDOFF_CLI_LINE_WRITER_H */

/* line_writer: a write buffer between the consumer's thread and the output descriptor.
 *
 * A write waits while the reader is slow. That is the back-pressure that holds back the lane. */

#ifndef HANDOFF_CLI_LINE_WRITER_H
#define HANDOFF_CLI_LINE_WRITER_H

#include <stddef.h>

#define LINE_WRITER_SIZE ((size_t)64 * 1024)

/* Consumer's thread only, while the lane runs. */
struct line_writer {
  int fd;
  size_t filled;
  char buffer[LINE_WRITER_SIZE];
};

void line_writer_init(struct line_writer *writer, int fd);

/* Appends the data, flushing first if it does not fit.
 *
 * Returns: 0; UV_E* of write(2). */
int line_writer_append(struct line_writer *writer, const char *data, size_t size);

/* Writes the buffer out and empties it, also on error.
 *
 * Returns: 0; UV_E* of write(2). */
int line_writer_flush(struct line_writer *writer);

#endif /* HANDOFF_CLI_LINE_WRITER_H */

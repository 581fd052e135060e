/* line_writer: see line_writer.h. */

#include "line_writer.h"

#include <string.h>

#include "fds.h"

void line_writer_init(struct line_writer *writer, int fd) {
  writer->fd = fd;
  writer->filled = 0;
}

int line_writer_append(struct line_writer *writer, const char *data, size_t size) {
  if (size > LINE_WRITER_SIZE - writer->filled) {
    int err = line_writer_flush(writer);
    if (err != 0) {
      return err;
    }
  }
  if (size > LINE_WRITER_SIZE) {
    return fds_write(writer->fd, data, size);
  }
  memcpy(writer->buffer + writer->filled, data, size);
  writer->filled += size;
  return 0;
}

int line_writer_flush(struct line_writer *writer) {
  size_t filled = writer->filled;

  writer->filled = 0;
  return fds_write(writer->fd, writer->buffer, filled);
}

/* sink: see sink.h. */

#include "sink.h"

#include <string.h>

#include "output.h"

void sink_init(struct sink *sink, int fd) {
  sink->fd = fd;
  sink->filled = 0;
}

int sink_put(struct sink *sink, const char *data, size_t size) {
  int err;

  if (size > SINK_SIZE - sink->filled) {
    err = sink_flush(sink);
    if (err != 0) {
      return err;
    }
  }
  if (size > SINK_SIZE) {
    return output_write(sink->fd, data, size);
  }
  memcpy(sink->buffer + sink->filled, data, size);
  sink->filled += size;
  return 0;
}

int sink_flush(struct sink *sink) {
  size_t filled = sink->filled;

  sink->filled = 0;
  return output_write(sink->fd, sink->buffer, filled);
}

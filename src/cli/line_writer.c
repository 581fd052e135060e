/* line_writer: see line_writer.h. */

#include "line_writer.h"

#include <string.h>

void line_writer_init(struct line_writer *writer, char delimiter) {
  writer->delimiter = delimiter;
  atomic_init(&writer->items, 0);
  atomic_init(&writer->bytes, 0);
  writer->buffered = 0;
  writer->filled = 0;
}

/* Only one thread writes each counter, so no atomic read-modify-write is needed. */
static void add(atomic_uint_fast64_t *counter, uint64_t n) {
  atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
                        memory_order_relaxed);
}

static void count(struct line_writer *writer, uint64_t items, size_t bytes) {
  add(&writer->items, items);
  add(&writer->bytes, bytes);
}

void line_writer_count(struct line_writer *writer, size_t written) {
  const char *start = writer->buffer;
  const char *const end = start + written;
  const char *found;

  if (written == writer->filled) { /* also an item that lacks its delimiter */
    count(writer, writer->buffered, written);
  } else {
    while (start != end && (found = memchr(start, writer->delimiter, (size_t)(end - start)))) {
      count(writer, 1, (size_t)(found + 1 - start));
      start = found + 1;
    }
  }
  writer->buffered = 0;
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
    size_t written;
    int err = stream_write(&writer->stream, data, size, &written);
    if (err == 0) {
      count(writer, 1, size);
    }
    return err;
  }
  memcpy(writer->buffer + writer->filled, data, size);
  writer->filled += size;
  writer->buffered++;
  return 0;
}

int line_writer_flush(struct line_writer *writer) {
  size_t written = 0;
  int err = writer->filled == 0
                ? 0
                : stream_write(&writer->stream, writer->buffer, writer->filled, &written);

  line_writer_count(writer, written);
  return err;
}

/* line_reader: see line_reader.h.
 *
 * Invariants: start <= end <= filled <= size. Between start and end the only delimiter is the last
 * byte, and only if has_line. So each byte is searched once.
 *
 * poll(2) waits for input and for the wake pipe at the same time (the self-pipe trick, D. J.
 * Bernstein), so an interrupt that comes before the wait is not lost. */

#include "line_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#define READ_SIZE ((size_t)64 * 1024)
#define READ_MAX ((size_t)1024 * 1024) /* so that an interrupt need not wait for a huge read */

static int open_path(struct line_reader *reader, const char *path) {
  struct stat status;
  int fd;

  reader->is_owned = strcmp(path, "-") != 0;
  fd = reader->is_owned ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
  stream_init(&reader->stream, fd);
  if (fd == -1 || fstat(fd, &status) == -1) {
    return uv_translate_sys_error(errno);
  }
  return S_ISDIR(status.st_mode) ? UV_EISDIR : 0;
}

int line_reader_open(struct line_reader *reader, const char *path, char delimiter) {
  int err;

  memset(reader, 0, sizeof *reader);
  reader->delimiter = delimiter;
  err = open_path(reader, path);
  if (err == 0) {
    err = uv_pipe(reader->wake_pipe, 0, 0);
  }
  if (err != 0 && reader->is_owned && reader->stream.fd != -1) {
    close(reader->stream.fd);
  }
  return err;
}

/* Enlarges a buffer that holds nothing but the beginning of a line. realloc(3) moves a large block
 * by remapping its pages, so the bytes are neither copied nor in memory twice. */
static int enlarge(struct line_reader *reader) {
  size_t size = reader->size * 2;
  struct buffer *buffer =
      size < reader->size ? NULL : realloc(reader->buffer, sizeof *buffer + size);

  if (buffer == NULL) {
    return UV_ENOMEM;
  }
  reader->buffer = buffer;
  reader->size = size;
  return 0;
}

/* If the buffer is full, enlarges it. If lines point into it, moves the incomplete line to a new
 * buffer with room behind it. */
static int make_room(struct line_reader *reader) {
  size_t rest = reader->filled - reader->start;
  size_t size = rest < READ_SIZE / 2 ? READ_SIZE : rest * 2;
  struct buffer *buffer;

  if (reader->filled < reader->size) {
    return 0;
  }
  if (reader->buffer != NULL && !reader->is_referenced) {
    return enlarge(reader);
  }
  buffer = size < rest ? NULL : malloc(sizeof *buffer + size);
  if (buffer == NULL) {
    return UV_ENOMEM;
  }
  if (reader->buffer != NULL) {
    memcpy(buffer->bytes, reader->buffer->bytes + reader->start, rest);
  }
  reader->retired = reader->buffer;
  reader->buffer = buffer;
  reader->size = size;
  reader->filled = rest;
  reader->end -= reader->start;
  reader->start = 0;
  reader->is_referenced = false;
  return 0;
}

/* Waits for input. Returns: 0; UV_EOF after an interrupt; UV_E* of poll(2). */
static int wait_readable(struct line_reader *reader) {
  struct pollfd pollers[2] = {{.fd = reader->wake_pipe[0], .events = POLLIN},
                              {.fd = reader->stream.fd, .events = POLLIN}};

  while (poll(pollers, 2, -1) == -1) {
    if (errno != EINTR) {
      return uv_translate_sys_error(errno);
    }
  }
  return pollers[0].revents == 0 ? 0 : UV_EOF;
}

/* Only this thread writes the counter, so no atomic read-modify-write is needed. */
static void add_bytes(struct line_reader *reader, size_t n) {
  uint64_t bytes = atomic_load_explicit(&reader->bytes, memory_order_relaxed) + n;
  atomic_store_explicit(&reader->bytes, bytes, memory_order_relaxed);
}

/* Reads once into the buffer, or notes the end of the file. */
static int fill(struct line_reader *reader) {
  int err = make_room(reader);

  while (err == 0) {
    size_t room = reader->size - reader->filled;
    long n;
    err = wait_readable(reader);
    if (err != 0) {
      return err;
    }
    n = stream_read(&reader->stream, reader->buffer->bytes + reader->filled,
                    room < READ_MAX ? room : READ_MAX);
    if (n >= 0) {
      reader->filled += (size_t)n;
      reader->is_at_end = n == 0;
      add_bytes(reader, (size_t)n);
      return 0;
    }
    err = n == UV_EINTR || n == UV_EAGAIN ? 0 : (int)n;
  }
  return err;
}

/* Searches the unsearched part of the buffer for the end of the next line. */
static void find_line(struct line_reader *reader) {
  const char *bytes = reader->buffer->bytes;
  const char *found = memchr(bytes + reader->end, reader->delimiter, reader->filled - reader->end);

  reader->has_line = found != NULL;
  reader->end = found != NULL ? (size_t)(found - bytes) + 1 : reader->filled;
}

int line_reader_next(struct line_reader *reader, struct line *line) {
  while (!reader->has_line) {
    int err = reader->is_at_end ? 0 : fill(reader);
    if (err != 0) {
      return err;
    }
    if (reader->is_at_end) {
      if (reader->start == reader->filled) {
        atomic_store_explicit(&reader->has_ended, true, memory_order_relaxed);
        return UV_EOF;
      }
      break; /* The last line lacks its delimiter. */
    }
    find_line(reader);
  }
  line->data = reader->buffer->bytes + reader->start;
  line->size = reader->end - reader->start;
  line->retired = reader->retired;
  reader->retired = NULL;
  reader->is_referenced = true;
  reader->start = reader->end;
  find_line(reader);
  line->is_last_buffered = !reader->has_line;
  return 0;
}

void line_release(struct line *line) {
  free(line->retired);
  line->retired = NULL;
}

void line_reader_discard(struct line_reader *reader, struct line *line) {
  if (line->retired != NULL) {
    line->retired->next = reader->discarded;
    reader->discarded = line->retired;
    line->retired = NULL;
  }
}

void line_reader_interrupt(struct line_reader *reader) {
  ssize_t n;

  do {
    n = write(reader->wake_pipe[1], "", 1); /* A pipe has room for thousands of interrupts. */
  } while (n == -1 && errno == EINTR);
  stream_cancel(&reader->stream);
}

void line_reader_give_back(struct line_reader *reader, uint64_t used) {
  uint64_t bytes = atomic_load_explicit(&reader->bytes, memory_order_relaxed);

  if (!reader->is_owned && bytes > used) {
    (void)lseek(reader->stream.fd, -(off_t)(bytes - used), SEEK_CUR); /* fails on a pipe */
  }
}

void line_reader_close(struct line_reader *reader) {
  while (reader->discarded != NULL) {
    struct buffer *buffer = reader->discarded;
    reader->discarded = buffer->next;
    free(buffer);
  }
  free(reader->retired);
  free(reader->buffer);
  close(reader->wake_pipe[0]);
  close(reader->wake_pipe[1]);
  if (reader->is_owned) {
    close(reader->stream.fd);
  }
}

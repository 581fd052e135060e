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

static int open_path(struct line_reader *reader, const char *path) {
  struct stat status;

  reader->is_owned = strcmp(path, "-") != 0;
  reader->fd = reader->is_owned ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
  if (reader->fd == -1 || fstat(reader->fd, &status) == -1) {
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
  if (err != 0 && reader->is_owned && reader->fd != -1) {
    close(reader->fd);
  }
  return err;
}

/* If the buffer is full, moves the incomplete line to a new buffer with room behind it. */
static int make_room(struct line_reader *reader) {
  size_t rest = reader->filled - reader->start;
  size_t size = rest < READ_SIZE / 2 ? READ_SIZE : rest * 2;
  struct buffer *buffer;

  if (reader->filled < reader->size) {
    return 0;
  }
  buffer = size < rest ? NULL : malloc(sizeof *buffer + size);
  if (buffer == NULL) {
    return UV_ENOMEM;
  }
  if (rest != 0) {
    memcpy(buffer->bytes, reader->buffer->bytes + reader->start, rest);
  }
  if (reader->is_referenced) {
    reader->retired = reader->buffer;
  } else {
    free(reader->buffer);
  }
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
                              {.fd = reader->fd, .events = POLLIN}};

  while (poll(pollers, 2, -1) == -1) {
    if (errno != EINTR) {
      return uv_translate_sys_error(errno);
    }
  }
  return pollers[0].revents == 0 ? 0 : UV_EOF;
}

/* Reads once into the buffer, or notes the end of the file. */
static int fill(struct line_reader *reader) {
  int err = make_room(reader);

  while (err == 0) {
    ssize_t n;
    err = wait_readable(reader);
    if (err != 0) {
      return err;
    }
    n = read(reader->fd, reader->buffer->bytes + reader->filled, reader->size - reader->filled);
    if (n >= 0) {
      reader->filled += (size_t)n;
      reader->is_at_end = n == 0;
      return 0;
    }
    if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) {
      err = uv_translate_sys_error(errno);
    }
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
    close(reader->fd);
  }
}

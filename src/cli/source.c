/* source: see source.h.
 *
 * Invariants: start <= end <= filled <= size; no delimiter lies in start to end but as its last
 * byte, and then has_line. So every byte is looked at once. */

#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#define READ_SIZE ((size_t)64 * 1024)

static int open_path(struct source *source, const char *path) {
  struct stat status;

  source->is_owned = strcmp(path, "-") != 0;
  source->fd = source->is_owned ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
  if (source->fd == -1 || fstat(source->fd, &status) == -1) {
    return uv_translate_sys_error(errno);
  }
  return S_ISDIR(status.st_mode) ? UV_EISDIR : 0;
}

int source_open(struct source *source, const char *path, char delimiter) {
  int err;

  memset(source, 0, sizeof *source);
  source->delimiter = delimiter;
  err = open_path(source, path);
  if (err == 0) {
    err = uv_pipe(source->wake, 0, 0);
  }
  if (err != 0 && source->is_owned && source->fd != -1) {
    close(source->fd);
  }
  return err;
}

/* Makes room behind what has been read. */
static int make_room(struct source *source) {
  size_t rest = source->filled - source->start;
  size_t size = rest < READ_SIZE / 2 ? READ_SIZE : rest * 2;
  struct buffer *buffer;

  if (source->filled < source->size) {
    return 0;
  }
  buffer = size < rest ? NULL : malloc(sizeof *buffer + size);
  if (buffer == NULL) {
    return UV_ENOMEM;
  }
  if (rest != 0) {
    memcpy(buffer->bytes, source->buffer->bytes + source->start, rest);
  }
  if (source->is_given) { /* the last of its lines may still be on its way */
    source->retired = source->buffer;
  } else {
    free(source->buffer);
  }
  source->buffer = buffer;
  source->size = size;
  source->filled = rest;
  source->end -= source->start;
  source->start = 0;
  source->is_given = false;
  return 0;
}

/* Waits until there is something to read. Returns: 0; UV_EOF: interrupted; UV_E*, of poll(2). */
static int wait_readable(struct source *source) {
  struct pollfd pollers[2] = {{.fd = source->wake[0], .events = POLLIN},
                              {.fd = source->fd, .events = POLLIN}};

  while (poll(pollers, 2, -1) == -1) {
    if (errno != EINTR) {
      return uv_translate_sys_error(errno);
    }
  }
  return pollers[0].revents == 0 ? 0 : UV_EOF;
}

static int fill(struct source *source) {
  int err = make_room(source);

  while (err == 0) {
    err = wait_readable(source);
    if (err != 0) {
      return err;
    }
    ssize_t n =
        read(source->fd, source->buffer->bytes + source->filled, source->size - source->filled);
    if (n >= 0) {
      source->filled += (size_t)n;
      source->is_at_end = n == 0;
      return 0;
    }
    if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) {
      err = uv_translate_sys_error(errno);
    }
  }
  return err;
}

/* Looks for the end of the next line in what has been read. */
static void find_line(struct source *source) {
  const char *bytes = source->buffer->bytes;
  const char *found = memchr(bytes + source->end, source->delimiter, source->filled - source->end);

  source->has_line = found != NULL;
  source->end = found != NULL ? (size_t)(found - bytes) + 1 : source->filled;
}

int source_next(struct source *source, struct line *line) {
  while (!source->has_line) {
    int err = source->is_at_end ? 0 : fill(source);
    if (err != 0) {
      return err;
    }
    if (source->is_at_end) {
      if (source->start == source->filled) {
        return UV_EOF;
      }
      break; /* a last line without its delimiter */
    }
    find_line(source);
  }
  line->data = source->buffer->bytes + source->start;
  line->size = source->end - source->start;
  line->retired = source->retired;
  source->retired = NULL;
  source->is_given = true;
  source->start = source->end;
  find_line(source);
  line->is_last_read = !source->has_line;
  return 0;
}

void line_done(struct line *line) {
  free(line->retired);
  line->retired = NULL;
}

void source_drop(struct source *source, struct line *line) {
  if (line->retired != NULL) {
    line->retired->next = source->dropped;
    source->dropped = line->retired;
    line->retired = NULL;
  }
}

void source_interrupt(struct source *source) {
  ssize_t n;
  do {
    n = write(source->wake[1], "", 1);
  } while (n == -1 && errno == EINTR); /* one byte: there is room for thousands of interruptions */
}

void source_close(struct source *source) {
  while (source->dropped != NULL) {
    struct buffer *buffer = source->dropped;
    source->dropped = buffer->next;
    free(buffer);
  }
  free(source->retired);
  free(source->buffer);
  close(source->wake[0]);
  close(source->wake[1]);
  if (source->is_owned) {
    close(source->fd);
  }
}

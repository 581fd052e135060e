/* stream: see stream.h. */

#include "stream.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "cli/source.h"
#include "target.h"

static char text[STREAM_TEXT_MAX];
static struct stream *connected;

/* ------------------------------------------------------------------------------ the script -- */

static bool add_text(struct stream *stream, const uint8_t *bytes, size_t size) {
  if (size > STREAM_TEXT_MAX - stream->size) {
    return false;
  }
  if (size != 0) {
    memcpy(stream->text + stream->size, bytes, size);
  }
  stream->size += size;
  return true;
}

static bool add_run(struct stream *stream, uint8_t byte, size_t size) {
  if (size > STREAM_TEXT_MAX - stream->size) {
    return false;
  }
  memset(stream->text + stream->size, byte, size);
  stream->size += size;
  return true;
}

/* What has been added as text so far, and no event has yet. Nothing to read is the end: never a piece. */
static bool end_piece(struct stream *stream) {
  size_t before = stream->count == 0 ? 0 : stream->events[stream->count - 1].end;

  if (stream->size == before) {
    return true;
  }
  if (stream->count == STREAM_EVENTS_MAX) {
    return false;
  }
  stream->events[stream->count++] =
      (struct stream_event){.kind = STREAM_PIECE, .end = stream->size};
  return true;
}

static bool add_event(struct stream *stream, enum stream_kind kind) {
  if (!end_piece(stream) || stream->count == STREAM_EVENTS_MAX) {
    return false;
  }
  stream->events[stream->count++] = (struct stream_event){.kind = kind, .end = stream->size};
  return true;
}

static bool add_word(struct stream *stream, struct input *input) {
  size_t size = input_digit(input);
  size_t left = (size_t)(input->end - input->next);
  bool fits = add_text(stream, input->next, size < left ? size : left);
  input->next += size < left ? size : left;
  return fits;
}

/* About a power of two: buffers have such sizes. */
static bool add_long(struct stream *stream, struct input *input) {
  uint8_t byte = input_byte(input);
  size_t size = (size_t)8 << input_digit(input);
  return add_run(stream, byte, size + input_digit(input) - 8);
}

static bool add(struct stream *stream, struct input *input, char delimiter) {
  switch (input_command(input)) {
    case 'd':
      return add_run(stream, (uint8_t)delimiter, 1);
    case 'w':
      return add_word(stream, input);
    case 'x':
      return add_long(stream, input);
    case 'f':
      return end_piece(stream);
    case 's':
      return add_event(stream, STREAM_SIGNAL);
    case 'a':
      return add_event(stream, STREAM_NOTHING);
    case 'e':
      return add_event(stream, STREAM_FAILURE);
    case 'p':
      return add_event(stream, STREAM_POLLED);
    case 'i':
      return add_event(stream, STREAM_INTERRUPT);
    default:
      return true;
  }
}

bool stream_init(struct stream *stream, struct input *input, char delimiter) {
  bool fits = true;

  memset(stream, 0, sizeof *stream);
  stream->text = text;
  while (fits && !input_is_at_end(input)) {
    fits = add(stream, input, delimiter);
  }
  return end_piece(stream) && fits;
}

void stream_connect(struct stream *stream, struct source *source) {
  connected = stream;
  if (stream != NULL) {
    stream->source = source;
  }
}

/* ------------------------------------------------------------------------- what is wrapped -- */

ssize_t __real_read(int fd, void *bytes, size_t size);
ssize_t __wrap_read(int fd, void *bytes, size_t size);
int __real_poll(struct pollfd *pollers, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *pollers, nfds_t count, int timeout);

static const struct stream_event *event(const struct stream *stream) {
  return stream->next == stream->count ? NULL : &stream->events[stream->next];
}

static ssize_t read_piece(struct stream *stream, size_t end, void *bytes, size_t size) {
  size_t given = end - stream->given < size ? end - stream->given : size;

  memcpy(bytes, stream->text + stream->given, given);
  stream->given += given;
  if (stream->given == end) {
    stream->next++;
  }
  return (ssize_t)given;
}

ssize_t __wrap_read(int fd, void *bytes, size_t size) {
  struct stream *stream = connected;
  const struct stream_event *now;

  if (stream == NULL || fd != stream->source->fd) {
    return __real_read(fd, bytes, size);
  }
  now = event(stream);
  CHECK(size != 0);
  CHECK(!stream->is_ended);
  if (now == NULL) {
    stream->is_ended = true;
    return 0;
  }
  if (now->kind == STREAM_PIECE) {
    return read_piece(stream, now->end, bytes, size);
  }
  /* What poll should have dealt with would have been passed by it. */
  CHECK(now->kind != STREAM_POLLED && now->kind != STREAM_INTERRUPT);
  stream->next++;
  errno = now->kind == STREAM_SIGNAL ? EINTR : now->kind == STREAM_NOTHING ? EAGAIN : EIO;
  return -1;
}

int __wrap_poll(struct pollfd *pollers, nfds_t count, int timeout) {
  struct stream *stream = connected;
  const struct stream_event *now;
  int ready;

  if (stream == NULL || count != 2 || pollers[1].fd != stream->source->fd) {
    return __real_poll(pollers, count, timeout);
  }
  now = event(stream);
  if (now != NULL && now->kind == STREAM_POLLED) {
    stream->next++;
    errno = EINTR;
    return -1;
  }
  if (now != NULL && now->kind == STREAM_INTERRUPT) {
    stream->next++;
    source_interrupt(stream->source);
    now = event(stream);
    if (now != NULL && now->kind == STREAM_INTERRUPT) {
      source_interrupt(stream->source); /* again is no harm */
    }
  }
  ready = __real_poll(pollers, 1, 0);
  pollers[1].revents = POLLIN;
  return ready == -1 ? -1 : ready + 1;
}

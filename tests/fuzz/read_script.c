/* read_script: see read_script.h. */

#include "read_script.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "cli/line_reader.h"
#include "target.h"

static char text[READ_SCRIPT_TEXT_MAX];
static struct read_script *connected;

/* -------------------------------------------------------------------------------- the script -- */

/* Returns: where to write `size` more bytes of text; NULL: they do not fit. */
static char *extend(struct read_script *script, size_t size) {
  char *to = script->text + script->size;
  if (size > READ_SCRIPT_TEXT_MAX - script->size) {
    return NULL;
  }
  script->size += size;
  return to;
}

static bool add_repeated(struct read_script *script, uint8_t byte, size_t size) {
  char *to = extend(script, size);
  return to != NULL && memset(to, byte, size) != NULL;
}

static bool add_step(struct read_script *script, enum read_step_kind kind) {
  if (script->count == READ_SCRIPT_STEPS_MAX) {
    return false;
  }
  script->steps[script->count++] = (struct read_step){.kind = kind, .end = script->size};
  return true;
}

/* Makes a step of the text since the last one. No text is no step, because it would be the end. */
static bool end_text(struct read_script *script) {
  size_t before = script->count == 0 ? 0 : script->steps[script->count - 1].end;
  return script->size == before || add_step(script, READ_TEXT);
}

static bool add_word(struct read_script *script, struct input *input) {
  size_t size = input_digit(input);
  size_t left = (size_t)(input->end - input->next);
  char *to;

  size = size < left ? size : left;
  to = extend(script, size);
  if (to != NULL && size != 0) {
    memcpy(to, input->next, size);
  }
  input->next += size;
  return to != NULL;
}

/* About a power of two, because buffers have these sizes. */
static bool add_long(struct read_script *script, struct input *input) {
  uint8_t byte = input_byte(input);
  size_t size = (size_t)8 << input_digit(input);
  return add_repeated(script, byte, size + input_digit(input) - 8);
}

static bool add(struct read_script *script, struct input *input, char delimiter) {
  switch (input_command(input)) {
    case 'd':
      return add_repeated(script, (uint8_t)delimiter, 1);
    case 'w':
      return add_word(script, input);
    case 'x':
      return add_long(script, input);
    case 'f':
      return end_text(script);
    case 's':
      return end_text(script) && add_step(script, READ_EINTR);
    case 'a':
      return end_text(script) && add_step(script, READ_EAGAIN);
    case 'e':
      return end_text(script) && add_step(script, READ_EIO);
    case 'p':
      return end_text(script) && add_step(script, POLL_EINTR);
    case 'i':
      return end_text(script) && add_step(script, INTERRUPT);
    default:
      return true;
  }
}

bool read_script_init(struct read_script *script, struct input *input, char delimiter) {
  bool fits = true;

  memset(script, 0, sizeof *script);
  script->text = text;
  while (fits && !input_is_at_end(input)) {
    fits = add(script, input, delimiter);
  }
  return end_text(script) && fits;
}

void read_script_connect(struct read_script *script, struct line_reader *reader) {
  connected = script;
  if (script != NULL) {
    script->reader = reader;
  }
}

/* --------------------------------------------------------------------- the wrapped functions -- */

ssize_t __real_read(int fd, void *bytes, size_t size);
ssize_t __wrap_read(int fd, void *bytes, size_t size);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);

/* NULL: the script has ended. */
static const struct read_step *next_step(const struct read_script *script) {
  return script->next == script->count ? NULL : &script->steps[script->next];
}

static ssize_t read_text(struct read_script *script, size_t end, void *bytes, size_t size) {
  size_t given = end - script->given < size ? end - script->given : size;

  memcpy(bytes, script->text + script->given, given);
  script->given += given;
  if (script->given == end) {
    script->next++;
  }
  return (ssize_t)given;
}

ssize_t __wrap_read(int fd, void *bytes, size_t size) {
  struct read_script *script = connected;
  const struct read_step *step;

  if (script == NULL || fd != script->reader->stream.fd) {
    return __real_read(fd, bytes, size);
  }
  step = next_step(script);
  CHECK(size != 0);
  CHECK(!script->is_at_end);
  if (step == NULL) {
    script->is_at_end = true;
    return 0;
  }
  if (step->kind == READ_TEXT) {
    return read_text(script, step->end, bytes, size);
  }
  /* The reader polls before it reads, and poll has consumed these. */
  CHECK(step->kind != POLL_EINTR && step->kind != INTERRUPT);
  script->next++;
  errno = step->kind == READ_EINTR ? EINTR : step->kind == READ_EAGAIN ? EAGAIN : EIO;
  return -1;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout) {
  struct read_script *script = connected;
  const struct read_step *step;
  int ready;

  if (script == NULL || count != 2 || fds[1].fd != script->reader->stream.fd) {
    return __real_poll(fds, count, timeout);
  }
  step = next_step(script);
  if (step != NULL && step->kind == POLL_EINTR) {
    script->next++;
    errno = EINTR;
    return -1;
  }
  if (step != NULL && step->kind == INTERRUPT) {
    script->next++;
    line_reader_interrupt(script->reader);
    step = next_step(script);
    if (step != NULL && step->kind == INTERRUPT) {
      line_reader_interrupt(script->reader); /* a second interrupt changes nothing */
    }
  }
  ready = __real_poll(fds, 1, 0); /* whether it has been interrupted */
  fds[1].revents = POLLIN;
  return ready == -1 ? -1 : ready + 1;
}

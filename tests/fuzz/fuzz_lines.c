/* fuzz_lines: any bytes in any pieces, split into lines by source.c, against a splitter that is three lines
 * of memchr.
 *
 * An input is a script (input.h). It begins with four operands: DELIMITER (odd: NUL, else newline), BEHIND
 * (so many lines are kept before each is checked and given back), DROPPED (from so many lines on they are
 * dropped instead; 0: none), STOP (the source is closed after so many; 0: at its end). Then what
 * is read:
 *
 *   w SIZE bytes…   text                         d  a delimiter
 *   x BYTE N M      8 * 2^N + M - 8 times BYTE   f  the end of what one read gives
 *   s, a, e         read fails with EINTR, EAGAIN, EIO
 *   p               poll fails with EINTR        i  the source is interrupted
 *
 * Checked: each line, byte for byte, after those behind it have been read; where errors come; that the end is
 * read once and stays; the mark on the last line of a read; that the buffer is no larger than
 * promised; and, by the sanitizers, that every buffer lives as long as its lines and no longer. */

#include <string.h>
#include <uv.h>

#include "cli/source.h"
#include "input.h"
#include "stream.h"
#include "target.h"

#define BUFFER_SIZE ((size_t)64 * 1024)
#define LINES_MAX 16

struct splitter {
  struct stream stream;
  struct source source;
  char delimiter;
  size_t behind;
  size_t dropped; /* SIZE_MAX: never */
  size_t stop;    /* SIZE_MAX: never */
  struct line lines[LINES_MAX];
  size_t starts[LINES_MAX]; /* in the stream's text */
  size_t sizes[LINES_MAX];
  size_t taken; /* lines, from the source */
  size_t given; /* of these, to who keeps them */
  size_t done;
  size_t at;      /* the next line's first byte in the text */
  size_t longest; /* line so far */
};

/* The length of the line that begins at `from`; `to` when there is no delimiter before it. */
static size_t length(const struct splitter *self, size_t from, size_t to, bool *is_complete) {
  const char *start = self->stream.text + from;
  const char *found = from == to ? NULL : memchr(start, self->delimiter, to - from);
  *is_complete = found != NULL;
  return found != NULL ? (size_t)(found - start) + 1 : to - from;
}

/* What source_next has to return, and how long the line is. Events up to `passed` are done with. */
static int expected(const struct splitter *self, size_t passed, size_t *size) {
  const struct stream *stream = &self->stream;
  bool is_complete;
  size_t i;

  for (i = passed; i < stream->count; i++) {
    *size = length(self, self->at, i == passed ? stream->given : stream->events[i - 1].end,
                   &is_complete);
    if (is_complete) {
      return 0;
    }
    if (stream->events[i].kind == STREAM_FAILURE) {
      return UV_EIO;
    }
    if (stream->events[i].kind == STREAM_INTERRUPT) {
      return UV_EOF;
    }
  }
  *size = length(self, self->at, stream->size, &is_complete);
  return *size == 0 ? UV_EOF : 0;
}

static void check_line(const struct splitter *self, size_t i) {
  CHECK(self->lines[i].size == self->sizes[i]);
  CHECK(memcmp(self->lines[i].data, self->stream.text + self->starts[i], self->sizes[i]) == 0);
}

static void finish_line(struct splitter *self) {
  size_t i = self->done % LINES_MAX;
  check_line(self, i);
  line_done(&self->lines[i]);
  self->done++;
}

/* The lines before one that is dropped may be kept all the same: to the end. */
static void keep_or_drop(struct splitter *self, size_t i) {
  if (self->taken > self->dropped) {
    check_line(self, i);
    source_drop(&self->source, &self->lines[i]);
    return;
  }
  self->given++;
  if (self->given - self->done > self->behind) {
    finish_line(self);
  }
}

static void take_line(struct splitter *self, size_t size) {
  size_t i = self->given % LINES_MAX;
  bool is_complete;

  self->starts[i] = self->at;
  self->sizes[i] = size;
  self->at += size;
  self->taken++;
  CHECK(self->at <= self->stream.given);
  (void)length(self, self->at, self->stream.given, &is_complete);
  CHECK(self->lines[i].is_last_read == !is_complete);
  keep_or_drop(self, i);
}

static void check_buffer(struct splitter *self, size_t size) {
  self->longest = size > self->longest ? size : self->longest;
  CHECK(self->source.size <= (self->longest * 2 > BUFFER_SIZE ? self->longest * 2 : BUFFER_SIZE));
}

/* True: there is more to come. */
static bool step(struct splitter *self) {
  size_t size = 0;
  int err = expected(self, self->stream.next, &size);

  CHECK(source_next(&self->source, &self->lines[self->given % LINES_MAX]) == err);
  check_buffer(self, size);
  if (err == 0) {
    take_line(self, size);
  }
  if (err == UV_EOF) { /* and so it stays */
    CHECK(source_next(&self->source, &self->lines[self->given % LINES_MAX]) == UV_EOF);
  }
  return err != UV_EOF && self->taken < self->stop;
}

static size_t or_never(unsigned digit) { return digit == 0 ? SIZE_MAX : digit; }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct input input = {.next = data, .end = data + size};
  struct splitter *self = target_alloc(sizeof *self);

  self->delimiter = '\n';
  if (input_digit(&input) % 2 != 0) {
    self->delimiter = '\0';
  }
  self->behind = input_digit(&input) % (LINES_MAX - 1);
  self->dropped = or_never(input_digit(&input));
  self->stop = or_never(input_digit(&input));
  if (stream_init(&self->stream, &input, self->delimiter)) {
    CHECK(source_open(&self->source, "/dev/null", self->delimiter) == 0);
    stream_connect(&self->stream, &self->source);
    while (step(self)) {
      /* it has checked all that there is to check */
    }
    while (self->done < self->given) {
      finish_line(self);
    }
    stream_connect(NULL, NULL);
    source_close(&self->source);
  }
  free(self);
  return 0;
}

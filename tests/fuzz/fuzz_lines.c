/* fuzz_lines: any bytes in any pieces, split into lines by the command's reader and compared with
 * memchr over the whole text.
 *
 * An input is a script (input.h). It begins with four operands: DELIMITER (odd: NUL, even:
 * newline), KEPT (how many lines are kept before each is checked and released), DISCARD_AFTER
 * (lines after so many are discarded instead; 0: none) and STOP (the reader is closed after so many
 * lines; 0: at the end). Then comes what is read:
 *
 *   w SIZE bytes…   text                         d  a delimiter
 *   x BYTE N M      8 * 2^N + M - 8 times BYTE   f  the end of what one read returns
 *   s, a, e         read fails with EINTR, EAGAIN, EIO
 *   p               poll fails with EINTR        i  the reader is interrupted
 *
 * Checked: each line, byte for byte, after later lines have been read; when errors come; that the
 * end is read once and stays; the flag on the last line of a read; the size of the buffer; and, by
 * the sanitizers, that each buffer lives as long as its lines and no longer. */

#include <string.h>
#include <uv.h>

#include "cli/line_reader.h"
#include "input.h"
#include "read_script.h"
#include "target.h"

#define BUFFER_SIZE ((size_t)64 * 1024)
#define LINES_MAX 16

struct splitter {
  struct read_script script;
  struct line_reader reader;
  char delimiter;
  size_t kept;          /* lines */
  size_t discard_after; /* so many lines; SIZE_MAX: none */
  size_t stop;          /* SIZE_MAX: never */
  struct line lines[LINES_MAX];
  size_t starts[LINES_MAX]; /* in the text */
  size_t sizes[LINES_MAX];
  size_t read;       /* lines */
  size_t kept_count; /* of these, lines that were not discarded */
  size_t released;
  size_t at;      /* the next line's first byte in the text */
  size_t longest; /* line so far */
};

/* The length of the line that begins at `from` and ends at `to` at the latest. */
static size_t length(const struct splitter *self, size_t from, size_t to, bool *is_complete) {
  const char *start = self->script.text + from;
  const char *found = from == to ? NULL : memchr(start, self->delimiter, to - from);
  *is_complete = found != NULL;
  return found != NULL ? (size_t)(found - start) + 1 : to - from;
}

/* What the reader has to return, and the size of the line. Steps before `step` are over. */
static int expected(const struct splitter *self, size_t step, size_t *size) {
  const struct read_script *script = &self->script;
  bool is_complete;
  size_t i;

  for (i = step; i < script->count; i++) {
    *size =
        length(self, self->at, i == step ? script->given : script->steps[i - 1].end, &is_complete);
    if (is_complete) {
      return 0;
    }
    if (script->steps[i].kind == READ_EIO) {
      return UV_EIO;
    }
    if (script->steps[i].kind == INTERRUPT) {
      return UV_EOF;
    }
  }
  *size = length(self, self->at, script->size, &is_complete);
  return *size == 0 ? UV_EOF : 0;
}

static void check_line(const struct splitter *self, size_t i) {
  CHECK(self->lines[i].size == self->sizes[i]);
  CHECK(memcmp(self->lines[i].data, self->script.text + self->starts[i], self->sizes[i]) == 0);
}

static void release_line(struct splitter *self) {
  size_t i = self->released % LINES_MAX;
  check_line(self, i);
  line_release(&self->lines[i]);
  self->released++;
}

/* Lines before a discarded one may still be kept until the end. */
static void keep_or_discard(struct splitter *self, size_t i) {
  if (self->read > self->discard_after) {
    check_line(self, i);
    line_reader_discard(&self->reader, &self->lines[i]);
    return;
  }
  self->kept_count++;
  if (self->kept_count - self->released > self->kept) {
    release_line(self);
  }
}

static void record_line(struct splitter *self, size_t size) {
  size_t i = self->kept_count % LINES_MAX;
  bool is_complete;

  self->starts[i] = self->at;
  self->sizes[i] = size;
  self->at += size;
  self->read++;
  CHECK(self->at <= self->script.given);
  (void)length(self, self->at, self->script.given, &is_complete);
  CHECK(self->lines[i].is_last_buffered == !is_complete);
  keep_or_discard(self, i);
}

static void check_buffer(struct splitter *self, size_t size) {
  self->longest = size > self->longest ? size : self->longest;
  CHECK(self->reader.size <= (self->longest * 2 > BUFFER_SIZE ? self->longest * 2 : BUFFER_SIZE));
}

/* Reads a line. Returns: whether there may be more. */
static bool read_line(struct splitter *self) {
  size_t size = 0;
  int err = expected(self, self->script.next, &size);

  CHECK(line_reader_next(&self->reader, &self->lines[self->kept_count % LINES_MAX]) == err);
  check_buffer(self, size);
  if (err == 0) {
    record_line(self, size);
  }
  if (err == UV_EOF) { /* permanently */
    CHECK(line_reader_next(&self->reader, &self->lines[self->kept_count % LINES_MAX]) == UV_EOF);
  }
  return err != UV_EOF && self->read < self->stop;
}

static size_t or_max(unsigned digit) { return digit == 0 ? SIZE_MAX : digit; }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct input input = {.next = data, .end = data + size};
  struct splitter *self = target_alloc(sizeof *self);

  self->delimiter = '\n';
  if (input_digit(&input) % 2 != 0) {
    self->delimiter = '\0';
  }
  self->kept = input_digit(&input) % (LINES_MAX - 1);
  self->discard_after = or_max(input_digit(&input));
  self->stop = or_max(input_digit(&input));
  if (read_script_init(&self->script, &input, self->delimiter)) {
    CHECK(line_reader_open(&self->reader, "/dev/null", self->delimiter) == 0);
    read_script_connect(&self->script, &self->reader);
    while (read_line(self)) {
    }
    while (self->released < self->kept_count) {
      release_line(self);
    }
    read_script_connect(NULL, NULL);
    line_reader_close(&self->reader);
  }
  free(self);
  return 0;
}

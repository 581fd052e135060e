/* read_script: what a reader of lines finds in its file, as a list of steps: pieces of text, each
 * for one read at most, and the errors that read(2) and poll(2) return.
 *
 * Built with the linker's --wrap=read and --wrap=poll. The calls on the reader's descriptor come
 * here instead of to the kernel, so that nothing depends on pipes, threads or time. */

#ifndef TESTS_FUZZ_READ_SCRIPT_H
#define TESTS_FUZZ_READ_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "input.h"

#define READ_SCRIPT_STEPS_MAX 256
#define READ_SCRIPT_TEXT_MAX ((size_t)192 * 1024)

enum read_step_kind {
  READ_TEXT,   /* text up to `end` */
  READ_EINTR,  /* read fails with EINTR */
  READ_EAGAIN, /* read fails with EAGAIN */
  READ_EIO,    /* read fails with EIO */
  POLL_EINTR,  /* poll fails with EINTR */
  INTERRUPT,   /* another thread interrupts the reader */
};

struct read_step {
  enum read_step_kind kind;
  size_t end; /* of the text that comes before or with this step */
};

struct line_reader;

struct read_script {
  char *text; /* shared by all scripts: there is one at a time */
  size_t size;
  struct read_step steps[READ_SCRIPT_STEPS_MAX];
  size_t count;
  /* While it is read. */
  struct line_reader *reader;
  size_t next;    /* step */
  size_t given;   /* bytes of text that have been read */
  bool is_at_end; /* a read has returned 0, and none may follow */
};

/* The rest of the input is the script. Returns: false if it does not fit. */
bool read_script_init(struct read_script *script, struct input *input, char delimiter);

/* From now on the reader reads the script. NULL: no reader does. */
void read_script_connect(struct read_script *script, struct line_reader *reader);

#endif /* TESTS_FUZZ_READ_SCRIPT_H */

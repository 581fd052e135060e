/* stream: what a source reads, as a list of things that happen one after the other: pieces of text, each
 * for one read at most, and what else read(2) and poll(2) may say.
 *
 * Built with the linker's --wrap=read and --wrap=poll: calls for the stream's descriptor come here instead
 * of to the system, so that nothing depends on pipes, threads or time. */

#ifndef TESTS_FUZZ_STREAM_H
#define TESTS_FUZZ_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "input.h"

#define STREAM_EVENTS_MAX 256
#define STREAM_TEXT_MAX ((size_t)192 * 1024)

enum stream_kind {
  STREAM_PIECE,     /* text up to `end` */
  STREAM_SIGNAL,    /* read fails with EINTR */
  STREAM_NOTHING,   /* read fails with EAGAIN */
  STREAM_FAILURE,   /* read fails with EIO */
  STREAM_POLLED,    /* poll fails with EINTR */
  STREAM_INTERRUPT, /* the source is interrupted */
};

struct stream_event {
  enum stream_kind kind;
  size_t end; /* how much of the text has come before, or by, it */
};

struct source;

struct stream {
  char *text; /* one for all streams: there is one at a time */
  size_t size;
  struct stream_event events[STREAM_EVENTS_MAX];
  size_t count;
  /* While it is read. */
  struct source *source;
  size_t next;   /* event */
  size_t given;  /* bytes of text that have been read */
  bool is_ended; /* its end has been read, and may not be read again */
};

/* The rest of the input says what happens. Returns: false when it is more than fits. */
bool stream_init(struct stream *stream, struct input *input, char delimiter);

/* From now on, until NULL, what this source reads comes from the stream. */
void stream_connect(struct stream *stream, struct source *source);

#endif /* TESTS_FUZZ_STREAM_H */

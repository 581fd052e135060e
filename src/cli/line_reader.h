/* line_reader: splits a file into lines on the producer's thread, without copying them.
 *
 * Memory: one read buffer, which doubles to hold a longer line, and the earlier buffers that
 * unreleased lines still point into. Lines are released in the order in which they were read. So
 * when the first line of a buffer is released, no line points into the previous buffer any more:
 * that line carries the previous buffer and its release frees it. */

#ifndef HANDOFF_CLI_LINE_READER_H
#define HANDOFF_CLI_LINE_READER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream.h"

struct buffer {
  struct buffer *next; /* in the reader's `discarded` */
  char bytes[];
};

struct line {
  const char *data; /* includes the delimiter, which only the last line may lack */
  size_t size;
  bool is_last_buffered;  /* reading the next line needs read(2), which may block */
  struct buffer *retired; /* the previous buffer, if this is the first line of a buffer */
};

struct line_reader {
  /* Set by open, then constant. */
  struct stream stream;
  bool is_owned;    /* close the descriptor */
  int wake_pipe[2]; /* readable once interrupted */
  char delimiter;
  /* Producer's thread only, until it has ended. */
  struct buffer *buffer;
  size_t size;              /* capacity of the buffer */
  size_t filled;            /* bytes read into it */
  size_t start;             /* of the next line */
  size_t end;               /* of the next line; while it is incomplete, where to go on searching */
  bool has_line;            /* start to end is a complete line */
  bool is_at_end;           /* of the file */
  bool is_referenced;       /* a line that was returned points into the buffer */
  struct buffer *retired;   /* for the next line to carry */
  struct buffer *discarded; /* carried by discarded lines; freed by close */
  /* Written by the producer's thread. Any thread may read them. */
  atomic_uint_fast64_t bytes; /* read from the file */
  atomic_bool has_ended;      /* every line up to the end of the file has been returned */
};

/* Opens a file, or takes standard input for "-".
 *
 * Returns: 0, and the reader must be closed; UV_EISDIR; UV_E* of open(2) or pipe(2). */
int line_reader_open(struct line_reader *reader, const char *path, char delimiter);

/* Waits for the next line.
 *
 * Thread:  the producer's.
 * Returns: 0; UV_EOF at the end or after an interrupt; UV_E* of read(2); UV_ENOMEM for a line that
 *          does not fit into memory. */
int line_reader_next(struct line_reader *reader, struct line *line);

/* Frees what only this line and earlier ones needed. Call it once per line, in their order. */
void line_release(struct line *line);

/* Releases a line out of order. Another thread may still use an earlier line, so the buffer that
 * this line carries is kept until close.
 *
 * Thread:  the producer's, or any after that thread has ended. */
void line_reader_discard(struct line_reader *reader, struct line *line);

/* Makes the call that waits for input return UV_EOF, and every later call that needs read(2). If
 * another process has taken the input meanwhile, read(2) may block: see stream_cancel.
 *
 * Thread:  any. */
void line_reader_interrupt(struct line_reader *reader);

/* Moves the file offset of a seekable standard input back to just behind the first `used` bytes
 * that were read, for the next process that reads it. Does nothing to a file of the reader's own.
 *
 * Thread:  any, once the producer's thread has ended; before that the result may be wrong. */
void line_reader_give_back(struct line_reader *reader, uint64_t used);

/* Requires: every line has been released or discarded. */
void line_reader_close(struct line_reader *reader);

#endif /* HANDOFF_CLI_LINE_READER_H */

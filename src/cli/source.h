/* source: the lines of a file, one at a time, read by the producer's thread.
 *
 * Memory: one read buffer, which grows to hold a line that is longer, and the buffers that lines
 * not worked off yet point into. Lines are worked off in the order in which they were read, so who
 * has a line is done with all buffers before its own: the first line of a buffer carries the one
 * before. */

#ifndef HANDOFF_CLI_SOURCE_H
#define HANDOFF_CLI_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
  struct buffer *next; /* in the source's `dropped` */
  char bytes[];
};

struct line {
  const char *data; /* with its delimiter, which only the last one may lack */
  size_t size;
  bool is_last_read;      /* the next line needs another read, which may take its time */
  struct buffer *retired; /* the buffer before the one that this line is the first of; or NULL */
};

struct source {
  int fd;
  bool is_owned; /* the descriptor is ours to close */
  int wake[2];   /* a pipe: readable once interrupted */
  char delimiter;
  /* Producer's thread only, between open and close. */
  struct buffer *buffer;
  size_t size;    /* bytes that the buffer holds, */
  size_t filled;  /* and how many of them have been read */
  size_t start;   /* of the next line */
  size_t end;     /* of the next line, if it is complete; else where to look on for its end */
  bool has_line;  /* start to end is a complete line */
  bool is_at_end; /* of the file */
  bool is_given;  /* some line given out points into the buffer */
  struct buffer *retired; /* for the next line to carry */
  struct buffer
      *dropped; /* by lines that nobody worked off; the loop's too, once that thread ended */
};

/* Opens a file, or standard input for "-".
 * Returns: 0, and then it must be closed; UV_EISDIR and what open(2) says. */
int source_open(struct source *source, const char *path, char delimiter);

/* Waits for the next line. Producer's thread. Returns: 0; UV_EOF at the end, or once interrupted;
 * UV_E*, of read(2); UV_ENOMEM for a line longer than memory. */
int source_next(struct source *source, struct line *line);

/* Gives back what the line's reader is done with. For each line, in their order, once. */
void line_done(struct line *line);

/* The same for a line that nobody works off: somebody may still be at work on one before it, so
 * what it carries stays until close. Producer's thread, or any once that has ended. */
void source_drop(struct source *source, struct line *line);

/* Makes the call that waits for input, and every later one that would have to read, return UV_EOF.
 * Any thread. */
void source_interrupt(struct source *source);

/* Once all lines are done with. */
void source_close(struct source *source);

#endif /* HANDOFF_CLI_SOURCE_H */

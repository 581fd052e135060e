/* sink: where the consumer's thread writes lines, byte for byte, in batches or at once.
 *
 * It waits while its reader is slow: that is the back-pressure which holds the source back. */

#ifndef HANDOFF_CLI_SINK_H
#define HANDOFF_CLI_SINK_H

#include <stddef.h>

#define SINK_SIZE ((size_t)64 * 1024)

struct sink {
  int fd;
  /* Consumer's thread only, while there is one. */
  size_t filled;
  char buffer[SINK_SIZE];
};

void sink_init(struct sink *sink, int fd);

/* Adds data, writing out what does not fit. Returns: 0; UV_E*, of write(2). */
int sink_put(struct sink *sink, const char *data, size_t size);

/* Writes out what has been added. Returns: 0; UV_E*, of write(2); what was added is then gone. */
int sink_flush(struct sink *sink);

#endif /* HANDOFF_CLI_SINK_H */

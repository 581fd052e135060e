/* output: writes all of a text to a descriptor.
 *
 * The descriptor may be shared with other processes and is left as it is: it blocks if it blocks,
 * and where somebody made it O_NONBLOCK the call waits until it takes more. Any thread. */

#ifndef HANDOFF_CLI_OUTPUT_H
#define HANDOFF_CLI_OUTPUT_H

#include <stddef.h>

/* Returns: 0; UV_E*, of write(2). */
int output_write(int fd, const void *data, size_t size);

/* A file begins anew; what is no file, a pipe or a device, stays as it is.
 * Returns: 0; UV_E*, of ftruncate(2). */
int output_empty(int fd);

/* Writes to standard error what is said to people. A reader that has gone is no reason to die: from
 * here on the thread has SIGPIPE blocked. */
void output_say(const char *text, size_t size);

#endif /* HANDOFF_CLI_OUTPUT_H */

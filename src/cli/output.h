/* output: writes all of a text to a descriptor.
 *
 * The descriptor may be shared with other processes and is left as it is: it blocks if it blocks, and
 * where somebody made it O_NONBLOCK the call waits until it takes more. Any thread. */

#ifndef HANDOFF_CLI_OUTPUT_H
#define HANDOFF_CLI_OUTPUT_H

#include <stddef.h>

/* Returns: 0; UV_E*, of write(2). */
int output_write(int fd, const void *data, size_t size);

/* The same for a short text, at most 4096 bytes, when there is no time: gives up (UV_EAGAIN) if the
 * descriptor takes nothing for timeout_ms. */
int output_write_soon(int fd, const void *data, size_t size, int timeout_ms);

#endif /* HANDOFF_CLI_OUTPUT_H */

/* fds: file descriptors: makes sure that enough of them exist, and writes whole texts to them.
 *
 * Other processes may share a descriptor, so nothing here changes its flags. If one of them set
 * O_NONBLOCK, writing waits in poll(2) instead of in write(2). Any thread. */

#ifndef HANDOFF_CLI_FDS_H
#define HANDOFF_CLI_FDS_H

#include <stddef.h>

#define FDS_RESERVE_MAX 8

/* Opens /dev/null for each standard descriptor that is closed. Otherwise the next file opened
 * would get its number, and text meant for the standard stream would end up in that file.
 * /dev/null is opened for the wrong direction, so using the descriptor still fails.
 *
 * Returns: 0; UV_E* of open(2). */
int fds_open_standard(void);

/* Checks that `count` more descriptors, up to FDS_RESERVE_MAX, can be opened.
 *
 * Returns: 0; UV_E* of dup(2). */
int fds_check_available(int count);

/* Writes all of the data.
 *
 * Returns: 0; UV_E* of write(2). */
int fds_write(int fd, const void *data, size_t size);

/* Empties a regular file. Does nothing to a pipe or a device.
 *
 * Returns: 0; UV_E* of ftruncate(2). */
int fds_truncate(int fd);

/* Writes a message to standard error and ignores errors. Blocks SIGPIPE for the calling thread
 * from now on, because a reader that has exited must not end the process. */
void fds_write_stderr(const char *text, size_t size);

#endif /* HANDOFF_CLI_FDS_H */

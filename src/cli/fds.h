/* fds: file descriptors: makes sure that enough of them exist, and writes whole texts to them.
 *
 * Other processes may share a descriptor, so nothing here changes its flags. If one of them set
 * O_NONBLOCK, writing waits in poll(2) instead of in write(2). Any thread. */

#ifndef HANDOFF_CLI_FDS_H
#define HANDOFF_CLI_FDS_H

#include <stdatomic.h>
#include <stdbool.h>
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

/* The same, unless another thread sets `*is_cancelled`, which is read between two calls of write(2)
 * or poll(2). Sets `*written` to the number of bytes that were written, also on error.
 *
 * Returns: 0; UV_ECANCELED; UV_E* of write(2). */
int fds_write_until(int fd, const void *data, size_t size, const atomic_bool *is_cancelled,
                    size_t *written);

/* Whether a write makes progress or fails now, instead of blocking. */
bool fds_is_writable(int fd);

/* Whether the descriptor writes to a pipe or a socket, so that its reader may exit. */
bool fds_has_reader_process(int fd);

/* Empties a regular file. Does nothing to a pipe or a device.
 *
 * Returns: 0; UV_E* of ftruncate(2). */
int fds_truncate(int fd);

#endif /* HANDOFF_CLI_FDS_H */

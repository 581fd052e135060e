/* descriptors: that the three standard ones are there, and that there is room for more. */

#ifndef HANDOFF_CLI_DESCRIPTORS_H
#define HANDOFF_CLI_DESCRIPTORS_H

/* Where one of the three was closed, the next file opened would take its place, and be written to
 * by mistake. /dev/null takes it, opened the wrong way round, so that using it is still an error.
 * Returns: 0; UV_E*, of open(2). */
int descriptors_fill_standard(void);

#define DESCRIPTORS_MAX 8

/* Returns: 0: so many more, up to DESCRIPTORS_MAX, can be opened; UV_E*, of dup(2). */
int descriptors_need(int count);

#endif /* HANDOFF_CLI_DESCRIPTORS_H */

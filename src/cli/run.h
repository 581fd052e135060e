/* run: one run of the command on a loop of its own, from start to ending. */

#ifndef HANDOFF_CLI_RUN_H
#define HANDOFF_CLI_RUN_H

#include "work.h"

/* How a run ended. */
struct ending {
  int error;        /* 0, or UV_E* */
  const char *what; /* with an error: the file, or what could not be done */
  int signal;       /* 0, or the one that ended it */
};

/* Runs to the end, by count, time, source, signal or error, and prints log, items and statistics. A
 * second signal, or a writer that is stuck when the first one comes, ends the process at once. */
struct ending run(struct work *work, int output_fd, const char *output_name);

#endif /* HANDOFF_CLI_RUN_H */

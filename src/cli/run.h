/* run: one run of the lane on a loop of its own, from start to end. */

#ifndef HANDOFF_CLI_RUN_H
#define HANDOFF_CLI_RUN_H

#include "lane_callbacks.h"

struct run_result {
  int error;        /* 0, or UV_E* */
  const char *what; /* with an error: the file, or the action that failed */
  int signal;       /* 0, or the signal that ended the run; SIGPIPE: the output's reader has gone */
  int stderr_error; /* 0, or UV_E*: the log or the requested statistics were not written */
};

/* Runs until the count, the time, the SOURCE, a signal, the exit of the output's reader or an error
 * ends it. Writes the items, the log and the statistics, and gives standard input back. A second
 * signal ends the process at once. */
struct run_result run_lane(struct lane_callbacks *callbacks, int output_fd,
                           const char *output_name);

#endif /* HANDOFF_CLI_RUN_H */

/* run: one run of the lane on a loop of its own, from start to end. */

#ifndef HANDOFF_CLI_RUN_H
#define HANDOFF_CLI_RUN_H

#include "lane_callbacks.h"

struct run_result {
  int error;        /* 0, or UV_E* */
  const char *what; /* with an error: the file, or the action that failed */
  int signal;       /* 0, or the signal that ended the run */
};

/* Runs until the count, the time, the SOURCE, a signal or an error ends it, and writes the items,
 * the log and the statistics. A second signal ends the process at once, and so does the first if a
 * writer is then stuck. */
struct run_result run_lane(struct lane_callbacks *callbacks, int output_fd,
                           const char *output_name);

#endif /* HANDOFF_CLI_RUN_H */

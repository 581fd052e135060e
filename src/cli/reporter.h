/* reporter: prints a run's statistics to standard error, on request and at the end. Loop thread
 * only. */

#ifndef HANDOFF_CLI_REPORTER_H
#define HANDOFF_CLI_REPORTER_H

#include "lane_callbacks.h"
#include "log_writer.h"
#include "stats.h"
#include "stderr_writer.h"

struct reporter {
  struct lane_callbacks *callbacks;
  const struct log_writer *log; /* the counter's; NULL: none */
  struct stats stats;
  uint64_t ended_ns;    /* when the lane ended; 0: not yet */
  uint64_t signaled_ns; /* when a signal that ends the run came; 0: none yet */
  int signal;           /* which one */
  struct stderr_writer writer;
};

/* Returns: 0, and the reporter must be closed; UV_ENOMEM. */
int reporter_init(struct reporter *reporter, struct lane_callbacks *callbacks);

/* Whether the lane must deliver events. Only a SOURCE that is unthrottled and neither logged nor
 * measured can do without, and then each item costs less. */
bool reporter_needs_events(const struct reporter *reporter);

/* How many items have been written: lines, or the counter's lines `Consumer: N`. Without a log, the
 * counter's transfers. */
uint64_t reporter_items(const struct reporter *reporter);

/* Prints the statistics so far, unless an earlier text is still being written. */
void reporter_print(struct reporter *reporter);

/* How long the end of the run may wait for a standard error that does not take text. */
uint64_t reporter_deadline_ns(const struct reporter *reporter, uint64_t now_ns);

/* Prints the final statistics, if --stats asked for them, and waits for what is being written. The
 * wait is short after a signal, and if only an answer to SIGUSR1 is being written. On a busy
 * machine it is longer: statistics are lost only if standard error does not take them.
 *
 * Returns: 0; UV_E* of write(2) if --stats asked for statistics. */
int reporter_finish(struct reporter *reporter);

/* Returns: true; false if a text is still being written. The process may exit then, but must not
 * free the reporter. */
bool reporter_close(struct reporter *reporter);

#endif /* HANDOFF_CLI_REPORTER_H */

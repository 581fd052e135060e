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
  uint64_t paused_ns;    /* how long the lane was paused, because the log was full */
  uint64_t paused_at_ns; /* 0: it is not paused */
  uv_timer_t timer;      /* --stats-every */
  uint64_t ended_ns;     /* when the lane ended; 0: not yet */
  uint64_t signaled_ns;  /* when a signal that ends the run came; 0: none yet */
  int signal;            /* which one */
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

/* Starts the timer of --stats-every, which reporter_stop closes. */
void reporter_start(struct reporter *reporter, uv_loop_t *loop);
void reporter_stop(struct reporter *reporter);

/* The lane is paused or resumed, because the reader of the log is slow. */
void reporter_on_pause(struct reporter *reporter);
void reporter_on_resume(struct reporter *reporter);

/* Prints the statistics so far, unless an earlier text is still being written. */
void reporter_print(struct reporter *reporter);

/* How long the end of the run may wait for a standard error that does not take text. */
uint64_t reporter_deadline_ns(const struct reporter *reporter, uint64_t now_ns);

/* Prints the final statistics, if --stats asked for them, and why a finished run was slower than
 * asked for, unless -q. Waits for what is being written. The wait is short after a signal, and if
 * no statistics were asked for. On a busy machine it is longer: statistics are lost only if
 * standard error does not take them.
 *
 * is_finished: the run has ended by itself and without an error.
 *
 * Returns: 0; UV_E* of write(2) if --stats asked for statistics. */
int reporter_finish(struct reporter *reporter, bool is_finished);

/* Returns: true; false if a text is still being written. The process may exit then, but must not
 * free the reporter. */
bool reporter_close(struct reporter *reporter);

#endif /* HANDOFF_CLI_REPORTER_H */

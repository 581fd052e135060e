/* work: what the two workers do: count, or carry lines from a source to a sink. */

#ifndef HANDOFF_CLI_WORK_H
#define HANDOFF_CLI_WORK_H

#include <stdatomic.h>

#include "handoff.h"
#include "options.h"
#include "sink.h"
#include "source.h"

struct work {
  void *data; /* the application's */
  /* Set at init, then constant. */
  const struct options *options;
  const char *source_name; /* for people */
  bool is_flushed;         /* every line at once, because hand-offs are paced */
  /* Each written by one worker; any thread may look how far they are. */
  atomic_uint_fast64_t produced;
  atomic_uint_fast64_t consumed;
  /* The producer's, and the loop's again once the lane has ended. */
  struct source source;
  int source_error;
  /* The consumer's, and the loop's again once the lane has ended. */
  struct sink sink;
  int sink_error;
};

/* With a SOURCE in the options, opens it. The sink's descriptor is still to be set.
 * Returns: 0, and then it must be closed; UV_E* of source_open. */
int work_init(struct work *work, const struct options *options);
void work_close(struct work *work);

/* The lane that does it; its data must be the work. */
handoff_lane_options_t work_lane_options(struct work *work);

/* Lets a producer that waits for input go. Any thread. */
void work_interrupt(struct work *work);

#endif /* HANDOFF_CLI_WORK_H */

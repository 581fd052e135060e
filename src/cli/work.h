/* work: what the two workers do: count, or carry lines from a source to a sink. */

#ifndef HANDOFF_CLI_WORK_H
#define HANDOFF_CLI_WORK_H

#include <stdatomic.h>

#include "handoff.h"
#include "options.h"
#include "sink.h"
#include "source.h"

/* What the two workers write is kept apart by so many bytes: no cache line is both of theirs. */
#define WORK_LINE 64

/* Events of a side that may wait for the loop: so many that unpaced workers, loop and log each go
 * on for a while. */
#define WORK_EVENTS 4096

struct work {
  void *data; /* the application's */
  /* Set at init, then constant. */
  const struct options *options;
  const char *source_name; /* for people */
  bool is_flushed;         /* every line at once, because hand-offs are paced */
  unsigned char pad[WORK_LINE];
  /* The producer's, and the loop's again once the lane has ended; but any thread may look how far
   * it is. */
  atomic_uint_fast64_t produced;
  struct source source;
  int source_error;
  unsigned char pad_between[WORK_LINE];
  /* The consumer's, likewise. */
  atomic_uint_fast64_t consumed;
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

/* lane_callbacks: what the lane's two workers do. Without a SOURCE they count. With one, the
 * producer reads its lines and the consumer writes them. */

#ifndef HANDOFF_CLI_LANE_CALLBACKS_H
#define HANDOFF_CLI_LANE_CALLBACKS_H

#include <stdatomic.h>

#include "byte_limit.h"
#include "handoff.h"
#include "line_reader.h"
#include "line_writer.h"
#include "options.h"

/* Padding that keeps what the two workers write on different cache lines (no false sharing). */
#define LANE_CALLBACKS_PAD 64

/* Events of a side that may wait for the loop. Enough for unpaced workers, the loop and the log to
 * run in batches instead of waiting for each other. */
#define LANE_CALLBACKS_EVENTS 4096

struct lane_callbacks {
  void *data; /* for the application */
  /* Set at init, then constant. */
  const struct options *options;
  const char *source_name; /* for messages */
  bool has_limit;          /* `limit` exists and bounds the queued lines */
  uint64_t interval_ns;    /* of the slower side; 0: unpaced */
  uint64_t flush_ns;       /* output waits at most that long for more; HANDOFF_NEVER: unpaced */
  struct byte_limit limit;
  unsigned char pad[LANE_CALLBACKS_PAD];
  /* Producer's thread only, until the lane has ended. Any thread may read `produced`. */
  atomic_uint_fast64_t produced;
  struct line_reader reader;
  int read_error;
  uint64_t produce_max;         /* the producer ends after that many items */
  bool needs_read;              /* the next line needs read(2) */
  atomic_uint_fast64_t read_ns; /* the time that paced lines took for that */
  unsigned char pad_between[LANE_CALLBACKS_PAD];
  /* Consumer's thread only, until the lane has ended. Any thread may read `consumed`. */
  atomic_uint_fast64_t consumed; /* numbers, not lines: see the line writer */
  struct line_writer writer;
  int write_error;
  uint64_t flushed_ns;
  atomic_uint_fast64_t slow_ns; /* how long slow writes of a paced run delayed it */
};

/* Opens the SOURCE, if the options name one. The caller must set writer.stream before the lane
 * starts.
 *
 * Returns: 0, and the callbacks must be closed; UV_E* of line_reader_open and byte_limit_init. */
int lane_callbacks_init(struct lane_callbacks *callbacks, const struct options *options);
void lane_callbacks_close(struct lane_callbacks *callbacks);

/* The options of a lane that runs the callbacks. The lane's `data` must point to them. With
 * --burst-start the lane is unpaced and ends after the burst: see lane_callbacks_start_pacing. */
handoff_lane_options_t lane_callbacks_options(struct lane_callbacks *callbacks);

/* Prepares a lane that has ended for the items after the burst of --burst-start. The caller must
 * then start it again.
 *
 * Returns: whether the lane had ended because of the burst. */
bool lane_callbacks_start_pacing(struct lane_callbacks *callbacks, handoff_lane_t *lane);

/* Wakes a producer that waits for input, and makes it end.
 *
 * Thread:  any. */
void lane_callbacks_interrupt(struct lane_callbacks *callbacks);

/* Ends a write or a read that blocks: see stream_cancel, also for the reason to repeat it.
 *
 * Thread:  any. */
void lane_callbacks_cancel(struct lane_callbacks *callbacks);

/* Whether `items`, the number of items that have been written, are all that the run will have.
 *
 * Thread:  any. */
bool lane_callbacks_is_complete(const struct lane_callbacks *callbacks, uint64_t items);

/* Gives the input that was read and not written back to standard input: line_reader_give_back.
 *
 * Thread:  any, as line_reader_give_back. */
void lane_callbacks_give_back(struct lane_callbacks *callbacks);

#endif /* HANDOFF_CLI_LANE_CALLBACKS_H */

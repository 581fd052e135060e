/* stats: adds up a run's events and formats the statistics for --stats and SIGUSR1. Loop thread
 * only. */

#ifndef HANDOFF_CLI_STATS_H
#define HANDOFF_CLI_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "handoff.h"
#include "histogram.h"

#define STATS_TEXT_SIZE 800  /* holds any text of stats_format */
#define STATS_CAUSE_SIZE 224 /* holds any text of stats_format_cause */

/* Why a run was slower than asked for. */
enum stats_cause {
  STATS_ON_TIME,
  STATS_SOURCE, /* it had no line */
  STATS_OUTPUT, /* its reader was slow */
  STATS_MACHINE /* a thread did not run in time */
};

/* Arrays are indexed by handoff_side_t. */
struct stats {
  bool has_only_counts; /* no events were seen: only `items` is known */
  uint64_t started_ns;
  uint64_t interval_ns[2];      /* as asked for */
  uint64_t items[2];            /* transferred */
  uint64_t first_ns;            /* when the consumer had its first item */
  uint64_t last_ns;             /* when the consumer had its latest item */
  uint64_t waited_ns[2];        /* for the other side */
  uint64_t missed[2];           /* ticks */
  uint64_t blocked_until_ns[2]; /* end of the last wait that was long enough to miss ticks */
  uint64_t source_ns;           /* how long the source had no line */
  uint64_t output_ns;           /* how long the output delayed the run */
  bool is_finished;             /* the run has ended without an error or a signal */
  struct histogram lateness;    /* of both sides: see stats_add */
  struct histogram handoff;     /* from both sides being ready until the consumer had the item */
};

void stats_init(struct stats *stats, uint64_t started_ns, const uint64_t interval_ns[2]);

/* Adds an event. The lateness of a tick is the time from when it was due until the side took it or,
 * if the side missed it, until the side took the next tick. Without the missed ones, a stall would
 * count as a single late tick (coordinated omission; Gil Tene, "How NOT to Measure Latency"). Ticks
 * that a side missed while it waited for the other one are not late: it was ready for them. */
void stats_add(struct stats *stats, const handoff_event_t *event);

/* Returns: why a finished run achieved less than 99 % of the rate asked for; STATS_ON_TIME if it
 * did not, or if it lasted less than 20 intervals. */
enum stats_cause stats_find_cause(const struct stats *stats);

/* Formats a line about that cause, into a buffer of STATS_CAUSE_SIZE bytes.
 *
 * Returns: the length of the text; 0 for STATS_ON_TIME. */
size_t stats_format_cause(const struct stats *stats, char *text);

/* Formats the statistics up to now_ns, as lines for people or as one line of JSON, into a buffer of
 * STATS_TEXT_SIZE bytes.
 *
 * Returns: the length of the text. */
size_t stats_format(const struct stats *stats, uint64_t now_ns, bool as_json, char *text);

#endif /* HANDOFF_CLI_STATS_H */

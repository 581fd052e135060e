/* stats: adds up a run's events and formats the statistics for --stats and SIGUSR1. Loop thread
 * only. */

#ifndef HANDOFF_CLI_STATS_H
#define HANDOFF_CLI_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "handoff.h"
#include "histogram.h"

#define STATS_TEXT_SIZE 1024 /* holds any text of stats_format */

/* Arrays are indexed by handoff_side_t. */
struct stats {
  bool has_only_counts; /* no events were seen: only `items` is known */
  uint64_t started_ns;
  uint64_t interval_ns[2];   /* as asked for */
  uint64_t items[2];         /* transferred */
  uint64_t first_ns;         /* when the consumer had its first item */
  uint64_t last_ns;          /* when the consumer had its latest item */
  uint64_t waited_ns[2];     /* for the other side */
  uint64_t missed[2];        /* ticks */
  struct histogram lateness; /* of both sides: from a tick's due time until the side took it */
  struct histogram handoff;  /* from both sides being ready until the consumer had the item */
};

void stats_init(struct stats *stats, uint64_t started_ns, const uint64_t interval_ns[2]);
void stats_add(struct stats *stats, const handoff_event_t *event);

/* Formats the statistics up to now_ns, as lines for people or as one line of JSON, into a buffer of
 * STATS_TEXT_SIZE bytes.
 *
 * Returns: the length of the text. */
size_t stats_format(const struct stats *stats, uint64_t now_ns, bool as_json, char *text);

#endif /* HANDOFF_CLI_STATS_H */

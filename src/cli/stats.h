/* stats: what --stats and SIGUSR1 tell of a run. Loop thread only. */

#ifndef HANDOFF_CLI_STATS_H
#define HANDOFF_CLI_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "handoff.h"
#include "histogram.h"

/* A buffer of this size holds every text that stats_format makes. */
#define STATS_TEXT_SIZE 1024

struct stats {
  bool only_counts; /* nothing but `items` is known */
  uint64_t started_ns;
  uint64_t interval_ns[2]; /* as asked for, by handoff_side_t */
  uint64_t items[2];       /* handed over, by each side's own count */
  uint64_t first_ns;       /* consumer's first hand-off, */
  uint64_t last_ns;        /* and its last one */
  uint64_t waited_ns[2];   /* for the other side */
  uint64_t missed[2];      /* ticks */
  histogram_t lateness;    /* of both sides: from when the tick was due until the side took it */
  histogram_t handoff;     /* from when both sides were ready until the consumer had the item */
};

void stats_init(struct stats *stats, uint64_t started_ns, const uint64_t interval_ns[2]);
void stats_add(struct stats *stats, const handoff_event_t *event);

/* Writes the statistics up to now_ns as lines for people, or as a line of JSON, into a buffer of
 * STATS_TEXT_SIZE. Returns: its length. */
size_t stats_format(const struct stats *stats, uint64_t now_ns, bool as_json, char *text);

#endif /* HANDOFF_CLI_STATS_H */

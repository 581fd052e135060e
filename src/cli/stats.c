/* stats: see stats.h. */

#include "stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "units.h"

void stats_init(struct stats *stats, uint64_t started_ns, const uint64_t interval_ns[2]) {
  memset(stats, 0, sizeof *stats);
  stats->started_ns = started_ns;
  stats->interval_ns[HANDOFF_PRODUCER] = interval_ns[HANDOFF_PRODUCER];
  stats->interval_ns[HANDOFF_CONSUMER] = interval_ns[HANDOFF_CONSUMER];
  histogram_init(&stats->lateness);
  histogram_init(&stats->handoff);
}

void stats_add(struct stats *stats, const handoff_event_t *event) {
  stats->items[event->side]++;
  stats->waited_ns[event->side] += event->waited_ns;
  stats->missed[event->side] += event->missed;
  if (event->due_ns != 0) {
    histogram_add(&stats->lateness, event->begun_ns - event->due_ns);
    if (event->due_ns < stats->started_ns) {
      stats->started_ns = event->due_ns; /* who started the lane looked at the clock too late */
    }
  }
  if (event->side == HANDOFF_CONSUMER) {
    histogram_add(&stats->handoff, event->handoff_ns);
    stats->first_ns = stats->items[HANDOFF_CONSUMER] == 1 ? event->done_ns : stats->first_ns;
    stats->last_ns = event->done_ns;
  }
}

/* What was asked for: the slower side's interval; 0: nothing. */
static uint64_t asked_ns(const struct stats *stats) {
  const uint64_t *interval_ns = stats->interval_ns;
  return interval_ns[HANDOFF_PRODUCER] > interval_ns[HANDOFF_CONSUMER]
             ? interval_ns[HANDOFF_PRODUCER]
             : interval_ns[HANDOFF_CONSUMER];
}

/* Intervals between the first hand-off and the last. */
static uint64_t intervals(const struct stats *stats) {
  uint64_t items = stats->items[HANDOFF_CONSUMER];
  return items == 0 ? 0 : items - 1;
}

struct durations {
  char p50[UNITS_TEXT_SIZE];
  char p99[UNITS_TEXT_SIZE];
  char max[UNITS_TEXT_SIZE];
};

static struct durations durations_of(const histogram_t *histogram) {
  struct durations text = {"-", "-", "-"};

  if (histogram->count != 0) {
    units_format_duration(text.p50, sizeof text.p50, histogram_percentile(histogram, 500));
    units_format_duration(text.p99, sizeof text.p99, histogram_percentile(histogram, 990));
    units_format_duration(text.max, sizeof text.max, histogram->max);
  }
  return text;
}

static int format_text(const struct stats *stats, uint64_t elapsed_ns, char *text) {
  struct durations late = durations_of(&stats->lateness);
  struct durations handoff = durations_of(&stats->handoff);
  char elapsed[UNITS_TEXT_SIZE];
  char asked[UNITS_TEXT_SIZE] = "-";
  char achieved[UNITS_TEXT_SIZE];
  char waited[2][UNITS_TEXT_SIZE] = {"-", "-"};

  units_format_duration(elapsed, sizeof elapsed, elapsed_ns);
  if (asked_ns(stats) != 0) {
    units_format_rate(asked, sizeof asked, 1, asked_ns(stats));
  }
  if (stats->only_counts) {
    units_format_rate(achieved, sizeof achieved, stats->items[HANDOFF_CONSUMER], elapsed_ns);
  } else {
    units_format_rate(achieved, sizeof achieved, intervals(stats),
                      stats->last_ns - stats->first_ns);
    units_format_duration(waited[0], sizeof waited[0], stats->waited_ns[HANDOFF_PRODUCER]);
    units_format_duration(waited[1], sizeof waited[1], stats->waited_ns[HANDOFF_CONSUMER]);
  }
  return snprintf(text, STATS_TEXT_SIZE,
                  "items     %" PRIu64
                  " in %s\n"
                  "rate      asked %s, achieved %s\n"
                  "lateness  p50 %s, p99 %s, max %s\n"
                  "hand-off  p50 %s, p99 %s, max %s\n"
                  "missed    producer %" PRIu64 " ticks, consumer %" PRIu64
                  " ticks\n"
                  "blocked   producer %s, consumer %s\n",
                  stats->items[HANDOFF_CONSUMER], elapsed, asked, achieved, late.p50, late.p99,
                  late.max, handoff.p50, handoff.p99, handoff.max, stats->missed[HANDOFF_PRODUCER],
                  stats->missed[HANDOFF_CONSUMER], waited[0], waited[1]);
}

static double rate(uint64_t n, uint64_t in_ns) {
  return in_ns == 0 ? 0 : (double)n * 1e9 / (double)in_ns;
}

static int format_json(const struct stats *stats, uint64_t elapsed_ns, char *text) {
  const histogram_t *late = &stats->lateness;
  const histogram_t *handoff = &stats->handoff;

  return snprintf(
      text, STATS_TEXT_SIZE,
      "{\"items\":%" PRIu64 ",\"produced\":%" PRIu64 ",\"elapsed_ns\":%" PRIu64
      ",\"asked_per_s\":%.6g,\"achieved_per_s\":%.6g"
      ",\"lateness_ns\":{\"count\":%" PRIu64 ",\"p50\":%" PRIu64 ",\"p99\":%" PRIu64
      ",\"max\":%" PRIu64 "},\"handoff_ns\":{\"count\":%" PRIu64 ",\"p50\":%" PRIu64
      ",\"p99\":%" PRIu64 ",\"max\":%" PRIu64 "},\"missed\":{\"producer\":%" PRIu64
      ",\"consumer\":%" PRIu64 "},\"blocked_ns\":{\"producer\":%" PRIu64 ",\"consumer\":%" PRIu64
      "}}\n",
      stats->items[HANDOFF_CONSUMER], stats->items[HANDOFF_PRODUCER], elapsed_ns,
      rate(1, asked_ns(stats)), rate(intervals(stats), stats->last_ns - stats->first_ns),
      late->count, histogram_percentile(late, 500), histogram_percentile(late, 990), late->max,
      handoff->count, histogram_percentile(handoff, 500), histogram_percentile(handoff, 990),
      handoff->max, stats->missed[HANDOFF_PRODUCER], stats->missed[HANDOFF_CONSUMER],
      stats->waited_ns[HANDOFF_PRODUCER], stats->waited_ns[HANDOFF_CONSUMER]);
}

size_t stats_format(const struct stats *stats, uint64_t now_ns, bool as_json, char *text) {
  uint64_t elapsed_ns = now_ns - stats->started_ns;
  int size = as_json ? format_json(stats, elapsed_ns, text) : format_text(stats, elapsed_ns, text);
  return size < 0 ? 0 : (size_t)size < STATS_TEXT_SIZE ? (size_t)size : STATS_TEXT_SIZE - 1;
}

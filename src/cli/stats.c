/* stats: see stats.h. */

#include "stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "units.h"

#define PART_SIZE 128 /* holds any part of a line below */

void stats_init(struct stats *stats, uint64_t started_ns, const uint64_t interval_ns[2]) {
  memset(stats, 0, sizeof *stats);
  stats->started_ns = started_ns;
  stats->interval_ns[HANDOFF_PRODUCER] = interval_ns[HANDOFF_PRODUCER];
  stats->interval_ns[HANDOFF_CONSUMER] = interval_ns[HANDOFF_CONSUMER];
  histogram_init(&stats->lateness);
  histogram_init(&stats->handoff);
}

/* How many of the ticks that the event reports as missed the side was not ready for: those due
 * after its last long wait for the other side. */
static uint64_t count_late(const struct stats *stats, const handoff_event_t *event) {
  const uint64_t interval_ns = stats->interval_ns[event->side];
  const uint64_t ready_ns = stats->blocked_until_ns[event->side];
  uint64_t since;

  if (event->missed == 0 || event->due_ns <= ready_ns) {
    return 0;
  }
  since = (event->due_ns - ready_ns - 1) / interval_ns;
  return event->missed < since ? event->missed : since;
}

static void add_lateness(struct stats *stats, const handoff_event_t *event) {
  const uint64_t interval_ns = stats->interval_ns[event->side];
  const uint64_t late_ns = event->begun_ns - event->due_ns;

  histogram_add(&stats->lateness, late_ns);
  histogram_add_series(&stats->lateness, late_ns + interval_ns, interval_ns,
                       count_late(stats, event));
  if (event->waited_ns >= interval_ns) {
    stats->blocked_until_ns[event->side] = event->done_ns;
  }
}

void stats_add(struct stats *stats, const handoff_event_t *event) {
  stats->items[event->side]++;
  stats->waited_ns[event->side] += event->waited_ns;
  stats->missed[event->side] += event->missed;
  if (event->due_ns != 0) {
    add_lateness(stats, event);
    if (event->due_ns < stats->started_ns) {
      stats->started_ns = event->due_ns; /* The loop read the clock after the lane had started. */
    }
  }
  if (event->side == HANDOFF_CONSUMER) {
    histogram_add(&stats->handoff, event->handoff_ns);
    stats->first_ns = stats->items[HANDOFF_CONSUMER] == 1 ? event->done_ns : stats->first_ns;
    stats->last_ns = event->done_ns;
  }
}

/* The interval asked for: the slower side's. 0: unpaced. */
static uint64_t asked_ns(const struct stats *stats) {
  const uint64_t *interval_ns = stats->interval_ns;
  return interval_ns[HANDOFF_PRODUCER] > interval_ns[HANDOFF_CONSUMER]
             ? interval_ns[HANDOFF_PRODUCER]
             : interval_ns[HANDOFF_CONSUMER];
}

/* Intervals between the consumer's first item and its latest. */
static uint64_t count_intervals(const struct stats *stats) {
  uint64_t items = stats->items[HANDOFF_CONSUMER];
  return items == 0 ? 0 : items - 1;
}

/* ------------------------------------------------------------------------------------- cause -- */

enum stats_cause stats_find_cause(const struct stats *stats) {
  const uint64_t took_ns = stats->last_ns - stats->first_ns;
  const double planned_ns = (double)count_intervals(stats) * (double)asked_ns(stats);
  double lost_ns = (double)took_ns - planned_ns;

  if (!stats->is_finished || asked_ns(stats) == 0 || took_ns / 20 < asked_ns(stats) ||
      planned_ns >= 0.99 * (double)took_ns) {
    return STATS_ON_TIME;
  }
  if ((double)stats->output_ns >= lost_ns / 2 && stats->output_ns >= stats->source_ns) {
    return STATS_OUTPUT;
  }
  return (double)stats->source_ns >= lost_ns / 2 ? STATS_SOURCE : STATS_MACHINE;
}

/* Returns: the side that the cause made late. If the machine was busy, the one that missed more. */
static handoff_side_t find_late_side(const struct stats *stats, enum stats_cause cause) {
  const bool is_producer =
      cause == STATS_MACHINE ? stats->interval_ns[HANDOFF_CONSUMER] == 0 ||
                                   stats->missed[HANDOFF_PRODUCER] > stats->missed[HANDOFF_CONSUMER]
                             : cause == STATS_SOURCE;

  return is_producer ? HANDOFF_PRODUCER : HANDOFF_CONSUMER;
}

static void format_cause(const struct stats *stats, enum stats_cause cause, char *part) {
  const uint64_t missed = stats->missed[find_late_side(stats, cause)];
  char duration[UNITS_TEXT_SIZE];

  units_format_duration(duration, sizeof duration,
                        cause == STATS_SOURCE   ? stats->source_ns
                        : cause == STATS_OUTPUT ? stats->output_ns
                                                : stats->lateness.max);
  switch (cause) {
    case STATS_SOURCE:
      snprintf(part, PART_SIZE, "the source had no line for %s", duration);
      break;
    case STATS_OUTPUT:
      snprintf(part, PART_SIZE, "the reader of the output was slow for %s", duration);
      break;
    default:
      snprintf(part, PART_SIZE, "the machine was busy, by up to %s, %" PRIu64 " ticks missed",
               duration, missed);
      if (missed == 0) {
        *strrchr(part, ',') = '\0';
      }
  }
}

size_t stats_format_cause(const struct stats *stats, char *text) {
  const enum stats_cause cause = stats_find_cause(stats);
  char asked[UNITS_TEXT_SIZE];
  char achieved[UNITS_TEXT_SIZE];
  char part[PART_SIZE];
  int size;

  if (cause == STATS_ON_TIME) {
    return 0;
  }
  units_format_rate(asked, sizeof asked, 1, asked_ns(stats));
  units_format_rate(achieved, sizeof achieved, count_intervals(stats),
                    stats->last_ns - stats->first_ns);
  format_cause(stats, cause, part);
  size = snprintf(text, STATS_CAUSE_SIZE, "handoff: achieved %s of %s; %s was late: %s\n", achieved,
                  asked, find_late_side(stats, cause) == HANDOFF_PRODUCER ? "producer" : "consumer",
                  part);
  return size < 0 ? 0 : (size_t)size < STATS_CAUSE_SIZE ? (size_t)size : STATS_CAUSE_SIZE - 1;
}

/* -------------------------------------------------------------------------------------- text -- */

/* "asked 10/s, achieved 9.99/s", with "unthrottled" for no pace, and without a rate achieved that
 * is not known. */
static void format_rates(const struct stats *stats, uint64_t elapsed_ns, char *part) {
  uint64_t n = stats->has_only_counts ? stats->items[HANDOFF_CONSUMER] : count_intervals(stats);
  uint64_t in_ns = stats->has_only_counts ? elapsed_ns : stats->last_ns - stats->first_ns;
  char asked[UNITS_TEXT_SIZE];
  char achieved[UNITS_TEXT_SIZE];

  if (asked_ns(stats) != 0) {
    units_format_rate(asked, sizeof asked, 1, asked_ns(stats));
  }
  if (in_ns != 0) {
    units_format_rate(achieved, sizeof achieved, n, in_ns);
  }
  snprintf(part, PART_SIZE, "%s%s%s%s", asked_ns(stats) != 0 ? "asked " : "unthrottled",
           asked_ns(stats) != 0 ? asked : "", in_ns != 0 ? ", achieved " : "",
           in_ns != 0 ? achieved : "");
}

/* "p50 1us, p99 2us, max 3us", or "-". */
static void format_percentiles(const struct histogram *histogram, char *part) {
  char p50[UNITS_TEXT_SIZE];
  char p99[UNITS_TEXT_SIZE];
  char max[UNITS_TEXT_SIZE];

  if (histogram->count == 0) {
    snprintf(part, PART_SIZE, "-");
    return;
  }
  units_format_duration(p50, sizeof p50, histogram_percentile(histogram, 500));
  units_format_duration(p99, sizeof p99, histogram_percentile(histogram, 990));
  units_format_duration(max, sizeof max, histogram->max);
  snprintf(part, PART_SIZE, "p50 %s, p99 %s, max %s", p50, p99, max);
}

/* "producer 1us for room, consumer 2us for an item", or "-". */
static void format_waited(const struct stats *stats, char *part) {
  char producer[UNITS_TEXT_SIZE];
  char consumer[UNITS_TEXT_SIZE];

  if (stats->has_only_counts) {
    snprintf(part, PART_SIZE, "-");
    return;
  }
  units_format_duration(producer, sizeof producer, stats->waited_ns[HANDOFF_PRODUCER]);
  units_format_duration(consumer, sizeof consumer, stats->waited_ns[HANDOFF_CONSUMER]);
  snprintf(part, PART_SIZE, "producer %s for room, consumer %s for an item", producer, consumer);
}

static int format_text(const struct stats *stats, uint64_t elapsed_ns, char *text) {
  char elapsed[UNITS_TEXT_SIZE];
  char rates[PART_SIZE];
  char lateness[PART_SIZE];
  char handoff[PART_SIZE];
  char waited[PART_SIZE];

  units_format_duration(elapsed, sizeof elapsed, elapsed_ns);
  format_rates(stats, elapsed_ns, rates);
  format_percentiles(&stats->lateness, lateness);
  format_percentiles(&stats->handoff, handoff);
  format_waited(stats, waited);
  return snprintf(text, STATS_TEXT_SIZE,
                  "items     %" PRIu64
                  " in %s\n"
                  "rate      %s\n"
                  "lateness  %s\n"
                  "hand-off  %s\n"
                  "missed    producer %" PRIu64 ", consumer %" PRIu64
                  " ticks\n"
                  "waited    %s\n",
                  stats->items[HANDOFF_CONSUMER], elapsed, rates, lateness, handoff,
                  stats->missed[HANDOFF_PRODUCER], stats->missed[HANDOFF_CONSUMER], waited);
}

/* -------------------------------------------------------------------------------------- JSON -- */

/* n in in_ns as a rate; `unknown` if in_ns is 0. */
static const char *per_second(char *text, uint64_t n, uint64_t in_ns, const char *unknown) {
  snprintf(text, UNITS_TEXT_SIZE, "%.6g", in_ns == 0 ? 0 : (double)n * 1e9 / (double)in_ns);
  return in_ns == 0 ? unknown : text;
}

static int format_json(const struct stats *stats, uint64_t elapsed_ns, char *text) {
  const struct histogram *lateness = &stats->lateness;
  const struct histogram *handoff = &stats->handoff;
  static const char *const causes[] = {"null", "\"source\"", "\"output\"", "\"machine\""};
  char asked[UNITS_TEXT_SIZE];
  char achieved[UNITS_TEXT_SIZE];

  return snprintf(
      text, STATS_TEXT_SIZE,
      "{\"items\":%" PRIu64 ",\"produced\":%" PRIu64 ",\"elapsed_ns\":%" PRIu64
      ",\"asked_per_s\":%s,\"achieved_per_s\":%s"
      ",\"lateness_ns\":{\"count\":%" PRIu64 ",\"p50\":%" PRIu64 ",\"p99\":%" PRIu64
      ",\"max\":%" PRIu64 "},\"handoff_ns\":{\"count\":%" PRIu64 ",\"p50\":%" PRIu64
      ",\"p99\":%" PRIu64 ",\"max\":%" PRIu64 "},\"missed\":{\"producer\":%" PRIu64
      ",\"consumer\":%" PRIu64 "},\"blocked_ns\":{\"producer\":%" PRIu64 ",\"consumer\":%" PRIu64
      "},\"late_because\":%s}\n",
      stats->items[HANDOFF_CONSUMER], stats->items[HANDOFF_PRODUCER], elapsed_ns,
      per_second(asked, 1, asked_ns(stats), "0"),
      per_second(achieved, count_intervals(stats), stats->last_ns - stats->first_ns, "null"),
      lateness->count, histogram_percentile(lateness, 500), histogram_percentile(lateness, 990),
      lateness->max, handoff->count, histogram_percentile(handoff, 500),
      histogram_percentile(handoff, 990), handoff->max, stats->missed[HANDOFF_PRODUCER],
      stats->missed[HANDOFF_CONSUMER], stats->waited_ns[HANDOFF_PRODUCER],
      stats->waited_ns[HANDOFF_CONSUMER], causes[stats_find_cause(stats)]);
}

size_t stats_format(const struct stats *stats, uint64_t now_ns, bool as_json, char *text) {
  uint64_t elapsed_ns = now_ns - stats->started_ns;
  int size = as_json ? format_json(stats, elapsed_ns, text) : format_text(stats, elapsed_ns, text);

  return size < 0 ? 0 : (size_t)size < STATS_TEXT_SIZE ? (size_t)size : STATS_TEXT_SIZE - 1;
}

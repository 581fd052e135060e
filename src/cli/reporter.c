/* reporter: see reporter.h. */

#include "reporter.h"

#define MS_NS ((uint64_t)1000 * 1000)
/* The process must die within 100 ms of a signal, so the final statistics may take this long. */
#define SIGNALED_WAIT_NS (95 * MS_NS)
/* The shortest wait for standard error, however little of that time is left. */
#define MIN_WAIT_NS (10 * MS_NS)

_Static_assert(STDERR_WRITER_SIZE >= STATS_TEXT_SIZE, "the statistics fit the writer's buffer");

int reporter_init(struct reporter *reporter, struct lane_callbacks *callbacks) {
  reporter->callbacks = callbacks;
  reporter->ended_ns = 0;
  reporter->signaled_ns = 0;
  stats_init(&reporter->stats, uv_hrtime(), callbacks->options->interval_ns);
  return stderr_writer_init(&reporter->writer);
}

static bool wants_stats(const struct reporter *reporter) {
  return reporter->callbacks->options->stats != OPTIONS_STATS_NONE;
}

bool reporter_needs_events(const struct reporter *reporter) {
  const struct options *options = reporter->callbacks->options;

  return options->source == NULL || wants_stats(reporter) ||
         options->verbosity == OPTIONS_VERBOSE || options->interval_ns[HANDOFF_PRODUCER] != 0 ||
         options->interval_ns[HANDOFF_CONSUMER] != 0;
}

void reporter_print(struct reporter *reporter) {
  struct lane_callbacks *callbacks = reporter->callbacks;
  struct stats *stats = &reporter->stats;
  const uint64_t now_ns = reporter->ended_ns == 0 ? uv_hrtime() : reporter->ended_ns;
  char text[STATS_TEXT_SIZE];
  size_t size;

  if (!reporter_needs_events(reporter)) {
    stats->items[HANDOFF_PRODUCER] = atomic_load(&callbacks->produced);
    stats->items[HANDOFF_CONSUMER] = atomic_load(&callbacks->consumed);
    stats->has_only_counts = true;
  }
  size = stats_format(stats, now_ns, callbacks->options->stats == OPTIONS_STATS_JSON, text);
  stderr_writer_start(&reporter->writer, text, size);
}

uint64_t reporter_deadline_ns(const struct reporter *reporter, uint64_t now_ns) {
  const uint64_t earliest_ns = now_ns + MIN_WAIT_NS;
  const uint64_t signaled_ns = reporter->signaled_ns + SIGNALED_WAIT_NS;

  if (!wants_stats(reporter)) {
    return earliest_ns;
  }
  if (reporter->signaled_ns == 0) {
    return HANDOFF_NEVER;
  }
  return signaled_ns > earliest_ns ? signaled_ns : earliest_ns;
}

static bool wait_until_written(struct reporter *reporter) {
  return stderr_writer_wait(&reporter->writer, reporter_deadline_ns(reporter, uv_hrtime()));
}

void reporter_finish(struct reporter *reporter) {
  if (wait_until_written(reporter) && wants_stats(reporter)) {
    reporter_print(reporter);
    (void)wait_until_written(reporter);
  }
}

bool reporter_close(struct reporter *reporter) { return stderr_writer_close(&reporter->writer); }

/* reporter: see reporter.h. */

#include "reporter.h"

#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "fds.h"

#define MS_NS ((uint64_t)1000 * 1000)
/* The process must die within 100 ms of a signal, so the final statistics may take this long. */
#define SIGNALED_WAIT_NS (95 * MS_NS)
/* The shortest wait for standard error, however little of that time is left. */
#define MIN_WAIT_NS (10 * MS_NS)
/* The longest wait for a thread that the system does not run. */
#define BUSY_WAIT_NS (10000 * MS_NS)

_Static_assert(STDERR_WRITER_SIZE >= STATS_TEXT_SIZE + 1, "the statistics fit the writer's buffer");

int reporter_init(struct reporter *reporter, struct lane_callbacks *callbacks) {
  reporter->callbacks = callbacks;
  reporter->log = NULL;
  reporter->ended_ns = 0;
  reporter->signaled_ns = 0;
  reporter->signal = 0;
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

uint64_t reporter_items(const struct reporter *reporter) {
  struct lane_callbacks *callbacks = reporter->callbacks;

  if (callbacks->options->source != NULL) {
    return atomic_load(&callbacks->writer.items);
  }
  return reporter->log != NULL ? reporter->log->items : atomic_load(&callbacks->consumed);
}

/* A terminal echoes the key of SIGINT as "^C", without a newline. */
static bool is_after_echo(const struct reporter *reporter) {
  struct termios terminal;

  return reporter->signal == SIGINT && tcgetattr(STDERR_FILENO, &terminal) == 0 &&
         (terminal.c_lflag & ECHO) != 0;
}

void reporter_print(struct reporter *reporter) {
  struct lane_callbacks *callbacks = reporter->callbacks;
  struct stats *stats = &reporter->stats;
  const uint64_t now_ns = reporter->ended_ns == 0 ? uv_hrtime() : reporter->ended_ns;
  const uint64_t transferred = stats->items[HANDOFF_CONSUMER];
  char text[STATS_TEXT_SIZE + 1] = "\n";
  size_t start = is_after_echo(reporter) ? 1 : 0;
  size_t size;

  if (!reporter_needs_events(reporter)) {
    stats->items[HANDOFF_PRODUCER] = atomic_load(&callbacks->produced);
    stats->has_only_counts = true;
  }
  stats->items[HANDOFF_CONSUMER] = reporter_items(reporter);
  size = stats_format(stats, now_ns, callbacks->options->stats == OPTIONS_STATS_JSON, text + start);
  stats->items[HANDOFF_CONSUMER] = transferred; /* later events are added to it */
  stderr_writer_start(&reporter->writer, text, start + size);
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

/* After the deadline it goes on waiting only while standard error takes text, because then the
 * thread that writes just waits for a CPU. */
static bool wait_until_written(struct reporter *reporter) {
  const uint64_t busy_ns = uv_hrtime() + BUSY_WAIT_NS;
  uint64_t deadline_ns = reporter_deadline_ns(reporter, uv_hrtime());

  while (!stderr_writer_wait(&reporter->writer, deadline_ns)) {
    if (!wants_stats(reporter) || deadline_ns > busy_ns || !fds_is_writable(STDERR_FILENO)) {
      return false;
    }
    deadline_ns = uv_hrtime() + MIN_WAIT_NS;
  }
  return true;
}

int reporter_finish(struct reporter *reporter) {
  if (!wait_until_written(reporter) || !wants_stats(reporter)) {
    return 0;
  }
  reporter_print(reporter);
  return wait_until_written(reporter) ? reporter->writer.err : 0;
}

bool reporter_close(struct reporter *reporter) { return stderr_writer_close(&reporter->writer); }

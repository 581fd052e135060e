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

/* How long a finished run that was late waits for standard error to take the line about that. */
#define CAUSE_WAIT_NS (1000 * MS_NS)

#define TEXT_SIZE (STATS_TEXT_SIZE + STATS_CAUSE_SIZE + 1)
_Static_assert(STDERR_WRITER_SIZE >= TEXT_SIZE, "the statistics fit the writer's buffer");

int reporter_init(struct reporter *reporter, struct lane_callbacks *callbacks) {
  reporter->callbacks = callbacks;
  reporter->log = NULL;
  reporter->paused_ns = 0;
  reporter->paused_at_ns = 0;
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

static void on_timer(uv_timer_t *timer) { reporter_print(timer->data); }

void reporter_start(struct reporter *reporter, uv_loop_t *loop) {
  const uint64_t every_ns = reporter->callbacks->options->stats_every_ns;
  const uint64_t every_ms = every_ns / MS_NS + (every_ns % MS_NS != 0);

  (void)uv_timer_init(loop, &reporter->timer);
  reporter->timer.data = reporter;
  if (every_ms != 0) {
    (void)uv_timer_start(&reporter->timer, on_timer, every_ms, every_ms);
  }
}

void reporter_stop(struct reporter *reporter) { uv_close((uv_handle_t *)&reporter->timer, NULL); }

void reporter_on_pause(struct reporter *reporter) {
  if (reporter->paused_at_ns == 0) {
    reporter->paused_at_ns = uv_hrtime();
  }
}

void reporter_on_resume(struct reporter *reporter) {
  if (reporter->paused_at_ns != 0) {
    reporter->paused_ns += uv_hrtime() - reporter->paused_at_ns;
    reporter->paused_at_ns = 0;
  }
}

/* A time that the source had no line only counts if the consumer was waiting. */
static uint64_t measure_source(const struct reporter *reporter) {
  const uint64_t waited_ns = reporter->stats.waited_ns[HANDOFF_CONSUMER];
  const uint64_t read_ns = atomic_load(&reporter->callbacks->read_ns);

  return read_ns < waited_ns ? read_ns : waited_ns;
}

static size_t format(struct reporter *reporter, char *text) {
  struct lane_callbacks *callbacks = reporter->callbacks;
  struct stats *stats = &reporter->stats;
  const uint64_t now_ns = reporter->ended_ns == 0 ? uv_hrtime() : reporter->ended_ns;
  const uint64_t transferred = stats->items[HANDOFF_CONSUMER];
  size_t size;

  if (!reporter_needs_events(reporter)) {
    stats->items[HANDOFF_PRODUCER] = atomic_load(&callbacks->produced);
    stats->has_only_counts = true;
  }
  stats->items[HANDOFF_CONSUMER] = reporter_items(reporter);
  size = stats_format(stats, now_ns, callbacks->options->stats == OPTIONS_STATS_JSON, text);
  stats->items[HANDOFF_CONSUMER] = transferred; /* later events are added to it */
  return size;
}

void reporter_print(struct reporter *reporter) {
  char text[STATS_TEXT_SIZE];
  const size_t size = format(reporter, text);

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

/* Waits for min_ns at least. After the deadline it goes on waiting only while standard error takes
 * statistics, because then the thread that writes just waits for a CPU. */
static bool wait_until_written(struct reporter *reporter, uint64_t min_ns) {
  const uint64_t now_ns = uv_hrtime();
  uint64_t deadline_ns = reporter_deadline_ns(reporter, now_ns);

  deadline_ns = deadline_ns > now_ns + min_ns ? deadline_ns : now_ns + min_ns;
  while (!stderr_writer_wait(&reporter->writer, deadline_ns)) {
    if (!wants_stats(reporter) || deadline_ns > now_ns + BUSY_WAIT_NS ||
        !fds_is_writable(STDERR_FILENO)) {
      return false;
    }
    deadline_ns = uv_hrtime() + MIN_WAIT_NS;
  }
  return true;
}

int reporter_finish(struct reporter *reporter, bool is_finished) {
  const struct options *options = reporter->callbacks->options;
  struct stats *stats = &reporter->stats;
  char text[TEXT_SIZE] = "\n";
  const size_t start = is_after_echo(reporter) ? 1 : 0;
  size_t size = start;

  stats->is_finished = is_finished;
  stats->source_ns = measure_source(reporter);
  stats->output_ns = reporter->paused_ns + atomic_load(&reporter->callbacks->slow_ns);
  if (wants_stats(reporter)) {
    size += format(reporter, text + size);
  }
  if (options->verbosity != OPTIONS_QUIET && options->stats != OPTIONS_STATS_JSON) {
    size += stats_format_cause(stats, text + size);
  }
  if (!wait_until_written(reporter, 0) || size == start) {
    return 0;
  }
  stderr_writer_start(&reporter->writer, text, size);
  return wait_until_written(reporter, is_finished ? CAUSE_WAIT_NS : 0) && wants_stats(reporter)
             ? reporter->writer.err
             : 0;
}

bool reporter_close(struct reporter *reporter) { return stderr_writer_close(&reporter->writer); }

/* tell: see tell.h. */

#include "tell.h"

/* Standard error may take so long to take what it is told: twice, and the grace of a signal, are under 100 ms. */
#define WAIT_NS ((uint64_t)10 * 1000 * 1000)

_Static_assert(ANSWER_SIZE >= STATS_TEXT_SIZE, "an answer's text");

int tell_init(struct tell *tell, struct work *work) {
  tell->work = work;
  tell->ended_ns = 0;
  stats_init(&tell->stats, uv_hrtime(), work->options->interval_ns);
  return answer_init(&tell->answer);
}

static bool is_wanted(const struct tell *tell) {
  return tell->work->options->stats != OPTIONS_STATS_NONE;
}

bool tell_needs_events(const struct tell *tell) {
  const struct options *options = tell->work->options;

  return options->source == NULL || is_wanted(tell) || options->verbosity == OPTIONS_VERBOSE ||
         options->interval_ns[HANDOFF_PRODUCER] != 0 || options->interval_ns[HANDOFF_CONSUMER] != 0;
}

void tell_now(struct tell *tell) {
  struct stats *stats = &tell->stats;
  const uint64_t now_ns = tell->ended_ns == 0 ? uv_hrtime() : tell->ended_ns;
  char text[STATS_TEXT_SIZE];
  size_t size;

  if (!tell_needs_events(tell)) {
    stats->items[HANDOFF_PRODUCER] = atomic_load(&tell->work->produced);
    stats->items[HANDOFF_CONSUMER] = atomic_load(&tell->work->consumed);
    stats->only_counts = true;
  }
  size = stats_format(stats, now_ns, tell->work->options->stats == OPTIONS_STATS_JSON, text);
  answer_give(&tell->answer, text, size);
}

static bool is_told(struct tell *tell, bool is_killed) {
  const bool has_time = !is_killed && is_wanted(tell);

  return answer_await(&tell->answer, has_time ? HANDOFF_NEVER : uv_hrtime() + WAIT_NS);
}

void tell_at_end(struct tell *tell, bool is_killed) {
  if (is_told(tell, is_killed) && is_wanted(tell)) {
    tell_now(tell);
    (void)is_told(tell, is_killed);
  }
}

bool tell_close(struct tell *tell) { return answer_close(&tell->answer); }

/* tell: see tell.h. */

#include "tell.h"

#define MS_NS ((uint64_t)1000 * 1000)
/* So long after the signal that ends a run its last word has been told, or is not: it is to die
 * within 100 ms. */
#define LAST_WORD_NS (95 * MS_NS)
/* And so long may standard error take at the least, whatever took the time until then. */
#define WAIT_NS (10 * MS_NS)

_Static_assert(ANSWER_SIZE >= STATS_TEXT_SIZE, "an answer's text");

int tell_init(struct tell *tell, struct work *work) {
  tell->work = work;
  tell->ended_ns = 0;
  tell->killed_ns = 0;
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

uint64_t tell_until_ns(const struct tell *tell, uint64_t now_ns) {
  const uint64_t least_ns = now_ns + WAIT_NS;
  const uint64_t last_ns = tell->killed_ns + LAST_WORD_NS;

  if (!is_wanted(tell)) {
    return least_ns;
  }
  if (tell->killed_ns == 0) {
    return HANDOFF_NEVER;
  }
  return last_ns > least_ns ? last_ns : least_ns;
}

static bool is_told(struct tell *tell) {
  return answer_await(&tell->answer, tell_until_ns(tell, uv_hrtime()));
}

void tell_at_end(struct tell *tell) {
  if (is_told(tell) && is_wanted(tell)) {
    tell_now(tell);
    (void)is_told(tell);
  }
}

bool tell_close(struct tell *tell) { return answer_close(&tell->answer); }

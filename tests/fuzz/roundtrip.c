/* roundtrip: see roundtrip.h. */

#include "roundtrip.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <uv.h>

#include "target.h"

#define WORD_SIZE 64
#define WORDS_MAX 20
#define DURATION_MAX ((uint64_t)INT64_MAX)

static bool is_same_text(const char *one, const char *other) {
  return one == NULL || other == NULL ? one == other : strcmp(one, other) == 0;
}

static bool is_same(const struct options *one, const struct options *other) {
  return one->action == other->action && is_same_text(one->source, other->source) &&
         is_same_text(one->output, other->output) && one->delimiter == other->delimiter &&
         one->interval_ns[0] == other->interval_ns[0] &&
         one->interval_ns[1] == other->interval_ns[1] && one->missed == other->missed &&
         one->burst == other->burst && one->start_burst == other->start_burst &&
         one->capacity == other->capacity && one->has_count == other->has_count &&
         one->count == other->count && one->has_limit == other->has_limit &&
         one->limit_ns == other->limit_ns && one->stats == other->stats &&
         one->stats_every_ns == other->stats_every_ns && one->verbosity == other->verbosity;
}

/* A command line. */
struct words {
  int count;
  char *words[WORDS_MAX + 1];
  char text[WORDS_MAX][WORD_SIZE];
};

__attribute__((format(printf, 3, 4))) static void add(struct words *words, bool is_wanted,
                                                      const char *format, ...) {
  va_list args;
  int length;

  va_start(args, format);
  length = vsnprintf(words->text[words->count], WORD_SIZE, format, args);
  va_end(args);
  CHECK(length > 0 && length < WORD_SIZE);
  if (is_wanted) {
    words->words[words->count] = words->text[words->count];
    words->count++;
  }
}

static void add_verbatim(struct words *words, const char *word) {
  words->words[words->count++] = (char *)(uintptr_t)word; /* only read */
}

void roundtrip_check(const struct options *options, int expected) {
  static const char *const late[] = {"--late=skip", "--late=shift"};
  char message[OPTIONS_MESSAGE_SIZE];
  struct options again;
  struct words words = {.count = 0};

  add(&words, true, "handoff");
  add(&words, true, "--produce-every=%" PRIu64 "ns", options->interval_ns[HANDOFF_PRODUCER]);
  add(&words, true, "--consume-every=%" PRIu64 "ns", options->interval_ns[HANDOFF_CONSUMER]);
  add(&words, options->missed == HANDOFF_MISSED_BURST, "--late=burst=%zu", options->burst);
  add(&words, options->missed != HANDOFF_MISSED_BURST, "%s", late[options->missed % 2]);
  add(&words, options->start_burst != 0, "--burst-start");
  add(&words, true, "-c%zu", options->capacity);
  add(&words, options->has_count, "--count=%" PRIu64, options->count);
  add(&words, options->has_limit, "--for=%" PRIu64 "ns", options->limit_ns);
  add(&words, options->delimiter == '\0', "-0");
  add(&words, true, "--output");
  add_verbatim(&words, options->output == NULL ? "-" : options->output);
  add(&words, options->stats != OPTIONS_STATS_NONE, "--stats=%s",
      options->stats == OPTIONS_STATS_JSON ? "json" : "text");
  add(&words, options->stats_every_ns != 0, "--stats-every=%" PRIu64 "ns", options->stats_every_ns);
  add(&words, options->verbosity != OPTIONS_NORMAL,
      options->verbosity == OPTIONS_QUIET ? "-q" : "-v");
  add(&words, true, "--");
  if (options->source != NULL) {
    add_verbatim(&words, options->source);
  }
  CHECK(words.count <= WORDS_MAX);
  CHECK(options_parse(&again, words.count, words.words, message, sizeof message) == expected);
  CHECK(expected != 0 || is_same(options, &again));
}

/* A number up to max: any, or one near either end. */
static uint64_t number(struct input *input, uint64_t max) {
  uint64_t bits = 0;
  unsigned kind = input_byte(input) % 4;
  int i;
  for (i = 0; i < (kind < 2 ? 1 : 8); i++) {
    bits = bits << 8 | input_byte(input);
  }
  if (kind == 1) {
    return max - bits % 3;
  }
  return kind == 0 ? bits % 3 : max == UINT64_MAX ? bits : bits % (max + 1);
}

/* Sets one option out of its range, mostly by little. Returns: UV_EINVAL. */
static int make_invalid(struct options *options, struct input *input) {
  uint64_t excess = 1 + number(input, UINT32_MAX);

  switch (input_byte(input) % 6) {
    case 0:
      options->interval_ns[HANDOFF_PRODUCER] = DURATION_MAX + excess;
      break;
    case 1:
      options->interval_ns[HANDOFF_CONSUMER] = DURATION_MAX + excess;
      break;
    case 2:
      options->capacity = HANDOFF_CAPACITY_MAX + (size_t)excess;
      break;
    case 3:
      options->missed = HANDOFF_MISSED_BURST;
      options->burst = HANDOFF_CAPACITY_MAX + (size_t)excess;
      break;
    case 4:
      options->missed = HANDOFF_MISSED_BURST;
      options->burst = 0;
      break;
    default:
      options->has_limit = true;
      options->limit_ns = DURATION_MAX + excess;
      break;
  }
  return UV_EINVAL;
}

void roundtrip_check_random(struct input *input) {
  unsigned bits = input_byte(input);
  struct options options = {.delimiter = '\n', .burst = 1};

  options.missed = (handoff_missed_t)(input_byte(input) % 3);
  options.interval_ns[0] = number(input, DURATION_MAX);
  options.interval_ns[1] = number(input, DURATION_MAX);
  options.capacity = (size_t)number(input, HANDOFF_CAPACITY_MAX);
  if (options.missed == HANDOFF_MISSED_BURST) {
    options.burst = (size_t)number(input, HANDOFF_CAPACITY_MAX - 1) + 1;
  }
  if ((bits & 64) != 0 && options_interval_ns(&options) != 0) {
    options.start_burst = options.burst - 1;
  }
  options.has_count = (bits & 1) != 0;
  options.count = options.has_count ? number(input, UINT64_MAX) : 0;
  options.has_limit = (bits & 2) != 0;
  options.limit_ns = options.has_limit ? number(input, DURATION_MAX) : 0;
  options.source = (bits & 4) != 0 ? "-" : NULL;
  options.output = (bits & 8) != 0 ? "file" : NULL;
  if ((bits & 16) != 0 && options.source != NULL) {
    options.delimiter = '\0';
  }
  options.stats = (options_stats_t)(input_byte(input) % 3);
  if ((bits & 128) != 0 && options.stats != OPTIONS_STATS_NONE) {
    options.stats_every_ns = number(input, DURATION_MAX);
  }
  options.verbosity = (options_verbosity_t)(input_byte(input) % 3);
  roundtrip_check(&options, (bits & 32) != 0 ? make_invalid(&options, input) : 0);
}

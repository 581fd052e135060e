/* spelt: see spelt.h. */

#include "spelt.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <uv.h>

#include "target.h"

#define WORD_SIZE 64
#define SPELT_MAX 20
#define DURATION_MAX ((uint64_t)INT64_MAX)

static bool is_same_text(const char *one, const char *other) {
  return one == NULL || other == NULL ? one == other : strcmp(one, other) == 0;
}

static bool is_same(const struct options *one, const struct options *other) {
  return one->action == other->action && is_same_text(one->source, other->source) &&
         is_same_text(one->output, other->output) && one->delimiter == other->delimiter &&
         one->interval_ns[0] == other->interval_ns[0] &&
         one->interval_ns[1] == other->interval_ns[1] && one->late == other->late &&
         one->burst == other->burst && one->capacity == other->capacity &&
         one->has_count == other->has_count && one->count == other->count &&
         one->has_limit == other->has_limit && one->limit_ns == other->limit_ns &&
         one->stats == other->stats && one->verbosity == other->verbosity;
}

/* A command line that is made of options. */
struct spelt {
  int count;
  char *words[SPELT_MAX + 1];
  char text[SPELT_MAX][WORD_SIZE];
};

__attribute__((format(printf, 3, 4))) static void say(struct spelt *spelt, bool is_said,
                                                      const char *format, ...) {
  va_list args;
  int length;

  va_start(args, format);
  length = vsnprintf(spelt->text[spelt->count], WORD_SIZE, format, args);
  va_end(args);
  CHECK(length > 0 && length < WORD_SIZE);
  if (is_said) {
    spelt->words[spelt->count] = spelt->text[spelt->count];
    spelt->count++;
  }
}

static void say_as_it_is(struct spelt *spelt, const char *word) {
  spelt->words[spelt->count++] = (char *)(uintptr_t)word; /* only read */
}

void spelt_check(const struct options *options, int expected) {
  static const char *const late[] = {"--late=skip", "--late=shift"};
  char message[OPTIONS_MESSAGE_SIZE];
  struct options again;
  struct spelt spelt = {.count = 0};

  say(&spelt, true, "handoff");
  say(&spelt, true, "--produce-every=%" PRIu64 "ns", options->interval_ns[HANDOFF_PRODUCER]);
  say(&spelt, true, "--consume-every=%" PRIu64 "ns", options->interval_ns[HANDOFF_CONSUMER]);
  say(&spelt, options->late == HANDOFF_MISSED_BURST, "--late=burst=%zu", options->burst);
  say(&spelt, options->late != HANDOFF_MISSED_BURST, "%s", late[options->late % 2]);
  say(&spelt, true, "-c%zu", options->capacity);
  say(&spelt, options->has_count, "--count=%" PRIu64, options->count);
  say(&spelt, options->has_limit, "--for=%" PRIu64 "ns", options->limit_ns);
  say(&spelt, options->delimiter == '\0', "-0");
  say(&spelt, true, "--output");
  say_as_it_is(&spelt, options->output == NULL ? "-" : options->output);
  say(&spelt, options->stats != OPTIONS_STATS_NONE, "--stats=%s",
      options->stats == OPTIONS_STATS_JSON ? "json" : "text");
  say(&spelt, options->verbosity != OPTIONS_NORMAL,
      options->verbosity == OPTIONS_QUIET ? "-q" : "-v");
  say(&spelt, true, "--");
  if (options->source != NULL) {
    say_as_it_is(&spelt, options->source);
  }
  CHECK(spelt.count <= SPELT_MAX);
  CHECK(options_parse(&again, spelt.count, spelt.words, message, sizeof message) == expected);
  CHECK(expected != 0 || is_same(options, &again));
}

/* A number up to max: any, or near to either end. */
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

/* Puts one of them out of its range: by little, mostly. */
static int spoil(struct options *options, struct input *input) {
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
      options->late = HANDOFF_MISSED_BURST;
      options->burst = HANDOFF_CAPACITY_MAX + (size_t)excess;
      break;
    case 4:
      options->late = HANDOFF_MISSED_BURST;
      options->burst = 0;
      break;
    default:
      options->has_limit = true;
      options->limit_ns = DURATION_MAX + excess;
      break;
  }
  return UV_EINVAL;
}

void spelt_check_made(struct input *input) {
  unsigned bits = input_byte(input);
  struct options options = {.delimiter = '\n', .burst = 1};

  options.late = (handoff_missed_t)(input_byte(input) % 3);
  options.interval_ns[0] = number(input, DURATION_MAX);
  options.interval_ns[1] = number(input, DURATION_MAX);
  options.capacity = (size_t)number(input, HANDOFF_CAPACITY_MAX);
  if (options.late == HANDOFF_MISSED_BURST) {
    options.burst = (size_t)number(input, HANDOFF_CAPACITY_MAX - 1) + 1;
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
  options.verbosity = (options_verbosity_t)(input_byte(input) % 3);
  spelt_check(&options, (bits & 32) != 0 ? spoil(&options, input) : 0);
}

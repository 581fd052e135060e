/* fuzz_options: any words as a command line, and any options as the words that ask for them.
 *
 * An input is the words, each on a line of its own; where there is a NUL in it, each ends in one, so that
 * words may hold newlines. Checked: what is accepted keeps to what options.h and the help promise, and comes out
 * the same when it is spelt out in full; what is refused leaves all as it was, and the message is a line; each word
 * is the duration, the rate and the count that quantity.c says. The same bytes also make options, which have to
 * come back from their words. */

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <uv.h>

#include "cli/options.h"
#include "cli/units.h"
#include "input.h"
#include "item.h"
#include "quantity.h"
#include "target.h"

#define WORDS_MAX 64
#define WORD_SIZE 64
#define SPELT_MAX 20
#define DURATION_MAX ((uint64_t)INT64_MAX)

struct words {
  int count;
  char *words[WORDS_MAX + 2]; /* each in memory of its own size; argv, with its NULL */
};

static void add_word(struct words *words, const char *bytes, size_t size) {
  char *word = target_alloc(size + 1);
  if (size != 0) {
    memcpy(word, bytes, size);
  }
  words->words[words->count++] = word;
}

static void split(struct words *words, const uint8_t *data, size_t size) {
  const char *next = (const char *)data;
  const char *end = next + size;
  char delimiter = '\n';

  words->count = 0;
  add_word(words, "handoff", 7);
  if (size != 0 && memchr(data, '\0', size) != NULL) {
    delimiter = '\0';
  }
  while (next != end && words->count <= WORDS_MAX) {
    const char *stop = memchr(next, delimiter, (size_t)(end - next));
    add_word(words, next, (size_t)((stop == NULL ? end : stop) - next));
    next = stop == NULL ? end : stop + 1;
  }
  words->words[words->count] = NULL;
}

static void free_words(struct words *words) {
  int i;
  for (i = 0; i < words->count; i++) {
    free(words->words[i]);
  }
}

/* ------------------------------------------------------------------------ what is accepted -- */

static bool is_word_of(const struct words *words, const char *text) {
  int i;
  for (i = 1; i < words->count; i++) {
    if (text >= words->words[i] && text <= words->words[i] + strlen(words->words[i])) {
      return true;
    }
  }
  return false;
}

static void check_ranges(const struct options *options, const struct words *words) {
  CHECK(options->source == NULL ||
        (is_word_of(words, options->source) && options->source[0] != '\0'));
  CHECK(options->output == NULL ||
        (is_word_of(words, options->output) && options->output[0] != '\0' &&
         strcmp(options->output, "-") != 0));
  CHECK(options->delimiter == '\n' || (options->delimiter == '\0' && options->source != NULL));
  CHECK(options->interval_ns[HANDOFF_PRODUCER] <= DURATION_MAX);
  CHECK(options->interval_ns[HANDOFF_CONSUMER] <= DURATION_MAX);
  CHECK(options->late <= HANDOFF_BURST);
  CHECK(options->late == HANDOFF_BURST
            ? options->burst >= 1 && options->burst <= HANDOFF_CAPACITY_MAX
            : options->burst == 1);
  CHECK(options->capacity <= HANDOFF_CAPACITY_MAX);
  CHECK(options->has_count || options->count == 0);
  CHECK(options->has_limit || options->limit_ns == 0);
  CHECK(options->limit_ns <= DURATION_MAX);
  CHECK(options->stats <= OPTIONS_STATS_JSON);
  CHECK(options->verbosity <= OPTIONS_VERBOSE);
}

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

/* These options, all spelt out, have to be read as themselves. */
static void check_round_trip(const struct options *options) {
  static const char *const late[] = {"--late=skip", "--late=shift"};
  char message[OPTIONS_MESSAGE_SIZE];
  struct options again;
  struct spelt spelt = {.count = 0};

  say(&spelt, true, "handoff");
  say(&spelt, true, "--produce-every=%" PRIu64 "ns", options->interval_ns[HANDOFF_PRODUCER]);
  say(&spelt, true, "--consume-every=%" PRIu64 "ns", options->interval_ns[HANDOFF_CONSUMER]);
  say(&spelt, options->late == HANDOFF_BURST, "--late=burst=%zu", options->burst);
  say(&spelt, options->late != HANDOFF_BURST, "%s", late[options->late % 2]);
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
  CHECK(options_parse(&again, spelt.count, spelt.words, message, sizeof message) == 0);
  CHECK(is_same(options, &again));
}

/* ------------------------------------------------------------------------- what is refused -- */

static void check_message(const char *message) {
  size_t i;
  CHECK(message[0] != '\0');
  CHECK(strlen(message) < OPTIONS_MESSAGE_SIZE);
  for (i = 0; message[i] != '\0'; i++) {
    CHECK((unsigned char)message[i] >= ' ' && message[i] != 0x7f);
  }
}

/* A shorter buffer gets the beginning. */
static void check_cut(struct words *words, const char *message, size_t size) {
  struct options options;
  char *cut = target_alloc(size);
  CHECK(options_parse(&options, words->count, words->words, cut, size) == UV_EINVAL);
  CHECK(strlen(cut) == (strlen(message) < size ? strlen(message) : size - 1));
  CHECK(strncmp(cut, message, strlen(cut)) == 0);
  free(cut);
}

/* ---------------------------------------------------------------------------------- parts -- */

static void check_words(struct words *words, size_t salt) {
  char message[OPTIONS_MESSAGE_SIZE * 4] = "";
  char *copies[WORDS_MAX + 2];
  struct options options;
  int err;
  int i;

  item_clear((unsigned char *)&options, sizeof options);
  memcpy(copies, words->words, sizeof copies);
  err = options_parse(&options, words->count, words->words, message, sizeof message);
  for (i = 0; i <= words->count; i++) {
    CHECK(words->words[i] == copies[i]);
  }
  CHECK(err == 0 || err == UV_EINVAL);
  if (err != 0) {
    CHECK(item_is_untouched((const unsigned char *)&options, sizeof options));
    check_message(message);
    check_cut(words, message, salt % 96 + 1);
  } else if (options.action == OPTIONS_RUN) {
    check_ranges(&options, words);
    check_round_trip(&options);
  } else {
    CHECK(options.action == OPTIONS_HELP || options.action == OPTIONS_VERSION);
  }
}

static void check_quantity(enum quantity expected, uint64_t expected_n, int err,
                           const uint64_t *n) {
  CHECK(err == 0 || err == UV_EINVAL || err == UV_ERANGE);
  CHECK(expected == QUANTITY_UNKNOWN || (expected == QUANTITY_IS) == (err == 0));
  CHECK(expected != QUANTITY_IS || *n == expected_n);
  CHECK(err == 0 || *n == 0); /* written only on success */
}

static void check_quantities(const char *text) {
  const char *why = NULL;
  uint64_t duration = 0;
  uint64_t period = 0;
  uint64_t count = 0;
  uint64_t n = 0;
  enum quantity expected = quantity_duration(text, &n);

  check_quantity(expected, n, units_duration(text, &duration, &why), &duration);
  expected = quantity_rate(text, &n);
  check_quantity(expected, n, units_rate(text, &period, &why), &period);
  expected = quantity_count(text, 1, UINT64_MAX, &n);
  check_quantity(expected, n, units_count(text, 1, UINT64_MAX, &count, &why), &count);
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

static void check_made(struct input *input) {
  unsigned bits = input_byte(input);
  struct options options = {.delimiter = '\n', .burst = 1};

  options.late = (handoff_late_t)(input_byte(input) % 3);
  options.interval_ns[0] = number(input, DURATION_MAX);
  options.interval_ns[1] = number(input, DURATION_MAX);
  options.capacity = (size_t)number(input, HANDOFF_CAPACITY_MAX);
  if (options.late == HANDOFF_BURST) {
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
  check_round_trip(&options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct input input = {.next = data, .end = data + size};
  struct words words;
  int i;

  split(&words, data, size);
  check_words(&words, size);
  for (i = 1; i < words.count; i++) {
    const char *value = words.words[i];
    while (value != NULL) { /* and what follows each `=` in it */
      check_quantities(value);
      value = strchr(value, '=');
      value = value == NULL ? NULL : value + 1;
    }
  }
  free_words(&words);
  check_made(&input);
  return 0;
}

/* fuzz_options: any words as a command line, and any options as the words that ask for them.
 *
 * An input is the words, one per line. If the input contains a NUL, each word ends in a NUL
 * instead, so that words may contain newlines. Checked: accepted options are in the ranges of
 * options.h and survive a round trip through words; refused words change nothing, and the message
 * is one line; each word is the duration, rate and count that quantity.c computes. The same bytes
 * also make options, which have to survive the round trip or be refused. */

#include <string.h>
#include <uv.h>

#include "cli/options.h"
#include "cli/units.h"
#include "input.h"
#include "item.h"
#include "quantity.h"
#include "roundtrip.h"
#include "target.h"

#define WORDS_MAX 64
#define DURATION_MAX ((uint64_t)INT64_MAX)

struct words {
  int count;
  char *words[WORDS_MAX + 2]; /* argv, NULL at the end; each has an allocation of its exact size */
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

/* -------------------------------------------------------------------------- accepted options -- */

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
  CHECK(options->missed <= HANDOFF_MISSED_BURST);
  CHECK(options->missed == HANDOFF_MISSED_BURST
            ? options->burst >= 1 && options->burst <= HANDOFF_CAPACITY_MAX
            : options->burst == 1);
  CHECK(options->start_burst == 0 || options->start_burst == options->burst - 1);
  CHECK(options->capacity <= HANDOFF_CAPACITY_MAX);
  CHECK(options->queued_bytes == SIZE_MAX || options->capacity == OPTIONS_BATCH_CAPACITY);
  CHECK(options->has_count || options->count == 0);
  CHECK(options->has_limit || options->limit_ns == 0);
  CHECK(options->limit_ns <= DURATION_MAX);
  CHECK(options->stats <= OPTIONS_STATS_JSON);
  CHECK(options->stats_every_ns == 0 || options->stats != OPTIONS_STATS_NONE);
  CHECK(options->verbosity <= OPTIONS_VERBOSE);
}

/* ----------------------------------------------------------------------------- refused words -- */

static void check_message(const char *message) {
  size_t i;
  CHECK(message[0] != '\0');
  CHECK(strlen(message) < OPTIONS_MESSAGE_SIZE);
  for (i = 0; message[i] != '\0'; i++) {
    CHECK((unsigned char)message[i] >= ' ' && message[i] != 0x7f);
  }
}

/* A shorter buffer gets the beginning. */
static void check_truncated(struct words *words, const char *message, size_t size) {
  struct options options;
  char *text = target_alloc(size);
  CHECK(options_parse(&options, words->count, words->words, text, size) == UV_EINVAL);
  CHECK(strlen(text) == (strlen(message) < size ? strlen(message) : size - 1));
  CHECK(strncmp(text, message, strlen(text)) == 0);
  free(text);
}

/* -------------------------------------------------------------------------------- the checks -- */

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
    check_truncated(words, message, salt % 96 + 1);
  } else if (options.action == OPTIONS_RUN) {
    check_ranges(&options, words);
    roundtrip_check(&options, 0);
  } else {
    CHECK(options.action == OPTIONS_HELP || options.action == OPTIONS_VERSION);
  }
}

static void check_quantity(enum quantity expected, uint64_t expected_n, int err,
                           const uint64_t *n) {
  CHECK(err == 0 || err == UV_EINVAL || err == UV_ERANGE);
  CHECK(expected == QUANTITY_UNKNOWN || (expected == QUANTITY_OK) == (err == 0));
  CHECK(expected != QUANTITY_OK || *n == expected_n);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct input input = {.next = data, .end = data + size};
  struct words words;
  int i;

  split(&words, data, size);
  check_words(&words, size);
  for (i = 1; i < words.count; i++) {
    const char *value = words.words[i];
    while (value != NULL) { /* and the part after each `=` */
      check_quantities(value);
      value = strchr(value, '=');
      value = value == NULL ? NULL : value + 1;
    }
  }
  free_words(&words);
  roundtrip_check_random(&input);
  return 0;
}

/* unit.options: the command line into the struct: defaults, each flag, who wins. The help is held to
 * what is read. What is refused, and how, is in unit.flags. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <uv.h>

#include "cli/help.h"
#include "cli/options.h"

#define WORDS_MAX 12
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define MS UINT64_C(1000000)
#define S UINT64_C(1000000000)

static struct options got;
static char message[OPTIONS_MESSAGE_SIZE];

static char *copy_word(char *storage, size_t size, const char *word) {
  assert_true((size_t)snprintf(storage, size, "%s", word) < size);
  return storage;
}

/* Words of their own, so that a changed argv shows. NULL ends them. */
static int parse(const char *const *words) {
  char storage[WORDS_MAX + 1][512];
  char *argv[WORDS_MAX + 2] = {NULL};
  char *before[WORDS_MAX + 2];
  int argc;
  int code;
  argv[0] = copy_word(storage[0], sizeof storage[0], "handoff");
  for (argc = 1; words[argc - 1] != NULL; argc++) {
    argv[argc] = copy_word(storage[argc], sizeof storage[0], words[argc - 1]);
  }
  memcpy(before, argv, sizeof argv);
  memset(message, 0, sizeof message);
  memset(&got, 0x5a, sizeof got);
  code = options_parse(&got, argc, argv, message, sizeof message);
  assert_memory_equal(before, argv, sizeof argv);
  /* The names are in storage, which ends here: words has the same ones. */
  for (argc = 1; code == 0 && words[argc - 1] != NULL; argc++) {
    if (got.source == argv[argc]) {
      got.source = words[argc - 1];
    }
    if (got.output == argv[argc]) {
      got.output = words[argc - 1];
    }
  }
  return code;
}

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

static void defaults_of_the_counter(void **state) {
  (void)state;
  assert_int_equal(parse((const char *const[]){NULL}), 0);
  assert_int_equal(got.action, OPTIONS_RUN);
  assert_null(got.source);
  assert_null(got.output);
  assert_int_equal(got.delimiter, '\n');
  assert_int_equal(got.interval_ns[HANDOFF_PRODUCER], S);
  assert_int_equal(got.interval_ns[HANDOFF_CONSUMER], S);
  assert_int_equal(got.late, HANDOFF_MISSED_SKIP);
  assert_int_equal(got.burst, 1);
  assert_int_equal(got.capacity, 1);
  assert_false(got.has_count);
  assert_false(got.has_limit);
  assert_int_equal(got.stats, OPTIONS_STATS_NONE);
  assert_int_equal(got.verbosity, OPTIONS_NORMAL);
}

static void intervals_by_side(void **state) {
  static const struct {
    uint64_t producer_ns;
    uint64_t consumer_ns;
    const char *words[6];
  } rows[] = {
      {250 * MS, 250 * MS, {"-e", "250ms"}},
      {250 * MS, 250 * MS, {"-e250ms"}},
      {250 * MS, 250 * MS, {"--every=250ms"}},
      {250 * MS, 250 * MS, {"--ev", "250ms"}},
      {0, 0, {"-e", "0"}},
      {100 * MS, 100 * MS, {"-r", "10/s"}},
      {100 * MS, 100 * MS, {"-e", "5s", "--rate=10/s"}},
      {5 * S, 5 * S, {"-r", "10/s", "-e", "5s"}},
      {3 * S, 3 * S, {"-e", "1s", "-e", "3s"}},
      {2 * S, S, {"--produce-every", "2s"}},
      {S, 2 * S, {"--consume-every", "2s"}},
      {2 * S, 5 * S, {"--produce-every", "2s", "-e", "5s"}},
      {2 * S, 5 * S, {"-e", "5s", "--produce-every", "2s"}},
      {100 * MS, 0, {"--consume-every", "0", "-r", "10/s"}},
      {0, S, {"--produce-every", "3", "--produce-every", "0"}},
      /* with a SOURCE */
      {0, S, {"lines"}},
      {0, S, {"-"}},
      {0, 5 * S, {"-e", "5s", "lines"}},
      {0, 5 * S, {"lines", "-e", "5s"}},
      {0, 100 * MS, {"lines", "-r", "10/s"}},
      {2 * S, S, {"lines", "--produce-every", "2s"}},
      {2 * S, 5 * S, {"--produce-every", "2s", "lines", "-e", "5s"}},
      {0, 2 * S, {"-e", "5s", "--consume-every", "2s", "lines"}},
  };
  size_t i;
  (void)state;
  for (i = 0; i < COUNT_OF(rows); i++) {
    assert_int_equal(parse(rows[i].words), 0);
    if (got.interval_ns[HANDOFF_PRODUCER] != rows[i].producer_ns ||
        got.interval_ns[HANDOFF_CONSUMER] != rows[i].consumer_ns) {
      fail_msg("row %zu, '%s' …: %llu, %llu", i, rows[i].words[0],
               (unsigned long long)got.interval_ns[HANDOFF_PRODUCER],
               (unsigned long long)got.interval_ns[HANDOFF_CONSUMER]);
    }
  }
}

static void every_other_flag(void **state) {
  (void)state;
  assert_int_equal(PARSE("--late", "shift", "-c", "0", "-n", "0", "--for", "0"), 0);
  assert_int_equal(got.late, HANDOFF_MISSED_SHIFT);
  assert_int_equal(got.capacity, 0);
  assert_true(got.has_count && got.count == 0);
  assert_true(got.has_limit && got.limit_ns == 0);
  assert_int_equal(PARSE("--late=burst=1048576", "--capacity=1048576", "--for=1m30s", "-qv"), 0);
  assert_int_equal(got.late, HANDOFF_MISSED_BURST);
  assert_int_equal(got.burst, 1048576);
  assert_int_equal(got.capacity, HANDOFF_CAPACITY_MAX);
  assert_int_equal(got.limit_ns, 90 * S);
  assert_false(got.has_count);
  assert_int_equal(got.verbosity, OPTIONS_VERBOSE);
  assert_int_equal(PARSE("--late=burst=7", "--late=skip", "--verbose", "--quiet"), 0);
  assert_int_equal(got.late, HANDOFF_MISSED_SKIP);
  assert_int_equal(got.burst, 1);
  assert_int_equal(got.verbosity, OPTIONS_QUIET);
  assert_int_equal(PARSE("--count", "18446744073709551615", "--stats", "-o", "out"), 0);
  assert_true(got.count == UINT64_MAX);
  assert_int_equal(got.stats, OPTIONS_STATS_TEXT);
  assert_string_equal(got.output, "out");
  assert_int_equal(PARSE("--stats", "--stats=json", "-0", "--output=a", "-o", "-", "-"), 0);
  assert_int_equal(got.stats, OPTIONS_STATS_JSON);
  assert_int_equal(got.delimiter, '\0');
  assert_null(got.output);
  assert_string_equal(got.source, "-");
  assert_int_equal(PARSE("--stats=json", "--stats=text", "lines", "--null"), 0);
  assert_int_equal(got.stats, OPTIONS_STATS_TEXT);
  assert_string_equal(got.source, "lines");
  assert_int_equal(PARSE("--stats", "json"), 0); /* an optional value takes a '=' */
  assert_string_equal(got.source, "json");
}

static void what_follows_two_dashes_is_a_source(void **state) {
  (void)state;
  assert_int_equal(PARSE("-q", "--", "--help"), 0);
  assert_int_equal(got.action, OPTIONS_RUN);
  assert_string_equal(got.source, "--help");
  assert_int_equal(PARSE("--", "-"), 0);
  assert_string_equal(got.source, "-");
  assert_int_equal(PARSE("lines", "--"), 0);
  assert_string_equal(got.source, "lines");
  assert_int_equal(PARSE("--"), 0);
  assert_null(got.source);
  assert_int_equal(PARSE("--", "--"), 0);
  assert_string_equal(got.source, "--");
}

static void help_and_version_win_over_the_rest(void **state) {
  (void)state;
  assert_int_equal(PARSE("-h"), 0);
  assert_int_equal(got.action, OPTIONS_HELP);
  assert_int_equal(PARSE("--version"), 0);
  assert_int_equal(got.action, OPTIONS_VERSION);
  assert_int_equal(PARSE("-qV"), 0);
  assert_int_equal(got.action, OPTIONS_VERSION);
  assert_int_equal(PARSE("-e", "5s", "lines", "--help", "--every", "junk"), 0);
  assert_int_equal(got.action, OPTIONS_HELP);
  assert_int_equal(PARSE("-h", "-V", "--junk"), 0);
  assert_int_equal(got.action, OPTIONS_HELP);
  assert_int_equal(PARSE("-0", "-h"), 0); /* -0 without a SOURCE */
  assert_int_equal(PARSE("a", "b", "-h"), 0);
  assert_int_equal(PARSE("", "-h"), 0);
  assert_int_equal(got.action, OPTIONS_HELP);
  assert_int_equal(PARSE("--junk", "-h"), UV_EINVAL);
  assert_int_equal(PARSE("-c", "x", "-h"), UV_EINVAL);
  assert_int_equal(PARSE("-c", "-h"), UV_EINVAL);
}

static void getopt_begins_afresh(void **state) {
  int i;
  (void)state;
  for (i = 0; i < 3; i++) {
    assert_int_equal(PARSE("-qxv"), UV_EINVAL); /* leaves getopt in the midst of a word */
    assert_int_equal(PARSE("-qhv"), 0);
    assert_int_equal(PARSE("-v", "lines"), 0);
    assert_int_equal(got.verbosity, OPTIONS_VERBOSE);
    assert_string_equal(got.source, "lines");
  }
}

static void a_short_buffer_is_enough(void **state) {
  char small[8];
  char *argv[] = {(char[]){"handoff"}, (char[]){"--every=x"}, NULL};
  (void)state;
  assert_int_equal(options_parse(&got, 2, argv, small, sizeof small), UV_EINVAL);
  assert_string_equal(small, "--every");
  assert_int_equal(options_parse(&got, 0, argv + 2, small, sizeof small), 0);
  assert_int_equal(got.action, OPTIONS_RUN);
}

static void help_fits_and_names_every_flag(void **state) {
  static const char *const flags[] = {"-e, --every",         "-r, --rate",  "    --produce-every",
                                      "    --consume-every", "    --late",  "-c, --capacity",
                                      "-n, --count",         "    --for",   "-0, --null",
                                      "-o, --output",        "    --stats", "-q, --quiet",
                                      "-v, --verbose",       "-h, --help",  "-V, --version"};
  const char *line = help_text();
  char version[64];
  char wanted[64];
  size_t i;
  (void)state;
  for (i = 0; i < COUNT_OF(flags); i++) {
    if (strstr(line, flags[i]) == NULL) {
      fail_msg("no %s in the help", flags[i]);
    }
  }
  for (; *line != '\0'; line += strcspn(line, "\n") + 1) {
    assert_in_range(strcspn(line, "\n"), 0, 80);
  }
  assert_int_equal(line[-1], '\n');
  help_version(version, sizeof version);
  snprintf(wanted, sizeof wanted, "handoff %s (libuv %s)\n", handoff_version(),
           uv_version_string());
  assert_string_equal(version, wanted);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(defaults_of_the_counter),
      cmocka_unit_test(intervals_by_side),
      cmocka_unit_test(every_other_flag),
      cmocka_unit_test(what_follows_two_dashes_is_a_source),
      cmocka_unit_test(help_and_version_win_over_the_rest),
      cmocka_unit_test(getopt_begins_afresh),
      cmocka_unit_test(a_short_buffer_is_enough),
      cmocka_unit_test(help_fits_and_names_every_flag),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

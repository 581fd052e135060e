/* unit.cli_options: the command line becomes a struct: defaults, each option, which of two wins.
 * Each bad value has its exact message and leaves the struct unchanged. */

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

/* Parses copies of the words, to detect a changed argv. NULL ends them. */
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
  /* The names point into storage, which ends here. Point to the caller's words instead. */
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

static void without_options_the_counter_has_its_defaults(void **state) {
  (void)state;
  assert_int_equal(parse((const char *const[]){NULL}), 0);
  assert_int_equal(got.action, OPTIONS_RUN);
  assert_null(got.source);
  assert_null(got.output);
  assert_int_equal(got.delimiter, '\n');
  assert_int_equal(got.interval_ns[HANDOFF_PRODUCER], S);
  assert_int_equal(got.interval_ns[HANDOFF_CONSUMER], S);
  assert_int_equal(got.missed, HANDOFF_MISSED_SKIP);
  assert_int_equal(got.burst, 1);
  assert_int_equal(got.start_burst, 0);
  assert_int_equal(got.capacity, 1);
  assert_true(got.queued_bytes == SIZE_MAX);
  assert_false(got.has_count);
  assert_false(got.has_limit);
  assert_int_equal(got.stats, OPTIONS_STATS_NONE);
  assert_int_equal(got.stats_every_ns, 0);
  assert_int_equal(got.verbosity, OPTIONS_NORMAL);
}

/* A rate is a limit, an interval a grid. The last of both decides, unless --late is given. */
static void a_rate_shifts_late_ticks_and_an_interval_skips_them(void **state) {
  static const struct {
    handoff_missed_t missed;
    const char *words[6];
  } rows[] = {
      {HANDOFF_MISSED_SHIFT, {"-r", "10/s"}},
      {HANDOFF_MISSED_SHIFT, {"-e", "1s", "--rate=10/s", "lines"}},
      {HANDOFF_MISSED_SKIP, {"-r", "10/s", "-e", "1s"}},
      {HANDOFF_MISSED_SKIP, {"--late=skip", "-r", "10/s"}},
      {HANDOFF_MISSED_SHIFT, {"--late=shift", "-e", "1s"}},
      {HANDOFF_MISSED_BURST, {"-r", "10/s", "--late=burst=2"}},
  };
  size_t i;
  (void)state;
  for (i = 0; i < COUNT_OF(rows); i++) {
    assert_int_equal(parse(rows[i].words), 0);
    assert_int_equal(got.missed, rows[i].missed);
  }
}

static void lines_without_a_pace_or_with_a_fast_one_have_a_longer_queue(void **state) {
  static const struct {
    size_t capacity;
    const char *words[6];
  } rows[] = {
      {1, {"lines"}},
      {1, {"-e", "0"}},
      {1, {"-r", "1000000/s"}},
      {1, {"-e", "0", "lines", "-c", "1"}},
      {0, {"-c", "0", "-e", "0", "lines"}},
      {1, {"-e", "51us", "lines"}},
      {1, {"-e", "0", "--produce-every", "1s", "lines"}},
      {4096, {"-e", "50us", "lines"}},
      {4096, {"lines", "-e", "0"}},
      {4096, {"-e", "1s", "--consume-every", "0", "-"}},
  };
  size_t i;
  (void)state;
  for (i = 0; i < COUNT_OF(rows); i++) {
    assert_int_equal(parse(rows[i].words), 0);
    assert_int_equal(got.capacity, rows[i].capacity);
    assert_true(got.queued_bytes == (got.capacity == 4096 ? (size_t)256 * 1024 : SIZE_MAX));
  }
  /* A capacity that was given wins, whatever it is. */
  assert_int_equal(PARSE("-c", "4096", "-e", "0", "lines"), 0);
  assert_true(got.queued_bytes == SIZE_MAX);
}

static void a_full_bucket_is_for_a_paced_burst(void **state) {
  (void)state;
  assert_int_equal(PARSE("--burst-start", "-r", "10/s", "--late", "burst=5"), 0);
  assert_int_equal(got.start_burst, 4);
  assert_int_equal(PARSE("--burst-start", "--late=burst=1"), 0);
  assert_int_equal(got.start_burst, 0);
  assert_int_equal(PARSE("--burst-start", "--late=burst=5", "-e", "0"), 0);
  assert_int_equal(got.start_burst, 0);
}

static void periodic_statistics_include_the_final_ones(void **state) {
  (void)state;
  assert_int_equal(PARSE("--stats-every", "5s"), 0);
  assert_int_equal(got.stats_every_ns, 5 * S);
  assert_int_equal(got.stats, OPTIONS_STATS_TEXT);
  assert_int_equal(PARSE("--stats=json", "--stats-every", "5s"), 0);
  assert_int_equal(got.stats, OPTIONS_STATS_JSON);
  assert_int_equal(PARSE("--stats-every", "5s", "--stats=json"), 0);
  assert_int_equal(got.stats, OPTIONS_STATS_JSON);
}

static void each_side_has_its_interval(void **state) {
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

static void each_option_sets_its_field(void **state) {
  (void)state;
  assert_int_equal(PARSE("--late", "shift", "-c", "0", "-n", "0", "--for", "0"), 0);
  assert_int_equal(got.missed, HANDOFF_MISSED_SHIFT);
  assert_int_equal(got.capacity, 0);
  assert_true(got.has_count && got.count == 0);
  assert_true(got.has_limit && got.limit_ns == 0);
  assert_int_equal(PARSE("--late=burst=1048576", "--capacity=1048576", "--for=1m30s", "-qv"), 0);
  assert_int_equal(got.missed, HANDOFF_MISSED_BURST);
  assert_int_equal(got.burst, 1048576);
  assert_int_equal(got.capacity, HANDOFF_CAPACITY_MAX);
  assert_int_equal(got.limit_ns, 90 * S);
  assert_false(got.has_count);
  assert_int_equal(got.verbosity, OPTIONS_VERBOSE);
  assert_int_equal(PARSE("--late=burst=7", "--late=skip", "--verbose", "--quiet"), 0);
  assert_int_equal(got.missed, HANDOFF_MISSED_SKIP);
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
}

static void a_word_after_two_dashes_is_a_source(void **state) {
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

static void help_and_version_win_over_other_options(void **state) {
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

static void an_optional_value_needs_an_equals_sign(void **state) {
  (void)state;
  assert_int_equal(PARSE("--stats", "json"), 0);
  assert_string_equal(got.source, "json");
  assert_string_equal(options_source_hint(&got), "--stats=json");
  assert_int_equal(PARSE("--stats", "text"), 0);
  assert_string_equal(options_source_hint(&got), "--stats=text");
  assert_int_equal(PARSE("text"), 0);
  assert_null(options_source_hint(&got));
  assert_int_equal(PARSE("--stats", "lines"), 0);
  assert_null(options_source_hint(&got));
  assert_int_equal(PARSE("--stats"), 0);
  assert_null(options_source_hint(&got));
}

static void refuse(const char *const *words, const char *expected) {
  struct options untouched;
  memset(&untouched, 0x5a, sizeof untouched);
  assert_int_equal(parse(words), UV_EINVAL);
  assert_memory_equal(&got, &untouched, sizeof got);
  if (expected != NULL) {
    assert_string_equal(message, expected);
  }
}

#define TRY "; try 5s, 250ms or 1m30s"
#define UNITS "has an unknown unit; units are ns us ms s m h d"
#define XARGS "-- CMD: handoff does not run commands; pipe to xargs "
static const struct {
  const char *message;
  const char *words[6];
} refusals[] = {
    {"--every: \"5x\" " UNITS TRY, {"--every", "5x"}},
    {"--every: \"5x\" " UNITS TRY, {"--ev=5x"}},
    {"-e: \"\" is empty" TRY, {"-e", ""}},
    {"-e: \"-5\" is negative" TRY, {"-e-5"}},
    {"-e: \"-n\" is not a number" TRY, {"-e", "-n", "5"}},
    {"-e: \"5??[1m\" contains a space" TRY, {"-e", "5\n\33[1m"}},
    {"-e: \"1e3\" has an exponent; write 1000", {"-e", "1e3"}},
    {"-e: \"1e3x\" has an exponent" TRY, {"-e", "1e3x"}},
    {"-e: \"1e-3s\" has an exponent" TRY, {"-e", "1e-3s"}},
    {"--produce-every: \"1m30\" has no unit after its last number" TRY,
     {"--produce-every", "1m30"}},
    {"--consume-every: \"inf\" is not a number" TRY, {"--consume-every", "inf"}},
    {"--for: \"30s1m\" does not list its units from large to small, each once" TRY,
     {"--for", "30s1m"}},
    {"--for: \"3000000h\" is too long; the maximum is 2562047h", {"--for", "3000000h"}},
    {"--rate: \"10\" has no unit; try 10/s", {"--rate", "10"}},
    {"-r: \"2.5\" has no unit; try 2.5/s", {"-r", "2.5"}},
    {"-r: \"\" is empty; try 10/s, 100/m or 5/15s", {"-r", ""}},
    {"-r: \"10s\" is not a rate; try 10/s, 100/m or 5/15s", {"-r", "10s"}},
    {"-r: \"1e3/s\" has an exponent; write 1000/s", {"-r", "1e3/s"}},
    {"-r: \"0/s\" must be above 0; --every 0 disables pacing", {"-r", "0/s"}},
    {"-r: \"2/ns\" is above 1000000000/s; --every 0 disables pacing", {"-r", "2/ns"}},
    {"--late: \"late\" is not a policy; try skip, shift or burst=4", {"--late", "late"}},
    {"--late: \"\" is not a policy; try skip, shift or burst=4", {"--late="}},
    {"--late: \"burst\" needs a number; try burst=4", {"--late", "burst"}},
    {"--late: \"burst=\" needs a number; try burst=1 to burst=1048576", {"--late", "burst="}},
    {"--late: \"burst=0\" is too small; try burst=1 to burst=1048576", {"--late", "burst=0"}},
    {"--late: \"burst=1048577\" is too large; try burst=1 to burst=1048576",
     {"--late=burst=1048577"}},
    {"-c: \"1048577\" is too large; the maximum is 1048576", {"-c", "1048577"}},
    {"--capacity: \"x\" is not a number; try 0 to 1048576", {"--capacity", "x"}},
    {"-n: \"1k\" is not a whole number; try 100", {"-n", "1k"}},
    {"-n: \"1e9\" has an exponent; write 1000000000", {"-n", "1e9"}},
    {"-n: \"1e99\" has an exponent; try 100", {"-n", "1e99"}},
    {"-n: \"1e\" is not a whole number; try 100", {"-n", "1e"}},
    {"--count: \"-1\" is negative; try 100", {"--count=-1"}},
    {"-n: \"18446744073709551616\" is too large; the maximum is 18446744073709551615",
     {"-n18446744073709551616"}},
    {"-o: \"\" is empty; try out.txt, or - for standard output", {"-o", ""}},
    {"--stats: \"xml\" is not a format; try --stats=text or --stats=json", {"--stats=xml"}},
    {"--stats: \"\" is not a format; try --stats=text or --stats=json", {"--stats="}},
    {"--stats-every: \"0\" must be above 0" TRY, {"--stats-every", "0"}},
    {"--burst-start: needs a bucket to fill; try --late burst=4", {"--burst-start"}},
    {"--burst-start: needs a bucket to fill; try --late burst=4",
     {"--late=burst=4", "--burst-start", "--late=skip"}},
    {"-0, --null: needs a SOURCE; try a file name, or - for standard input", {"-0"}},
    {"SOURCE: the name is empty; try a file name, or - for standard input", {""}},
    {"SOURCE: the name is empty; try a file name, or - for standard input", {"--", ""}},
    {"\"b\": there can be only one SOURCE; try cat FILES | handoff -", {"a", "b", "c"}},
    {"\"b\": there can be only one SOURCE; try cat FILES | handoff -", {"--", "a", "b"}},
    {"\"b\": there can be only one SOURCE; did you mean --stats=text?", {"--stats", "text", "b"}},
    {XARGS "-d '\\n' -n 1 CMD", {"lines", "--", "echo"}},
    {XARGS "-0 -n 1 CMD", {"-", "-0", "--", "echo", "hello"}},
    {XARGS "-d '\\n' -n 1 CMD", {"--", "lines", "--", "echo"}},
    {"-o: needs a value; try out.txt, or - for standard output", {"lines", "-o"}},
    {"-x: unknown option; try --help", {"-qx"}},
};

static void each_refusal_says_what_to_use_instead(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < COUNT_OF(refusals); i++) {
    refuse(refusals[i].words, refusals[i].message);
  }
}

/* Refuses each value, and the message begins with the option and the value. */
static void refuse_values(const char *option, const char *const *values) {
  char expected[128];
  for (; *values != NULL; values++) {
    snprintf(expected, sizeof expected, "%s: \"%s\" ", option, *values);
    refuse((const char *const[]){option, *values, NULL}, NULL);
    assert_memory_equal(message, expected, strlen(expected));
    /* A second value does not make up for a bad first one. */
    refuse((const char *const[]){option, *values, option, "1", NULL}, NULL);
    assert_memory_equal(message, expected, strlen(expected));
  }
}

static void each_bad_value_is_refused_by_each_option(void **state) {
#define VALUES(...) ((const char *const[]){__VA_ARGS__, NULL})
  static const char *const durations[] = {"--every", "--produce-every", "--consume-every",
                                          "--for",   "--stats-every",   "-e"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT_OF(durations); i++) {
    refuse_values(durations[i],
                  VALUES("", " ", "x", "-1", "-1s", "+1", "1x", "1S", "1D", "1s2", "1.2.3", "1,5s",
                         "1 s", " 1s", "1ms1s", "1s1s", "s", ".", "0.1ns", "9999999h",
                         "99999999999999999999", "1e3", "0x10", "inf", "nan"));
  }
  for (i = 0; i < 2; i++) {
    refuse_values(i == 0 ? "--rate" : "-r",
                  VALUES("", "10", "0/s", "10/", "/s", "10/x", "-1/s", "1/0s", "10//s", "10/s/s",
                         "1/-1s", "10 /s", "99999999999/s", "ten/s"));
    refuse_values(i == 0 ? "--capacity" : "-c", VALUES("", "x", "-1", "1.5", "+1", "1k", "1048577",
                                                       "99999999999999999999999", " 1", "0x1"));
    refuse_values(i == 0 ? "--count" : "-n",
                  VALUES("", "x", "-1", "1.5", "+1", "1k", "18446744073709551616", "1 "));
  }
  refuse_values("--late", VALUES("", "never", "SKIP", "skip,", "burst", "burst=", "burst=0",
                                 "burst=-1", "burst=x", "burst=1048577", "skip "));
}

static void each_call_starts_afresh(void **state) {
  int i;
  (void)state;
  for (i = 0; i < 3; i++) {
    assert_int_equal(PARSE("-qxv"), UV_EINVAL); /* leaves getopt in the middle of a word */
    assert_int_equal(PARSE("-qhv"), 0);
    assert_int_equal(PARSE("-v", "lines"), 0);
    assert_int_equal(got.verbosity, OPTIONS_VERBOSE);
    assert_string_equal(got.source, "lines");
  }
}

static void a_short_buffer_gets_the_beginning(void **state) {
  char small[8];
  char *argv[] = {(char[]){"handoff"}, (char[]){"--every=x"}, NULL};
  (void)state;
  assert_int_equal(options_parse(&got, 2, argv, small, sizeof small), UV_EINVAL);
  assert_string_equal(small, "--every");
  assert_int_equal(options_parse(&got, 0, argv + 2, small, sizeof small), 0);
  assert_int_equal(got.action, OPTIONS_RUN);
}

static void help_fits_80_columns_and_has_each_option(void **state) {
  static const char *const names[] = {"-e, --every",         "-r, --rate",   "    --produce-every",
                                      "    --consume-every", "    --late",   "-c, --capacity",
                                      "-n, --count",         "    --for",    "-0, --null",
                                      "-o, --output",        "    --stats[", "    --stats-every",
                                      "    --burst-start",   "-q, --quiet",  "-v, --verbose",
                                      "-h, --help",          "-V, --version"};
  const char *line = help_text();
  char version[64];
  char wanted[64];
  size_t i;
  (void)state;
  for (i = 0; i < COUNT_OF(names); i++) {
    if (strstr(line, names[i]) == NULL) {
      fail_msg("no %s in the help", names[i]);
    }
  }
  for (; *line != '\0'; line += strcspn(line, "\n") + 1) {
    assert_in_range(strcspn(line, "\n"), 0, 80);
  }
  assert_int_equal(line[-1], '\n');
  /* The pace ends at a pipe, so the help must not promise it for what follows. */
  assert_null(strstr(help_text(), "xargs"));
  help_version(version, sizeof version);
  snprintf(wanted, sizeof wanted, "handoff %s (libuv %s)\n", handoff_version(),
           uv_version_string());
  assert_string_equal(version, wanted);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_options_the_counter_has_its_defaults),
      cmocka_unit_test(each_side_has_its_interval),
      cmocka_unit_test(each_option_sets_its_field),
      cmocka_unit_test(a_rate_shifts_late_ticks_and_an_interval_skips_them),
      cmocka_unit_test(lines_without_a_pace_or_with_a_fast_one_have_a_longer_queue),
      cmocka_unit_test(a_full_bucket_is_for_a_paced_burst),
      cmocka_unit_test(periodic_statistics_include_the_final_ones),
      cmocka_unit_test(a_word_after_two_dashes_is_a_source),
      cmocka_unit_test(help_and_version_win_over_other_options),
      cmocka_unit_test(an_optional_value_needs_an_equals_sign),
      cmocka_unit_test(each_refusal_says_what_to_use_instead),
      cmocka_unit_test(each_bad_value_is_refused_by_each_option),
      cmocka_unit_test(each_call_starts_afresh),
      cmocka_unit_test(a_short_buffer_gets_the_beginning),
      cmocka_unit_test(help_fits_80_columns_and_has_each_option),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

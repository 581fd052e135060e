/* unit.cli_option_scan: the words of a command line in order, and the message for each option that
 * does not exist, lacks its value, or takes none. */

#include <string.h>

#include <uv.h>

#include "cli/option_scan.h"
#include "lib/bounded.h"

#define MESSAGE_SIZE 512
#define WORDS_MAX 6
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct option_scan scan;
static char message[MESSAGE_SIZE];
static char *argv[WORDS_MAX + 2] = {(char[]){"handoff"}};

static void begin(const char *const *words) {
  int argc;

  for (argc = 1; words[argc - 1] != NULL; argc++) {
    argv[argc] = (char *)(uintptr_t)words[argc - 1];
  }
  argv[argc] = NULL;
  memset(message, 0, sizeof message);
  option_scan_init(&scan, argc, argv);
}

#define BEGIN(...) begin((const char *const[]){__VA_ARGS__, NULL})

static void assert_next(int key, const char *name, const char *value) {
  assert_int_equal(option_scan_next(&scan, message, sizeof message), 0);
  assert_int_equal(scan.key, key);
  if (name != NULL) {
    assert_string_equal(scan.name, name);
  }
  if (value == NULL) {
    assert_null(scan.value);
  } else {
    assert_string_equal(scan.value, value);
  }
}

static void assert_end(void) {
  assert_int_equal(option_scan_next(&scan, message, sizeof message), UV_EOF);
  assert_int_equal(option_scan_next(&scan, message, sizeof message), UV_EOF);
}

static void words_come_in_their_order(void **state) {
  (void)state;
  BEGIN("-qe5s", "a", "--ra=1/s", "-", "--stats", "b");
  assert_next('q', "-q", NULL);
  assert_next('e', "-e", "5s");
  assert_next(OPTION_SCAN_OPERAND, NULL, "a");
  assert_next('r', "--rate", "1/s"); /* an abbreviation is spelled out */
  assert_next(OPTION_SCAN_OPERAND, NULL, "-");
  assert_next(OPTION_SCAN_STATS, "--stats", NULL);
  assert_next(OPTION_SCAN_OPERAND, NULL, "b");
  assert_end();
}

static void words_after_two_dashes_are_the_rest(void **state) {
  (void)state;
  BEGIN("a", "--", "--quiet", "--");
  assert_next(OPTION_SCAN_OPERAND, NULL, "a");
  assert_next(OPTION_SCAN_REST, NULL, "--quiet");
  assert_next(OPTION_SCAN_REST, NULL, "--");
  assert_end();
}

static void a_new_scan_starts_afresh(void **state) {
  (void)state;
  BEGIN("-qxv");
  assert_next('q', "-q", NULL); /* getopt is now in the middle of the word */
  BEGIN("-v", "a");
  assert_next('v', "-v", NULL);
  assert_next(OPTION_SCAN_OPERAND, NULL, "a");
  assert_end();
}

static void each_refusal_says_what_to_use_instead(void **state) {
  static const struct {
    const char *message;
    const char *words[WORDS_MAX];
  } rows[] = {
      {"-e: needs a value; try 5s, 250ms or 1m30s", {"-e"}},
      {"--every: needs a value; try 5s, 250ms or 1m30s", {"--ev"}},
      {"--produce-every: needs a value; try 5s, 250ms or 1m30s", {"--produce-every"}},
      {"--consume-every: needs a value; try 5s, 250ms or 1m30s", {"--consume-every"}},
      {"--for: needs a value; try 5s, 250ms or 1m30s", {"--for"}},
      {"--stats-every: needs a value; try 5s, 250ms or 1m30s", {"--stats-every"}},
      {"--burst-start: takes no value", {"--burst-start=1"}},
      {"--rate: needs a value; try 10/s, 100/m or 5/15s", {"--rate"}},
      {"--late: needs a value; try skip, shift or burst=4", {"--late"}},
      {"-c: needs a value; try 0 to 1048576", {"-c"}},
      {"--count: needs a value; try 100", {"--count"}},
      {"-o: needs a value; try out.txt, or - for standard output", {"-o"}},
      {"--quiet: takes no value", {"--qu=1"}},
      {"--verbose: takes no value", {"--verbose=1"}},
      {"--null: takes no value", {"--null="}},
      {"--help: takes no value", {"--help=yes"}},
      {"--version: takes no value", {"--version=1"}},
      {"-x: unknown option; try --help", {"-x"}},
      {"-E: unknown option; did you mean -e?", {"-E", "5s"}},
      {"-\\303: unknown option; try --help", {"-\303\251"}},
      {"--rat3: unknown option; did you mean --rate?", {"--rat3"}},
      {"--evry: unknown option; did you mean --every?", {"--evry=5s"}},
      {"--quite: unknown option; did you mean --quiet?", {"--quite"}},
      {"--frobnicate: unknown option; try --help", {"--frobnicate"}},
      {"--a?b: unknown option; try --help", {"--a\nb"}},
      {"--co: ambiguous option; did you mean one of --consume-every, --count?", {"--co=3"}},
      {"-every: unknown option; did you mean --every?", {"-every", "5s"}},
      {"-output: unknown option; did you mean --output?", {"-output", "x"}},
  };
  size_t i;
  (void)state;
  for (i = 0; i < COUNT_OF(rows); i++) {
    begin(rows[i].words);
    assert_int_equal(option_scan_next(&scan, message, sizeof message), UV_EINVAL);
    assert_string_equal(message, rows[i].message);
  }
}

static void an_unknown_option_of_any_length_is_refused(void **state) {
  char word[2000];
  (void)state;
  memset(word, '-', 2);
  memset(word + 2, 'x', sizeof word - 3);
  word[sizeof word - 1] = '\0';
  BEGIN(word);
  assert_int_equal(option_scan_next(&scan, message, sizeof message), UV_EINVAL);
  assert_memory_equal(message, "--xxx", 5);
  assert_string_equal(message + OPTION_SCAN_QUOTED_SIZE - 1, ": unknown option; try --help");
}

static void quoted_text_is_printable_and_cut_between_characters(void **state) {
  char quoted[OPTION_SCAN_QUOTED_SIZE];
  char text[2000];
  (void)state;
  assert_string_equal(option_scan_quote("", quoted), "\"\"");
  assert_string_equal(option_scan_quote("a\n\33[1m\177\303\251", quoted), "\"a??[1m?\303\251\"");
  memset(text, 'x', sizeof text);
  text[sizeof text - 1] = '\0';
  (void)option_scan_quote(text, quoted);
  assert_int_equal(strlen(quoted), OPTION_SCAN_QUOTED_SIZE - 1);
  assert_string_equal(quoted + 74, "x...\"");
  memcpy(text + 73, "\303\251", 2); /* an é, of which only one byte would fit */
  (void)option_scan_quote(text, quoted);
  assert_string_equal(quoted + 73, "x...\"");
}

static int set_up(void **state) {
  (void)state;
  bounded_start();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(words_come_in_their_order, set_up),
      cmocka_unit_test_setup(words_after_two_dashes_are_the_rest, set_up),
      cmocka_unit_test_setup(a_new_scan_starts_afresh, set_up),
      cmocka_unit_test_setup(each_refusal_says_what_to_use_instead, set_up),
      cmocka_unit_test_setup(an_unknown_option_of_any_length_is_refused, set_up),
      cmocka_unit_test_setup(quoted_text_is_printable_and_cut_between_characters, set_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

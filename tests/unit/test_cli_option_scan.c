/* unit.flags: what is refused of a command line: each fault with its exact message, which names the
 * flag, the value and what would do; and the struct is left as it was. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <uv.h>

#include "cli/options.h"

#define WORDS_MAX 6
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void refused(const char *const *words, char *message) {
  struct options untouched;
  struct options options;
  char *argv[WORDS_MAX + 1] = {(char[]){"handoff"}};
  int argc;
  for (argc = 1; words[argc - 1] != NULL; argc++) {
    argv[argc] = (char *)(uintptr_t)words[argc - 1];
  }
  memset(&untouched, 0x5a, sizeof untouched);
  memcpy(&options, &untouched, sizeof options);
  memset(message, 0, OPTIONS_MESSAGE_SIZE);
  assert_int_equal(options_parse(&options, argc, argv, message, OPTIONS_MESSAGE_SIZE), UV_EINVAL);
  assert_memory_equal(&options, &untouched, sizeof options);
}

static void every_refusal_says_what_would_do(void **state) {
#define FORMS "; say 5s, 250ms or 1m30s"
#define UNITS "unknown unit (there are ns us ms s m h)"
#define XARGS "-- CMD: one command per line is not built yet; pipe to xargs "
  static const struct {
    const char *message;
    const char *words[WORDS_MAX];
  } rows[] = {
      {"--every '5x': " UNITS FORMS, {"--every", "5x"}},
      {"--every '5x': " UNITS FORMS, {"--ev=5x"}},
      {"-e '': empty" FORMS, {"-e", ""}},
      {"-e '-5': negative" FORMS, {"-e-5"}},
      {"-e '-n': not a number" FORMS, {"-e", "-n", "5"}},
      {"-e '5??[1m': has a space in it" FORMS, {"-e", "5\n\33[1m"}},
      {"--produce-every '1m30': the last number has no unit" FORMS, {"--produce-every", "1m30"}},
      {"--consume-every 'inf': not a number" FORMS, {"--consume-every", "inf"}},
      {"--for '30s1m': units go from large to small, each once" FORMS, {"--for", "30s1m"}},
      {"--for '3000000h': too long; the most is 2562047h", {"--for", "3000000h"}},
      {"--rate '10': no unit of time; say 10/s", {"--rate", "10"}},
      {"-r '2.5': no unit of time; say 2.5/s", {"-r", "2.5"}},
      {"-r '': empty; say 10/s, 100/m or 5/15s", {"-r", ""}},
      {"-r '10s': not a rate; say 10/s, 100/m or 5/15s", {"-r", "10s"}},
      {"-r '0/s': never; say --every 1h, or --every 0 for no pace", {"-r", "0/s"}},
      {"-r '2/ns': above 1000000000/s; --every 0 is no pace", {"-r", "2/ns"}},
      {"--late 'late': no such policy; say skip, shift or burst=4", {"--late", "late"}},
      {"--late '': no such policy; say skip, shift or burst=4", {"--late="}},
      {"--late 'burst': lacks its number; say burst=4", {"--late", "burst"}},
      {"--late 'burst=': empty; say burst=1 to burst=1048576", {"--late", "burst="}},
      {"--late 'burst=0': too few; say burst=1 to burst=1048576", {"--late", "burst=0"}},
      {"--late 'burst=1048577': too many; say burst=1 to burst=1048576", {"--late=burst=1048577"}},
      {"-c '1048577': too many; say at most 1048576", {"-c", "1048577"}},
      {"--capacity 'x': not a number; say 0 to 1048576", {"--capacity", "x"}},
      {"-n '1k': not a whole number in digits; say 100", {"-n", "1k"}},
      {"--count '-1': negative; say 100", {"--count=-1"}},
      {"-n '18446744073709551616': too many; say at most 18446744073709551615",
       {"-n18446744073709551616"}},
      {"-o '': empty; say out.txt, or - for standard output", {"-o", ""}},
      {"--stats 'xml': no such form; say --stats=text or --stats=json", {"--stats=xml"}},
      {"--stats '': no such form; say --stats=text or --stats=json", {"--stats="}},
      {"-0, --null: there is no input to split; name a SOURCE, or - for standard input", {"-0"}},
      {"SOURCE '': empty; say - for standard input, or a file's name", {""}},
      {"SOURCE '': empty; say - for standard input, or a file's name", {"--", ""}},
      {"'b': a second SOURCE; for several say cat FILES | handoff -", {"a", "b", "c"}},
      {"'b': a second SOURCE; for several say cat FILES | handoff -", {"--", "a", "b"}},
      {XARGS "-d '\\n' -n 1 CMD", {"lines", "--", "echo"}},
      {XARGS "-0 -n 1 CMD", {"-", "-0", "--", "echo", "hello"}},
      {XARGS "-d '\\n' -n 1 CMD", {"--", "lines", "--", "echo"}},
      {"-e: needs a value" FORMS, {"-qe"}},
      {"--every: needs a value" FORMS, {"--ev"}},
      {"-o: needs a value; say out.txt, or - for standard output", {"lines", "-o"}},
      {"--quiet: takes no value; say just --quiet", {"--qu=1"}},
      {"-x: no such flag; see --help", {"-qx"}},
      {"-E: no such flag; say -e, or see --help", {"-E", "5s"}},
      {"-\\303: no such flag; see --help", {"-\303\251"}},
      {"'--evry=5s': no such flag; say --every", {"--evry=5s"}},
      {"'--quite': no such flag; say --quiet", {"--quite"}},
      {"'--frobnicate': no such flag; see --help", {"--frobnicate"}},
      {"'--co=3': ambiguous; it may be --consume-every, --count", {"--co=3"}},
      {"-every: a long flag has two dashes; say --every", {"-every", "5s"}},
      {"-output: a long flag has two dashes; say --output", {"-output", "x"}},
  };
  size_t i;
  (void)state;
  for (i = 0; i < COUNT_OF(rows); i++) {
    char message[OPTIONS_MESSAGE_SIZE];
    refused(rows[i].words, message);
    assert_string_equal(message, rows[i].message);
  }
}

static void long_values_are_cut_between_characters(void **state) {
  static const char tail[] = "...': not a number; say 5s, 250ms or 1m30s";
  char message[OPTIONS_MESSAGE_SIZE];
  char value[2000];
  const char *words[WORDS_MAX] = {"-e", value};
  (void)state;
  memset(value, 'x', sizeof value);
  value[sizeof value - 1] = '\0';
  refused(words, message);
  assert_memory_equal(message, "-e 'xxx", 7);
  assert_string_equal(message + 4 + 74, tail);
  memcpy(value + 73, "\303\251", 2); /* é, of which one byte would be shown */
  refused(words, message);
  assert_string_equal(message + 4 + 73, tail);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_refusal_says_what_would_do),
      cmocka_unit_test(long_values_are_cut_between_characters),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

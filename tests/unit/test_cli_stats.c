/* unit.cli_stats: events with literal times, and the text and JSON that they result in. */

#include <stdio.h>
#include <string.h>

#include "cli/stats.h"
#include "lib/bounded.h"

#define MS UINT64_C(1000000)
#define S UINT64_C(1000000000)
#define START (100 * S)

static struct stats stats;
static char text[STATS_TEXT_SIZE];

static void begin(uint64_t producer_ns, uint64_t consumer_ns) {
  const uint64_t interval_ns[2] = {producer_ns, consumer_ns};
  memset(&stats, 0x5a, sizeof stats);
  memset(text, 0x5a, sizeof text);
  stats_init(&stats, START, interval_ns);
}

static void add(handoff_side_t side, uint64_t due_ns, uint64_t begun_ns, uint64_t done_ns,
                uint64_t handoff_ns, uint64_t waited_ns, uint64_t missed) {
  handoff_event_t event = {.side = side,
                           .number = stats.items[side] + 1,
                           .due_ns = due_ns,
                           .begun_ns = begun_ns,
                           .done_ns = done_ns,
                           .handoff_ns = handoff_ns,
                           .waited_ns = waited_ns,
                           .missed = missed};
  stats_add(&stats, &event);
}

static void check_text(uint64_t now_ns, bool as_json, const char *expected) {
  size_t size = stats_format(&stats, now_ns, as_json, text);
  assert_string_equal(text, expected);
  assert_int_equal(size, strlen(expected));
}

static void before_the_first_event_all_is_zero(void **state) {
  (void)state;
  begin(0, 0);
  check_text(START, false,
             "items     0 in 0ns\n"
             "rate      unthrottled\n"
             "lateness  -\n"
             "hand-off  -\n"
             "missed    producer 0, consumer 0 ticks\n"
             "waited    producer 0ns for room, consumer 0ns for an item\n");
  check_text(START, true,
             "{\"items\":0,\"produced\":0,\"elapsed_ns\":0,\"asked_per_s\":0,"
             "\"achieved_per_s\":null,"
             "\"lateness_ns\":{\"count\":0,\"p50\":0,\"p99\":0,\"max\":0},"
             "\"handoff_ns\":{\"count\":0,\"p50\":0,\"p99\":0,\"max\":0},"
             "\"missed\":{\"producer\":0,\"consumer\":0},"
             "\"blocked_ns\":{\"producer\":0,\"consumer\":0},\"late_because\":null}\n");
}

/* The loop may read the clock after the first tick. The rate must still not exceed the grid's. */
static void the_start_is_no_later_than_the_first_tick(void **state) {
  (void)state;
  begin(0, 0);
  add(HANDOFF_PRODUCER, START - 5, START + 1, START + 2, 0, 0, 0);
  add(HANDOFF_CONSUMER, START + 10, START + 11, START + 12, 1, 0, 0);
  assert_int_equal(stats.started_ns, START - 5);
}

/* Three transfers every 10 ms. Before the third, the producer misses one tick and the consumer two.
 * They count with their lateness. */
static void three_paced_transfers(void **state) {
  (void)state;
  begin(10 * MS, 10 * MS);
  add(HANDOFF_PRODUCER, START, START + 100, START + 200, 0, 0, 0);
  add(HANDOFF_CONSUMER, START, START + 50, START + 1 * MS, 90, 40, 0);
  add(HANDOFF_PRODUCER, START + 10 * MS, START + 10 * MS + 100, START + 10 * MS + 200, 0, 7, 0);
  add(HANDOFF_CONSUMER, START + 10 * MS, START + 10 * MS + 60, START + 11 * MS, 80, 60, 0);
  add(HANDOFF_PRODUCER, START + 30 * MS, START + 30 * MS + 120, START + 30 * MS + 200, 0, 0, 1);
  add(HANDOFF_CONSUMER, START + 30 * MS, START + 30 * MS, START + 31 * MS, 100, 900, 2);
  check_text(START + 40 * MS, false,
             "items     3 in 40ms\n"
             "rate      asked 100/s, achieved 66.67/s\n"
             "lateness  p50 100ns, p99 20ms, max 20ms\n"
             "hand-off  p50 90ns, p99 100ns, max 100ns\n"
             "missed    producer 1, consumer 2 ticks\n"
             "waited    producer 7ns for room, consumer 1us for an item\n");
  check_text(START + 40 * MS, true,
             "{\"items\":3,\"produced\":3,\"elapsed_ns\":40000000,\"asked_per_s\":100,"
             "\"achieved_per_s\":66.6667,"
             "\"lateness_ns\":{\"count\":9,\"p50\":100,\"p99\":20000000,\"max\":20000000},"
             "\"handoff_ns\":{\"count\":3,\"p50\":90,\"p99\":100,\"max\":100},"
             "\"missed\":{\"producer\":1,\"consumer\":2},"
             "\"blocked_ns\":{\"producer\":7,\"consumer\":1000},\"late_because\":null}\n");
}

/* An unpaced side has no lateness. An item in the queue counts as produced only. */
static void an_unpaced_side_has_no_lateness(void **state) {
  (void)state;
  begin(0, S / 2);
  add(HANDOFF_PRODUCER, 0, START + 5, START + 6, 0, 0, 0);
  add(HANDOFF_PRODUCER, 0, START + 7, START + 8, 0, 0, 0);
  add(HANDOFF_CONSUMER, START, START + 42, START + 43, 35, 0, 0);
  check_text(START + S, false,
             "items     1 in 1s\n"
             "rate      asked 2/s\n"
             "lateness  p50 42ns, p99 42ns, max 42ns\n"
             "hand-off  p50 35ns, p99 35ns, max 35ns\n"
             "missed    producer 0, consumer 0 ticks\n"
             "waited    producer 0ns for room, consumer 0ns for an item\n");
  check_text(START + S, true,
             "{\"items\":1,\"produced\":2,\"elapsed_ns\":1000000000,\"asked_per_s\":2,"
             "\"achieved_per_s\":null,"
             "\"lateness_ns\":{\"count\":1,\"p50\":42,\"p99\":42,\"max\":42},"
             "\"handoff_ns\":{\"count\":1,\"p50\":35,\"p99\":35,\"max\":35},"
             "\"missed\":{\"producer\":0,\"consumer\":0},"
             "\"blocked_ns\":{\"producer\":0,\"consumer\":0},\"late_because\":null}\n");
}

static void the_rate_asked_for_is_the_slower_sides(void **state) {
  (void)state;
  begin(4 * S, 1 * S);
  (void)stats_format(&stats, START, false, text);
  assert_non_null(strstr(text, "asked 0.25/s\n"));
  begin(1 * S, 4 * S);
  (void)stats_format(&stats, START, false, text);
  assert_non_null(strstr(text, "asked 0.25/s\n"));
  begin(3600 * S, 0);
  (void)stats_format(&stats, START, false, text);
  assert_non_null(strstr(text, "asked 1/h\n"));
}

/* 1001 items in 10 s are 1000 intervals: 100/s, however long the run took. */
static void the_rate_achieved_is_between_the_first_and_last_item(void **state) {
  uint64_t k;
  (void)state;
  begin(10 * MS, 10 * MS);
  for (k = 0; k <= 1000; k++) {
    add(HANDOFF_CONSUMER, START + k * 10 * MS, START + k * 10 * MS + 1, START + S + k * 10 * MS, 1,
        0, 0);
  }
  (void)stats_format(&stats, START + 60 * S, false, text);
  assert_non_null(strstr(text, "items     1001 in 1m\n"));
  assert_non_null(strstr(text, "achieved 100/s\n"));
}

static void without_events_only_counts_are_shown(void **state) {
  (void)state;
  begin(0, 0);
  stats.has_only_counts = true;
  stats.items[HANDOFF_PRODUCER] = 5001;
  stats.items[HANDOFF_CONSUMER] = 5000;
  (void)stats_format(&stats, START + 2 * S, false, text);
  assert_string_equal(text,
                      "items     5000 in 2s\n"
                      "rate      unthrottled, achieved 2500/s\n"
                      "lateness  -\n"
                      "hand-off  -\n"
                      "missed    producer 0, consumer 0 ticks\n"
                      "waited    -\n");
}

/* A process that was stopped for 3 s: each tick of that time was late. */
static void a_stall_is_in_the_lateness(void **state) {
  (void)state;
  begin(0, 100 * MS);
  add(HANDOFF_CONSUMER, START, START + 5, START + 6, 1, 0, 0);
  add(HANDOFF_CONSUMER, START + 3000 * MS, START + 3000 * MS + 7, START + 3001 * MS, 1, 0, 29);
  assert_int_equal(stats.lateness.count, 31);
  assert_int_equal(stats.lateness.max, 2900 * MS + 7);
  assert_in_range(histogram_percentile(&stats.lateness, 500), 1390 * MS, 1410 * MS);
}

/* The source had no line for 1 s: the consumer was ready for the ticks of that time. Then it was
 * stopped for 400 ms. */
static void ticks_missed_by_waiting_are_not_late(void **state) {
  (void)state;
  begin(0, 100 * MS);
  add(HANDOFF_CONSUMER, START, START, START + S, 1, S, 0);
  add(HANDOFF_CONSUMER, START + 1400 * MS, START + 1400 * MS, START + 1400 * MS, 1, 0, 13);
  assert_int_equal(stats.lateness.count, 5); /* both ticks, and those at 1.1, 1.2 and 1.3 s */
  assert_int_equal(stats.lateness.max, 300 * MS);
}

/* A finished run of 101 items at 10 ms that lost lost_ns. */
static void run_and_lose(uint64_t lost_ns) {
  uint64_t k;
  begin(0, 10 * MS);
  for (k = 0; k < 101; k++) {
    const uint64_t due_ns = START + k * 10 * MS + (k < 50 ? 0 : lost_ns);
    add(HANDOFF_CONSUMER, due_ns, due_ns, due_ns, 0, 0, k == 50 ? lost_ns / (10 * MS) : 0);
  }
  stats.is_finished = true;
}

static void check_cause(enum stats_cause cause, const char *expected) {
  char line[STATS_CAUSE_SIZE] = "";
  assert_int_equal(stats_find_cause(&stats), cause);
  assert_int_equal(stats_format_cause(&stats, line), strlen(expected));
  assert_string_equal(line, expected);
}

static void a_run_that_was_late_says_why(void **state) {
  (void)state;
  run_and_lose(S);
  check_cause(STATS_MACHINE,
              "handoff: achieved 50/s of 100/s; consumer was late: the machine was busy, by up to "
              "1s, 100 ticks missed\n");
  stats.source_ns = S / 2 - 1; /* explains less than half of it */
  assert_int_equal(stats_find_cause(&stats), STATS_MACHINE);
  stats.source_ns = S / 2;
  check_cause(STATS_SOURCE,
              "handoff: achieved 50/s of 100/s; producer was late: the source had no line for "
              "500ms\n");
  stats.output_ns = S / 2;
  check_cause(STATS_OUTPUT,
              "handoff: achieved 50/s of 100/s; consumer was late: the reader of the output was "
              "slow for 500ms\n");
  (void)stats_format(&stats, START + 2 * S, true, text);
  assert_non_null(strstr(text, ",\"late_because\":\"output\"}\n"));
  stats.output_ns = 0;
  stats.source_ns = 0;
  stats.missed[HANDOFF_CONSUMER] = 0;
  check_cause(STATS_MACHINE,
              "handoff: achieved 50/s of 100/s; consumer was late: the machine was busy, by up to "
              "1s\n");
}

static void a_run_on_time_or_cut_short_says_nothing(void **state) {
  (void)state;
  run_and_lose(0);
  check_cause(STATS_ON_TIME, "");
  run_and_lose(10 * MS); /* 99.01 % */
  check_cause(STATS_ON_TIME, "");
  run_and_lose(11 * MS);
  assert_int_equal(stats_find_cause(&stats), STATS_MACHINE);
  stats.is_finished = false;
  check_cause(STATS_ON_TIME, "");
  begin(0, 100 * MS); /* two items, 19 and 20 intervals apart */
  stats.is_finished = true;
  add(HANDOFF_CONSUMER, START, START, START, 0, 0, 0);
  check_cause(STATS_ON_TIME, "");
  add(HANDOFF_CONSUMER, START + 1900 * MS, START + 1900 * MS, START + 1900 * MS, 0, 0, 18);
  check_cause(STATS_ON_TIME, "");
  stats.last_ns += 100 * MS;
  assert_int_equal(stats_find_cause(&stats), STATS_MACHINE);
  begin(0, 0);
  stats.is_finished = true;
  stats.last_ns = S;
  check_cause(STATS_ON_TIME, "");
}

/* Every number has its maximal length. */
static void the_longest_text_fits(void **state) {
  (void)state;
  begin(1, 1);
  stats.items[0] = UINT64_MAX;
  stats.items[1] = UINT64_MAX;
  stats.first_ns = 0;
  stats.last_ns = 1;
  stats.waited_ns[0] = UINT64_MAX;
  stats.waited_ns[1] = UINT64_MAX;
  stats.missed[0] = UINT64_MAX;
  stats.missed[1] = UINT64_MAX;
  histogram_add(&stats.lateness, UINT64_MAX);
  histogram_add(&stats.handoff, UINT64_MAX);
  stats.lateness.count = UINT64_MAX;
  stats.handoff.count = UINT64_MAX;
  stats.lateness.buckets[0] = UINT64_MAX;
  stats.handoff.buckets[0] = UINT64_MAX;
  assert_in_range(stats_format(&stats, START - 1, false, text), 1, STATS_TEXT_SIZE - 2);
  assert_int_equal(text[strlen(text) - 1], '\n');
  assert_in_range(stats_format(&stats, START - 1, true, text), 1, STATS_TEXT_SIZE - 2);
  assert_string_equal(text + strlen(text) - 3, "l}\n");
  stats.is_finished = true;
  stats.items[1] = UINT64_MAX / 2;
  stats.last_ns = UINT64_MAX;
  assert_in_range(stats_format_cause(&stats, text), 1, STATS_CAUSE_SIZE - 2);
  assert_int_equal(text[strlen(text) - 1], '\n');
}

static int set_up(void **state) {
  (void)state;
  bounded_start();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(before_the_first_event_all_is_zero, set_up),
      cmocka_unit_test_setup(the_start_is_no_later_than_the_first_tick, set_up),
      cmocka_unit_test_setup(three_paced_transfers, set_up),
      cmocka_unit_test_setup(an_unpaced_side_has_no_lateness, set_up),
      cmocka_unit_test_setup(the_rate_asked_for_is_the_slower_sides, set_up),
      cmocka_unit_test_setup(the_rate_achieved_is_between_the_first_and_last_item, set_up),
      cmocka_unit_test_setup(without_events_only_counts_are_shown, set_up),
      cmocka_unit_test_setup(a_stall_is_in_the_lateness, set_up),
      cmocka_unit_test_setup(ticks_missed_by_waiting_are_not_late, set_up),
      cmocka_unit_test_setup(a_run_that_was_late_says_why, set_up),
      cmocka_unit_test_setup(a_run_on_time_or_cut_short_says_nothing, set_up),
      cmocka_unit_test_setup(the_longest_text_fits, set_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

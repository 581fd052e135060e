/* stress.slot: many threads put, get, time out and shut one slot at any moment. */

#include "stress/workload.h"

static const size_t counts[] = {1, 2, 4, 8}; /* of threads on a side */
static const size_t capacities[] = {0, 1, 2, 7, 64};

/* Adds the timeouts to those in `timeouts`, by side. Returns: how many items were accepted. */
static size_t run(const plan_t *plan, size_t *timeouts) {
  workload_t *load = workload_new(plan);
  ledger_totals_t totals;

  workload_start(load);
  workload_join(load);
  timeouts[HANDOFF_PRODUCER] += load->timeouts[HANDOFF_PRODUCER];
  timeouts[HANDOFF_CONSUMER] += load->timeouts[HANDOFF_CONSUMER];
  totals = workload_close(load);
  CHECK(totals.dropped == 0 || plan->leave_odds != 0); /* a consumer that stays drains the slot */
  return totals.accepted;
}

static plan_t random_plan(rng_t *rng, size_t attempts) {
  plan_t plan = {.put_variants = ANY, .get_variants = ANY};
  plan.producers = counts[rng_below(rng, COUNT_OF(counts))];
  plan.consumers = counts[rng_below(rng, COUNT_OF(counts))];
  plan.capacity = capacities[rng_below(rng, COUNT_OF(capacities))];
  plan.attempts = attempts / plan.producers + 1;
  return plan;
}

static void test_every_mix_of_threads_and_capacity_delivers(void **state) {
  size_t timeouts[2] = {0, 0};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT_OF(counts) * COUNT_OF(counts) * COUNT_OF(capacities); i++) {
    plan_t plan = {.put_variants = ANY, .get_variants = ANY};
    plan.producers = counts[i % COUNT_OF(counts)];
    plan.consumers = counts[i / COUNT_OF(counts) % COUNT_OF(counts)];
    plan.capacity = capacities[i / COUNT_OF(counts) / COUNT_OF(counts)];
    plan.attempts = stress_scaled(2400) / plan.producers + 1;
    assert_true(run(&plan, timeouts) > 0);
  }
}

static void test_blocking_puts_are_all_accepted(void **state) {
  stress_series_t series = stress_series(60);
  size_t timeouts[2] = {0, 0};
  rng_t rng = rng_new(1000001);
  (void)state;
  while (stress_next(&series)) {
    plan_t plan = random_plan(&rng, 500);
    plan.put_variants = BLOCK;
    assert_int_equal(run(&plan, timeouts), plan.producers * plan.attempts);
  }
}

/* No thread starves: every blocking call of 32 threads returns. */
static void test_sixteen_blocking_producers_and_consumers_all_finish(void **state) {
  size_t timeouts[2] = {0, 0};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT_OF(capacities); i++) {
    plan_t plan = {16, 16, .put_variants = BLOCK, .get_variants = BLOCK};
    plan.capacity = capacities[i];
    plan.attempts = stress_scaled(80000) / 16 + 1;
    assert_int_equal(run(&plan, timeouts), plan.producers * plan.attempts);
  }
}

static void test_occupancy_stays_within_the_capacity(void **state) {
  stress_series_t series = stress_series(60);
  size_t timeouts[2] = {0, 0};
  rng_t rng = rng_new(1000002);
  (void)state;
  while (stress_next(&series)) {
    plan_t plan = random_plan(&rng, 500);
    plan.capacity = rng_below(&rng, 3);
    plan.checks_occupancy = true;
    (void)run(&plan, timeouts);
  }
}

static void test_a_shut_at_any_moment_loses_no_item(void **state) {
  stress_series_t series = stress_series(1000);
  size_t timeouts[2] = {0, 0};
  rng_t rng = rng_new(1000003);
  (void)state;
  while (stress_next(&series)) {
    plan_t plan = random_plan(&rng, 400);
    plan.shut_odds = 20 + rng_below(&rng, 800);
    plan.leave_odds = rng_one_in(&rng, 2) ? 0 : 5 + rng_below(&rng, 100);
    (void)run(&plan, timeouts);
  }
}

static void test_timeouts_racing_with_transfers_lose_no_item(void **state) {
  stress_series_t series = stress_series(100);
  size_t timeouts[2] = {0, 0};
  rng_t rng = rng_new(1000004);
  size_t accepted = 0;
  (void)state;
  while (stress_next(&series)) {
    plan_t plan = random_plan(&rng, 500);
    plan.put_variants = UNTIL;
    plan.get_variants = rng_one_in(&rng, 2) ? UNTIL : UNTIL | TRY;
    plan.shut_odds = rng_one_in(&rng, 2) ? 0 : 500;
    accepted += run(&plan, timeouts);
  }
  printf("%zu items accepted; %zu puts and %zu gets timed out\n", accepted,
         timeouts[HANDOFF_PRODUCER], timeouts[HANDOFF_CONSUMER]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      bounded_test(test_every_mix_of_threads_and_capacity_delivers),
      bounded_test(test_blocking_puts_are_all_accepted),
      bounded_test(test_sixteen_blocking_producers_and_consumers_all_finish),
      bounded_test(test_occupancy_stays_within_the_capacity),
      bounded_test(test_a_shut_at_any_moment_loses_no_item),
      bounded_test(test_timeouts_racing_with_transfers_lose_no_item),
  };
  return stress_run("slot", tests);
}

/* sched: the library's own code, one thread at a time, in orders that seeds decide. See README.md.
 *
 * HANDOFF_SEED=N replays one run and prints its steps. Otherwise HANDOFF_SEEDS says how many seeds
 * to run, and HANDOFF_FIRST the first one. HANDOFF_RACES=0 ignores data races, to show what they
 * lead to. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "sched/lanes.h"
#include "sched/linear.h"
#include "sched/race.h"
#include "sched/scenario.h"
#include "sched/scheduler.h"
#include "sched/shim_heap.h"
#include "sched/shim_loop.h"
#include "sched/shim_sync.h"
#include "sched/symbols.h"
#include "sched/trace.h"

#define DEFAULT_SEEDS 10000

typedef unsigned long long count_t;

/* How many of each. `early`: the slot was destroyed while other threads were in calls. */
static struct {
  count_t steps, calls, unknown, lanes, shut, loops, early;
  count_t capacities[CAPACITY_MAX + 1];
} totals;

static uint64_t setting(const char *name, uint64_t by_default) {
  const char *text = getenv(name);
  return text == NULL ? by_default : strtoull(text, NULL, 10);
}

static void count(linear_t linear) {
  totals.steps += scheduler_steps();
  totals.calls += (count_t)history.count;
  totals.unknown += linear == LINEAR_UNKNOWN;
  totals.lanes += scenario.has_lane;
  if (scenario.has_lane) {
    return;
  }
  totals.capacities[scenario.capacity]++;
  totals.shut += scenario.ending == SHUT;
  totals.loops += scenario.has_loop;
  totals.early += scenario.destroyer != BY_LAST_USER;
}

static void run(uint64_t seed, bool is_verbose) {
  linear_t linear;

  race_begin();
  shim_heap_begin();
  shim_sync_begin();
  shim_loop_begin();
  symbols_set_slot(NULL);
  failure_begin(seed, is_verbose);
  scheduler_begin(seed);
  scenario_begin();
  symbols_set_slot(scenario.has_lane ? NULL : scenario.slot->impl);
  scheduler_run();
  if ((!scenario.is_destroyed && !scenario.has_lane) || shim_heap_live() != 0 ||
      shim_sync_live() != 0 || shim_loop_live() != 0) {
    scheduler_fail("leak", "%d blocks, %d mutexes and condition variables, %d handles",
                   shim_heap_live(), shim_sync_live(), shim_loop_live());
  }
  if (scenario.has_lane) {
    lanes_check();
  }
  history_check_items();
  linear = linear_check(&history);
  if (linear == LINEAR_NO) {
    scheduler_fail("history", "the history is not linearizable");
  }
  count(linear);
}

/* A broken library may crash, perhaps without any stack left. */
static void on_crash(int number) { scheduler_fail("crash", "signal %d", number); }

static void catch_crashes(void) {
  static unsigned char stack[1 << 16];
  const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_ONSTACK};

  (void)sigaltstack(&alternate, NULL);
  (void)sigaction(SIGSEGV, &action, NULL);
  (void)sigaction(SIGBUS, &action, NULL);
}

static void print_totals(count_t seeds) {
  size_t i;

  printf("%llu runs, %llu steps, %llu calls; %llu histories checked, %llu searches given up\n",
         seeds, totals.steps, totals.calls, seeds - totals.unknown, totals.unknown);
  printf("capacity");
  for (i = 0; i <= CAPACITY_MAX; i++) {
    printf(" %zu: %llu;", i, totals.capacities[i]);
  }
  printf("\nshut: %llu; with a loop: %llu; destroyed at once: %llu; lanes: %llu\n", totals.shut,
         totals.loops, totals.early, totals.lanes);
}

int main(void) {
  uint64_t first = setting("HANDOFF_FIRST", 1);
  uint64_t seeds = setting("HANDOFF_SEEDS", DEFAULT_SEEDS);
  uint64_t seed;

  catch_crashes();
  race_is_enabled = setting("HANDOFF_RACES", 1) != 0;
  if (getenv("HANDOFF_SEED") != NULL) {
    run(setting("HANDOFF_SEED", 0), true);
    trace_print();
    printf("passed, trace %016llx\n", (unsigned long long)trace_hash());
    history_print();
    return 0;
  }
  for (seed = first; seed < first + seeds; seed++) {
    run(seed, false);
  }
  print_totals(seeds);
  return totals.unknown == 0 ? 0 : 1;
}

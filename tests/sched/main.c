/* sched: the library's own code, one thread at a time, in orders that seeds decide. See README.md.
 *
 * HANDOFF_SEED=N replays the run of one seed and prints what it does. HANDOFF_SEEDS=N says how many runs there
 * are otherwise, from seed HANDOFF_FIRST on, which is 1 unless said. HANDOFF_RACES=0 lets races pass, and HANDOFF_HISTORIES=0
 * histories that nothing explains: to see what the other checks find. */

#include <signal.h>
#include <stdlib.h>
#include <uv.h>

#include "sched/linear.h"
#include "sched/lock.h"
#include "sched/loop.h"
#include "sched/memory.h"
#include "sched/names.h"
#include "sched/race.h"
#include "sched/scenario.h"
#include "sched/scheduler.h"
#include "sched/trace.h"

#define SEEDS_USUAL 10000

typedef struct {
  uint64_t steps, calls, unknown;
  uint64_t capacities[CAPACITY_MAX + 1];
  uint64_t shut, loops, early; /* runs that are shut, have a loop, are destroyed at once */
} totals_t;

static totals_t totals;
static bool histories_are_judged;

static uint64_t setting(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void count(linear_t linear) {
  totals.steps += scheduler_steps();
  totals.calls += (uint64_t)history.count;
  totals.unknown += linear == LINEAR_UNKNOWN;
  totals.capacities[scenario.capacity]++;
  totals.shut += scenario.ending == SHUT;
  totals.loops += scenario.has_loop;
  totals.early += scenario.destroyer != BY_LAST_USER;
}

static void run(uint64_t seed, bool is_told) {
  linear_t linear;

  race_begin();
  memory_begin();
  lock_begin();
  loop_begin();
  names_begin(NULL);
  failure_begin(seed, is_told);
  scheduler_begin(seed);
  scenario_begin();
  names_begin(scenario.slot->impl);
  scheduler_run();
  if (!scenario.is_destroyed || memory_live() != 0 || lock_live() != 0 || loop_handles() != 0) {
    scheduler_fail("leak", "%d blocks, %d locks and %d handles are left", memory_live(),
                   lock_live(), loop_handles());
  }
  history_check_items();
  linear = histories_are_judged ? linear_check(&history) : LINEAR_YES;
  if (linear == LINEAR_NO) {
    scheduler_fail("history", "no order explains these answers");
  }
  count(linear);
}

/* The library's code has run wild. There may be no stack left. */
static void on_crash(int number) { scheduler_fail("crash", "signal %d", number); }

static void catch_crashes(void) {
  static unsigned char stack[1 << 16];
  const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_ONSTACK};

  (void)sigaltstack(&alternate, NULL);
  (void)sigaction(SIGSEGV, &action, NULL);
  (void)sigaction(SIGBUS, &action, NULL);
}

int main(void) {
  uint64_t first = setting("HANDOFF_FIRST", 1);
  uint64_t seeds = setting("HANDOFF_SEEDS", SEEDS_USUAL);
  uint64_t seed;
  size_t i;

  catch_crashes();
  race_is_judged = setting("HANDOFF_RACES", 1) != 0;
  histories_are_judged = setting("HANDOFF_HISTORIES", 1) != 0;
  trace_names = names_of;
  scheduler_epilogue = history_print;
  if (getenv("HANDOFF_SEED") != NULL) {
    run(setting("HANDOFF_SEED", 0), true);
    trace_print();
    printf("passed, trace %016llx\n", (unsigned long long)trace_value());
    history_print();
    return 0;
  }
  for (seed = first; seed < first + seeds; seed++) {
    run(seed, false);
  }
  printf("%llu runs, %llu steps, %llu calls; %llu histories checked, %llu given up\n",
         (unsigned long long)seeds, (unsigned long long)totals.steps,
         (unsigned long long)totals.calls, (unsigned long long)(seeds - totals.unknown),
         (unsigned long long)totals.unknown);
  printf("capacity");
  for (i = 0; i <= CAPACITY_MAX; i++) {
    printf(" %zu: %llu;", i, (unsigned long long)totals.capacities[i]);
  }
  printf(" shut: %llu; with a loop: %llu; destroyed at once: %llu\n",
         (unsigned long long)totals.shut, (unsigned long long)totals.loops,
         (unsigned long long)totals.early);
  return totals.unknown == 0 ? 0 : 1;
}

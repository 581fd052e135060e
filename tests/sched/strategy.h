/* strategy: which of the runnable threads takes the next step. The seed selects one of two:
 *   walk  A random walk: the current thread goes on, and once in `stickiness` steps a random one.
 *   PCT   Probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010). Threads have random
 *         priorities and the highest one runs. At a few steps, chosen in advance, the priority of
 *         the running thread falls below all others. PCT finds a bug of depth d in n threads and k
 *         steps with a probability of at least 1/(n k^(d-1)). */

#ifndef TESTS_SCHED_STRATEGY_H
#define TESTS_SCHED_STRATEGY_H

#include <stdint.h>

/* Starts a run. The generator has been seeded. */
void strategy_begin(void);

void strategy_add_thread(int thread);

/* The current thread is spinning: the next pick prefers any other thread. */
void strategy_yield(void);

/* Returns the thread that takes the next step. `runnable` has a bit for each thread that can run,
 * at least one. `current` ran last, or is NONE. */
int strategy_pick(unsigned runnable, int current, uint64_t step);

#endif /* TESTS_SCHED_STRATEGY_H */

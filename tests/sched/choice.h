/* choice: who goes on, of those who can, in one of two ways that the seed decides:
 *   walk  a random walk: stays with whom it has, or, once in `stickiness` times, takes any;
 *   PCT   probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010): threads have priorities, the
 *         highest goes on, and at a few steps chosen beforehand who runs falls below all others. It finds
 *         a bug of depth d in n threads and k steps with a probability of at least 1/(n k^(d-1)). */

#ifndef TESTS_SCHED_CHOICE_H
#define TESTS_SCHED_CHOICE_H

#include <stdint.h>

#include "sched/chance.h"

void choice_begin(chance_t *from);

/* A thread joins them. */
void choice_add(int thread);

/* `ready`: a bit for each that can go on, at least one; `current`: who went on last, or NOBODY. */
int choice_make(unsigned ready, int current, uint64_t step);

#endif /* TESTS_SCHED_CHOICE_H */

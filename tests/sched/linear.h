/* linear: checks linearizability (Herlihy, Wing, 1990): whether each call of a history can take
 * effect at one instant between its invocation and its response, in an order that spec.h allows. */

#ifndef TESTS_SCHED_LINEAR_H
#define TESTS_SCHED_LINEAR_H

#include "sched/history.h"

typedef enum { LINEAR_YES, LINEAR_NO, LINEAR_UNKNOWN } linear_t;

/* UNKNOWN: the search visited too many states and was given up. */
linear_t linear_check(const history_t *of);

#endif /* TESTS_SCHED_LINEAR_H */

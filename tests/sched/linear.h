/* linear: whether the calls of a run can be put into one order in which a sequential bounded queue answers as the slot
 * did, each call taking effect at one instant between its beginning and its end. */

#ifndef TESTS_SCHED_LINEAR_H
#define TESTS_SCHED_LINEAR_H

#include "sched/history.h"

typedef enum { LINEAR_YES, LINEAR_NO, LINEAR_UNKNOWN } linear_t;

/* UNKNOWN: the search has been given up. */
linear_t linear_check(const history_t *of);

#endif /* TESTS_SCHED_LINEAR_H */

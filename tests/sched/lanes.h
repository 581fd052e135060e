/* lanes: a run with a lane instead of a slot. The loop thread starts the lane up to three times,
 * and stops, pauses, retunes and closes it at random. */

#ifndef TESTS_SCHED_LANES_H
#define TESTS_SCHED_LANES_H

/* Generates a lane and its loop thread. The environment of the run has been set. */
void lanes_begin(void);

/* After the run: fails it unless each item was consumed or finalized, exactly once. */
void lanes_check(void);

#endif /* TESTS_SCHED_LANES_H */

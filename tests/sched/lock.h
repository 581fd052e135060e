/* lock: libuv's mutexes, conditions and clock, as the scheduler has them. Using one wrongly fails the run. */

#ifndef TESTS_SCHED_LOCK_H
#define TESTS_SCHED_LOCK_H

void lock_begin(void);

/* How many locks and conditions have been made and not destroyed. */
int lock_live(void);

#endif /* TESTS_SCHED_LOCK_H */

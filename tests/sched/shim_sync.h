/* shim_sync: libuv's threads, mutexes, condition variables and clock, on the scheduler. Misuse
 * fails the run. */

#ifndef TESTS_SCHED_SHIM_SYNC_H
#define TESTS_SCHED_SHIM_SYNC_H

/* Starts a run. */
void shim_sync_begin(void);

/* How many mutexes and condition variables exist. */
int shim_sync_live(void);

#endif /* TESTS_SCHED_SHIM_SYNC_H */

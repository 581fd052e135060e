/* shim_loop: libuv's event loop, on the scheduler: asyncs, one timer, and the closing of
 * handles. */

#ifndef TESTS_SCHED_SHIM_LOOP_H
#define TESTS_SCHED_SHIM_LOOP_H

#include <stdbool.h>
#include <uv.h>

/* Starts a run. */
void shim_loop_begin(void);

/* Runs the callbacks that are due. may_wait: waits if there are none. */
void shim_loop_turn(bool may_wait);

/* How many handles are not closed yet. */
int shim_loop_live(void);

#endif /* TESTS_SCHED_SHIM_LOOP_H */

/* loop: libuv's event loop, as the scheduler has it: asyncs and the closing of handles. */

#ifndef TESTS_SCHED_LOOP_H
#define TESTS_SCHED_LOOP_H

#include <stdbool.h>
#include <uv.h>

void loop_begin(void);

/* Runs what is due. `may_wait`: waits for it if nothing is. */
void loop_turn(bool may_wait);

/* How many handles have not been closed. */
int loop_handles(void);

#endif /* TESTS_SCHED_LOOP_H */

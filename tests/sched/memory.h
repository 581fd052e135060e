/* memory: the heap of a run. What is freed is never used again, so that to touch it is found out. */

#ifndef TESTS_SCHED_MEMORY_H
#define TESTS_SCHED_MEMORY_H

#include <stddef.h>

/* Everything is gone. */
void memory_begin(void);

/* For the run itself: not freed, not counted, never missing. Zeroed. */
void *memory_take(size_t size);

/* How many blocks of the library's are alive. */
int memory_live(void);

#endif /* TESTS_SCHED_MEMORY_H */

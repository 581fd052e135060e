/* shim_heap: the heap of a run. Freed memory is not reused, so that every later access is found. */

#ifndef TESTS_SCHED_SHIM_HEAP_H
#define TESTS_SCHED_SHIM_HEAP_H

#include <stddef.h>

/* Starts a run with an empty heap. */
void shim_heap_begin(void);

/* Zeroed memory for the run itself: not freed, not counted, never fails. */
void *shim_heap_take(size_t size);

/* How many blocks the library has not freed. */
int shim_heap_live(void);

#endif /* TESTS_SCHED_SHIM_HEAP_H */

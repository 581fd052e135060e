/* trace: the steps of a run: a hash that identifies the run, and lines to read. */

#ifndef TESTS_SCHED_TRACE_H
#define TESTS_SCHED_TRACE_H

#include <stdint.h>

#define TRACE_NO_VALUE UINT64_MAX

void trace_begin(void);

/* The thread did that to the object, with that result. */
void trace_add(int thread, const char *what, const void *object, uint64_t value);
void trace_add_wait(int thread, const void *object);

void trace_print(void);

/* Identifies the run so far. */
uint64_t trace_hash(void);

#endif /* TESTS_SCHED_TRACE_H */

/* trace: what was done in a run, by whom: a number that identifies it, and lines to read. */

#ifndef TESTS_SCHED_TRACE_H
#define TESTS_SCHED_TRACE_H

#include <stdint.h>

#define TRACE_NO_VALUE UINT64_MAX

/* Knows names for some addresses; NULL for the others. */
extern const char *(*trace_names)(const void *address);

void trace_begin(void);

/* Returns: "" where nobody knows one. */
const char *trace_name_of(const void *address);

/* The thread has done that, to that object, with that outcome. */
void trace_did(int thread, const char *what, const void *object, uint64_t value);
void trace_waits(int thread, const void *object);

/* All of it, in lines. */
void trace_print(void);

/* Identifies the run up to here. */
uint64_t trace_value(void);

#endif /* TESTS_SCHED_TRACE_H */

/* race: who may touch what. Keeps for each eight bytes of a run's memory when each thread last touched them,
 * in vector clocks, and fails the run
 *   - when two accesses, one of them a plain write or both not atomic, are not ordered by happens-before,
 *     as the C11 orders that the code asks for make it (FastTrack; Flanagan, Freund, 2009),
 *   - when memory is touched that has been freed, or a frame of the stack that its function has left. */

#ifndef TESTS_SCHED_RACE_H
#define TESTS_SCHED_RACE_H

#include <stdbool.h>
#include <stddef.h>

typedef enum { RACE_READ, RACE_WRITE, RACE_ATOMIC } race_kind_t;

#define RACE_HEAP ((size_t)1 << 16)
#define RACE_STACK ((size_t)1 << 17)

/* The memory of a run: the heap. It is followed by the stacks. */
unsigned char *race_heap(void);
unsigned char *race_stack(int thread);
/* The thread in whose stack it is; or NOBODY. */
int race_owner_of(const void *address);

/* False: what is not ordered is let pass, for who wants to see what it leads to. */
extern bool race_is_judged;

/* Forgets everything. */
void race_begin(void);

/* True: it is memory that other threads may look at too. */
bool race_is_shared(const void *address);

/* The current thread touches it. Does nothing outside of a run's memory and of its threads. */
void race_touch(const void *address, size_t size, race_kind_t kind);

void race_bury(const void *address, size_t size); /* from now on nobody may touch it */
void race_unearth(const void *address, size_t size);

/* Happens-before through the object at the address: a lock, or an atomic word. `is_store`: forgets
 * what was released before. */
void race_release(const void *address, bool is_store);
void race_acquire(const void *address);
void race_forget(const void *address);

#endif /* TESTS_SCHED_RACE_H */

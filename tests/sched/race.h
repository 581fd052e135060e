/* race: detects data races. It keeps vector clocks for each eight bytes of the run's memory, as
 * ThreadSanitizer's shadow memory does, and fails the run
 *   - when two accesses are not ordered by happens-before, and one is a plain write or only one of
 *     them is atomic (FastTrack; Flanagan, Freund, 2009). Happens-before follows the C11 memory
 *     orders that the code asks for;
 *   - when two atomic stores to the same object, other than read-modify-writes, are not ordered: it
 *     is open which of the values stays;
 *   - when freed memory is accessed, or a stack frame whose function has returned. */

#ifndef TESTS_SCHED_RACE_H
#define TESTS_SCHED_RACE_H

#include <stdbool.h>
#include <stddef.h>

/* RACE_ATOMIC: an atomic load or read-modify-write. RACE_STORE: an atomic store. */
typedef enum { RACE_READ, RACE_WRITE, RACE_ATOMIC, RACE_STORE } race_kind_t;

#define RACE_HEAP ((size_t)1 << 16)
#define RACE_STACK ((size_t)1 << 17)

/* The memory of a run: a heap, followed by the stacks of the threads. */
unsigned char *race_heap(void);
unsigned char *race_stack(int thread);
/* The thread in whose stack the address is, or NONE. */
int race_stack_owner(const void *address);

/* False: unordered accesses do not fail the run, to show what they lead to. */
extern bool race_is_enabled;

/* Forgets the previous run. */
void race_begin(void);

/* Whether other threads than the current one may access this memory too. */
bool race_is_shared(const void *address);

/* The current thread accesses memory. No effect outside of a run's memory and threads. */
void race_access(const void *address, size_t size, race_kind_t kind);

/* Atomic stores to this object need no order: the library accepts either value. */
void race_allow_stores(const void *address);

/* From now on an access to this memory fails the run. */
void race_poison(const void *address, size_t size);

/* Happens-before through the mutex or atomic object at this address. is_store: what was released
 * there earlier no longer counts. */
void race_release(const void *address, bool is_store);
void race_acquire(const void *address);
void race_clear(const void *address);

#endif /* TESTS_SCHED_RACE_H */

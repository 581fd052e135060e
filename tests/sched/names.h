/* names: what the addresses of a run are called, for who reads its trace. */

#ifndef TESTS_SCHED_NAMES_H
#define TESTS_SCHED_NAMES_H

struct handoff__slot;

/* From now on this is the slot. */
void names_begin(const struct handoff__slot *of);

/* Returns: NULL where there is none. */
const char *names_of(const void *address);

#endif /* TESTS_SCHED_NAMES_H */

/* symbols: names for the addresses in a trace. */

#ifndef TESTS_SCHED_SYMBOLS_H
#define TESTS_SCHED_SYMBOLS_H

struct handoff__slot;

/* From now on the slot's parts have names. NULL: no slot. */
void symbols_set_slot(const struct handoff__slot *of);

/* Returns: a text that lasts until the next call; "" for an address without a name. */
const char *symbols_name(const void *address);

#endif /* TESTS_SCHED_SYMBOLS_H */

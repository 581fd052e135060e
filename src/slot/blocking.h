/* blocking: how a thread waits in a slot, and the lifetime that this gives to the slot's memory. */

#ifndef HANDOFF_SLOT_BLOCKING_H
#define HANDOFF_SLOT_BLOCKING_H

#include "slot/transfer.h"

/* Initialises the slot's two parkers; refs becomes 1. Returns: 0; what handoff__parker_init
 * returns, and then nothing is left behind. */
int handoff__slot_init_parkers(struct handoff__slot *s);

/* Any thread. Drops so many references. The last one frees the slot's parkers and memory. */
void handoff__slot_unref(struct handoff__slot *s, unsigned count);

/* handoff_slot_get_until, with the spin to do before sleeping. */
int handoff__get_until(handoff_slot_t *slot, void *item, uint64_t deadline_ns,
                       enum handoff__spin spin);

#endif /* HANDOFF_SLOT_BLOCKING_H */

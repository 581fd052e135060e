/* lifecycle: lifecycle functions for lanes that are not public. */

#ifndef HANDOFF_SLOT_LIFECYCLE_H
#define HANDOFF_SLOT_LIFECYCLE_H

#include "handoff.h"

/* Whether the slot is shut and empty. */
bool handoff__slot_is_drained(handoff_slot_t *slot);

/* Reopens the slot, empty; remaining items are finalized. No other thread may be using it. */
void handoff__slot_reset(handoff_slot_t *slot);

#endif /* HANDOFF_SLOT_LIFECYCLE_H */

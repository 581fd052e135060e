/* lead: how long before its tick a worker is let go. Pure arithmetic: no clock, no handle.
 *
 * It takes the loop some time to wake up for a tick, and then the worker. How long the two take is learnt, and the
 * loop wakes up by so much earlier; a worker that is there before its tick all the same waits for the rest. After the
 * timer advance of Linux's KVM (arch/x86/kvm/lapic.c), which does so for a processor that sleeps until a deadline. */

#ifndef HANDOFF_LEAD_H
#define HANDOFF_LEAD_H

#include "handoff.h"

/* From when the loop was to wake up until the worker had, it has taken so long.
 * Returns: the lead from now on; the first one is 0. */
uint64_t handoff__lead_learn(uint64_t lead_ns, uint64_t took_ns);

/* Returns: when the loop is to wake up for a tick that is due then, one in so long. */
uint64_t handoff__lead_before(uint64_t lead_ns, uint64_t due_ns, uint64_t period_ns);

#endif /* HANDOFF_LEAD_H */

/* lot: parks that a slot lends to threads which wait in it, and which outlive who waits.
 *
 * Who wakes a thread had better signal after it has let go of the park's mutex: else the woken thread, on another processor
 * or in its waker's place on the same one, finds the mutex locked and goes to sleep once more. But then the signal is the last
 * that is done to the park, and who waited may be gone by then, and the slot with it. So such a park is on nobody's
 * stack but in the slot's lot, and the lot is there until the last of its keepers has let go of it. The slot is one, and
 * for each loan there are two more: who waits, and who wakes.
 *
 * A park is to be had again as soon as who waited has returned it, even if the signal is still to come, which then wakes the
 * next one for nothing: that one looks at `woken` and sleeps again. Never does more than one thread wait in it.
 *
 * Where all parks are lent, a thread waits in one on its stack. tests/model/lot.pml shows all that. */

#ifndef HANDOFF_LOT_H
#define HANDOFF_LOT_H

#include "park.h"

/* One for each of two threads: neither needs one of its own. */
#define HANDOFF__LOT_PARKS 2u

struct handoff__lot;

/* Returns: 0; UV_ENOMEM; what handoff__park_init returns. The caller is its keeper. */
int handoff__lot_new(struct handoff__lot **lot);

/* Any thread; does not wait. The caller is not its keeper any more; the last one frees it. */
void handoff__lot_let_go(struct handoff__lot *lot);

/* Any thread, while somebody keeps the lot; does not wait. Returns: a park that has not been woken, the one with that
 * number if it is to be had; NULL: all are lent. The lot then has two more keepers: who waits, until handoff__lot_return, and
 * who wakes, until handoff__lot_wake; where nobody will, who waits lets go in its place. */
struct handoff__park *handoff__lot_borrow(struct handoff__lot *lot, unsigned number);

/* By who has waited. */
void handoff__lot_return(struct handoff__lot *lot, struct handoff__park *park);

/* Any thread, once a loan. The park may be gone when this returns. */
void handoff__lot_wake(struct handoff__lot *lot, struct handoff__park *park);

#endif /* HANDOFF_LOT_H */

/* pass: the quick way of an item through a slot, for who has nothing else in mind. pass.c says why it is right. */

#ifndef HANDOFF_PASS_H
#define HANDOFF_PASS_H

#include "end.h"

/* Any thread; does not wait. True: done. False: it takes more than that: handoff__pass_held if the end's lock `is_held`, or
 * else handoff__slot_pass. The latter it always takes at capacity 0, where there are no cells, and on one processor: there a
 * lock has no fast way. */
static inline bool handoff__pass_quickly(struct handoff__slot *s, enum handoff__way way, void *item,
                                         bool *is_held) {
  *is_held = handoff__lock_try_fast(&s->ends[way].lock);
  if (!*is_held || handoff__end_fetch(s, way) != handoff__ready_state(way) ||
      (s->shut && way == HANDOFF__PUT)) {
    return false;
  }
  handoff__end_move(s, way, item);
  handoff__lock_release_fast(&s->ends[way].lock);
  return true;
}

/* As handoff__slot_pass, by who holds the end's lock, the fast way or the slow one, and lets go of it in here. There are
 * cells. */
int handoff__pass_held(struct handoff__slot *s, enum handoff__way way, void *item,
                       struct handoff__waiter *waiter, enum handoff__hope hope, bool is_fast);

#endif /* HANDOFF_PASS_H */

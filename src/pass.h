/* pass: the quick way of an item through a slot, which every put and get tries first. pass.c says why it is right. */

#ifndef HANDOFF_PASS_H
#define HANDOFF_PASS_H

#include "end.h"

/* Any thread; does not wait. True: done. False: it takes more than that, and handoff__slot_pass, which is to be told whether
 * the lock `is_held`. It always takes that at capacity 0, where there are no cells, and on one processor: there a lock has no
 * fast way. */
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

#endif /* HANDOFF_PASS_H */

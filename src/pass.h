/* pass: the quick way of an item through a slot, for who has nothing else in mind. pass.c says why it is right. */

#ifndef HANDOFF_PASS_H
#define HANDOFF_PASS_H

#include "end.h"

/* Any thread; does not wait. True: done. False: it takes more than that, which handoff__slot_put and _get do. It always does
 * at capacity 0, where there are no cells, at 1 and on one processor, where a lock has no fast way. */
static inline bool handoff__pass_quickly(struct handoff__slot *s, enum handoff__way way,
                                         void *item) {
  bool is_done = false;

  if (handoff__lock_try_fast(&s->ends[way].lock)) {
    is_done = handoff__end_fetch(s, way) == handoff__ready_state(way) &&
              !(s->shut && way == HANDOFF__PUT);
    if (is_done) {
      handoff__end_move(s, way, item);
    }
    handoff__lock_release_fast(&s->ends[way].lock);
  }
  return is_done;
}

#endif /* HANDOFF_PASS_H */

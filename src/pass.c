/* pass: how items pass through a slot.
 *
 * THE FAST PATH. Producers share the putting end's lock and consumers the getting end's, but a producer
 * and a consumer share only cells. A cell's state is one atomic word; FREE to FULL is changed only with the
 * putting lock held, FULL to FREE only with the getting lock: each by an exchange that releases the item, or
 * the room, to the other side, which reads the state with acquire. So an item costs each side one lock that
 * nobody else wants, and one cache line that goes to and fro.
 *
 * WAITING. Who finds the next cell not ready queues its waiter and marks the cell WAITED by a compare and
 * exchange: mark and change are to the same word, so either the mark fails, for the cell is ready, or who
 * changes the cell sees the mark. No fence is needed, and no wake-up can be lost. Who sees a mark holds one
 * lock, gets hold of the other too, and works off the waiters of either end for whom there are ready cells,
 * first in, first out: it moves their items, takes them out of the queue and sets their status.
 * That is direct assignment: who is woken is done, and never looks at the slot again.
 *
 * Invariants, while both locks are free and `pins` is 0:
 *   somebody waits to put  =>  the next cell to put into is FULL and WAITED, and the slot is not shut
 *   somebody waits to get  =>  the next cell to get from is FREE and WAITED, and the slot is not shut
 * A mark without a waiter (it left) costs one look at an empty queue, and is cleared by it.
 *
 * NOBODY OVERTAKES. A call passes only while nobody waits at its end; first it works off those who do, so
 * that a call that must not wait does not fail for want of somebody who is about to do it.
 * A thread that hopes for a cell before it sleeps does so with the lock held, and lets go when wanted.
 *
 * ORDER OF LOCKS. Putting, then getting. A getter that has to serve the putting end lets go of its lock,
 * having pinned the slot: an unlock, or the unpinning, is the last that a call does to the slot, and destroy
 * waits for both. Threads are woken after that, by a wake that touches nothing but the thread's park.
 * Requests are posted to their port with the locks held (a port's lock is taken inside a slot's): whoever
 * works off the waiters may not be who put the items, and a loop that has several requests in one slot
 * must be called back in the order of the items. */

#include "end.h"
#include "queue.h"

/* Looks at a cell while hoping: about 15 us at most, and 3 us where it has not been worth it lately. */
#define SPIN_MAX 512u
#define SPIN_MIN 128u
/* So often it is tried for the whole time all the same. */
#define SPIN_PROBE 16u

/* Nobody waits here. Hopes for the other end to make the cell ready, as long as that has lately been
 * worth it, and until somebody wants the lock. */
static bool spin(struct handoff__slot *s, enum handoff__way way) {
  struct handoff__end *end = &s->ends[way];
  unsigned limit = end->spin_misses % SPIN_PROBE == 0 ? SPIN_MAX : end->spin_limit;
  unsigned i;

  if (!s->has_many_cpus || s->shut || (way == HANDOFF__PUT && s->spare != NULL)) {
    return false;
  }
  for (i = 0; i < limit; i++) {
    if (handoff__slot_is_ready(s, way)) {
      end->spin_limit = end->spin_limit < SPIN_MAX / 2 ? end->spin_limit * 2 : SPIN_MAX;
      end->spin_misses = 0;
      return true;
    }
    if (atomic_load_explicit(&end->wanted, memory_order_relaxed) != 0) {
      return false;
    }
    handoff__relax();
  }
  end->spin_limit = end->spin_limit / 2 > SPIN_MIN ? end->spin_limit / 2 : SPIN_MIN;
  end->spin_misses++;
  return false;
}

/* One end's lock is held; on return none is. Somebody waits at the other end. */
static void settle_and_unlock(struct handoff__slot *s, enum handoff__way way,
                              struct handoff__link *woken) {
  if (way == HANDOFF__PUT) {
    handoff__end_lock(s, HANDOFF__GET);
    handoff__slot_settle(s, woken);
    handoff__slot_unlock(s);
    return;
  }
  (void)atomic_fetch_add_explicit(&s->pins, 1, memory_order_relaxed);
  handoff__end_unlock(s, HANDOFF__GET);
  handoff__slot_lock(s);
  handoff__slot_settle(s, woken);
  handoff__slot_unlock(s);
  (void)atomic_fetch_sub_explicit(&s->pins, 1, memory_order_release);
}

/* ------------------------------------------------------------------------- put, get, leave -- */

/* Queues the waiter, unless the cell becomes ready at the last moment. */
static int enlist(struct handoff__slot *s, enum handoff__way way, struct handoff__waiter *waiter,
                  struct handoff__link *woken, bool *is_other_waited) {
  if (waiter == NULL) {
    return UV_EAGAIN;
  }
  handoff__end_enqueue(s, way, waiter);
  *is_other_waited |= handoff__end_serve(s, way, woken);
  if (waiter->queued) {
    s->ends[way].waits++;
    return UV_EAGAIN;
  }
  if (waiter->is_ordered) {
    return UV_EAGAIN; /* done: its wake has been called */
  }
  handoff__queue_remove(&waiter->link); /* done: it is not to be woken, it is us */
  return 0;
}

/* HANDOFF_LATEST, and full. The new item takes the cell of the oldest, whose place at the head of the ring
 * thereby becomes the one at its tail, with both locks held, so that nobody sees the slot without either.
 * The old one is dropped with the putting lock held: it lies in `spare`, of which there is one. */
static void replace_and_unlock(struct handoff__slot *s, const void *item,
                               struct handoff__link *woken) {
  struct handoff__end *put = &s->ends[HANDOFF__PUT];
  struct handoff__end *get = &s->ends[HANDOFF__GET];
  bool is_replaced;

  handoff__end_lock(s, HANDOFF__GET);
  is_replaced = !handoff__slot_is_ready(s, HANDOFF__PUT); /* or somebody has got one just now */
  if (is_replaced) {
    handoff__copy(s->spare, put->cell, s->item_size);
    handoff__copy(put->cell, item, s->item_size);
    put->cell = handoff__cell_after(s, put->cell);
    get->cell = put->cell;
    (void)handoff__end_count(put);
    put->replaced++;
  } else {
    (void)handoff__end_move(s, HANDOFF__PUT, (void *)(uintptr_t)item);
    handoff__slot_settle(s, woken);
  }
  handoff__end_unlock(s, HANDOFF__GET);
  if (is_replaced && s->drop != NULL) {
    s->drop(s->spare, s->drop_arg);
  }
  handoff__end_unlock(s, HANDOFF__PUT);
  handoff__wake(woken);
}

static int pass(struct handoff__slot *s, enum handoff__way way, void *item,
                struct handoff__waiter *waiter, bool may_spin) {
  struct handoff__link woken;
  bool is_other_waited = false;
  int err = 0;

  handoff__queue_init(&woken);
  handoff__end_lock(s, way);
  if (!handoff__queue_is_empty(&s->ends[way].waiters)) {
    is_other_waited = handoff__end_serve(s, way, &woken); /* they come first */
  }
  if (s->shut && way == HANDOFF__PUT) {
    err = UV_EPIPE;
  } else if (handoff__queue_is_empty(&s->ends[way].waiters) &&
             (handoff__slot_is_ready(s, way) || (may_spin && spin(s, way)))) {
    is_other_waited |= handoff__end_move(s, way, item);
  } else if (s->shut) {
    err = UV_EOF;
  } else if (way == HANDOFF__PUT && s->spare != NULL) {
    replace_and_unlock(s, item, &woken);
    return 0;
  } else {
    err = enlist(s, way, waiter, &woken, &is_other_waited);
  }
  if (is_other_waited) {
    settle_and_unlock(s, way, &woken);
  } else {
    handoff__end_unlock(s, way);
  }
  handoff__wake(&woken);
  return err;
}

/* Capacity 0: no cells, both locks, and straight from hand to hand. */
static int meet(struct handoff__slot *s, enum handoff__way way, void *item,
                struct handoff__waiter *waiter) {
  const enum handoff__way other = way == HANDOFF__PUT ? HANDOFF__GET : HANDOFF__PUT;
  struct handoff__link woken;
  int err = UV_EAGAIN;

  handoff__queue_init(&woken);
  handoff__slot_lock(s);
  if (s->shut) {
    err = way == HANDOFF__PUT ? UV_EPIPE : UV_EOF;
  } else if (!handoff__queue_is_empty(&s->ends[other].waiters)) {
    struct handoff__waiter *met = handoff__end_take_first(s, other, 0);
    handoff__copy(way == HANDOFF__PUT ? met->item : item, way == HANDOFF__PUT ? item : met->item,
                  s->item_size);
    handoff__end_wake(met, &woken);
    (void)handoff__end_count(&s->ends[HANDOFF__PUT]);
    (void)handoff__end_count(&s->ends[HANDOFF__GET]);
    err = 0;
  } else if (waiter != NULL) {
    handoff__end_enqueue(s, way, waiter);
    s->ends[way].waits++;
  }
  handoff__slot_unlock(s);
  handoff__wake(&woken);
  return err;
}

int handoff__slot_put(handoff_slot_t *slot, const void *item, struct handoff__waiter *waiter,
                      bool may_spin) {
  struct handoff__slot *s = slot->impl;
  void *from = (void *)(uintptr_t)item; /* only read */
  return s->capacity == 0 ? meet(s, HANDOFF__PUT, from, waiter)
                          : pass(s, HANDOFF__PUT, from, waiter, may_spin);
}

int handoff__slot_get(handoff_slot_t *slot, void *item, struct handoff__waiter *waiter,
                      bool may_spin) {
  struct handoff__slot *s = slot->impl;
  return s->capacity == 0 ? meet(s, HANDOFF__GET, item, waiter)
                          : pass(s, HANDOFF__GET, item, waiter, may_spin);
}

int handoff__slot_peek(handoff_slot_t *slot, void *item) {
  struct handoff__slot *s = slot->impl;
  struct handoff__link woken;
  int err = UV_EAGAIN;

  handoff__queue_init(&woken);
  handoff__slot_lock(s);
  handoff__slot_settle(s, &woken); /* what is somebody's already is not to be seen */
  if (handoff__slot_is_ready(s, HANDOFF__GET)) {
    handoff__copy(item, s->ends[HANDOFF__GET].cell, s->item_size);
    err = 0;
  } else if (s->shut) {
    err = UV_EOF;
  }
  handoff__slot_unlock(s);
  handoff__wake(&woken);
  return err;
}

bool handoff__slot_leave(handoff_slot_t *slot, struct handoff__waiter *waiter) {
  struct handoff__slot *s = slot->impl;
  const enum handoff__way way = waiter->is_putter ? HANDOFF__PUT : HANDOFF__GET;
  bool was_queued;

  handoff__end_lock(s, way);
  was_queued = handoff__end_leave(s, way, waiter);
  if (was_queued && waiter->is_ordered) {
    s->ends[way].cancels++;
  } else if (was_queued) {
    s->ends[way].timeouts++;
  }
  handoff__end_unlock(s, way);
  return was_queued;
}

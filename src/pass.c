/* pass: how items pass through a slot.
 *
 * THE FAST PATH. Producers share the putting end's lock and consumers the getting end's, but a producer
 * and a consumer share only cells. A cell's state is one atomic word. FREE to FULL is changed only with the
 * putting lock held, FULL to FREE only with the getting lock, by a store that releases the item, or the
 * room, to the other side, which reads the state with acquire. So an item costs each side one lock that
 * nobody else wants, held the fast way (lock.h says how it is taken and given back), and one cache line that goes to and fro.
 * Who looks at a cell means to change its state and so fetches the line to write to it: to read it first, and then to write
 * to it, would be two ways instead of one. In a ring of many lines the next one is fetched while this one is worked off.
 *
 * WAITING. Everything else is done with both locks held, the slow way, as if there were but one. Who finds the next cell not
 * ready queues its waiter and marks the cell WAITED. A mark is made with both locks held, so to have one lock
 * is enough to see it: whoever would change a marked cell takes the other lock too, first, and then works
 * off the waiters of either end for whom there are ready cells, first in, first out: it moves their items, takes
 * them out of the queue and sets their status. That is direct assignment: who is woken is done, and never
 * looks at the slot again. No fence is needed, and no wake-up can be lost.
 *
 * Invariants, whenever a lock is free:
 *   somebody waits to put  =>  the next cell to put into is FULL and WAITED, and the slot is not shut
 *   somebody waits to get  =>  the next cell to get from is FREE and WAITED, and the slot is not shut
 * A mark without a waiter (it left) costs one look at an empty queue, and is cleared by it.
 * At capacity 0 there are no cells: nobody waits to put while somebody waits to get, and nobody once it is shut.
 *
 * NOBODY OVERTAKES. Where somebody waits, the cell is not ready, by the invariant; and when it becomes
 * so it is for who has waited, before the locks are free again. A thread that hopes for a cell before it sleeps
 * does so with its end's lock held, where nobody waits, and lets go as soon as somebody wants it.
 *
 * GIVING UP. Who is late, or cancelled, claims its own waiter first, by an atomic exchange, and takes it out of
 * the queue afterwards. Who serves it claims it too. So exactly one of them decides, and who comes too late to give
 * up has not looked at the slot to learn so.
 *
 * ORDER OF LOCKS. Putting, then getting. Who has the getting one, or the putting one the fast way, when it learns that it
 * needs both lets go of it first; it has done nothing yet. To unlock is the last that a call does to the slot, and destroy
 * waits for both locks. Threads are woken after that, by a wake that touches nothing but the thread's waiter, its park and
 * the lot that has lent it. Requests are posted to their port with the locks held (a port's lock is taken inside a slot's): whoever
 * works off the waiters may not be who put the items, and a loop that has several requests in one slot
 * must be called back in the order of the items. */

#include "pass.h"

#include "queue.h"

/* Pauses between two looks at the cell: one in so many cells, up to a microsecond. A look takes the
 * cell's cache line away from the other side, so where there is room for many items, let some come together. */
#define CELLS_PER_PAUSE 4u
#define PAUSES_MAX 32u

static unsigned pauses_between_looks(size_t capacity) {
  const size_t pauses = capacity / CELLS_PER_PAUSE;
  return pauses == 0 ? 1 : pauses > PAUSES_MAX ? PAUSES_MAX : (unsigned)pauses;
}

/* The end's lock is held, either way. Hopes for the other end to make the cell ready, as long as that has lately been worth
 * it, and until somebody wants the lock. Returns: the cell's state. */
static unsigned spin(struct handoff__slot *s, enum handoff__way way, enum handoff__hope hope) {
  struct handoff__end *end = &s->ends[way];
  const unsigned ready = handoff__ready_state(way);
  const unsigned limit = hope == HANDOFF__HOPE_LONG ? handoff__end_hope(end) : HANDOFF__SPIN_BRIEF;
  const unsigned pauses = pauses_between_looks(s->capacity);
  unsigned state = handoff__end_state(s, way);
  unsigned until_look = pauses;
  unsigned left;

  for (left = limit; left != 0; left--) {
    if (handoff__lock_is_wanted(&end->lock)) {
      return state;
    }
    handoff__cpu_relax();
    if (--until_look != 0) {
      continue;
    }
    until_look = pauses;
    state = handoff__end_fetch(s, way);
    if (state == ready) {
      handoff__end_rejoice(end);
      return state;
    }
  }
  if (hope == HANDOFF__HOPE_LONG) {
    handoff__end_despair(end);
  }
  return state;
}

/* -------------------------------------------------------------------- with both locks held -- */

/* Capacity 0: no cells, but straight from hand to hand. False: there is nobody to meet. */
static bool meet(struct handoff__slot *s, enum handoff__way way, void *item,
                 struct handoff__link *woken) {
  const enum handoff__way other = way == HANDOFF__PUT ? HANDOFF__GET : HANDOFF__PUT;
  struct handoff__waiter *met = handoff__end_take_first(s, other, 0);

  if (met == NULL) {
    return false;
  }
  handoff__copy(way == HANDOFF__PUT ? met->item : item, way == HANDOFF__PUT ? item : met->item,
                s->item_size);
  handoff__end_wake(met, woken);
  (void)handoff__end_count(&s->ends[HANDOFF__PUT]);
  (void)handoff__end_count(&s->ends[HANDOFF__GET]);
  return true;
}

/* HANDOFF_LATEST, and full. The new item takes the cell of the oldest, and the next one becomes the oldest,
 * in one step. The old item then lies in `spare`. */
static void replace(struct handoff__slot *s, const void *item) {
  struct handoff__end *put = &s->ends[HANDOFF__PUT];

  handoff__copy(s->spare, put->cell, s->item_size);
  handoff__copy(put->cell, item, s->item_size);
  put->cell = handoff__cell_after(s, put->cell);
  s->ends[HANDOFF__GET].cell = put->cell;
  (void)handoff__end_count(put);
  put->replaced++;
}

/* Lets go of both. */
static int pass_with_both(struct handoff__slot *s, enum handoff__way way, void *item,
                          struct handoff__waiter *waiter) {
  struct handoff__link woken;
  bool is_replaced = false;
  int err = 0;

  handoff__queue_init(&woken);
  if (s->shut && way == HANDOFF__PUT) {
    err = UV_EPIPE;
  } else if (handoff__end_is_ready(s, way)) {
    handoff__end_move(s, way, item);
    handoff__slot_settle(s, &woken);
  } else if (s->shut) {
    err = UV_EOF;
  } else if (s->capacity == 0 && meet(s, way, item, &woken)) {
    err = 0;
  } else if (way == HANDOFF__PUT && s->spare != NULL) {
    replace(s, item);
    is_replaced = true;
  } else {
    err = UV_EAGAIN;
    if (waiter != NULL) {
      handoff__end_enqueue(s, way, waiter);
    }
  }
  handoff__end_unlock(s, HANDOFF__GET);
  if (is_replaced && s->drop != NULL) {
    s->drop(s->spare, s->drop_arg);
  }
  handoff__end_unlock(s, HANDOFF__PUT);
  handoff__wake(&woken);
  return err;
}

/* ------------------------------------------------------------------- put, get, peek, leave -- */

static int pass_held(struct handoff__slot *s, enum handoff__way way, void *item,
                     struct handoff__waiter *waiter, enum handoff__hope hope, bool is_fast) {
  const unsigned ready = handoff__ready_state(way);
  unsigned state = handoff__end_fetch(s, way);
  int err = 0;

  if (state != ready && hope != HANDOFF__HOPE_NONE && s->may_spin[way] && !s->shut &&
      (state & HANDOFF__WAITED) == 0) {
    state = spin(s, way, hope);
  }
  if (state == ready && !(s->shut && way == HANDOFF__PUT)) {
    handoff__end_move(s, way, item);
  } else if (waiter == NULL && (state & HANDOFF__FULL) != ready &&
             (way == HANDOFF__GET || s->spare == NULL)) {
    err = !s->shut ? UV_EAGAIN : way == HANDOFF__PUT ? UV_EPIPE : UV_EOF;
  } else {
    handoff__slot_lock_too(s, way, is_fast);
    return pass_with_both(s, way, item, waiter);
  }
  handoff__end_unlock_either(s, way, is_fast);
  return err;
}

int handoff__slot_pass(handoff_slot_t *slot, enum handoff__way way, void *item,
                       struct handoff__waiter *waiter, enum handoff__hope hope, bool is_held) {
  struct handoff__slot *s = slot->impl;

  if (s->capacity == 0) {
    handoff__slot_lock(s);
    return pass_with_both(s, way, item, waiter);
  }
  return pass_held(s, way, item, waiter, hope, is_held || handoff__end_lock_either(s, way));
}

int handoff__slot_peek(handoff_slot_t *slot, void *item) {
  struct handoff__slot *s = slot->impl;
  int err = UV_EAGAIN;

  handoff__slot_lock(s); /* both: to have seen it, shut or not */
  if (handoff__end_is_ready(s, HANDOFF__GET)) {
    handoff__copy(item, s->ends[HANDOFF__GET].cell, s->item_size);
    err = 0;
  } else if (s->shut) {
    err = UV_EOF;
  }
  handoff__slot_unlock(s);
  return err;
}

bool handoff__slot_leave(handoff_slot_t *slot, struct handoff__waiter *waiter) {
  const enum handoff__way way = waiter->is_putter ? HANDOFF__PUT : HANDOFF__GET;
  struct handoff__slot *s;

  if (!handoff__waiter_claim(waiter)) {
    return false;
  }
  s = slot->impl; /* it is there: who waits in it is not done with it */
  handoff__end_lock(s, way);
  handoff__end_leave(s, way, waiter);
  handoff__end_unlock(s, way);
  return true;
}

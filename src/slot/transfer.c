/* transfer: how an item passes through a slot.
 *
 * The happy path of a put: acquire the producer's lock, find the next cell FREE, copy the item into
 * it, set it FULL, release the lock. A get does the same on the consumer's side. A producer and a
 * consumer share nothing but cells: each pays for one uncontended lock and for one cache line that
 * travels between the cores.
 *
 * Waiting. All that involves waiters holds both locks. If the next cell is not ready, the caller
 * pushes a waiter to its side's wait queue and sets HAS_WAITERS on the cell. The bit is set under
 * both locks, so holding one is enough to see it. A thread that then changes that cell acquires the
 * other lock too and matches the waiters of both sides: it moves their items, dequeues them and
 * sets their status. That is direct hand-off to the waiter: a woken thread is done and never
 * accesses the slot's cells or locks again. It needs no fence, and no wake-up can be lost.
 *
 * Invariants, whenever one of the locks is free:
 *   a putter waits  =>  the next cell to put into is FULL and HAS_WAITERS, and the slot is open
 *   a getter waits  =>  the next cell to get from is FREE and HAS_WAITERS, and the slot is open
 * HAS_WAITERS without a waiter (it has cancelled) costs one look at an empty queue, which clears
 * it. With capacity 0 there are no cells: putters and getters never wait at the same time, and
 * nobody waits once the slot is shut.
 *
 * Nobody overtakes a waiter. While a waiter exists, the cell is not ready; when it becomes ready,
 * it is given to the waiter before the locks are free. A thread that spins for a cell holds its
 * side's lock, spins only where nobody waits, and releases the lock when it is contended.
 *
 * Lock order. The producer's lock, then the consumer's. A caller that holds the consumer's lock and
 * needs both releases it first; it has changed nothing yet. Unlocking is the last access of a call
 * to the slot's cells and locks, and handoff_slot_destroy acquires both locks. Threads are woken
 * after that; the wake accesses only the waiter, its parker and the reference count (blocking.c).
 * Requests are posted to their port under the slot's locks (a task queue's lock is a leaf), because
 * a loop's callbacks must keep the order of the items and the thread that matches the waiters need
 * not be the one that put the items. */

#include "slot/transfer.h"

#include "base/list.h"
#include "slot/waitq.h"

/* Pauses between two reads of the cell: one per four cells, up to a microsecond. A read takes the
 * cell's cache line away from the other side; where there is room, let several items arrive. */
#define CELLS_PER_PAUSE 4u
#define PAUSES_MAX 32u

/* The side's lock is held. Spins until the other side makes the cell ready, the budget is used up,
 * or the lock is contended. Returns: the cell's state. */
static unsigned spin_for_cell(struct handoff__slot *s, handoff_side_t which,
                              enum handoff__spin spin) {
  struct handoff__slot_side *side = &s->sides[which];
  const size_t cell_pauses = s->capacity / CELLS_PER_PAUSE;
  const unsigned pauses = cell_pauses < PAUSES_MAX ? (unsigned)cell_pauses : PAUSES_MAX;
  unsigned left = HANDOFF__SPIN_MIN + (spin == HANDOFF__SPIN_ADAPTIVE ? side->spin_budget : 0);
  unsigned until_look = pauses;

  while (left-- != 0) {
    if (handoff__lock_is_contended(&side->lock)) {
      return handoff__ring_state(s, which);
    }
    handoff__cpu_relax();
    if (until_look > 1) {
      until_look--;
      continue;
    }
    until_look = pauses;
    if (handoff__ring_state(s, which) == HANDOFF__READY_STATE(which)) {
      side->spin_budget = HANDOFF__SPIN_MAX;
      return HANDOFF__READY_STATE(which);
    }
  }
  if (spin == HANDOFF__SPIN_ADAPTIVE) {
    side->spin_budget /= 2;
  }
  return handoff__ring_state(s, which);
}

/* -------------------------------------------------------------------------------- both locks -- */

/* Rendezvous, capacity 0: copies the item directly between the caller and the first waiter of the
 * other side. False: there is none. */
static bool rendezvous(struct handoff__slot *s, handoff_side_t side, void *item,
                       struct handoff__link *wake_list) {
  struct handoff__waiter *waiter = handoff__waitq_pop(s, !side, 0);

  if (waiter == NULL) {
    return false;
  }
  handoff__item_copy(side == HANDOFF_PRODUCER ? waiter->item : item,
                     side == HANDOFF_PRODUCER ? item : waiter->item, s->item_size);
  handoff__waitq_complete(waiter, wake_list);
  (void)handoff__ring_count(&s->sides[HANDOFF_PRODUCER]);
  (void)handoff__ring_count(&s->sides[HANDOFF_CONSUMER]);
  return true;
}

/* Both locks are held and released here. */
static int transfer_both_locks(struct handoff__slot *s, handoff_side_t side, void *item,
                               struct handoff__waiter *waiter) {
  struct handoff__link wake_list;
  int err = 0;

  handoff__list_init(&wake_list);
  if (s->is_shut && side == HANDOFF_PRODUCER) {
    err = UV_EPIPE;
  } else if (handoff__ring_is_ready(s, side)) {
    handoff__ring_move(s, side, item);
    handoff__match_waiters(s, &wake_list);
  } else if (s->is_shut) {
    err = UV_EOF;
  } else if (s->capacity != 0 || !rendezvous(s, side, item, &wake_list)) {
    err = UV_EAGAIN;
    if (waiter != NULL) {
      handoff__waitq_push(s, side, waiter);
    }
  }
  handoff__slot_unlock(s);
  handoff__wake_all(&wake_list);
  return err;
}

/* The slot is full. In one step the item takes the cell of the oldest, which is copied to `evicted`
 * if there is a finalizer, and the second oldest becomes the oldest. */
static void evict_oldest(struct handoff__slot *s, const void *item, void *evicted) {
  struct handoff__slot_side *side = &s->sides[HANDOFF_PRODUCER];

  if (s->drop != NULL) {
    handoff__item_copy(evicted, side->cell, s->item_size);
  }
  handoff__item_copy(side->cell, item, s->item_size);
  side->cell = handoff__cell_after(s, side->cell);
  s->sides[HANDOFF_CONSUMER].cell = side->cell;
  (void)handoff__ring_count(side);
  side->evicted++;
}

/* HANDOFF_DROP_OLDEST. Both locks are held and released here. The finalizer runs after that, on a
 * copy of the item on this thread's stack. */
static int put_evicting(struct handoff__slot *s, void *item) {
  _Alignas(max_align_t) unsigned char evicted[HANDOFF_DROP_OLDEST_ITEM_MAX];
  const handoff_drop_cb drop = s->drop;
  void *const drop_arg = s->drop_arg;

  if (s->is_shut || handoff__ring_is_ready(s, HANDOFF_PRODUCER)) {
    return transfer_both_locks(s, HANDOFF_PRODUCER, item, NULL);
  }
  evict_oldest(s, item, evicted);
  handoff__slot_unlock(s);
  if (drop != NULL) {
    drop(evicted, drop_arg);
  }
  return 0;
}

/* ----------------------------------------------------------------------------- the slow path -- */

/* This side's lock is held; then both are. */
static void lock_other(struct handoff__slot *s, handoff_side_t side) {
  if (side == HANDOFF_PRODUCER) {
    handoff__lock_acquire(&s->sides[HANDOFF_CONSUMER].lock);
  } else {
    handoff__lock_release(&s->sides[HANDOFF_CONSUMER].lock);
    handoff__slot_lock(s);
  }
}

int handoff__transfer(struct handoff__slot *s, handoff_side_t side, void *item,
                      struct handoff__waiter *waiter, enum handoff__spin spin, bool is_locked) {
  const unsigned ready = HANDOFF__READY_STATE(side);
  const bool is_evicting = s->drops_oldest && side == HANDOFF_PRODUCER;
  unsigned state;
  int err = 0;

  if (s->capacity == 0) {
    handoff__slot_lock(s);
    return transfer_both_locks(s, side, item, waiter);
  }
  if (!is_locked) {
    handoff__lock_acquire(&s->sides[side].lock);
  }
  state = handoff__ring_state(s, side);
  if (state != ready && (state & HANDOFF__CELL_HAS_WAITERS) == 0 && spin != HANDOFF__SPIN_NONE &&
      s->may_spin[side] && !s->is_shut) {
    state = spin_for_cell(s, side, spin);
  }
  if (state == ready && !(s->is_shut && side == HANDOFF_PRODUCER)) {
    handoff__ring_move(s, side, item);
  } else if (waiter == NULL && (state & HANDOFF__CELL_FULL) != ready && !is_evicting) {
    err = !s->is_shut ? UV_EAGAIN : side == HANDOFF_PRODUCER ? UV_EPIPE : UV_EOF;
  } else {
    lock_other(s, side);
    return is_evicting ? put_evicting(s, item) : transfer_both_locks(s, side, item, waiter);
  }
  handoff__lock_release(&s->sides[side].lock);
  return err;
}

/* ----------------------------------------------------------------- the calls that never wait -- */

static int try_transfer(handoff_slot_t *slot, handoff_side_t side, void *item) {
  bool is_locked;

  if (slot == NULL || slot->impl == NULL || item == NULL) {
    return UV_EINVAL;
  }
  if (handoff__transfer_fast(slot->impl, side, item, &is_locked)) {
    return 0;
  }
  return handoff__transfer(slot->impl, side, item, NULL, HANDOFF__SPIN_NONE, is_locked);
}

int handoff_slot_try_put(handoff_slot_t *slot, const void *item) {
  return try_transfer(slot, HANDOFF_PRODUCER, (void *)(uintptr_t)item); /* it is only read */
}

int handoff_slot_try_get(handoff_slot_t *slot, void *item) {
  return try_transfer(slot, HANDOFF_CONSUMER, item);
}

/* Runs of ready cells under one lock. All else (waiters, evictions, capacity 0) goes through
 * handoff__transfer, item by item. */
static int try_transfer_many(handoff_slot_t *slot, handoff_side_t side, unsigned char *items,
                             size_t *count) {
  struct handoff__slot *s;
  size_t done = 0;
  int err = 0;

  if (slot == NULL || slot->impl == NULL || items == NULL || count == NULL || *count == 0) {
    return UV_EINVAL;
  }
  s = slot->impl;
  while (err == 0 && done != *count) {
    handoff__lock_acquire(&s->sides[side].lock);
    while (done != *count && s->capacity != 0 && !(s->is_shut && side == HANDOFF_PRODUCER) &&
           handoff__ring_state(s, side) == HANDOFF__READY_STATE(side)) {
      handoff__ring_move(s, side, items + done * s->item_size);
      done++;
    }
    handoff__lock_release(&s->sides[side].lock);
    if (done != *count) {
      err =
          handoff__transfer(s, side, items + done * s->item_size, NULL, HANDOFF__SPIN_NONE, false);
      done += err == 0;
    }
  }
  if (done == 0) {
    return err;
  }
  *count = done;
  return 0;
}

int handoff_slot_try_put_many(handoff_slot_t *slot, const void *items, size_t *count) {
  return try_transfer_many(slot, HANDOFF_PRODUCER, (void *)(uintptr_t)items, count);
}

int handoff_slot_try_get_many(handoff_slot_t *slot, void *items, size_t *count) {
  return try_transfer_many(slot, HANDOFF_CONSUMER, items, count);
}

int handoff_slot_peek(handoff_slot_t *slot, void *item) {
  struct handoff__slot *s;
  int err = UV_EAGAIN;

  if (slot == NULL || slot->impl == NULL || item == NULL) {
    return UV_EINVAL;
  }
  s = slot->impl;
  handoff__slot_lock(s); /* both: neither an eviction nor a shut may come in between */
  if (handoff__ring_is_ready(s, HANDOFF_CONSUMER)) {
    handoff__item_copy(item, s->sides[HANDOFF_CONSUMER].cell, s->item_size);
    err = 0;
  } else if (s->is_shut) {
    err = UV_EOF;
  }
  handoff__slot_unlock(s);
  return err;
}

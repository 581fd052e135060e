/* waitq: see waitq.h.
 *
 * A waiter's claim decides a race: the waiter may cancel, because its deadline has passed or its
 * owner says so, while another thread is about to serve it. The first atomic exchange on `claim`
 * wins. So a cancelling waiter learns that it is too late without accessing the slot, which may be
 * gone. The exchange orders nothing else; the locks and the wake-up do. */

#include "slot/waitq.h"

#include "base/list.h"
#include "slot/ring.h"

/* A rendezvous that took less than this was, or would have been, worth spinning for. */
#define SPIN_BREAKEVEN_NS 10000u

/* True: claimed. */
static bool claim(struct handoff__waiter *waiter) {
  return atomic_exchange_explicit((atomic_uint *)(void *)&waiter->claim, HANDOFF__CLAIMED,
                                  memory_order_relaxed) != HANDOFF__CLAIMED;
}

/* Both locks are held. */
static void mark_cell(struct handoff__slot *s, handoff_side_t side) {
  if (!handoff__list_is_empty(&s->sides[side].waiters)) {
    (void)atomic_fetch_or_explicit(handoff__cell_state(s, s->sides[side].cell),
                                   HANDOFF__CELL_HAS_WAITERS, memory_order_relaxed);
  }
}

void handoff__waitq_push(struct handoff__slot *s, handoff_side_t side,
                         struct handoff__waiter *waiter) {
  waiter->slot = s;
  waiter->is_queued = true;
  waiter->side = side;
  atomic_init((atomic_uint *)(void *)&waiter->claim, 0);
  handoff__list_push(&s->sides[side].waiters, &waiter->link);
  s->sides[side].waits++;
  /* With cells, the thread has spun for its cell already. */
  waiter->spin_budget =
      s->capacity == 0 && s->may_spin[side] ? HANDOFF__SPIN_MIN + s->sides[side].spin_budget : 0;
  if (s->capacity != 0) {
    mark_cell(s, side);
  }
}

/* Reads the clock for threads only: as a rule they have slept, which costs much more. */
static void record_wait(struct handoff__slot_side *side, const struct handoff__waiter *waiter) {
  uint64_t waited_ns;

  if (waiter->is_request) {
    return;
  }
  waited_ns = uv_hrtime() - waiter->wait_start_ns;
  side->blocked_ns += waited_ns;
  if (waiter->spin_budget == 0) {
    return;
  }
  if (waited_ns < SPIN_BREAKEVEN_NS) {
    side->spin_budget = HANDOFF__SPIN_MAX;
  } else {
    side->spin_budget /= 2;
  }
}

struct handoff__waiter *handoff__waitq_pop(struct handoff__slot *s, handoff_side_t side,
                                           int status) {
  struct handoff__link *waiters = &s->sides[side].waiters;

  while (!handoff__list_is_empty(waiters)) {
    struct handoff__waiter *waiter =
        handoff__container_of(handoff__list_pop(waiters), struct handoff__waiter, link);
    waiter->is_queued = false;
    if (claim(waiter)) {
      waiter->status = status;
      record_wait(&s->sides[side], waiter);
      return waiter;
    }
    /* It is cancelling. It still exists, because it has yet to acquire this side's lock. */
  }
  return NULL;
}

void handoff__waitq_complete(struct handoff__waiter *waiter, struct handoff__link *wake_list) {
  if (waiter->is_request) {
    waiter->wake(waiter);
  } else {
    handoff__list_push(wake_list, &waiter->link);
  }
}

void handoff__waitq_complete_all(struct handoff__slot *s, handoff_side_t side, int status,
                                 struct handoff__link *wake_list) {
  struct handoff__waiter *waiter;

  while ((waiter = handoff__waitq_pop(s, side, status)) != NULL) {
    handoff__waitq_complete(waiter, wake_list);
  }
}

static void serve(struct handoff__slot *s, handoff_side_t side, struct handoff__link *wake_list) {
  struct handoff__waiter *waiter;

  while (handoff__ring_is_ready(s, side) && (waiter = handoff__waitq_pop(s, side, 0)) != NULL) {
    handoff__ring_move(s, side, waiter->item);
    handoff__waitq_complete(waiter, wake_list);
  }
}

void handoff__match_waiters(struct handoff__slot *s, struct handoff__link *wake_list) {
  /* Putters wait only while the ring is full, getters only while it is empty. So one of the two
   * calls does nothing, and the other one makes no cell ready for the first. */
  serve(s, HANDOFF_PRODUCER, wake_list);
  serve(s, HANDOFF_CONSUMER, wake_list);
  mark_cell(s, HANDOFF_PRODUCER);
  mark_cell(s, HANDOFF_CONSUMER);
}

void handoff__wake_all(struct handoff__link *wake_list) {
  while (!handoff__list_is_empty(wake_list)) {
    struct handoff__waiter *waiter =
        handoff__container_of(handoff__list_pop(wake_list), struct handoff__waiter, link);
    waiter->wake(waiter); /* the waiter may be gone after this, and the slot too */
  }
}

bool handoff__waitq_cancel(struct handoff__waiter *waiter) {
  struct handoff__slot_side *side;

  if (!claim(waiter)) {
    return false;
  }
  side = &waiter->slot->sides[waiter->side]; /* the slot exists until the waiter's call has ended */
  handoff__lock_acquire(&side->lock);
  if (waiter->is_queued) {
    waiter->is_queued = false;
    handoff__list_remove(&waiter->link);
  }
  record_wait(side, waiter);
  if (waiter->is_request) {
    side->cancels++;
  } else {
    side->timeouts++;
  }
  handoff__lock_release(&side->lock);
  return true;
}

/* end: the parts that a hand-off is made of: one end's lock, cells and waiters. pass.c says why it is
 * right. */

#include "end.h"

#include "queue.h"

/* A wait at capacity 0 that was shorter than this was, or would have been, worth to hope for. */
#define HOPED_NS 10000u

/* ------------------------------------------------------------------------------- the locks -- */

void handoff__slot_lock(struct handoff__slot *s) {
  handoff__end_lock(s, HANDOFF__PUT);
  handoff__end_lock(s, HANDOFF__GET);
}

void handoff__slot_lock_too(struct handoff__slot *s, enum handoff__way way, bool is_fast) {
  if (!is_fast && way == HANDOFF__PUT) {
    handoff__end_lock(s, HANDOFF__GET);
  } else {
    handoff__end_unlock_either(s, way, is_fast);
    handoff__slot_lock(s);
  }
}

void handoff__slot_unlock(struct handoff__slot *s) {
  handoff__end_unlock(s, HANDOFF__GET);
  handoff__end_unlock(s, HANDOFF__PUT);
}

/* ----------------------------------------------------------------------------- the waiters -- */

static void mark(struct handoff__slot *s, enum handoff__way way) {
  if (!handoff__queue_is_empty(&s->ends[way].waiters)) {
    (void)atomic_fetch_or_explicit(handoff__state_of(s, s->ends[way].cell), HANDOFF__WAITED,
                                   memory_order_relaxed);
  }
}

void handoff__end_enqueue(struct handoff__slot *s, enum handoff__way way,
                          struct handoff__waiter *waiter) {
  waiter->queued = true;
  atomic_init((atomic_uint *)(void *)&waiter->claim, 0);
  waiter->is_putter = way == HANDOFF__PUT;
  handoff__queue_push(&s->ends[way].waiters, &waiter->link);
  s->ends[way].waits++;
  waiter->hope = 0; /* who waits for a cell has hoped for it already */
  if (s->capacity != 0) {
    mark(s, way);
  } else if (s->has_many_cpus && !waiter->is_ordered) {
    waiter->hope = handoff__end_hope(&s->ends[way]);
    handoff__end_despair(&s->ends[way]); /* it was not in vain if it is over soon: see note_wait */
  }
}

/* The clock is asked for threads only, which as a rule have slept and so have cost much more. */
static void note_wait(struct handoff__end *end, const struct handoff__waiter *waiter) {
  uint64_t waited_ns;

  if (waiter->is_ordered) {
    return;
  }
  waited_ns = uv_hrtime() - waiter->since_ns;
  end->blocked_ns += waited_ns;
  if (waiter->hope != 0 && waited_ns < HOPED_NS) {
    end->spin_limit = HANDOFF__SPIN_MAX;
    end->spin_misses = 0;
  }
}

struct handoff__waiter *handoff__end_take_first(struct handoff__slot *s, enum handoff__way way,
                                                int status) {
  struct handoff__link *waiters = &s->ends[way].waiters;

  while (!handoff__queue_is_empty(waiters)) {
    struct handoff__waiter *waiter =
        handoff__owner(handoff__queue_pop(waiters), struct handoff__waiter, link);
    waiter->queued = false;
    if (handoff__waiter_claim(waiter)) {
      waiter->status = status;
      note_wait(&s->ends[way], waiter);
      return waiter;
    }
    /* It is on its way out, and still there, since it has yet to take this end's lock. */
  }
  return NULL;
}

void handoff__end_leave(struct handoff__slot *s, enum handoff__way way,
                        struct handoff__waiter *waiter) {
  struct handoff__end *end = &s->ends[way];

  if (waiter->queued) {
    waiter->queued = false;
    handoff__queue_remove(&waiter->link);
  }
  note_wait(end, waiter);
  if (waiter->is_ordered) {
    end->cancels++;
  } else {
    end->timeouts++;
  }
}

void handoff__end_wake(struct handoff__waiter *waiter, struct handoff__link *woken) {
  if (waiter->is_ordered) {
    waiter->wake(waiter);
  } else {
    handoff__queue_push(woken, &waiter->link);
  }
}

static void serve(struct handoff__slot *s, enum handoff__way way, struct handoff__link *woken) {
  struct handoff__waiter *waiter;

  while (handoff__end_is_ready(s, way) && (waiter = handoff__end_take_first(s, way, 0)) != NULL) {
    handoff__end_move(s, way, waiter->item);
    handoff__end_wake(waiter, woken);
  }
}

void handoff__slot_settle(struct handoff__slot *s, struct handoff__link *woken) {
  /* Nobody waits to put unless the ring is full, nor to get unless it is empty: one of the two does nothing, and
   * what the other does makes nobody ready there. */
  serve(s, HANDOFF__PUT, woken);
  serve(s, HANDOFF__GET, woken);
  mark(s, HANDOFF__PUT);
  mark(s, HANDOFF__GET);
}

void handoff__end_release(struct handoff__slot *s, enum handoff__way way, int status,
                          struct handoff__link *woken) {
  struct handoff__waiter *waiter;

  while ((waiter = handoff__end_take_first(s, way, status)) != NULL) {
    handoff__end_wake(waiter, woken);
  }
}

void handoff__wake(struct handoff__link *woken) {
  while (!handoff__queue_is_empty(woken)) {
    struct handoff__waiter *waiter =
        handoff__owner(handoff__queue_pop(woken), struct handoff__waiter, link);
    waiter->wake(waiter); /* from here on the waiter is gone, and perhaps the slot */
  }
}

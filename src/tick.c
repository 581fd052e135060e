/* tick: see tick.h.
 *
 * The heap is the pairing heap of Fredman, Sedgewick, Sleator and Tarjan (Algorithmica 1, 1986):
 * insertion in constant time, removal in amortised logarithmic time.
 * Invariants: no tick is due before its parent; the alarm is set to the root's deadline, but while a
 * round runs, after which it is set again. */

#include "tick.h"

#include "queue.h"

/* ------------------------------------------------------------------------------- the heap -- */

/* Makes the later of two roots the first child of the other. */
static struct handoff__tick *merge(struct handoff__tick *a, struct handoff__tick *b) {
  if (b->due_ns < a->due_ns) {
    struct handoff__tick *earlier = b;
    b = a;
    a = earlier;
  }
  b->prev = a;
  b->next = a->child;
  if (a->child != NULL) {
    a->child->prev = b;
  }
  a->child = b;
  a->prev = NULL;
  a->next = NULL;
  return a;
}

/* Makes one heap of a list of siblings: pairs from left to right, then all from right to left. */
static struct handoff__tick *merge_siblings(struct handoff__tick *first) {
  struct handoff__tick *pairs = NULL; /* linked backwards by `prev` */
  struct handoff__tick *root;

  while (first != NULL) {
    struct handoff__tick *a = first;
    struct handoff__tick *b = first->next;
    first = b == NULL ? NULL : b->next;
    a = b == NULL ? a : merge(a, b);
    a->prev = pairs;
    pairs = a;
  }
  root = pairs;
  if (root != NULL) {
    pairs = root->prev;
    root->prev = NULL;
    root->next = NULL;
  }
  while (pairs != NULL) {
    struct handoff__tick *pair = pairs;
    pairs = pair->prev;
    root = merge(root, pair);
  }
  return root;
}

static void heap_insert(struct handoff__ticks *ticks, struct handoff__tick *tick) {
  tick->child = NULL;
  tick->next = NULL;
  tick->prev = NULL;
  ticks->root = ticks->root == NULL ? tick : merge(ticks->root, tick);
}

static void heap_remove(struct handoff__ticks *ticks, struct handoff__tick *tick) {
  struct handoff__tick *rest = merge_siblings(tick->child);

  if (tick == ticks->root) {
    ticks->root = rest;
    return;
  }
  if (tick->prev->child == tick) {
    tick->prev->child = tick->next;
  } else {
    tick->prev->next = tick->next;
  }
  if (tick->next != NULL) {
    tick->next->prev = tick->prev;
  }
  if (rest != NULL) {
    ticks->root = merge(ticks->root, rest);
  }
}

/* ------------------------------------------------------------------------------ the ticks -- */

static void set_alarm(struct handoff__ticks *ticks) {
  if (ticks->round_ns == 0) {
    handoff__alarm_set(&ticks->alarm, ticks->root == NULL ? HANDOFF_NEVER : ticks->root->due_ns);
  }
}

static void on_alarm(struct handoff__alarm *alarm) {
  struct handoff__ticks *ticks = handoff__owner(alarm, struct handoff__ticks, alarm);

  ticks->round_ns = uv_hrtime();
  while (ticks->root != NULL && ticks->root->due_ns <= ticks->round_ns) {
    struct handoff__tick *tick = ticks->root;
    heap_remove(ticks, tick);
    tick->armed = false;
    tick->on_due(tick);
  }
  ticks->round_ns = 0;
  set_alarm(ticks);
}

int handoff__ticks_init(uv_loop_t *loop, struct handoff__ticks *ticks) {
  ticks->root = NULL;
  ticks->round_ns = 0;
  return handoff__alarm_init(loop, &ticks->alarm, on_alarm);
}

void handoff__ticks_close(struct handoff__ticks *ticks,
                          void (*on_closed)(struct handoff__alarm *)) {
  handoff__alarm_close(&ticks->alarm, on_closed);
}

void handoff__tick_init(struct handoff__tick *tick, void (*on_due)(struct handoff__tick *)) {
  tick->due_ns = HANDOFF_NEVER;
  tick->on_due = on_due;
  tick->armed = false;
}

void handoff__tick_arm(struct handoff__ticks *ticks, struct handoff__tick *tick, uint64_t due_ns) {
  handoff__tick_disarm(ticks, tick);
  if (due_ns == HANDOFF_NEVER) {
    return;
  }
  /* What is armed in a round waits for the next one, or a tick that is always due would starve the
   * loop. */
  tick->due_ns = due_ns <= ticks->round_ns ? ticks->round_ns + 1 : due_ns;
  tick->armed = true;
  heap_insert(ticks, tick);
  set_alarm(ticks);
}

void handoff__tick_disarm(struct handoff__ticks *ticks, struct handoff__tick *tick) {
  if (tick->armed) {
    heap_remove(ticks, tick);
    tick->armed = false;
    set_alarm(ticks);
  }
}

/* timer_queue: see timer_queue.h.
 *
 * The heap is the pairing heap of Fredman, Sedgewick, Sleator and Tarjan (Algorithmica 1, 1986):
 * insertion in constant time, removal in amortised logarithmic time. Invariants: no timer is due
 * before its parent. The source is set to the root's time, except while a round runs; it is set
 * again after the round. */

#include "time/timer_queue.h"

#include "base/list.h"

/* ------------------------------------------------------------------------------- the heap -- */

/* Makes the later of two roots the first child of the other. */
static struct handoff__timer *merge(struct handoff__timer *a, struct handoff__timer *b) {
  if (b->due_ns < a->due_ns) {
    struct handoff__timer *earlier = b;
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

/* Makes one heap of a list of siblings: pairs from left to right, then all from right to left.
 * */
static struct handoff__timer *merge_siblings(struct handoff__timer *first) {
  struct handoff__timer *pairs = NULL; /* linked backwards by `prev` */
  struct handoff__timer *root;

  while (first != NULL) {
    struct handoff__timer *a = first;
    struct handoff__timer *b = first->next;
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
    struct handoff__timer *pair = pairs;
    pairs = pair->prev;
    root = merge(root, pair);
  }
  return root;
}

static void heap_insert(struct handoff__timer_queue *queue, struct handoff__timer *timer) {
  timer->child = NULL;
  timer->next = NULL;
  timer->prev = NULL;
  queue->root = queue->root == NULL ? timer : merge(queue->root, timer);
}

static void heap_remove(struct handoff__timer_queue *queue, struct handoff__timer *timer) {
  struct handoff__timer *rest = merge_siblings(timer->child);

  if (timer == queue->root) {
    queue->root = rest;
    return;
  }
  if (timer->prev->child == timer) {
    timer->prev->child = timer->next;
  } else {
    timer->prev->next = timer->next;
  }
  if (timer->next != NULL) {
    timer->next->prev = timer->prev;
  }
  if (rest != NULL) {
    queue->root = merge(queue->root, rest);
  }
}

/* ------------------------------------------------------------------------------ the queue -- */

static void set_source(struct handoff__timer_queue *queue) {
  if (queue->round_ns == 0) {
    handoff__timer_source_set(&queue->source,
                              queue->root == NULL ? HANDOFF_NEVER : queue->root->due_ns);
  }
}

static void on_source_due(struct handoff__timer_source *source) {
  struct handoff__timer_queue *queue =
      handoff__container_of(source, struct handoff__timer_queue, source);

  queue->round_ns = uv_hrtime();
  while (queue->root != NULL && queue->root->due_ns <= queue->round_ns) {
    struct handoff__timer *timer = queue->root;
    heap_remove(queue, timer);
    timer->is_armed = false;
    timer->on_due(timer);
  }
  queue->round_ns = 0;
  set_source(queue);
}

int handoff__timer_queue_init(uv_loop_t *loop, struct handoff__timer_queue *queue) {
  queue->root = NULL;
  queue->round_ns = 0;
  return handoff__timer_source_init(loop, &queue->source, on_source_due);
}

void handoff__timer_queue_close(struct handoff__timer_queue *queue,
                                void (*on_closed)(struct handoff__timer_source *)) {
  handoff__timer_source_close(&queue->source, on_closed);
}

void handoff__timer_init(struct handoff__timer *timer, void (*on_due)(struct handoff__timer *)) {
  timer->due_ns = HANDOFF_NEVER;
  timer->on_due = on_due;
  timer->is_armed = false;
}

void handoff__timer_arm(struct handoff__timer_queue *queue, struct handoff__timer *timer,
                        uint64_t due_ns) {
  handoff__timer_disarm(queue, timer);
  if (due_ns == HANDOFF_NEVER) {
    return;
  }
  /* A timer armed during a round waits for the next one. Otherwise a timer that is always due
   * would starve the loop. */
  timer->due_ns = due_ns <= queue->round_ns ? queue->round_ns + 1 : due_ns;
  timer->is_armed = true;
  heap_insert(queue, timer);
  set_source(queue);
}

void handoff__timer_disarm(struct handoff__timer_queue *queue, struct handoff__timer *timer) {
  if (timer->is_armed) {
    heap_remove(queue, timer);
    timer->is_armed = false;
    set_source(queue);
  }
}

/* timer_queue: any number of timers on a loop, over one timer source. Loop thread only.
 *
 * The timers form a pairing heap whose links are in the timers: arming one does not allocate. */

#ifndef HANDOFF_TIME_TIMER_QUEUE_H
#define HANDOFF_TIME_TIMER_QUEUE_H

#include "handoff.h"
#include "time/timer_source.h"

struct handoff__timer {
  uint64_t due_ns;
  void (*on_due)(struct handoff__timer *);
  bool is_armed;
  struct handoff__timer *child; /* the first one */
  struct handoff__timer *next;  /* sibling */
  struct handoff__timer *prev;  /* sibling; of a first child, the parent; of the root, NULL */
};

struct handoff__timer_queue {
  struct handoff__timer_source source;
  struct handoff__timer *root; /* the earliest timer; NULL: none */
  uint64_t round_ns;           /* while a round runs: the time it runs for; otherwise 0 */
};

/* Returns: 0, and then the queue must be closed; what handoff__timer_source_init returns. */
int handoff__timer_queue_init(uv_loop_t *loop, struct handoff__timer_queue *queue);

/* No timer will run any more. on_closed runs once, from the loop. */
void handoff__timer_queue_close(struct handoff__timer_queue *queue,
                                void (*on_closed)(struct handoff__timer_source *));

void handoff__timer_init(struct handoff__timer *timer, void (*on_due)(struct handoff__timer *));

/* Runs on_due once when uv_hrtime() has reached due_ns, from the loop, never from inside this
 * call. Arming an armed timer moves it. HANDOFF_NEVER disarms it. */
void handoff__timer_arm(struct handoff__timer_queue *queue, struct handoff__timer *timer,
                        uint64_t due_ns);
void handoff__timer_disarm(struct handoff__timer_queue *queue, struct handoff__timer *timer);

#endif /* HANDOFF_TIME_TIMER_QUEUE_H */

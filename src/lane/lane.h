/* lane: the types that the loop's part of a lane (lifecycle.c, credits.c, events.c) and the
 * workers' part (worker.c) share.
 *
 * Items, credits and completions pass through slots; a few atomics and the `look` task beside
 * them. The loop puts credits into a side's credit queue; a paced worker takes one for each
 * turn. Each worker puts a completion into its completion queue after each transfer; the loop
 * returns the credit and delivers the event.
 *
 *              credits                            credits
 *     loop ──────────────► producer      loop ──────────────► consumer
 *      ▲                      └─────────── items ──────────────►  │
 *      └───────────────── completions, one per side ──────────┘ */

#ifndef HANDOFF_LANE_LANE_H
#define HANDOFF_LANE_LANE_H

#include <stdatomic.h>

#include "base/cpu.h"
#include "handoff.h"
#include "loop/port.h"
#include "time/schedule.h"

/* What a worker tells the loop: a transfer or, last of all, that it has ended. */
struct handoff__completion {
  handoff_event_t event;
  bool is_paced;       /* the turn used a tick */
  bool is_timed;       /* the application or the loop reads the event's times */
  bool returns_credit; /* the tick was the last one of its credit */
  unsigned epoch;      /* of that credit */
  bool is_end;
  int status; /* of the end */
};

/* The right to take one turn for a tick; or, unpaced, to run until the side is paced again. A
 * credit for a tick may be granted a little early, because a worker needs time to wake up; the
 * worker waits for the rest. Ticks that are closer together than a wake-up costs are granted in
 * groups, ahead of their time. */
struct handoff__credit {
  bool is_paced;      /* If false, the rest is unset. */
  uint64_t due_ns;    /* the first tick */
  uint64_t period_ns; /* from one tick to the next */
  uint64_t count;     /* ticks */
  uint64_t missed;    /* ticks before the first one */
  uint64_t armed_ns;  /* when the loop was to wake up for it; 0: it did not have to */
  unsigned epoch;     /* the credit is void once the side's epoch has changed */
};

/* What the two workers and the loop write often is in different cache lines. */
struct handoff__lane_side {
  /* Set at init, then constant. */
  struct handoff__lane *lane;
  handoff_side_t which;
  struct handoff__timer_queue *timers; /* the port's */
  size_t late_max;                     /* late ticks that may run back to back: 1, or the burst */
  handoff_slot_t credits;              /* from the loop; shut when the side has to end */
  handoff_slot_t completions;          /* to the loop; never shut */

  /* Atomic. Written by the loop, read by the worker. A worker that reads an old value then finds
   * a credit in its queue, or the queue shut. */
  atomic_bool is_paced;
  atomic_bool is_stopping;
  atomic_uint epoch; /* counts the changes of an interval that was granted in groups */

  /* Worker thread only. */
  unsigned char *item;            /* the current item, with its stamp behind it */
  struct handoff__schedule ticks; /* those of the credit in use */
  uint64_t ticks_left;            /* of them */
  unsigned ticks_epoch;
  uint64_t last_due_ns; /* when the last tick was due */
  /* Groups: SHIFT delays the next tick until then, SKIP drops earlier ticks. */
  uint64_t not_before_ns;

  unsigned char pad[HANDOFF__CACHE_LINE];
  /* Loop thread only. */
  uv_thread_t thread;
  struct handoff__schedule schedule;
  struct handoff__timer timer;
  size_t credits_out;        /* for ticks, in the queue or in use */
  uint64_t completed_due_ns; /* when the last tick that has completed was due */
  uint64_t missed;           /* ticks, since the last credit */
  uint64_t delivered;        /* events */
  handoff_req_t req;         /* the get on `completions`, if it is pending */
  struct handoff__completion completion;
  bool has_completion;     /* `completion` has yet to be delivered */
  bool is_credit_returned; /* its credit has been returned already */
  bool has_ended;
  unsigned char pad_end[HANDOFF__CACHE_LINE];
};

struct handoff__lane {
  /* Set at init, then constant. */
  handoff_lane_t *handle;
  handoff_lane_options_t options;
  size_t stamp_offset;  /* of the stamp behind an item: when the producer was ready to put it */
  handoff_slot_t items; /* each with its stamp */
  bool has_many_cpus;
  size_t look_every; /* completions of a side after which it posts `look`; 0: no coalescing */
  struct handoff__lane_side sides[2]; /* by handoff_side_t */

  /* Atomic, orders nothing. The measured wake-up latency compensation (schedule.h). Both workers
   * write it, and losing one measurement does no harm; the loop reads it. */
  atomic_uint_fast64_t advance_learnt_ns;
  /* Atomic: `look` has been posted. Exchanged with acquire and release: a worker that finds it
   * set has put its completion before the look that is still to come. */
  atomic_bool is_look_posted;
  struct handoff__task look; /* the loop looks for completions */

  /* Loop thread only. */
  struct handoff__member member;
  uint64_t advance_ns; /* in use: copied when a timer runs, so that both sides use the same value */
  struct handoff__timer coalesced; /* armed: completions are left alone until then */
  uint64_t look_ns;                /* when the loop last finished looking for completions */
  unsigned handled;                /* completions since then */
  bool is_starting;                /* what the last run has left is being finalized */
  bool is_running;
  bool is_handling; /* completions are being handled */
  bool is_paused;
  bool is_closing;
  int status; /* of this run */
  struct handoff__task closed;
  handoff_lane_close_cb on_close;
};

#endif /* HANDOFF_LANE_LANE_H */

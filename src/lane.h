/* lane: what the loop's half (lane.c, permit.c, report.c) and the workers' half (worker.c) of a lane share.
 *
 * Workers and loop share nothing but slots: the loop puts permits into a side's gate, its worker takes
 * one for each turn while it is paced, and reports what it has done. A permit may come a little before its tick is due,
 * for it takes a worker some time to wake up (lead.h): one that is early waits. */

#ifndef HANDOFF_LANE_H
#define HANDOFF_LANE_H

#include <stdatomic.h>

#include "gather.h"
#include "handoff.h"
#include "pace.h"
#include "slot.h"
#include "tick.h"

/* What a worker tells the loop: a hand-off or, as its last word, that it has ended. */
struct handoff__report {
  handoff_event_t event;
  bool is_end;
  int status; /* of the end */
};

/* A tick that may be worked off; due at 0: a turn that has nothing to do with ticks. */
struct handoff__permit {
  uint64_t due_ns;
  uint64_t missed;   /* ticks before it */
  uint64_t armed_ns; /* when the loop was to wake up for it; 0: it had no need to */
};

/* What a worker, the other one and the loop write is kept apart: no cache line is two of theirs. */
struct handoff__side {
  /* Set at init, then constant. */
  struct handoff__lane *lane;
  handoff_side_t which;
  size_t permits_max;     /* that may be out at once: the gate's capacity */
  handoff_slot_t gate;    /* of permits; shut when the side is to end */
  handoff_slot_t reports; /* of its worker's to the loop; never shut */

  /* Written by the loop thread, read by the worker, which may see an old value: then it finds a
   * permit in the gate, or the gate shut. */
  atomic_bool is_paced;
  atomic_bool is_stopping;

  unsigned char *item; /* Worker thread: the item in hand, and behind it its stamp. */

  unsigned char pad[HANDOFF__LINE];
  /* Loop thread only. */
  uv_thread_t thread;
  struct handoff__pace pace;
  struct handoff__tick tick;
  size_t permits_out; /* in the gate or in the worker's hand */
  uint64_t missed;    /* ticks, since the last permit */
  uint64_t delivered; /* events */
  handoff_req_t req;  /* the get on `reports`, if it is pending */
  struct handoff__report report;
  bool has_report; /* `report` is still to be handled */
  bool is_noted;   /* its permit has come back */
  bool has_ended;
  unsigned char pad_end[HANDOFF__LINE];
};

struct handoff__lane {
  /* Set at init, then constant. */
  handoff_lane_t *handle;
  handoff_lane_options_t options;
  size_t stamp_offset;  /* of the stamp behind an item: when its producer was ready to put it */
  handoff_slot_t items; /* each with its stamp */
  bool has_many_cpus;
  struct handoff__side sides[2];

  /* Atomic: see lead.h. Written by both workers, where it does no harm if what one has learnt is lost; read by the loop. */
  atomic_uint_fast64_t lead_learnt_ns;

  /* Loop thread only. */
  uint64_t lead_ns; /* in use: renewed by ticks, so that those of one instant stay together */
  struct handoff__gather gather;
  struct handoff__tick gathered; /* armed: reports are left alone until then */
  bool is_running;
  bool is_reporting; /* reports are being handled */
  bool is_held;
  bool is_resuming; /* `resumed` has been posted */
  bool is_closing;
  int status; /* of this run */
  struct handoff__job resumed;
  struct handoff__job closed;
  handoff_lane_close_cb on_close;
};

/* The permits of a side (permit.c). Loop thread only. */
void handoff__permits_init(struct handoff__side *side, const handoff_pacing_t *pacing);
void handoff__permits_start(struct handoff__side *side, uint64_t now_ns);
void handoff__permits_on_report(struct handoff__side *side, const handoff_event_t *event);
/* No more permits: the worker ends when it next asks for one. */
void handoff__permits_stop(struct handoff__side *side);

/* The reports of both sides (report.c). Loop thread only. */
void handoff__reports_init(struct handoff__lane *lane);
/* Awaits the next ones. */
void handoff__reports_await(struct handoff__lane *lane);
/* Looks for them soon, without waiting for them to gather; unless the lane is held. */
void handoff__reports_resume(struct handoff__lane *lane);

/* The thread of a side, which is its argument (worker.c): takes a first permit, paced or not, then turn
 * after turn until its end. */
void handoff__worker_run(void *arg);

#endif /* HANDOFF_LANE_H */

/* worker: the thread of one side of a lane. */

#ifndef HANDOFF_LANE_WORKER_H
#define HANDOFF_LANE_WORKER_H

/* The thread's entry; `arg` is its struct handoff__lane_side. Takes a first credit, paced or
 * not, then turn after turn until its end, which it reports. */
void handoff__worker_run(void *arg);

#endif /* HANDOFF_LANE_WORKER_H */

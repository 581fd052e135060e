/* events: the completions of both workers, delivered in order to on_event, and the lane's end.
 * Loop thread only. */

#ifndef HANDOFF_LANE_EVENTS_H
#define HANDOFF_LANE_EVENTS_H

#include "lane/lane.h"

void handoff__events_init(struct handoff__lane *lane);

/* The lane starts: awaits the first completions. */
void handoff__events_start(struct handoff__lane *lane);

/* Looks for completions soon, without coalescing. */
void handoff__events_resume(struct handoff__lane *lane);

#endif /* HANDOFF_LANE_EVENTS_H */

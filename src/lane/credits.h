/* credits: a side's credits, which pace it: a token bucket. Loop thread only. */

#ifndef HANDOFF_LANE_CREDITS_H
#define HANDOFF_LANE_CREDITS_H

#include "lane/lane.h"

/* Returns: the capacity that the side's credit queue needs. */
size_t handoff__credits_init(struct handoff__lane_side *side,
                             const handoff_side_options_t *options);
void handoff__credits_start(struct handoff__lane_side *side, uint64_t now_ns);

/* A turn has completed and returns its credit. */
void handoff__credits_on_completion(struct handoff__lane_side *side,
                                    const struct handoff__completion *completion);

/* Changes the interval, also while the lane is not running. */
void handoff__credits_set_interval(struct handoff__lane_side *side, uint64_t interval_ns);

/* Grants no more credits. The worker ends when it next asks for one. */
void handoff__credits_stop(struct handoff__lane_side *side);

#endif /* HANDOFF_LANE_CREDITS_H */

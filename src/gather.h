/* gather: how long the reports of a lane are left to gather before the loop looks at them. What came, and when, goes
 * in; a time comes out. No clock, no handle. */

#ifndef HANDOFF_GATHER_H
#define HANDOFF_GATHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct handoff__gather {
  uint64_t max_ns;
  size_t capacity; /* of each of the two slots that reports gather in */
  uint64_t since_ns;
  uint64_t count;    /* reports since then */
  uint64_t apart_ns; /* that reports came apart when the loop was woken for them */
  uint64_t patience; /* so many it is woken for before they may gather */
  unsigned turns;    /* that they have gathered, since it has last been woken for them */
};

void handoff__gather_init(struct handoff__gather *gather, uint64_t max_ns, size_t capacity);

/* The lane starts. */
void handoff__gather_start(struct handoff__gather *gather);

/* A report has come. */
static inline void handoff__gather_count(struct handoff__gather *gather) { gather->count++; }

/* There is something to decide. False: the loop is to be woken for the next report, without a look at the clock. */
static inline bool handoff__gather_is_due(const struct handoff__gather *gather) {
  return gather->turns != 0 || gather->count >= gather->patience;
}

/* What has come has been handled. Returns: how long reports may gather now; 0: not at all. */
uint64_t handoff__gather_next(struct handoff__gather *gather, uint64_t now_ns);

/* They must not. */
static inline void handoff__gather_stop(struct handoff__gather *gather) {
  gather->turns = 0;
  gather->count = 0;
}

#endif /* HANDOFF_GATHER_H */

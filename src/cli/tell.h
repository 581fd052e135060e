/* tell: what a run tells of itself on standard error, when it is asked and at its end. Loop thread. */

#ifndef HANDOFF_CLI_TELL_H
#define HANDOFF_CLI_TELL_H

#include "answer.h"
#include "stats.h"
#include "work.h"

struct tell {
  struct work *work;
  struct stats stats;
  uint64_t ended_ns;  /* the lane; 0: not yet */
  uint64_t killed_ns; /* when a signal came that ends the run; 0: none has */
  struct answer answer;
};

/* Returns: 0, and then it must be closed; UV_ENOMEM. */
int tell_init(struct tell *tell, struct work *work);

/* Whether anything needs to be known of each hand-off. A paced lane tells in any case. */
bool tell_needs_events(const struct tell *tell);

/* The statistics up to now; unless what has been told before is still being written. */
void tell_now(struct tell *tell);

/* Until when, at most, the end waits for what is being written. */
uint64_t tell_until_ns(const struct tell *tell, uint64_t now_ns);

/* The last word, if one was asked for. Where the run was ended by a signal nothing is waited for
 * for long, nor where only the answer to an earlier question is still being written. */
void tell_at_end(struct tell *tell);

/* False: something is still being written; the process may end, but this must stay until then. */
bool tell_close(struct tell *tell);

#endif /* HANDOFF_CLI_TELL_H */

/* spec: the sequential specification: a bounded queue, and what each call may return in a state.
 *
 * The state is the items that have been put and not taken out, at most `capacity`, and whether the
 * slot is shut. Each line is a result and the state that allows it:
 *   put 0      Open and not full. Adds the item.
 *   get 0      The item is the oldest. Removes it.
 *              With capacity 0, a put and a get take effect together, and one of them may wait.
 *   put EPIPE  Shut.
 *   get EOF    Shut and empty.
 *   otherwise  (EAGAIN, ETIMEDOUT, ECANCELED, no memory) Open; full for a put, empty for a get.
 *              With capacity 0, no call of the other side waits for certain.
 *   drop       With HANDOFF_DROP_OLDEST, a put that finds the slot full evicts the oldest item.
 *              No put fails unless the slot is shut.
 *   peek 0     The item is the oldest, and no getter waits for certain.
 *   stats      The counters of puts, gets, evicted and discarded items, and `count`, are exact.
 *   abort      As shut; also removes all items and finalizes them.
 *   shut       No call waits afterwards. A putter that waits for certain and gets EPIPE finds the
 *              slot full, a getter that gets EOF finds it empty, and none returns anything else.
 * At the end the items are those that destroy finalizes. */

#ifndef TESTS_SCHED_SPEC_H
#define TESTS_SCHED_SPEC_H

#include "sched/history.h"

typedef struct {
  uint64_t done; /* a bit for each call that has taken effect */
  uint8_t items[CAPACITY_MAX];
  uint8_t count;
  bool is_shut;
} state_t;

static inline uint64_t spec_bit(int call) { return UINT64_C(1) << call; }

static inline bool spec_is_done(const state_t *state, int call) {
  return (state->done & spec_bit(call)) != 0;
}

/* A put or a get. */
bool spec_is_transfer(const call_t *call);

/* A put, a get or a peek that had no effect although the slot was open. */
bool spec_has_failed(const call_t *call);

/* Lets the call take effect. False: the state does not allow its result. */
bool spec_apply(const history_t *history, state_t *state, int call);

/* Capacity 0: whether this put and this get can take effect together. */
bool spec_can_rendezvous(const state_t *state, const call_t *put, const call_t *get);

/* All calls have taken effect: whether the remaining items are those that destroy finalized. */
bool spec_is_final(const history_t *history, const state_t *state);

#endif /* TESTS_SCHED_SPEC_H */

/* spec: the sequential bounded queue, with what is and is not to be expected of it.
 *
 * It has the items that were put and not got, at most `capacity`, and is shut or not.
 *   put 0       it is not shut and not full; adds the item          at capacity 0 a put and a get
 *   get 0       takes the oldest item, which must be the one        are one step, and one of them waits
 *   put EPIPE   it is shut
 *   get EOF     it is shut and empty
 *   anything else (EAGAIN, ETIMEDOUT, ECANCELED, no memory): it is not shut, and a put finds it full, a get
 *               empty; at capacity 0: nobody is known to wait at the other end
 *   latest      a put that finds it full takes the place of the oldest item, which it drops; no put fails
 *   peek 0      the oldest item is that one, and nobody is known to wait for it
 *   stats       as many puts, gets and items replaced, dropped and left as there are then
 *   abort       shuts it, and takes out what is in it, which it drops
 *   shut        nobody waits any more: a putter that is known to wait then, and gets EPIPE, finds it full; a
 *               getter that gets EOF finds it empty; and none of them ends in another way later
 * In the end it has the items that destroy dropped. */

#ifndef TESTS_SCHED_SPEC_H
#define TESTS_SCHED_SPEC_H

#include "sched/history.h"

typedef struct {
  uint64_t done; /* the calls that have taken effect, a bit each */
  uint8_t items[CAPACITY_MAX];
  uint8_t count;
  bool is_shut;
} state_t;

static inline uint64_t spec_bit(int call) { return UINT64_C(1) << call; }

static inline bool spec_is_done(const state_t *state, int call) {
  return (state->done & spec_bit(call)) != 0;
}

/* A put or get; a put or get or peek that came to nothing, though the slot was not shut. */
bool spec_is_pass(const call_t *call);
bool spec_has_failed(const call_t *call);

/* The call takes effect. False: it cannot. */
bool spec_apply(const history_t *history, state_t *state, int call);

/* Capacity 0: whether the put may hand its item to the get. */
bool spec_can_meet(const state_t *state, const call_t *put, const call_t *get);

/* All have taken effect: whether what is left is what was left. */
bool spec_is_the_end(const history_t *history, const state_t *state);

#endif /* TESTS_SCHED_SPEC_H */

/* ways: a thread's calls on a slot, by chance one that waits, tries or waits until an instant, and what may
 * come of each. */

#ifndef TESTS_STRESS_WAYS_H
#define TESTS_STRESS_WAYS_H

#include <stdatomic.h>

#include "stress/dice.h"

enum { WAIT = 1, TRY = 2, UNTIL = 4, ANY = WAIT | TRY | UNTIL };

/* A slot, and whether it has been, or is about to be, shut. */
typedef struct gated_s {
  handoff_slot_t slot;
  atomic_bool is_shut;
} gated_t;

static inline void ways_shut(gated_t *gated) {
  atomic_store(&gated->is_shut, true);
  handoff_slot_shut(&gated->slot);
}

static inline unsigned ways_choose(dice_t *dice, unsigned ways) {
  unsigned way;
  do {
    way = 1u << dice_below(dice, 3);
  } while ((way & ways) == 0);
  return way;
}

/* Up to 200 us from now; some have passed. */
static inline uint64_t ways_deadline(dice_t *dice) {
  return uv_hrtime() - 20000 + dice_below(dice, 220000);
}

static inline int ways_put(gated_t *gated, dice_t *dice, unsigned ways, const void *item) {
  unsigned way = ways_choose(dice, ways);
  uint64_t deadline_ns = 0;
  int err;

  switch (way) {
    case WAIT:
      err = handoff_slot_put(&gated->slot, item);
      break;
    case TRY:
      err = handoff_slot_try_put(&gated->slot, item);
      break;
    default:
      deadline_ns = ways_deadline(dice);
      err = handoff_slot_put_until(&gated->slot, item, deadline_ns);
      break;
  }
  CHECK(err == 0 || (err == UV_EAGAIN && way == TRY) ||
        (err == UV_ETIMEDOUT && way == UNTIL && uv_hrtime() >= deadline_ns) ||
        (err == UV_EPIPE && atomic_load(&gated->is_shut)));
  return err;
}

static inline int ways_get(gated_t *gated, dice_t *dice, unsigned ways, void *item) {
  unsigned way = ways_choose(dice, ways);
  uint64_t deadline_ns = 0;
  int err;

  switch (way) {
    case WAIT:
      err = handoff_slot_get(&gated->slot, item);
      break;
    case TRY:
      err = handoff_slot_try_get(&gated->slot, item);
      break;
    default:
      deadline_ns = ways_deadline(dice);
      err = handoff_slot_get_until(&gated->slot, item, deadline_ns);
      break;
  }
  CHECK(err == 0 || (err == UV_EAGAIN && way == TRY) ||
        (err == UV_ETIMEDOUT && way == UNTIL && uv_hrtime() >= deadline_ns) ||
        (err == UV_EOF && atomic_load(&gated->is_shut)));
  return err;
}

#endif /* TESTS_STRESS_WAYS_H */

/* call_variants: puts and gets of a thread that wait, try or wait until a deadline, chosen at
 * random, with a check of what each may return. */

#ifndef TESTS_STRESS_CALL_VARIANTS_H
#define TESTS_STRESS_CALL_VARIANTS_H

#include "stress/stress.h"

enum { BLOCK = 1, TRY = 2, UNTIL = 4, ANY = BLOCK | TRY | UNTIL };

/* A slot whose shut is recorded before it happens. */
typedef struct tracked_slot_s {
  handoff_slot_t slot;
  atomic_bool is_shut;
} tracked_slot_t;

static inline void tracked_shut(tracked_slot_t *tracked) {
  atomic_store(&tracked->is_shut, true);
  handoff_slot_shut(&tracked->slot);
}

/* From 20 us ago to 200 us from now. */
static inline uint64_t random_deadline(rng_t *rng) {
  return uv_hrtime() - 20000 + rng_below(rng, 220000);
}

/* Makes one of the `variants` of a put or get. `item` is only read by a put. */
static inline int tracked_call(tracked_slot_t *tracked, rng_t *rng, unsigned variants,
                               handoff_side_t side, void *item) {
  handoff_slot_t *slot = &tracked->slot;
  bool is_put = side == HANDOFF_PRODUCER;
  uint64_t deadline_ns = 0;
  unsigned variant;
  int err;

  do {
    variant = 1u << rng_below(rng, 3);
  } while ((variant & variants) == 0);
  if (variant == BLOCK) {
    err = is_put ? handoff_slot_put(slot, item) : handoff_slot_get(slot, item);
  } else if (variant == TRY) {
    err = is_put ? handoff_slot_try_put(slot, item) : handoff_slot_try_get(slot, item);
  } else {
    deadline_ns = random_deadline(rng);
    err = is_put ? handoff_slot_put_until(slot, item, deadline_ns)
                 : handoff_slot_get_until(slot, item, deadline_ns);
  }
  CHECK(err == 0 || (err == UV_EAGAIN && variant == TRY) ||
        (err == UV_ETIMEDOUT && variant == UNTIL && uv_hrtime() >= deadline_ns) ||
        (err == (is_put ? UV_EPIPE : UV_EOF) && atomic_load(&tracked->is_shut)));
  return err;
}

static inline int tracked_put(tracked_slot_t *tracked, rng_t *rng, unsigned variants, void *item) {
  return tracked_call(tracked, rng, variants, HANDOFF_PRODUCER, item);
}

static inline int tracked_get(tracked_slot_t *tracked, rng_t *rng, unsigned variants, void *item) {
  return tracked_call(tracked, rng, variants, HANDOFF_CONSUMER, item);
}

#endif /* TESTS_STRESS_CALL_VARIANTS_H */

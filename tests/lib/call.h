/* call: one blocking call on a slot, on a thread of its own. */

#ifndef TESTS_LIB_CALL_H
#define TESTS_LIB_CALL_H

#include "handoff.h"
#include "lib/bounded.h"

typedef struct call_s {
  uv_thread_t thread;
  handoff_slot_t *slot;
  void *item;
  uint64_t deadline_ns;
  handoff_side_t side;
  int status;           /* what the call returned */
  uint64_t returned_ns; /* when it returned */
} call_t;

static inline void call_run(void *arg) {
  call_t *call = arg;
  const bool is_timed = call->deadline_ns != HANDOFF_NEVER;
  if (call->side == HANDOFF_PRODUCER) {
    call->status = is_timed ? handoff_slot_put_until(call->slot, call->item, call->deadline_ns)
                            : handoff_slot_put(call->slot, call->item);
  } else {
    call->status = is_timed ? handoff_slot_get_until(call->slot, call->item, call->deadline_ns)
                            : handoff_slot_get(call->slot, call->item);
  }
  call->returned_ns = uv_hrtime();
}

static inline void call_start(call_t *call, handoff_slot_t *slot, handoff_side_t side, void *item,
                              uint64_t deadline_ns) {
  *call = (call_t){.slot = slot, .side = side, .item = item, .deadline_ns = deadline_ns};
  call->status = 1; /* no call returns it */
  assert_int_equal(uv_thread_create(&call->thread, call_run, call), 0);
}

/* The item must live until call_end. */
static inline void call_put(call_t *call, handoff_slot_t *slot, void *item, uint64_t deadline_ns) {
  call_start(call, slot, HANDOFF_PRODUCER, item, deadline_ns);
}

static inline void call_get(call_t *call, handoff_slot_t *slot, void *item, uint64_t deadline_ns) {
  call_start(call, slot, HANDOFF_CONSUMER, item, deadline_ns);
}

/* Waits until the call has returned. Returns: what it returned. */
static inline int call_end(call_t *call) {
  assert_int_equal(uv_thread_join(&call->thread), 0);
  return call->status;
}

#endif /* TESTS_LIB_CALL_H */

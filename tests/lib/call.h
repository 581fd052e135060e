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
  int status;           /* what the call returned */
  uint64_t returned_ns; /* when it returned */
} call_t;

static inline void call_run_put(void *arg) {
  call_t *call = arg;
  call->status = call->deadline_ns == HANDOFF_NEVER
                     ? handoff_slot_put(call->slot, call->item)
                     : handoff_slot_put_until(call->slot, call->item, call->deadline_ns);
  call->returned_ns = uv_hrtime();
}

static inline void call_run_get(void *arg) {
  call_t *call = arg;
  call->status = call->deadline_ns == HANDOFF_NEVER
                     ? handoff_slot_get(call->slot, call->item)
                     : handoff_slot_get_until(call->slot, call->item, call->deadline_ns);
  call->returned_ns = uv_hrtime();
}

static inline void call_start(call_t *call, handoff_slot_t *slot, void *item, uint64_t deadline_ns,
                              uv_thread_cb run) {
  call->slot = slot;
  call->item = item;
  call->deadline_ns = deadline_ns;
  call->status = 1;
  assert_int_equal(uv_thread_create(&call->thread, run, call), 0);
}

/* The item must live until call_end. */
static inline void call_put(call_t *call, handoff_slot_t *slot, void *item, uint64_t deadline_ns) {
  call_start(call, slot, item, deadline_ns, call_run_put);
}

static inline void call_get(call_t *call, handoff_slot_t *slot, void *item, uint64_t deadline_ns) {
  call_start(call, slot, item, deadline_ns, call_run_get);
}

/* Waits until the call has returned. Returns: what it returned. */
static inline int call_end(call_t *call) {
  assert_int_equal(uv_thread_join(&call->thread), 0);
  return call->status;
}

#endif /* TESTS_LIB_CALL_H */

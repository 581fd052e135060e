/* script: a lane whose workers are blocked, so that the test puts their completions itself. */

#ifndef TESTS_LIB_SCRIPT_H
#define TESTS_LIB_SCRIPT_H

#include "lane/lane.h"
#include "lib/rig.h"

/* The producer is blocked in its callback, and the consumer waits for the first item. */
static inline rig_t *script_new(void **state, size_t capacity, uint64_t coalesce_ns) {
  rig_t *rig = rig_new(state);
  rig->options.capacity = capacity;
  rig->options.coalesce_ns = coalesce_ns;
  rig_block(rig, HANDOFF_PRODUCER);
  rig_init_and_start(rig);
  rig_await_turn(rig, HANDOFF_PRODUCER, 1);
  return rig;
}

static inline void script_complete(rig_t *rig, handoff_side_t side, uint64_t number) {
  struct handoff__completion completion = {.event = {.size = sizeof completion.event,
                                                     .side = side,
                                                     .number = number,
                                                     .begun_ns = number,
                                                     .done_ns = number}};
  assert_int_equal(handoff_slot_try_put(&rig->lane.impl->sides[side].completions, &completion), 0);
}

/* Ignores the events of the real item, whose numbers the script has used. */
static inline void script_free(rig_t *rig) {
  rig->ignores_events = true;
  rig_free(rig);
}

#endif /* TESTS_LIB_SCRIPT_H */

/* script: a lane whose workers do nothing, so that the test can play their reports itself. */

#ifndef TESTS_LIB_SCRIPT_H
#define TESTS_LIB_SCRIPT_H

#include "lane/lane.h"
#include "lib/rig.h"
#include "loop/port.h"

/* Runs what the loop has to do now. */
static inline void turn_loop(rig_t *rig) {
  int i;
  for (i = 0; i < 20; i++) {
    uv_run(&rig->fixture->loop, UV_RUN_NOWAIT);
  }
}

static inline unsigned events_of(const rig_t *rig) { return rig->events[0] + rig->events[1]; }

/* Its producer is blocked in its callback, and its consumer waits for an item that does not come. */
static inline rig_t *scripted(void **state, size_t capacity, uint64_t coalesce_ns, uv_sem_t *gate) {
  rig_t *rig = rig_new(state);
  assert_int_equal(uv_sem_init(gate, 0), 0);
  rig->options.capacity = capacity;
  rig->options.coalesce_ns = coalesce_ns;
  rig->gates[HANDOFF_PRODUCER] = gate;
  rig_init(rig);
  rig_start(rig);
  rig_await_turn(rig, HANDOFF_PRODUCER, 1);
  return rig;
}

static inline void play(rig_t *rig, handoff_side_t side, uint64_t number) {
  struct handoff__completion report = {
      .event = {.side = side, .number = number, .begun_ns = number, .done_ns = number}};
  assert_int_equal(handoff_slot_try_put(&rig->lane.impl->sides[side].reports, &report), 0);
}

/* Forgets what was played, so that the book balances. */
static inline void end_script(rig_t *rig, uv_sem_t *gate) {
  rig->is_deaf = true;
  (void)handoff_lane_close(&rig->lane, rig_on_closed);
  uv_sem_post(gate);
  rig_free(rig);
  uv_sem_destroy(gate);
}

#endif /* TESTS_LIB_SCRIPT_H */

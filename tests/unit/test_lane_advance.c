/* unit.lane_advance: the loop grants credits early, and the worker waits out the rest: no turn
 * begins before its tick (rig_on_event checks that of every event). */

#include "lane/lane.h"
#include "lib/rig.h"

#define MS_NS UINT64_C(1000000)

/* Keeps the advance far longer than a worker takes to wake up. */
static void on_event_lengthen_advance(rig_t *rig, const handoff_event_t *event) {
  (void)event;
  atomic_store(&rig->lane.impl->advance_learnt_ns, 20 * MS_NS);
}

static void a_worker_that_wakes_up_early_waits_for_its_tick(void **state) {
  unsigned i;
  for (i = 0; i < 2; i++) {
    rig_t *rig = rig_new(state);
    rig_pace(rig, HANDOFF_PRODUCER, 80 * MS_NS, HANDOFF_MISSED_SKIP, 1);
    rig_pace(rig, HANDOFF_CONSUMER, 80 * MS_NS, HANDOFF_MISSED_SKIP, 1);
    rig->limit = 4;
    rig->on_event = on_event_lengthen_advance;
    rig_init(rig);
    rig->lane.impl->has_many_cpus = i != 0; /* sleeps, or sleeps and then spins */
    rig->lane.impl->advance_ns = 20 * MS_NS;
    rig_start(rig);
    rig_run_until_end(rig);
    rig_assert_end(rig, 0, 4, 4);
    rig_free(rig);
  }
}

/* A learnt advance is half a millisecond at most, so the workers have replaced the first value. */
static void workers_learn_their_wake_up_latency(void **state) {
  rig_t *rig = rig_new(state);
  rig_pace(rig, HANDOFF_PRODUCER, 80 * MS_NS, HANDOFF_MISSED_SKIP, 1);
  rig->limit = 2;
  rig_init(rig);
  rig->lane.impl->advance_ns = 20 * MS_NS;
  atomic_store(&rig->lane.impl->advance_learnt_ns, 20 * MS_NS);
  rig_start(rig);
  rig_run_until_end(rig);
  assert_true(atomic_load(&rig->lane.impl->advance_learnt_ns) <= MS_NS / 2);
  rig_free(rig);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      loop_test(a_worker_that_wakes_up_early_waits_for_its_tick),
      loop_test(workers_learn_their_wake_up_latency),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

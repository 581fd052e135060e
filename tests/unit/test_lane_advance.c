/* unit.lane_lead: a worker is let go before its tick, and does not begin before it (rig_on_event checks that of every
 * event). */

#include "lane/lane.h"
#include "lib/rig.h"

#define MS_NS UINT64_C(1000000)

/* Their loop believes that it takes them much longer to wake up than it does, and so do they each time. */
static void believe_in_a_long_lead(rig_t *rig, const handoff_event_t *event) {
  (void)event;
  atomic_store(&rig->lane.impl->lead_learnt_ns, 20 * MS_NS);
}

static void workers_that_are_let_go_early_wait_for_their_tick(void **state) {
  unsigned i;
  for (i = 0; i < 2; i++) {
    rig_t *rig = rig_new(state);
    rig->options.producer.interval_ns = 80 * MS_NS;
    rig->options.consumer.interval_ns = 80 * MS_NS;
    rig->limit = 4;
    rig->on_event = believe_in_a_long_lead;
    rig_init(rig);
    rig->lane.impl->has_many_cpus = i != 0;
    rig->lane.impl->lead_ns = 20 * MS_NS;
    rig_start(rig);
    rig_run_until_end(rig);
    rig_assert_end(rig, 0, 4, 4);
    rig_free(rig);
  }
}

/* What the workers have learnt is half a millisecond at most: that they were early has not escaped them. */
static void how_long_it_takes_a_worker_to_wake_up_is_learnt(void **state) {
  rig_t *rig = rig_new(state);
  rig->options.producer.interval_ns = 80 * MS_NS;
  rig->limit = 2;
  rig_init(rig);
  rig->lane.impl->lead_ns = 20 * MS_NS;
  atomic_store(&rig->lane.impl->lead_learnt_ns, 20 * MS_NS);
  rig_start(rig);
  rig_run_until_end(rig);
  assert_true(atomic_load(&rig->lane.impl->lead_learnt_ns) <= MS_NS / 2);
  rig_free(rig);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      loop_test(workers_that_are_let_go_early_wait_for_their_tick),
      loop_test(how_long_it_takes_a_worker_to_wake_up_is_learnt),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

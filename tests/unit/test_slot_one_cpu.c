/* unit.slot_one_cpu: on one CPU the locks are mutexes and nothing spins, because no other thread
 * can run meanwhile. */

#include "lib/bounded.h"
#include "lib/call.h"
#include "lib/slot.h"

#ifdef __linux__
#include <sched.h>
#endif

#define ITEMS 2000
#define PUTTERS 4

/* Restricts the process to the first CPU that it may use. False: it cannot. */
static bool use_one_cpu(void) {
#ifdef __linux__
  cpu_set_t allowed;
  cpu_set_t one;
  size_t cpu = 0;

  assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
  while (!CPU_ISSET(cpu, &allowed)) {
    cpu++;
  }
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  return sched_setaffinity(0, sizeof one, &one) == 0;
#else
  return false;
#endif
}

static void put_all(void *arg) {
  uint64_t item;
  for (item = 1; item <= ITEMS; item++) {
    if (handoff_slot_put(arg, &item) != 0) {
      abort();
    }
  }
}

static void transfer_all(handoff_slot_t *slot, int putters) {
  uv_thread_t threads[PUTTERS];
  uint64_t sum = 0;
  int i;

  for (i = 0; i < putters; i++) {
    assert_int_equal(uv_thread_create(&threads[i], put_all, slot), 0);
  }
  for (i = 0; i < putters * ITEMS; i++) {
    uint64_t item;
    assert_int_equal(handoff_slot_get(slot, &item), 0);
    assert_true(putters > 1 || item == (uint64_t)i + 1);
    sum += item;
  }
  for (i = 0; i < putters; i++) {
    assert_int_equal(uv_thread_join(&threads[i]), 0);
  }
  assert_int_equal(sum, (uint64_t)putters * ITEMS * (ITEMS + 1) / 2);
}

static void assert_nothing_spins(handoff_slot_t *slot) {
  const struct handoff__waiter *waiter;
  uint64_t item = 0;
  call_t getter;
  handoff_side_t side;

  for (side = HANDOFF_PRODUCER; side <= HANDOFF_CONSUMER; side++) {
    assert_false(slot->impl->may_spin[side]);
    assert_false(slot->impl->sides[side].lock.is_spinlock);
    assert_int_equal(slot->impl->sides[side].spin_budget, HANDOFF__SPIN_MAX); /* no miss */
  }
  call_get(&getter, slot, &item, HANDOFF_NEVER);
  queued_await_getters(slot, 1);
  waiter = (const void *)((const char *)slot->impl->sides[HANDOFF_CONSUMER].waiters.next -
                          offsetof(struct handoff__waiter, link));
  assert_int_equal(waiter->spin_budget, 0);
  slot_put_items(slot, 1, 1);
  assert_int_equal(call_end(&getter), 0);
}

static void on_one_cpu_nothing_spins_and_all_items_arrive(void **state) {
  static const size_t capacities[] = {0, 1, 64};
  size_t i;

  (void)state;
  if (!use_one_cpu()) {
    skip();
  }
  for (i = 0; i < sizeof capacities / sizeof capacities[0]; i++) {
    handoff_slot_t slot = slot_new(sizeof(uint64_t), capacities[i]);
    transfer_all(&slot, 1);
    transfer_all(&slot, PUTTERS);
    assert_true(slot.impl->sides[0].waits + slot.impl->sides[1].waits > 0);
    assert_nothing_spins(&slot);
    handoff_slot_destroy(&slot);
  }
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      bounded_test(on_one_cpu_nothing_spins_and_all_items_arrive),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

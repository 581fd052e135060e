/* unit.one_cpu: who may hope, and for how long: on one CPU nobody hopes, since nobody else can run meanwhile; and items pass all the same. */

#include <stdlib.h>

#include "lib/bounded.h"
#include "slot/transfer.h"

#ifdef __linux__
#include <sched.h>
#endif

#define ITEMS 2000
#define PUTTERS 4

/* From here on the process has one CPU, the first that it had. False: no way is known. */
static bool stay_on_one_cpu(void) {
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

static int set_up(void **state) {
  (void)state;
  bounded_start();
  return 0;
}

static void put_all(void *arg) {
  uint64_t item;
  for (item = 1; item <= ITEMS; item++) {
    if (handoff_slot_put(arg, &item) != 0) {
      abort();
    }
  }
}

/* Returns: the sum of what came. */
static uint64_t pass_all(handoff_slot_t *slot, int putters) {
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
  return sum;
}

static void nobody_hopes(void **state) {
  static const size_t capacities[] = {0, 1, 64};
  size_t i;
  int putters;

  (void)state;
  if (!stay_on_one_cpu()) {
    skip();
  }
  for (i = 0; i < sizeof capacities / sizeof capacities[0]; i++) {
    for (putters = 1; putters <= PUTTERS; putters += PUTTERS - 1) {
      handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
      handoff_slot_t slot;
      int way;

      options.capacity = capacities[i];
      assert_int_equal(handoff_slot_init(&slot, &options), 0);
      assert_int_equal(pass_all(&slot, putters), (uint64_t)putters * ITEMS * (ITEMS + 1) / 2);
      for (way = HANDOFF_PRODUCER; way <= HANDOFF_CONSUMER; way++) {
        assert_false(slot.impl->may_spin[way]);
        assert_false(slot.impl->sides[way].lock.has_word);
        assert_int_equal(slot.impl->sides[way].lock.tries, 0);
        assert_int_equal(slot.impl->sides[way].spin_misses, 0); /* never in vain */
        assert_int_equal(slot.impl->sides[way].spin_limit, 0);  /* nor for anything */
      }
      assert_true(
          slot.impl->sides[HANDOFF_PRODUCER].waits + slot.impl->sides[HANDOFF_CONSUMER].waits > 0);
      handoff_slot_destroy(&slot);
    }
  }
}

/* With more than one, where they may, and as long as nobody wants the lock. */
static void who_hopes_lets_go_of_a_lock_that_is_wanted(void **state) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  struct handoff__slot_side *end;
  handoff_slot_t slot;
  uint64_t item;
  bool is_fast;

  (void)state;
  options.capacity = 0;
  assert_int_equal(handoff_slot_init(&slot, &options), 0);
  assert_false(slot.impl->sides[HANDOFF_CONSUMER].lock.has_word);
  handoff_slot_destroy(&slot);
  options.capacity = 1;
  assert_int_equal(handoff_slot_init(&slot, &options), 0);
  end = &slot.impl->sides[HANDOFF_CONSUMER];
  assert_int_equal(end->lock.has_word, slot.impl->has_many_cpus);
  slot.impl->may_spin[HANDOFF_CONSUMER] = true;
  assert_int_equal(
      handoff__transfer(&slot, HANDOFF_CONSUMER, &item, NULL, HANDOFF__SPIN_ADAPTIVE, false),
      UV_EAGAIN);
  assert_int_equal(end->spin_misses, 1); /* in vain */
  is_fast = handoff__lock_try(&end->lock);
  assert_int_equal(is_fast, slot.impl->has_many_cpus);
  atomic_store(&end->lock.wanted, 1);
  assert_int_equal(
      handoff__transfer(&slot, HANDOFF_CONSUMER, &item, NULL, HANDOFF__SPIN_ADAPTIVE, is_fast),
      UV_EAGAIN);
  assert_int_equal(
      handoff__transfer(&slot, HANDOFF_CONSUMER, &item, NULL, HANDOFF__SPIN_ADAPTIVE, false),
      UV_EAGAIN);
  assert_int_equal(end->spin_misses, 1); /* not hoped for long enough to be so */
  atomic_store(&end->lock.wanted, 0);
  handoff_slot_destroy(&slot);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(who_hopes_lets_go_of_a_lock_that_is_wanted, set_up),
      cmocka_unit_test_setup(nobody_hopes, set_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

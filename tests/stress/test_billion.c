/* stress.billion: a great many items through one cell, thread to thread: each comes, once, in order.
 *
 * HANDOFF_STRESS=0.0001 makes it a billion. */

#include "stress/dice.h"

#define ITEMS 100000

static size_t count;

static void put_all(void *arg) {
  handoff_slot_t *slot = arg;
  uint64_t item;

  for (item = 1; item <= count; item++) {
    CHECK(handoff_slot_put(slot, &item) == 0);
  }
  handoff_slot_shut(slot);
}

static void test_each_comes_once_in_order(void **state) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  handoff_slot_t slot;
  uv_thread_t thread;
  uint64_t begun_ns;
  uint64_t spent_ns;
  uint64_t got = 0;
  uint64_t sum = 0;
  uint64_t item;
  int err;
  (void)state;

  count = dice_scaled(ITEMS);
  assert_int_equal(handoff_slot_init(&slot, &options), 0);
  begun_ns = uv_hrtime();
  assert_int_equal(uv_thread_create(&thread, put_all, &slot), 0);
  while ((err = handoff_slot_get(&slot, &item)) == 0) {
    CHECK(item == ++got);
    sum += item;
  }
  assert_int_equal(uv_thread_join(&thread), 0);
  spent_ns = uv_hrtime() - begun_ns;
  handoff_slot_destroy(&slot);
  printf("%llu items, sum %llu, in %.1f s: %.1f ns each\n", (unsigned long long)got,
         (unsigned long long)sum, (double)spent_ns / 1e9, (double)spent_ns / (double)count);
  assert_int_equal(err, UV_EOF);
  assert_int_equal(got, count);
  assert_int_equal(sum, (uint64_t)count * (count + 1) / 2);
}

static int set_up(void **state) {
  (void)state;
  bounded_start();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_each_comes_once_in_order, set_up),
  };
  dice_start();
  return cmocka_run_group_tests_name("stress.billion", tests, NULL, NULL);
}

/* stress.billion: very many items pass through one cell from thread to thread. Each arrives once
 * and in order. HANDOFF_STRESS=0.0001 makes it a billion items. */

#include "stress/stress.h"

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

static void test_each_item_arrives_once_and_in_order(void **state) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  handoff_slot_t slot;
  uv_thread_t thread;
  uint64_t start_ns = uv_hrtime();
  uint64_t got = 0;
  uint64_t item;
  int err;
  (void)state;

  count = stress_scaled(ITEMS);
  assert_int_equal(handoff_slot_init(&slot, &options), 0);
  assert_int_equal(uv_thread_create(&thread, put_all, &slot), 0);
  while ((err = handoff_slot_get(&slot, &item)) == 0) {
    CHECK(item == ++got);
  }
  assert_int_equal(uv_thread_join(&thread), 0);
  handoff_slot_destroy(&slot);
  printf("%zu items in %.1f s\n", (size_t)got, (double)(uv_hrtime() - start_ns) / 1e9);
  assert_int_equal(err, UV_EOF);
  assert_int_equal(got, count);
}

int main(void) {
  const struct CMUnitTest tests[] = {bounded_test(test_each_item_arrives_once_and_in_order)};
  return stress_run("billion", tests);
}

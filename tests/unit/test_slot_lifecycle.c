/* unit.slot_end: the end of a slot, as one thread sees it: shut, drained, destroyed. */

#include "lib/bounded.h"
#include "slot/slot.h"

static int set_up(void **state) {
  (void)state;
  bounded_start();
  return 0;
}

static handoff_slot_t make(size_t item_size, size_t capacity) {
  handoff_slot_options_t options = handoff_slot_options(item_size);
  handoff_slot_t slot;
  options.capacity = capacity;
  assert_int_equal(handoff_slot_init(&slot, &options), 0);
  return slot;
}

/* ------------------------------------------------------------------------ shut and destroy -- */

static void a_put_to_a_shut_slot_is_refused_and_the_item_stays_the_callers(void **state) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(int));
  handoff_slot_t slot;
  int item = 5;
  (void)state;
  assert_int_equal(handoff_slot_init(&slot, &options), 0);
  handoff_slot_shut(&slot);
  assert_int_equal(handoff_slot_put(&slot, &item), UV_EPIPE);
  assert_int_equal(handoff_slot_try_put(&slot, &item), UV_EPIPE);
  assert_int_equal(handoff_slot_put_until(&slot, &item, 0), UV_EPIPE);
  assert_int_equal(handoff_slot_put_until(&slot, &item, HANDOFF_NEVER), UV_EPIPE);
  assert_int_equal(handoff_slot_try_get(&slot, &item), UV_EOF);
  assert_int_equal(item, 5);
  handoff_slot_destroy(&slot);
}

static void a_shut_slot_drains_and_then_ends(void **state) {
  handoff_slot_t slot = make(sizeof(int), 4);
  int item;
  (void)state;
  for (item = 1; item <= 4; item++) {
    assert_int_equal(handoff_slot_put(&slot, &item), 0);
  }
  handoff_slot_shut(&slot);
  handoff_slot_shut(&slot);                                   /* again: changes nothing */
  assert_int_equal(handoff_slot_put(&slot, &item), UV_EPIPE); /* also while items wait */
  assert_int_equal(handoff_slot_get(&slot, &item), 0);
  assert_int_equal(item, 1);
  assert_int_equal(handoff_slot_try_get(&slot, &item), 0);
  assert_int_equal(item, 2);
  handoff_slot_shut(&slot);
  assert_int_equal(handoff_slot_get_until(&slot, &item, 0), 0);
  assert_int_equal(item, 3);
  assert_int_equal(handoff_slot_get_until(&slot, &item, HANDOFF_NEVER), 0);
  assert_int_equal(item, 4);
  assert_int_equal(handoff_slot_get(&slot, &item), UV_EOF);
  assert_int_equal(handoff_slot_try_get(&slot, &item), UV_EOF);
  assert_int_equal(handoff_slot_get_until(&slot, &item, 0), UV_EOF);
  assert_int_equal(handoff_slot_get_until(&slot, &item, HANDOFF_NEVER), UV_EOF);
  assert_int_equal(item, 4);
  handoff_slot_destroy(&slot);
}

typedef struct {
  uint64_t seen[8];
  size_t count;
} ledger_t;

static void on_drop(void *item, void *arg) {
  ledger_t *ledger = arg;
  assert_int_equal((uintptr_t)item % _Alignof(uint64_t), 0);
  ledger->seen[ledger->count++] = *(uint64_t *)item;
}

static handoff_slot_t make_with_ledger(size_t capacity, ledger_t *ledger) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  handoff_slot_t slot;
  options.capacity = capacity;
  options.drop = on_drop;
  options.drop_arg = ledger;
  assert_int_equal(handoff_slot_init(&slot, &options), 0);
  return slot;
}

static void destroy_drops_what_is_left_exactly_once_oldest_first(void **state) {
  ledger_t ledger = {{0}, 0};
  handoff_slot_t slot = make_with_ledger(4, &ledger);
  uint64_t item;
  (void)state;
  for (item = 1; item <= 3; item++) {
    assert_int_equal(handoff_slot_put(&slot, &item), 0);
  }
  assert_int_equal(handoff_slot_get(&slot, &item), 0);
  assert_int_equal(handoff_slot_get(&slot, &item), 0);
  for (item = 4; item <= 6; item++) { /* around the ring's end */
    assert_int_equal(handoff_slot_put(&slot, &item), 0);
  }
  assert_int_equal(handoff_slot_try_put(&slot, &item), UV_EAGAIN); /* refused: not dropped */
  handoff_slot_shut(&slot);
  assert_int_equal(handoff_slot_try_put(&slot, &item), UV_EPIPE);
  assert_int_equal(ledger.count, 0); /* neither got items nor refused ones, nor by shut */
  handoff_slot_destroy(&slot);
  assert_int_equal(ledger.count, 4);
  for (item = 3; item <= 6; item++) {
    assert_int_equal(ledger.seen[item - 3], item);
  }
  handoff_slot_destroy(&slot); /* of what has been destroyed: does nothing */
  assert_int_equal(ledger.count, 4);
}

static void abort_drops_what_is_left_and_tells_how_much(void **state) {
  ledger_t ledger = {{0}, 0};
  handoff_slot_t slot = make_with_ledger(3, &ledger);
  uint64_t item;
  (void)state;
  for (item = 1; item <= 3; item++) {
    assert_int_equal(handoff_slot_put(&slot, &item), 0);
  }
  assert_int_equal(handoff_slot_get(&slot, &item), 0);
  item = 4; /* around the ring's end; and full, so that "none left" and "all left" look alike */
  assert_int_equal(handoff_slot_put(&slot, &item), 0);
  assert_int_equal(handoff_slot_abort(&slot), 3);
  assert_int_equal(ledger.count, 3);
  for (item = 2; item <= 4; item++) {
    assert_int_equal(ledger.seen[item - 2], item);
  }
  assert_int_equal(handoff_slot_try_put(&slot, &item), UV_EPIPE);
  assert_int_equal(handoff_slot_get(&slot, &item), UV_EOF);
  assert_int_equal(handoff_slot_abort(&slot), 0);
  handoff_slot_destroy(&slot);
  assert_int_equal(ledger.count, 3);
  assert_int_equal(handoff_slot_abort(&slot), 0); /* of what has been destroyed */
  assert_int_equal(handoff_slot_abort(NULL), 0);
}

static void abort_after_shut_drops_the_rest(void **state) {
  ledger_t ledger = {{0}, 0};
  handoff_slot_t slot = make_with_ledger(3, &ledger);
  uint64_t item;
  (void)state;
  for (item = 1; item <= 3; item++) {
    assert_int_equal(handoff_slot_put(&slot, &item), 0);
  }
  handoff_slot_shut(&slot);
  assert_int_equal(handoff_slot_get(&slot, &item), 0);
  assert_int_equal(handoff_slot_abort(&slot), 2);
  assert_int_equal(ledger.seen[0], 2);
  assert_int_equal(ledger.seen[1], 3);
  handoff_slot_destroy(&slot);
  assert_int_equal(ledger.count, 2);
}

static void calls_on_a_slot_that_has_been_destroyed_are_refused(void **state) {
  handoff_slot_t slot = make(sizeof(int), 1);
  int item = 1;
  (void)state;
  handoff_slot_destroy(&slot);
  assert_int_equal(handoff_slot_put(&slot, &item), UV_EINVAL);
  assert_int_equal(handoff_slot_try_put(&slot, &item), UV_EINVAL);
  assert_int_equal(handoff_slot_put_until(&slot, &item, 0), UV_EINVAL);
  assert_int_equal(handoff_slot_get(&slot, &item), UV_EINVAL);
  assert_int_equal(handoff_slot_try_get(&slot, &item), UV_EINVAL);
  assert_int_equal(handoff_slot_get_until(&slot, &item, 0), UV_EINVAL);
  handoff_slot_shut(&slot);
}

static void on_drop_aligned(void *item, void *arg) {
  assert_int_equal((uintptr_t)item % _Alignof(max_align_t), 0);
  ++*(int *)arg;
}

static void items_given_to_drop_are_aligned(void **state) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(max_align_t));
  handoff_slot_t slot;
  max_align_t item = {0};
  int dropped = 0;
  int i;
  (void)state;
  options.capacity = 5;
  options.drop = on_drop_aligned;
  options.drop_arg = &dropped;
  assert_int_equal(handoff_slot_init(&slot, &options), 0);
  for (i = 0; i < 5; i++) {
    assert_int_equal(handoff_slot_put(&slot, &item), 0);
  }
  handoff_slot_destroy(&slot);
  assert_int_equal(dropped, 5);
}

static void destroy_without_a_drop_just_frees(void **state) {
  handoff_slot_t slot = make(3, 2);
  (void)state;
  assert_int_equal(handoff_slot_put(&slot, "ab"), 0);
  handoff_slot_destroy(&slot);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(a_put_to_a_shut_slot_is_refused_and_the_item_stays_the_callers,
                             set_up),
      cmocka_unit_test_setup(a_shut_slot_drains_and_then_ends, set_up),
      cmocka_unit_test_setup(destroy_drops_what_is_left_exactly_once_oldest_first, set_up),
      cmocka_unit_test_setup(abort_drops_what_is_left_and_tells_how_much, set_up),
      cmocka_unit_test_setup(abort_after_shut_drops_the_rest, set_up),
      cmocka_unit_test_setup(calls_on_a_slot_that_has_been_destroyed_are_refused, set_up),
      cmocka_unit_test_setup(items_given_to_drop_are_aligned, set_up),
      cmocka_unit_test_setup(destroy_without_a_drop_just_frees, set_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

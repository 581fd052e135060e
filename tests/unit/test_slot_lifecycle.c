/* unit.slot_lifecycle: init and the options that it refuses; shut, abort, reset and destroy. */

#include "slot/lifecycle.h"

#include <string.h>

#include "lib/bounded.h"
#include "lib/slot.h"

/* -------------------------------------------------------------------------------------- init -- */

static void by_default_capacity_is_1_and_puts_block(void **state) {
  handoff_slot_options_t options = handoff_slot_options(12);
  (void)state;
  assert_int_equal(options.size, sizeof options);
  assert_int_equal(options.item_size, 12);
  assert_int_equal(options.capacity, 1);
  assert_int_equal(options.overflow, HANDOFF_BLOCK);
  assert_null(options.name);
  assert_null(options.drop);
  assert_null(options.drop_arg);
}

static void assert_init_refuses(const handoff_slot_options_t *options) {
  handoff_slot_t slot;
  handoff_slot_t before;
  memset(&slot, 0x5a, sizeof slot);
  before = slot;
  assert_int_equal(handoff_slot_init(&slot, options), UV_EINVAL);
  assert_memory_equal(&slot, &before, sizeof slot); /* outputs are written only on success */
}

static void init_refuses_impossible_options(void **state) {
  const handoff_slot_options_t good = handoff_slot_options(8);
  handoff_slot_options_t options = good;
  (void)state;
  assert_int_equal(handoff_slot_init(NULL, &good), UV_EINVAL);
  assert_init_refuses(NULL);
  options.item_size = 0;
  assert_init_refuses(&options);
  options = good;
  options.capacity = HANDOFF_CAPACITY_MAX + 1;
  assert_init_refuses(&options);
  options.capacity = SIZE_MAX;
  assert_init_refuses(&options);
}

static void init_refuses_a_size_field_that_no_release_had(void **state) {
  static const size_t sizes[] = {0, 1, offsetof(handoff_slot_options_t, capacity) - 1,
                                 sizeof(handoff_slot_options_t) + 1, SIZE_MAX};
  handoff_slot_options_t options = handoff_slot_options(8);
  size_t i;
  (void)state;
  for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    options.size = sizes[i];
    assert_init_refuses(&options);
  }
}

static void must_not_run(void *item, void *arg) {
  (void)item;
  (void)arg;
  abort();
}

/* The memory ends where that caller's struct did, so that memcheck sees a read beyond it. */
static void options_that_an_older_caller_lacks_take_their_defaults(void **state) {
  static const size_t sizes[] = {
      offsetof(handoff_slot_options_t, capacity), offsetof(handoff_slot_options_t, overflow),
      offsetof(handoff_slot_options_t, name), offsetof(handoff_slot_options_t, drop),
      offsetof(handoff_slot_options_t, drop_arg)};
  size_t i;
  (void)state;
  for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    const size_t capacity = sizes[i] > offsetof(handoff_slot_options_t, capacity) ? 3 : 1;
    handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
    void *shorter = malloc(sizes[i]);
    uint64_t item = 9;
    handoff_slot_t slot;
    assert_non_null(shorter);
    options.size = sizes[i];
    options.capacity = 3;
    options.drop = sizes[i] <= offsetof(handoff_slot_options_t, drop) ? must_not_run : NULL;
    memcpy(shorter, &options, sizes[i]);
    slot = slot_with(shorter);
    free(shorter);
    slot_put_items(&slot, 1, capacity);
    assert_int_equal(handoff_slot_try_put(&slot, &item), UV_EAGAIN);
    handoff_slot_destroy(&slot);
  }
}

static void init_refuses_a_total_size_beyond_size_t(void **state) {
  handoff_slot_options_t options = handoff_slot_options(SIZE_MAX);
  (void)state;
  assert_init_refuses(&options);
  options.capacity = 2;
  options.item_size = SIZE_MAX / 2 + 1; /* the product wraps to 0 */
  assert_init_refuses(&options);
  options.item_size = SIZE_MAX / 2; /* the product fits, but not the slot beside it */
  assert_init_refuses(&options);
  options.capacity = HANDOFF_CAPACITY_MAX;
  options.item_size = SIZE_MAX / HANDOFF_CAPACITY_MAX + 2;
  assert_init_refuses(&options);
}

static void init_leaves_data_alone(void **state) {
  const handoff_slot_options_t options = handoff_slot_options(8);
  handoff_slot_t slot = {.data = &slot};
  (void)state;
  assert_int_equal(handoff_slot_init(&slot, &options), 0);
  assert_ptr_equal(slot.data, &slot);
  handoff_slot_destroy(&slot);
}

/* -------------------------------------------------------------------------------------- shut -- */

static void a_put_into_a_shut_slot_is_refused_and_the_caller_keeps_the_item(void **state) {
  handoff_slot_t slot = slot_new(sizeof(uint64_t), 1);
  uint64_t item = 5;
  (void)state;
  handoff_slot_shut(&slot);
  assert_int_equal(handoff_slot_put(&slot, &item), UV_EPIPE);
  assert_int_equal(handoff_slot_try_put(&slot, &item), UV_EPIPE);
  assert_int_equal(handoff_slot_put_until(&slot, &item, 0), UV_EPIPE);
  assert_int_equal(handoff_slot_put_until(&slot, &item, HANDOFF_NEVER), UV_EPIPE);
  assert_int_equal(handoff_slot_try_get(&slot, &item), UV_EOF);
  assert_int_equal(item, 5);
  handoff_slot_destroy(&slot);
}

static void a_shut_slot_delivers_its_items_and_then_the_end(void **state) {
  handoff_slot_t slot = slot_new(sizeof(uint64_t), 4);
  uint64_t item = 9;
  (void)state;
  slot_put_items(&slot, 1, 4);
  handoff_slot_shut(&slot);
  handoff_slot_shut(&slot);                                   /* changes nothing */
  assert_int_equal(handoff_slot_put(&slot, &item), UV_EPIPE); /* also while items remain */
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

static void a_slot_is_drained_once_shut_and_empty_until_it_is_reset(void **state) {
  handoff_slot_t slot = slot_new(sizeof(uint64_t), 1);
  (void)state;
  assert_false(handoff__slot_is_drained(&slot));
  slot_put_items(&slot, 1, 1);
  handoff_slot_shut(&slot);
  assert_false(handoff__slot_is_drained(&slot));
  slot_get_items(&slot, 1, 1);
  assert_true(handoff__slot_is_drained(&slot));
  handoff__slot_reset(&slot);
  assert_false(handoff__slot_is_drained(&slot));
  slot_put_items(&slot, 1, 1);
  handoff__slot_reset(&slot);
  slot_assert_empty(&slot);
  handoff_slot_destroy(&slot);
}

/* ----------------------------------------------------------------------------- the finalizer -- */

typedef struct {
  uint64_t seen[8];
  size_t count;
} ledger_t;

static void on_drop(void *item, void *arg) {
  ledger_t *ledger = arg;
  assert_int_equal((uintptr_t)item % _Alignof(uint64_t), 0);
  ledger->seen[ledger->count++] = *(uint64_t *)item;
}

static handoff_slot_t new_with_ledger(size_t capacity, ledger_t *ledger) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  options.capacity = capacity;
  options.drop = on_drop;
  options.drop_arg = ledger;
  ledger->count = 0;
  return slot_with(&options);
}

/* The items `first`, `first` + 1, … and no others were finalized. */
static void assert_finalized(const ledger_t *ledger, uint64_t first, size_t count) {
  size_t i;
  assert_int_equal(ledger->count, count);
  for (i = 0; i < count; i++) {
    assert_int_equal(ledger->seen[i], first + i);
  }
}

static void destroy_finalizes_the_remaining_items_once_oldest_first(void **state) {
  ledger_t ledger;
  handoff_slot_t slot = new_with_ledger(4, &ledger);
  uint64_t item = 7;
  (void)state;
  slot_put_items(&slot, 1, 3);
  slot_get_items(&slot, 1, 2);
  slot_put_items(&slot, 4, 3); /* around the end of the ring */
  assert_int_equal(handoff_slot_try_put(&slot, &item), UV_EAGAIN);
  handoff_slot_shut(&slot);
  assert_int_equal(handoff_slot_try_put(&slot, &item), UV_EPIPE);
  assert_int_equal(ledger.count, 0); /* neither delivered nor refused items, nor by shut */
  handoff_slot_destroy(&slot);
  assert_finalized(&ledger, 3, 4);
  handoff_slot_destroy(&slot); /* does nothing */
  assert_finalized(&ledger, 3, 4);
}

static void abort_finalizes_the_remaining_items_and_counts_them(void **state) {
  ledger_t ledger;
  handoff_slot_t slot = new_with_ledger(3, &ledger);
  uint64_t item = 5;
  (void)state;
  slot_put_items(&slot, 1, 3);
  slot_get_items(&slot, 1, 1);
  slot_put_items(&slot, 4, 1); /* full, so that the first and the last item's cells are equal */
  assert_int_equal(handoff_slot_abort(&slot), 3);
  assert_finalized(&ledger, 2, 3);
  assert_int_equal(handoff_slot_try_put(&slot, &item), UV_EPIPE);
  assert_int_equal(handoff_slot_get(&slot, &item), UV_EOF);
  assert_int_equal(handoff_slot_abort(&slot), 0);
  handoff_slot_destroy(&slot);
  assert_int_equal(ledger.count, 3);
  assert_int_equal(handoff_slot_abort(&slot), 0); /* destroyed */
  assert_int_equal(handoff_slot_abort(NULL), 0);

  slot = new_with_ledger(3, &ledger);
  slot_put_items(&slot, 1, 3);
  handoff_slot_shut(&slot);
  assert_int_equal(handoff_slot_get(&slot, &item), 0);
  assert_int_equal(handoff_slot_abort(&slot), 2); /* also after shut */
  handoff_slot_destroy(&slot);
  assert_finalized(&ledger, 2, 2);
}

static void on_drop_aligned(void *item, void *arg) {
  assert_int_equal((uintptr_t)item % _Alignof(max_align_t), 0);
  ++*(int *)arg;
}

static void the_finalizer_gets_aligned_items(void **state) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(max_align_t));
  handoff_slot_t slot;
  max_align_t item = {0};
  int finalized = 0;
  int i;
  (void)state;
  options.capacity = 5;
  options.drop = on_drop_aligned;
  options.drop_arg = &finalized;
  slot = slot_with(&options);
  for (i = 0; i < 5; i++) {
    assert_int_equal(handoff_slot_put(&slot, &item), 0);
  }
  handoff_slot_destroy(&slot);
  assert_int_equal(finalized, 5);
}

static void a_slot_without_a_finalizer_can_be_destroyed_with_items(void **state) {
  handoff_slot_t slot = slot_new(3, 2);
  (void)state;
  assert_int_equal(handoff_slot_put(&slot, "ab"), 0);
  handoff_slot_destroy(&slot);
}

/* -------------------------------------------------------------------------- holds, deadlines -- */

static void the_release_of_the_last_holder_shuts_the_slot(void **state) {
  handoff_slot_t slot = slot_new(sizeof(uint64_t), 2);
  uint64_t item = 1;
  (void)state;
  handoff_slot_hold(&slot);
  handoff_slot_hold(&slot);
  handoff_slot_release(&slot);
  slot_put_items(&slot, 1, 1);
  handoff_slot_release(&slot);
  assert_int_equal(handoff_slot_try_put(&slot, &item), UV_EPIPE);
  slot_get_items(&slot, 1, 1);
  assert_int_equal(handoff_slot_try_get(&slot, &item), UV_EOF);
  handoff_slot_destroy(&slot);
  handoff_slot_hold(&slot); /* does nothing */
  handoff_slot_release(&slot);
}

static void a_deadline_saturates_at_never(void **state) {
  const uint64_t before_ns = uv_hrtime();
  (void)state;
  assert_true(handoff_deadline(0) >= before_ns);
  assert_true(handoff_deadline(5 * MS_NS) >= before_ns + 5 * MS_NS);
  assert_true(handoff_deadline(HANDOFF_NEVER) == HANDOFF_NEVER);
  assert_true(handoff_deadline(HANDOFF_NEVER - 1) == HANDOFF_NEVER);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      bounded_test(by_default_capacity_is_1_and_puts_block),
      bounded_test(init_refuses_impossible_options),
      bounded_test(init_refuses_a_size_field_that_no_release_had),
      bounded_test(options_that_an_older_caller_lacks_take_their_defaults),
      bounded_test(init_refuses_a_total_size_beyond_size_t),
      bounded_test(init_leaves_data_alone),
      bounded_test(a_put_into_a_shut_slot_is_refused_and_the_caller_keeps_the_item),
      bounded_test(a_shut_slot_delivers_its_items_and_then_the_end),
      bounded_test(a_slot_is_drained_once_shut_and_empty_until_it_is_reset),
      bounded_test(destroy_finalizes_the_remaining_items_once_oldest_first),
      bounded_test(abort_finalizes_the_remaining_items_and_counts_them),
      bounded_test(the_finalizer_gets_aligned_items),
      bounded_test(a_slot_without_a_finalizer_can_be_destroyed_with_items),
      bounded_test(the_release_of_the_last_holder_shuts_the_slot),
      bounded_test(a_deadline_saturates_at_never),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

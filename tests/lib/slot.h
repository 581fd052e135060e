/* slot: what the tests of slots share: slots, and items of type uint64_t. For the thread that runs
 * the tests, because cmocka's assertions are. */

#ifndef TESTS_LIB_SLOT_H
#define TESTS_LIB_SLOT_H

#include "handoff.h"
#include "lib/bounded.h"
#include "lib/queued.h"

static inline handoff_slot_t slot_with(const handoff_slot_options_t *options) {
  handoff_slot_t slot = {.data = NULL};
  assert_int_equal(handoff_slot_init(&slot, options), 0);
  return slot;
}

static inline handoff_slot_t slot_new(size_t item_size, size_t capacity) {
  handoff_slot_options_t options = handoff_slot_options(item_size);
  options.capacity = capacity;
  return slot_with(&options);
}

/* Puts the items `first`, `first` + 1, … */
static inline void slot_put_items(handoff_slot_t *slot, uint64_t first, size_t count) {
  for (; count != 0; count--, first++) {
    assert_int_equal(handoff_slot_try_put(slot, &first), 0);
  }
}

/* Gets the items `first`, `first` + 1, … */
static inline void slot_get_items(handoff_slot_t *slot, uint64_t first, size_t count) {
  for (; count != 0; count--, first++) {
    uint64_t item = ~first;
    assert_int_equal(handoff_slot_try_get(slot, &item), 0);
    assert_int_equal(item, first);
  }
}

/* No item is in the slot, and nothing waits there. A get that fails leaves its output alone. */
static inline void slot_assert_empty(handoff_slot_t *slot) {
  uint64_t item = 4711;
  assert_int_equal(queued_putters(slot), 0);
  assert_int_equal(queued_getters(slot), 0);
  assert_int_equal(handoff_slot_try_get(slot, &item), UV_EAGAIN);
  assert_int_equal(item, 4711);
}

#endif /* TESTS_LIB_SLOT_H */

/* unit.slot: what one thread sees of a slot: init's refusals, the ring, shut, destroy. Waiting is
 * unit.park's business. */

#include <string.h>

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

/* ------------------------------------------------------------------------------------ init -- */

static void the_defaults_are_capacity_1_no_name_no_drop(void **state) {
  handoff_slot_options_t options = handoff_slot_options(12);
  (void)state;
  assert_int_equal(options.size, sizeof options);
  assert_int_equal(options.item_size, 12);
  assert_int_equal(options.capacity, 1);
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

static void init_refuses_what_cannot_work(void **state) {
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
  static const size_t sizes[] = {0, 1, sizeof(handoff_slot_options_t) - 1,
                                 sizeof(handoff_slot_options_t) + 1, SIZE_MAX};
  handoff_slot_options_t options = handoff_slot_options(8);
  size_t i;
  (void)state;
  for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    options.size = sizes[i];
    assert_init_refuses(&options);
  }
}

static void init_refuses_a_total_size_beyond_size_t(void **state) {
  handoff_slot_options_t options = handoff_slot_options(SIZE_MAX);
  (void)state;
  assert_init_refuses(&options);
  options.capacity = 2;
  options.item_size = SIZE_MAX / 2 + 1; /* the product wraps to 0 */
  assert_init_refuses(&options);
  options.item_size = SIZE_MAX / 2; /* the product fits, the header beside it does not */
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

static void the_largest_capacity_works(void **state) {
  handoff_slot_t slot = make(1, HANDOFF_CAPACITY_MAX);
  unsigned char item = 0;
  size_t i;
  (void)state;
  for (i = 0; i < HANDOFF_CAPACITY_MAX; i++) {
    item = (unsigned char)(i % 251);
    assert_int_equal(handoff_slot_try_put(&slot, &item), 0);
  }
  assert_int_equal(handoff_slot_try_put(&slot, &item), UV_EAGAIN);
  for (i = 0; i < HANDOFF_CAPACITY_MAX; i++) {
    assert_int_equal(handoff_slot_try_get(&slot, &item), 0);
    assert_int_equal(item, i % 251);
  }
  handoff_slot_destroy(&slot);
}

/* ---------------------------------------------------------------------------- put and get -- */

static void calls_refuse_null_pointers(void **state) {
  handoff_slot_t slot = make(8, 1);
  uint64_t item = 1;
  (void)state;
  assert_int_equal(handoff_slot_put(NULL, &item), UV_EINVAL);
  assert_int_equal(handoff_slot_put(&slot, NULL), UV_EINVAL);
  assert_int_equal(handoff_slot_try_put(NULL, &item), UV_EINVAL);
  assert_int_equal(handoff_slot_try_put(&slot, NULL), UV_EINVAL);
  assert_int_equal(handoff_slot_put_until(NULL, &item, 0), UV_EINVAL);
  assert_int_equal(handoff_slot_put_until(&slot, NULL, 0), UV_EINVAL);
  assert_int_equal(handoff_slot_get(NULL, &item), UV_EINVAL);
  assert_int_equal(handoff_slot_get(&slot, NULL), UV_EINVAL);
  assert_int_equal(handoff_slot_try_get(NULL, &item), UV_EINVAL);
  assert_int_equal(handoff_slot_try_get(&slot, NULL), UV_EINVAL);
  assert_int_equal(handoff_slot_get_until(NULL, &item, 0), UV_EINVAL);
  assert_int_equal(handoff_slot_get_until(&slot, NULL, 0), UV_EINVAL);
  handoff_slot_shut(NULL);
  handoff_slot_destroy(NULL);
  assert_int_equal(handoff_slot_try_get(&slot, &item), UV_EAGAIN); /* none of that did anything */
  handoff_slot_destroy(&slot);
}

static void puts_and_gets_alternate_at_capacity_1(void **state) {
  handoff_slot_t slot = make(sizeof(int), 1);
  int item = -1;
  int i;
  (void)state;
  assert_int_equal(handoff_slot_try_get(&slot, &item), UV_EAGAIN);
  assert_int_equal(item, -1); /* not written without success */
  for (i = 0; i < 5; i++) {
    int other = 100 + i;
    assert_int_equal(handoff_slot_put(&slot, &i), 0);
    assert_int_equal(handoff_slot_try_put(&slot, &other), UV_EAGAIN);
    assert_int_equal(handoff_slot_get(&slot, &item), 0);
    assert_int_equal(item, i);
    assert_int_equal(handoff_slot_try_get(&slot, &item), UV_EAGAIN);
  }
  handoff_slot_destroy(&slot);
}

static void nobody_puts_or_gets_alone_at_capacity_0(void **state) {
  handoff_slot_t slot = make(sizeof(int), 0);
  int item = 7;
  (void)state;
  assert_int_equal(handoff_slot_try_put(&slot, &item), UV_EAGAIN);
  assert_int_equal(handoff_slot_try_get(&slot, &item), UV_EAGAIN);
  handoff_slot_shut(&slot);
  assert_int_equal(handoff_slot_try_put(&slot, &item), UV_EPIPE);
  assert_int_equal(handoff_slot_try_get(&slot, &item), UV_EOF);
  handoff_slot_destroy(&slot);
}

/* Every capacity, fill level and position in the ring. */
static void items_come_out_in_the_order_in_which_they_went_in(void **state) {
  size_t capacity;
  (void)state;
  for (capacity = 1; capacity <= 9; capacity++) {
    handoff_slot_t slot = make(sizeof(int), capacity);
    size_t fill;
    int in = 0;
    int out = 0;
    for (fill = 1; fill <= capacity; fill++) {
      size_t round;
      for (round = 0; round < 2 * capacity + 1; round++) {
        int item = -1;
        size_t i;
        for (i = 0; i < fill; i++, in++) {
          assert_int_equal(handoff_slot_try_put(&slot, &in), 0);
        }
        assert_int_equal(handoff_slot_try_put(&slot, &item), fill == capacity ? UV_EAGAIN : 0);
        for (i = 0; i < fill; i++, out++) {
          assert_int_equal(handoff_slot_try_get(&slot, &item), 0);
          assert_int_equal(item, out);
        }
        if (fill != capacity) { /* the one that was to find out whether it is full */
          assert_int_equal(handoff_slot_try_get(&slot, &item), 0);
        }
        assert_int_equal(handoff_slot_try_get(&slot, &item), UV_EAGAIN);
      }
    }
    handoff_slot_destroy(&slot);
  }
}

static void items_of_any_size_arrive_whole_and_nothing_beside_them_is_written(void **state) {
  static const size_t sizes[] = {1, 3, 8, 4096};
  static unsigned char in[4096];
  static unsigned char out[4096 + 2];
  size_t i;
  (void)state;
  for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    size_t size = sizes[i];
    handoff_slot_t slot = make(size, 3);
    size_t round;
    for (round = 0; round < 30; round++) {
      size_t j;
      for (j = 0; j < size; j++) {
        in[j] = (unsigned char)(j * 7 + round * 13 + 1);
      }
      assert_int_equal(handoff_slot_try_put(&slot, in), 0);
      if (round < 2) { /* from here on two wait all the time, at a wandering place of the ring */
        continue;
      }
      for (j = 0; j < size; j++) {
        in[j] = (unsigned char)(j * 7 + (round - 2) * 13 + 1);
      }
      memset(out, 0xee, sizeof out);
      assert_int_equal(handoff_slot_try_get(&slot, out + 1), 0);
      assert_memory_equal(out + 1, in, size);
      assert_int_equal(out[0], 0xee);
      assert_int_equal(out[size + 1], 0xee);
    }
    handoff_slot_destroy(&slot);
  }
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(the_defaults_are_capacity_1_no_name_no_drop, set_up),
      cmocka_unit_test_setup(init_refuses_what_cannot_work, set_up),
      cmocka_unit_test_setup(init_refuses_a_size_field_that_no_release_had, set_up),
      cmocka_unit_test_setup(init_refuses_a_total_size_beyond_size_t, set_up),
      cmocka_unit_test_setup(init_leaves_data_alone, set_up),
      cmocka_unit_test_setup(the_largest_capacity_works, set_up),
      cmocka_unit_test_setup(calls_refuse_null_pointers, set_up),
      cmocka_unit_test_setup(puts_and_gets_alternate_at_capacity_1, set_up),
      cmocka_unit_test_setup(nobody_puts_or_gets_alone_at_capacity_0, set_up),
      cmocka_unit_test_setup(items_come_out_in_the_order_in_which_they_went_in, set_up),
      cmocka_unit_test_setup(items_of_any_size_arrive_whole_and_nothing_beside_them_is_written,
                             set_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

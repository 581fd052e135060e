/* unit.lot: parks that are lent, and who frees them. */

#include "base/lot.h"

#include <stdlib.h>

#include "lib/bounded.h"

#define ROUNDS 500

static struct handoff__lot *lot;
static atomic_int freed; /* lots */

void __real_free(void *block);
void __wrap_free(void *block);
void __wrap_free(void *block) {
  if (block == lot) {
    (void)atomic_fetch_add(&freed, 1);
  }
  __real_free(block);
}

static void set_up(void) {
  bounded_start();
  atomic_store(&freed, 0);
  assert_int_equal(handoff__lot_new(&lot), 0);
}

static bool is_freed(void) { return atomic_load(&freed) != 0; }

static void a_park_is_lent_to_one_at_a_time(void **state) {
  struct handoff__parker *parks[HANDOFF__LOT_PARKS];
  unsigned i;
  unsigned k;
  (void)state;
  set_up();
  for (i = 0; i < HANDOFF__LOT_PARKS; i++) {
    parks[i] = handoff__lot_borrow(lot, 0);
    assert_non_null(parks[i]);
    for (k = 0; k < i; k++) {
      assert_ptr_not_equal(parks[i], parks[k]);
    }
  }
  assert_null(handoff__lot_borrow(lot, 0));
  handoff__lot_let_go(lot); /* nobody will wake the first one */
  handoff__lot_return(lot, parks[0]);
  assert_ptr_equal(handoff__lot_borrow(lot, HANDOFF__LOT_PARKS - 1), parks[0]);
  for (i = 0; i < HANDOFF__LOT_PARKS; i++) {
    handoff__lot_let_go(lot);
    handoff__lot_return(lot, parks[i]);
  }
  assert_false(is_freed());
  handoff__lot_let_go(lot);
  assert_true(is_freed());
}

static void each_side_finds_its_own_park(void **state) {
  struct handoff__parker *first;
  struct handoff__parker *second;
  (void)state;
  set_up();
  second = handoff__lot_borrow(lot, 1);
  handoff__lot_wake(lot, second);
  handoff__lot_return(lot, second);
  first = handoff__lot_borrow(lot, 0); /* though all are to be had */
  assert_ptr_not_equal(first, second);
  assert_ptr_equal(handoff__lot_borrow(lot, 1), second);
  handoff__lot_wake(lot, second);
  handoff__lot_return(lot, second);
  assert_ptr_equal(handoff__lot_borrow(lot, 1), second);
  handoff__lot_wake(lot, first);
  handoff__lot_wake(lot, second);
  handoff__lot_return(lot, first);
  handoff__lot_return(lot, second);
  handoff__lot_let_go(lot);
  assert_true(is_freed());
}

static void a_park_that_is_lent_again_has_not_been_woken(void **state) {
  struct handoff__parker *park;
  (void)state;
  set_up();
  park = handoff__lot_borrow(lot, 0);
  handoff__lot_wake(lot, park);
  assert_true(handoff__parker_wait(park, 0));
  handoff__lot_return(lot, park);
  assert_ptr_equal(handoff__lot_borrow(lot, 0), park);
  assert_false(handoff__parker_wait(park, 0));
  handoff__lot_let_go(lot);
  handoff__lot_return(lot, park);
  handoff__lot_let_go(lot);
  assert_true(is_freed());
}

/* The slot, who waits and who wakes, in whatever order they let go. */
static void the_last_keeper_frees_it(void **state) {
  static const char *const orders[] = {"swk", "skw", "wsk", "wks", "ksw", "kws"};
  unsigned i;
  (void)state;
  for (i = 0; i < sizeof orders / sizeof *orders; i++) {
    struct handoff__parker *park;
    unsigned k;
    set_up();
    park = handoff__lot_borrow(lot, 0);
    for (k = 0; k < 3; k++) {
      assert_false(is_freed());
      switch (orders[i][k]) {
        case 's':
          handoff__lot_let_go(lot);
          break;
        case 'w':
          handoff__lot_return(lot, park);
          break;
        default:
          handoff__lot_wake(lot, park);
          break;
      }
    }
    assert_true(is_freed());
  }
}

static struct handoff__parker *lent;

static void wake_lent(void *arg) {
  (void)arg;
  handoff__lot_wake(lot, lent);
}

/* Who was woken may go on, and the slot with it, while its waker has yet to signal. */
static void it_outlives_who_waited(void **state) {
  unsigned round;
  (void)state;
  for (round = 0; round < ROUNDS; round++) {
    uv_thread_t thread;
    set_up();
    lent = handoff__lot_borrow(lot, 0);
    assert_int_equal(uv_thread_create(&thread, wake_lent, NULL), 0);
    assert_true(handoff__parker_wait(lent, HANDOFF_NEVER));
    handoff__lot_return(lot, lent);
    handoff__lot_let_go(lot);
    assert_int_equal(uv_thread_join(&thread), 0);
    assert_int_equal(atomic_load(&freed), 1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_park_is_lent_to_one_at_a_time),
      cmocka_unit_test(each_side_finds_its_own_park),
      cmocka_unit_test(a_park_that_is_lent_again_has_not_been_woken),
      cmocka_unit_test(the_last_keeper_frees_it),
      cmocka_unit_test(it_outlives_who_waited),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

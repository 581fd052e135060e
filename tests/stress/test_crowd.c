/* stress.crowd: 16 threads put and 16 get, all waiting for as long as it takes. Each item comes once, each producer's
 * items in their order, and everybody comes to an end. */

#include "stress/book.h"

#define CROWD ((size_t)BOOK_PRODUCERS_MAX)
#define ITEMS 80000

typedef struct crowd_s {
  handoff_slot_t slot;
  book_t book;
  uv_barrier_t start;
  atomic_size_t putting; /* producers that have not ended */
} crowd_t;

typedef struct member_s {
  crowd_t *crowd;
  uv_thread_t thread;
  size_t index;
  size_t passed; /* items */
} member_t;

static void produce(void *arg) {
  member_t *self = arg;
  crowd_t *crowd = self->crowd;

  (void)uv_barrier_wait(&crowd->start);
  for (; self->passed < crowd->book.attempts; self->passed++) {
    item_t item = item_new(self->index, self->passed);
    CHECK(handoff_slot_put(&crowd->slot, &item) == 0);
    book_accept(&crowd->book, &item);
  }
  if (atomic_fetch_sub(&crowd->putting, 1) == 1) {
    handoff_slot_shut(&crowd->slot);
  }
}

static void consume(void *arg) {
  member_t *self = arg;
  crowd_t *crowd = self->crowd;
  order_t order = {{0}};
  item_t item;
  int err;

  (void)uv_barrier_wait(&crowd->start);
  while ((err = handoff_slot_get(&crowd->slot, &item)) == 0) {
    book_deliver(&crowd->book, &order, &item);
    self->passed++;
  }
  CHECK(err == UV_EOF);
}

static void gather(size_t capacity, size_t items) {
  member_t members[2 * CROWD];
  balance_t balance;
  size_t most = 0;
  size_t least = items;
  crowd_t crowd;
  size_t i;

  book_init(&crowd.book, CROWD, items / CROWD + 1);
  book_slot_init(&crowd.book, &crowd.slot, capacity);
  atomic_init(&crowd.putting, CROWD);
  assert_int_equal(uv_barrier_init(&crowd.start, (unsigned)(2 * CROWD)), 0);
  for (i = 0; i < 2 * CROWD; i++) {
    members[i] = (member_t){.crowd = &crowd, .index = i};
    assert_int_equal(
        uv_thread_create(&members[i].thread, i < CROWD ? produce : consume, &members[i]), 0);
  }
  for (i = 0; i < 2 * CROWD; i++) {
    assert_int_equal(uv_thread_join(&members[i].thread), 0);
  }
  for (i = CROWD; i < 2 * CROWD; i++) {
    most = members[i].passed > most ? members[i].passed : most;
    least = members[i].passed < least ? members[i].passed : least;
  }
  handoff_slot_destroy(&crowd.slot);
  uv_barrier_destroy(&crowd.start);
  balance = book_close(&crowd.book);
  assert_int_equal(balance.accepted, CROWD * (items / CROWD + 1));
  assert_int_equal(balance.dropped, 0);
  printf("capacity %zu: %zu items; a consumer got %zu to %zu of them\n", capacity, balance.accepted,
         least, most);
}

static void test_everybody_comes_to_an_end(void **state) {
  static const size_t capacities[] = {0, 1, 2, 64};
  size_t i;
  (void)state;

  for (i = 0; i < sizeof capacities / sizeof capacities[0]; i++) {
    gather(capacities[i], dice_scaled(ITEMS));
  }
}

static int set_up(void **state) {
  (void)state;
  bounded_start();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_everybody_comes_to_an_end, set_up),
  };
  dice_start();
  return cmocka_run_group_tests_name("stress.crowd", tests, NULL, NULL);
}

/* stress.latest: a slot that keeps the newest items, while others get, peek, look at its statistics and, now and
 * then, abort it: what was accepted is delivered or dropped, once; the newest is never lost; the statistics are
 * right at every instant. */

#include "stress/book.h"

#define PUTTERS 4
#define GETTERS 2
#define ITEMS 20000

typedef struct fair_s {
  handoff_slot_t slot;
  book_t book;
  uv_barrier_t start;
  atomic_size_t putting; /* putters that have not ended */
  size_t abort_odds;     /* of a putter, per item; 0: who is last shuts */
  atomic_size_t aborted; /* items, by abort */
} fair_t;

typedef struct visitor_s {
  fair_t *fair;
  uv_thread_t thread;
  size_t index;
  dice_t dice;
  size_t passed;
} visitor_t;

static void produce(void *arg) {
  visitor_t *self = arg;
  fair_t *fair = self->fair;
  size_t number;

  (void)uv_barrier_wait(&fair->start);
  for (number = 0; number < fair->book.attempts; number++) {
    item_t item = item_new(self->index, number);
    int err = dice_hit(&self->dice, 2) ? handoff_slot_put(&fair->slot, &item)
                                       : handoff_slot_try_put(&fair->slot, &item);
    if (err == UV_EPIPE) {
      break;
    }
    CHECK(err == 0); /* it never waits */
    book_accept(&fair->book, &item);
    self->passed++;
    if (dice_hit(&self->dice, fair->abort_odds)) {
      (void)atomic_fetch_add(&fair->aborted, handoff_slot_abort(&fair->slot));
    }
  }
  if (atomic_fetch_sub(&fair->putting, 1) == 1) {
    handoff_slot_shut(&fair->slot);
  }
}

static void consume(void *arg) {
  visitor_t *self = arg;
  fair_t *fair = self->fair;
  order_t order = {{0}};
  item_t item;
  int err;

  (void)uv_barrier_wait(&fair->start);
  do {
    err = dice_hit(&self->dice, 2) ? handoff_slot_get(&fair->slot, &item)
                                   : handoff_slot_try_get(&fair->slot, &item);
    if (err == 0) {
      book_deliver(&fair->book, &order, &item);
      self->passed++;
    }
  } while (err != UV_EOF);
}

static void look(void *arg) {
  visitor_t *self = arg;
  fair_t *fair = self->fair;
  order_t order = {{0}};
  int err;

  (void)uv_barrier_wait(&fair->start);
  do {
    handoff_slot_stats_t stats;
    item_t item;
    err = handoff_slot_peek(&fair->slot, &item);
    if (err == 0) { /* whole, and never older than what it has seen */
      (void)book_entry(&fair->book, &item);
      CHECK(order.next[item.producer] <= item.number);
      order.next[item.producer] = item.number;
      self->passed++;
    }
    CHECK(handoff_slot_stats(&fair->slot, &stats) == 0);
    CHECK(stats.puts == stats.gets + stats.replaced + stats.dropped + stats.count);
    CHECK(stats.count <= stats.high_water);
  } while (err != UV_EOF);
}

static void hold_fair(size_t capacity, size_t attempts, size_t abort_odds) {
  visitor_t visitors[PUTTERS + GETTERS + 1];
  const size_t count = sizeof visitors / sizeof visitors[0];
  handoff_slot_options_t options = handoff_slot_options(sizeof(item_t));
  handoff_slot_stats_t stats;
  balance_t balance;
  size_t got = 0;
  fair_t fair;
  size_t i;

  book_init(&fair.book, PUTTERS, attempts);
  options.capacity = capacity;
  options.overflow = HANDOFF_DROP_OLDEST;
  options.drop = book_on_drop;
  options.drop_arg = &fair.book;
  assert_int_equal(handoff_slot_init(&fair.slot, &options), 0);
  atomic_init(&fair.putting, PUTTERS);
  atomic_init(&fair.aborted, 0);
  fair.abort_odds = abort_odds;
  assert_int_equal(uv_barrier_init(&fair.start, (unsigned)count), 0);
  for (i = 0; i < count; i++) {
    visitors[i] = (visitor_t){.fair = &fair, .index = i, .dice = dice_new(5000000 + i)};
    assert_int_equal(uv_thread_create(&visitors[i].thread,
                                      i < PUTTERS             ? produce
                                      : i < PUTTERS + GETTERS ? consume
                                                              : look,
                                      &visitors[i]),
                     0);
  }
  for (i = 0; i < count; i++) {
    assert_int_equal(uv_thread_join(&visitors[i].thread), 0);
    got += i >= PUTTERS && i < PUTTERS + GETTERS ? visitors[i].passed : 0;
  }
  assert_int_equal(handoff_slot_stats(&fair.slot, &stats), 0);
  handoff_slot_destroy(&fair.slot);
  uv_barrier_destroy(&fair.start);
  balance = book_close(&fair.book);
  assert_int_equal(balance.accepted, stats.puts);
  assert_int_equal(got, stats.gets);
  assert_int_equal(balance.dropped, stats.replaced + stats.dropped);
  assert_int_equal(atomic_load(&fair.aborted), stats.dropped);
  assert_int_equal(stats.count, 0); /* drained or aborted */
  if (abort_odds == 0) {
    printf("capacity %zu: %zu items put, %zu got, %zu replaced, %zu aborted; peeked at %zu\n",
           capacity, balance.accepted, got, (size_t)stats.replaced, (size_t)stats.dropped,
           visitors[count - 1].passed);
  }
}

static void test_the_newest_items_are_kept(void **state) {
  size_t capacity;
  (void)state;
  for (capacity = 1; capacity <= 3; capacity++) {
    hold_fair(capacity, dice_scaled(ITEMS), 0);
  }
}

static void test_abort_at_any_moment(void **state) {
  size_t round;
  (void)state;
  for (round = 0; round < dice_scaled(200); round++) {
    hold_fair(1 + round % 3, 1000, 200);
  }
}

static int set_up(void **state) {
  (void)state;
  bounded_start();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_the_newest_items_are_kept, set_up),
      cmocka_unit_test_setup(test_abort_at_any_moment, set_up),
  };
  dice_start();
  return cmocka_run_group_tests_name("stress.latest", tests, NULL, NULL);
}

/* stress.drop_oldest: a slot that evicts its oldest items, while other threads get, peek, read the
 * statistics and abort the slot. A finalizer sometimes uses the slot itself. Each accepted item is
 * delivered or finalized once, and the statistics add up at every moment. */

#include "stress/ledger.h"

#define PUTTERS 4
#define GETTERS 2
#define THREADS (PUTTERS + GETTERS + 1) /* and one that observes */
#define ITEMS 20000

typedef struct shared_s {
  handoff_slot_t slot;
  ledger_t ledger;
  uv_barrier_t start;
  atomic_size_t putting;   /* putters that have not left */
  size_t abort_odds;       /* per put; 0: the last putter shuts the slot */
  atomic_size_t discarded; /* items, by abort */
} shared_t;

typedef struct worker_s {
  shared_t *shared;
  uv_thread_t thread;
  size_t index;
  rng_t rng;
  size_t number; /* of a putter's next item */
  size_t got;
  size_t peeked;
} worker_t;

static _Thread_local worker_t *current; /* NULL on the thread that runs the tests */

static void check_stats(handoff_slot_t *slot) {
  handoff_slot_stats_t stats = {.size = sizeof stats};
  CHECK(handoff_slot_stats(slot, &stats) == 0);
  CHECK(stats.puts == stats.gets + stats.evicted + stats.discarded + stats.count);
  CHECK(stats.count <= stats.high_water);
}

/* Returns: 0; UV_EPIPE. */
static int put_next(worker_t *self) {
  shared_t *shared = self->shared;
  item_t item = item_new(self->index, self->number);
  int err;

  if (self->number == shared->ledger.attempts) {
    return UV_EPIPE;
  }
  self->number++;
  err = rng_one_in(&self->rng, 2) ? handoff_slot_put(&shared->slot, &item)
                                  : handoff_slot_try_put(&shared->slot, &item);
  CHECK(err == 0 || err == UV_EPIPE); /* it never waits */
  if (err == 0) {
    ledger_accept(&shared->ledger, &item);
  }
  return err;
}

static int try_get(worker_t *self) {
  item_t item;
  int err = handoff_slot_try_get(&self->shared->slot, &item);
  if (err == 0) {
    ledger_deliver(&self->shared->ledger, &item);
    self->got++;
  }
  return err;
}

/* It runs with no lock held. A put from here may evict another item and run it again. */
static void on_drop(void *item, void *arg) {
  shared_t *shared = arg;

  ledger_on_drop(item, &shared->ledger);
  if (current == NULL || !rng_one_in(&current->rng, 8)) {
    return;
  }
  switch (rng_below(&current->rng, 3)) {
    case 0:
      (void)put_next(current);
      break;
    case 1:
      (void)try_get(current);
      break;
    default:
      check_stats(&shared->slot);
      break;
  }
}

static void produce(void *arg) {
  worker_t *self = current = arg;
  shared_t *shared = self->shared;

  (void)uv_barrier_wait(&shared->start);
  while (put_next(self) == 0) {
    if (rng_one_in(&self->rng, shared->abort_odds)) {
      (void)atomic_fetch_add(&shared->discarded, handoff_slot_abort(&shared->slot));
    }
  }
  if (atomic_fetch_sub(&shared->putting, 1) == 1) {
    handoff_slot_shut(&shared->slot);
  }
}

static void consume(void *arg) {
  worker_t *self = current = arg;
  shared_t *shared = self->shared;
  fifo_check_t order = {{0}};
  item_t item;
  int err;

  (void)uv_barrier_wait(&shared->start);
  do {
    err = rng_one_in(&self->rng, 2) ? handoff_slot_get(&shared->slot, &item)
                                    : handoff_slot_try_get(&shared->slot, &item);
    if (err == 0) {
      ledger_deliver_in_order(&shared->ledger, &order, &item);
      self->got++;
    }
  } while (err != UV_EOF);
}

static void observe(void *arg) {
  worker_t *self = current = arg;
  shared_t *shared = self->shared;
  fifo_check_t order = {{0}};
  item_t item;
  int err;

  (void)uv_barrier_wait(&shared->start);
  do {
    err = handoff_slot_peek(&shared->slot, &item);
    if (err == 0) { /* neither torn nor older than one seen before */
      (void)ledger_index(&shared->ledger, &item);
      CHECK(order.next[item.producer] <= item.number);
      order.next[item.producer] = item.number;
      self->peeked++;
    }
    check_stats(&shared->slot);
  } while (err != UV_EOF);
}

static void init_shared(shared_t *shared, size_t capacity, size_t attempts, size_t abort_odds) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(item_t));

  ledger_init(&shared->ledger, PUTTERS, attempts);
  options.capacity = capacity;
  options.overflow = HANDOFF_DROP_OLDEST;
  options.drop = on_drop;
  options.drop_arg = shared;
  assert_int_equal(handoff_slot_init(&shared->slot, &options), 0);
  atomic_init(&shared->putting, PUTTERS);
  atomic_init(&shared->discarded, 0);
  shared->abort_odds = abort_odds;
  assert_int_equal(uv_barrier_init(&shared->start, THREADS), 0);
}

static void run(size_t capacity, size_t attempts, size_t abort_odds) {
  handoff_slot_stats_t stats = {.size = sizeof stats};
  worker_t workers[THREADS];
  ledger_totals_t totals;
  size_t got = 0;
  shared_t shared;
  size_t i;

  init_shared(&shared, capacity, attempts, abort_odds);
  for (i = 0; i < THREADS; i++) {
    uv_thread_cb entry = i < PUTTERS ? produce : i < PUTTERS + GETTERS ? consume : observe;
    workers[i] = (worker_t){.shared = &shared, .index = i, .rng = rng_new(5000000 + i)};
    assert_int_equal(uv_thread_create(&workers[i].thread, entry, &workers[i]), 0);
  }
  for (i = 0; i < THREADS; i++) {
    assert_int_equal(uv_thread_join(&workers[i].thread), 0);
    got += workers[i].got;
  }
  assert_int_equal(handoff_slot_stats(&shared.slot, &stats), 0);
  handoff_slot_destroy(&shared.slot);
  uv_barrier_destroy(&shared.start);
  totals = ledger_close(&shared.ledger);
  assert_int_equal(totals.accepted, stats.puts);
  assert_int_equal(got, stats.gets);
  assert_int_equal(totals.dropped, stats.evicted + stats.discarded);
  assert_int_equal(atomic_load(&shared.discarded), stats.discarded);
  assert_int_equal(stats.count, 0); /* drained or aborted */
  if (abort_odds == 0) {
    printf("capacity %zu: %zu items put, %zu got, %zu evicted; %zu peeked\n", capacity,
           totals.accepted, got, (size_t)stats.evicted, workers[THREADS - 1].peeked);
  }
}

static void test_every_item_is_delivered_or_evicted_once(void **state) {
  size_t capacity;
  (void)state;
  for (capacity = 1; capacity <= 3; capacity++) {
    run(capacity, stress_scaled(ITEMS), 0);
  }
}

static void test_an_abort_at_any_moment_loses_no_item(void **state) {
  stress_series_t series = stress_series(200);
  (void)state;
  while (stress_next(&series)) {
    run(1 + series.done % 3, 1000, 200);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      bounded_test(test_every_item_is_delivered_or_evicted_once),
      bounded_test(test_an_abort_at_any_moment_loses_no_item),
  };
  return stress_run("drop_oldest", tests);
}

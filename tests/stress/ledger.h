/* ledger: records what happens to each item. Each attempt to put has an item of its own. At the end
 * an item must have been delivered or finalized exactly once if its put succeeded, and never
 * otherwise. */

#ifndef TESTS_STRESS_LEDGER_H
#define TESTS_STRESS_LEDGER_H

#include "stress/stress.h"

#define LEDGER_PRODUCERS_MAX 16

typedef struct item_s {
  uint32_t producer;
  uint32_t number;
  uint64_t copies[3]; /* of both fields, to detect a torn copy */
} item_t;

/* The counters are relaxed, because they must not add an order that the slot should provide. They
 * are read after all threads have been joined. */
typedef struct ledger_s {
  size_t producers;
  size_t attempts; /* per producer */
  bool *accepted;  /* each entry is written by its producer */
  atomic_uchar *delivered;
  atomic_uchar *dropped;
} ledger_t;

/* For each producer the least number that one consumer may still receive: FIFO per producer. */
typedef struct fifo_check_s {
  uint64_t next[LEDGER_PRODUCERS_MAX];
} fifo_check_t;

typedef struct ledger_totals_s {
  size_t accepted;
  size_t dropped;
} ledger_totals_t;

static inline void ledger_init(ledger_t *ledger, size_t producers, size_t attempts) {
  size_t entries = producers * attempts + 1;
  CHECK(producers <= LEDGER_PRODUCERS_MAX);
  ledger->producers = producers;
  ledger->attempts = attempts;
  ledger->accepted = calloc(entries, sizeof *ledger->accepted);
  ledger->delivered = calloc(entries, sizeof *ledger->delivered);
  ledger->dropped = calloc(entries, sizeof *ledger->dropped);
  CHECK(ledger->accepted != NULL && ledger->delivered != NULL && ledger->dropped != NULL);
}

static inline item_t item_new(size_t producer, size_t number) {
  uint64_t both = (uint64_t)producer << 32 | number;
  item_t item = {(uint32_t)producer, (uint32_t)number, {both, ~both, both}};
  return item;
}

/* Checks that the item is not torn. Returns: its index in the ledger. */
static inline size_t ledger_index(const ledger_t *ledger, const item_t *item) {
  item_t intact = item_new(item->producer, item->number);
  CHECK(memcmp(item, &intact, sizeof intact) == 0);
  CHECK(item->producer < ledger->producers && item->number < ledger->attempts);
  return item->producer * ledger->attempts + item->number;
}

/* The put of the item has succeeded. */
static inline void ledger_accept(ledger_t *ledger, const item_t *item) {
  size_t i = ledger_index(ledger, item);
  CHECK(!ledger->accepted[i]);
  ledger->accepted[i] = true;
}

static inline void ledger_deliver(ledger_t *ledger, const item_t *item) {
  size_t i = ledger_index(ledger, item);
  (void)atomic_fetch_add_explicit(&ledger->delivered[i], 1, memory_order_relaxed);
}

static inline void ledger_deliver_in_order(ledger_t *ledger, fifo_check_t *order,
                                           const item_t *item) {
  ledger_deliver(ledger, item);
  CHECK(order->next[item->producer] <= item->number);
  order->next[item->producer] = (uint64_t)item->number + 1;
}

/* A handoff_drop_cb whose argument is the ledger. */
static inline void ledger_on_drop(void *item, void *arg) {
  ledger_t *ledger = arg;
  size_t i = ledger_index(ledger, item);
  (void)atomic_fetch_add_explicit(&ledger->dropped[i], 1, memory_order_relaxed);
}

/* Checks every entry and frees the ledger. */
static inline ledger_totals_t ledger_close(ledger_t *ledger) {
  ledger_totals_t totals = {0, 0};
  size_t i;

  for (i = 0; i < ledger->producers * ledger->attempts; i++) {
    unsigned delivered = atomic_load(&ledger->delivered[i]);
    unsigned dropped = atomic_load(&ledger->dropped[i]);
    CHECK(delivered + dropped == ledger->accepted[i]);
    totals.accepted += ledger->accepted[i];
    totals.dropped += dropped;
  }
  free(ledger->accepted);
  free(ledger->delivered);
  free(ledger->dropped);
  return totals;
}

#endif /* TESTS_STRESS_LEDGER_H */

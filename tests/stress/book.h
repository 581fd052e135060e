/* book: what becomes of each item. Every attempt to put is an item of its own; in the end each must have
 * been accepted exactly if it was delivered or dropped, and that once. */

#ifndef TESTS_STRESS_BOOK_H
#define TESTS_STRESS_BOOK_H

#include <stdatomic.h>
#include <string.h>

#include "stress/dice.h"

#define BOOK_PRODUCERS_MAX 16

typedef struct item_s {
  uint32_t producer;
  uint32_t number;
  uint64_t copies[3]; /* of both: a torn item shows */
} item_t;

/* Relaxed, because it must not order what the slot is there to order; read when all threads are joined. */
typedef struct book_s {
  size_t producers;
  size_t attempts; /* of each producer */
  bool *accepted;  /* each entry is written by its producer */
  atomic_uchar *delivered;
  atomic_uchar *dropped;
} book_t;

/* One consumer's view: each producer's items come in the order in which they were put. */
typedef struct order_s {
  uint64_t next[BOOK_PRODUCERS_MAX];
} order_t;

static inline void book_init(book_t *book, size_t producers, size_t attempts) {
  CHECK(producers <= BOOK_PRODUCERS_MAX);
  book->producers = producers;
  book->attempts = attempts;
  book->accepted = calloc(producers * attempts + 1, sizeof *book->accepted);
  book->delivered = calloc(producers * attempts + 1, sizeof *book->delivered);
  book->dropped = calloc(producers * attempts + 1, sizeof *book->dropped);
  CHECK(book->accepted != NULL && book->delivered != NULL && book->dropped != NULL);
}

static inline item_t item_new(size_t producer, size_t number) {
  uint64_t both = (uint64_t)producer << 32 | number;
  item_t item = {(uint32_t)producer, (uint32_t)number, {both, ~both, both}};
  return item;
}

static inline size_t book_entry(const book_t *book, const item_t *item) {
  item_t whole = item_new(item->producer, item->number);
  CHECK(memcmp(item, &whole, sizeof whole) == 0);
  CHECK(item->producer < book->producers && item->number < book->attempts);
  return item->producer * book->attempts + item->number;
}

/* Its put returned, or called back with, 0. */
static inline void book_accept(book_t *book, const item_t *item) {
  size_t entry = book_entry(book, item);
  CHECK(!book->accepted[entry]);
  book->accepted[entry] = true;
}

static inline void book_deliver(book_t *book, order_t *order, const item_t *item) {
  size_t entry = book_entry(book, item);
  (void)atomic_fetch_add_explicit(&book->delivered[entry], 1, memory_order_relaxed);
  CHECK(order->next[item->producer] <= item->number);
  order->next[item->producer] = (uint64_t)item->number + 1;
}

/* A handoff_drop_cb, with the book as its argument. */
static inline void book_on_drop(void *item, void *arg) {
  book_t *book = arg;
  size_t entry = book_entry(book, item);
  (void)atomic_fetch_add_explicit(&book->dropped[entry], 1, memory_order_relaxed);
}

typedef struct balance_s {
  size_t accepted;
  size_t dropped;
} balance_t;

/* Checks that the book balances, and closes it. */
static inline balance_t book_close(book_t *book) {
  balance_t balance = {0, 0};
  size_t entry;

  for (entry = 0; entry < book->producers * book->attempts; entry++) {
    unsigned delivered = atomic_load(&book->delivered[entry]);
    unsigned dropped = atomic_load(&book->dropped[entry]);
    CHECK(delivered + dropped == book->accepted[entry]);
    balance.accepted += book->accepted[entry];
    balance.dropped += dropped;
  }
  free(book->accepted);
  free(book->delivered);
  free(book->dropped);
  return balance;
}

/* A slot for the book's items. */
static inline void book_slot_init(book_t *book, handoff_slot_t *slot, size_t capacity) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(item_t));
  options.capacity = capacity;
  options.drop = book_on_drop;
  options.drop_arg = book;
  CHECK(handoff_slot_init(slot, &options) == 0);
}

#endif /* TESTS_STRESS_BOOK_H */

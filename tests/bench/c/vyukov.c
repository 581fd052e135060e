/* A limit: Dmitry Vyukov's bounded MPMC queue (1024cores.net), written from his description. A
 * thread that has to wait spins and never sleeps, so applications cannot use it like this.
 *
 * Invariant: cell `i` is free for the put at position p if its sequence is p, and holds the item
 * for the get at position p if its sequence is p + 1, where i = p mod capacity. */

#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "channel.h"

#define CACHE_LINES 128 /* Two lines of 64 bytes, because processors prefetch pairs. */

struct cell {
  _Atomic uint64_t sequence;
  uint64_t item;
};

struct channel {
  alignas(CACHE_LINES) _Atomic uint64_t puts;
  alignas(CACHE_LINES) _Atomic uint64_t gets;
  alignas(CACHE_LINES) uint64_t mask;
  struct cell cells[];
};

struct channel *channel_new(size_t capacity) {
  struct channel *channel;
  size_t bytes = sizeof *channel + capacity * sizeof(struct cell);
  size_t i;

  if (capacity < 2 || (capacity & (capacity - 1)) != 0) {
    return NULL;
  }
  channel = aligned_alloc(CACHE_LINES, (bytes + CACHE_LINES - 1) / CACHE_LINES * CACHE_LINES);
  if (channel == NULL) {
    return NULL;
  }
  atomic_init(&channel->puts, 0);
  atomic_init(&channel->gets, 0);
  channel->mask = capacity - 1;
  for (i = 0; i < capacity; i++) {
    atomic_init(&channel->cells[i].sequence, i);
  }
  return channel;
}

/* Claims the next position once its cell is ready for it; `is_get` is 0 or 1. */
static struct cell *claim(struct channel *channel, _Atomic uint64_t *next, uint64_t is_get) {
  uint64_t position = atomic_load_explicit(next, memory_order_relaxed);

  for (;;) {
    struct cell *cell = &channel->cells[position & channel->mask];

    if (atomic_load_explicit(&cell->sequence, memory_order_acquire) != position + is_get) {
      position = atomic_load_explicit(next, memory_order_relaxed);
    } else if (atomic_compare_exchange_weak_explicit(next, &position, position + 1,
                                                     memory_order_relaxed, memory_order_relaxed)) {
      return cell;
    }
  }
}

static void publish(struct cell *cell, uint64_t step) {
  uint64_t sequence = atomic_load_explicit(&cell->sequence, memory_order_relaxed);

  atomic_store_explicit(&cell->sequence, sequence + step, memory_order_release);
}

void channel_put(struct channel *channel, uint64_t item) {
  struct cell *cell = claim(channel, &channel->puts, 0);

  cell->item = item;
  publish(cell, 1);
}

uint64_t channel_get(struct channel *channel) {
  struct cell *cell = claim(channel, &channel->gets, 1);
  uint64_t item = cell->item;

  publish(cell, channel->mask); /* p + 1 becomes p + capacity. */
  return item;
}

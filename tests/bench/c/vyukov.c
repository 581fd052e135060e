/* A bounded queue for many producers and consumers without a lock, after the algorithm that Dmitry Vyukov
 * published on 1024cores.net ("Bounded MPMC queue"); written here from its description. Whoever has to
 * wait spins and never sleeps, so this is a limit, not a way to live.
 *
 * Invariant: a cell whose `turn` is 2·lap is free for the put of that lap, one whose `turn` is
 * 2·lap + 1 holds the item for the get of that lap. */

#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "channel.h"

#define LINE 128

struct cell {
  _Atomic uint64_t turn;
  uint64_t item;
};

struct channel {
  alignas(LINE) _Atomic uint64_t puts;
  alignas(LINE) _Atomic uint64_t gets;
  alignas(LINE) uint64_t mask;
  unsigned shift; /* capacity == 1 << shift */
  struct cell cells[];
};

struct channel *channel_new(size_t capacity) {
  struct channel *channel;
  size_t bytes = sizeof *channel + capacity * sizeof(struct cell);
  size_t i;

  if (capacity < 2 || (capacity & (capacity - 1)) != 0) {
    return NULL;
  }
  channel = aligned_alloc(LINE, (bytes + LINE - 1) / LINE * LINE);
  if (channel == NULL) {
    return NULL;
  }
  atomic_init(&channel->puts, 0);
  atomic_init(&channel->gets, 0);
  channel->mask = capacity - 1;
  channel->shift = 0;
  while (((size_t)1 << channel->shift) < capacity) {
    channel->shift++;
  }
  for (i = 0; i < capacity; i++) {
    atomic_init(&channel->cells[i].turn, 0);
  }
  return channel;
}

/* Takes the next position once its cell has come to the turn: 0 to put, 1 to get. */
static struct cell *claim(struct channel *channel, _Atomic uint64_t *next, uint64_t get) {
  uint64_t position = atomic_load_explicit(next, memory_order_relaxed);

  for (;;) {
    struct cell *cell = &channel->cells[position & channel->mask];
    uint64_t due = 2 * (position >> channel->shift) + get;

    if (atomic_load_explicit(&cell->turn, memory_order_acquire) != due) {
      position = atomic_load_explicit(next, memory_order_relaxed); /* waits, or was overtaken */
    } else if (atomic_compare_exchange_weak_explicit(next, &position, position + 1,
                                                     memory_order_relaxed, memory_order_relaxed)) {
      return cell;
    }
  }
}

static void pass(struct cell *cell) {
  uint64_t turn = atomic_load_explicit(&cell->turn, memory_order_relaxed);

  atomic_store_explicit(&cell->turn, turn + 1, memory_order_release);
}

void channel_put(struct channel *channel, uint64_t item) {
  struct cell *cell = claim(channel, &channel->puts, 0);

  cell->item = item;
  pass(cell);
}

uint64_t channel_get(struct channel *channel) {
  struct cell *cell = claim(channel, &channel->gets, 1);
  uint64_t item = cell->item;

  pass(cell);
  return item;
}

/* The limit: two threads that do nothing but spin on one word. It is empty (0) or holds the item; to
 * hand one over takes the cache line there and back. Never sleeps, so no use where there is one CPU. */

#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "channel.h"

#define LINE 128 /* two of 64 bytes: processors fetch pairs */

struct channel {
  alignas(LINE) _Atomic uint64_t word;
};

struct channel *channel_new(size_t capacity) {
  struct channel *channel = capacity == 1 ? aligned_alloc(LINE, sizeof *channel) : NULL;

  if (channel != NULL) {
    atomic_init(&channel->word, 0);
  }
  return channel;
}

void channel_put(struct channel *channel, uint64_t item) {
  while (atomic_load_explicit(&channel->word, memory_order_acquire) != 0) {
  }
  atomic_store_explicit(&channel->word, item, memory_order_release);
}

uint64_t channel_get(struct channel *channel) {
  uint64_t item;

  do {
    item = atomic_load_explicit(&channel->word, memory_order_acquire);
  } while (item == 0);
  atomic_store_explicit(&channel->word, 0, memory_order_release);
  return item;
}

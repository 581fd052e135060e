/* A limit: two threads spin on one atomic word, which is 0 or holds the item. Each item moves the
 * word's cache line from core to core and back. The threads never sleep, so this needs two CPUs.
 *
 * A waiting thread normally reads the line, and later fetches it again in order to write. With
 * CACHELINE_PREFETCHW it requests the line for writing at once (prefetchw), as handoff does. */

#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "channel.h"

#define CACHE_LINES 128 /* Two lines of 64 bytes, because processors prefetch pairs. */

struct channel {
  alignas(CACHE_LINES) _Atomic uint64_t word;
};

static uint64_t load(const struct channel *channel) {
#ifdef CACHELINE_PREFETCHW
  /* The pause gives the other thread time to write before this one takes the line away again. */
#if defined(__x86_64__)
  __asm__ __volatile__("pause\n\tprefetchw %0" : : "m"(channel->word));
#else
  __builtin_prefetch((const void *)channel, 1);
#endif
#endif
  return atomic_load_explicit(&channel->word, memory_order_acquire);
}

struct channel *channel_new(size_t capacity) {
  struct channel *channel = capacity == 1 ? aligned_alloc(CACHE_LINES, sizeof *channel) : NULL;

  if (channel != NULL) {
    atomic_init(&channel->word, 0);
  }
  return channel;
}

void channel_put(struct channel *channel, uint64_t item) {
  while (load(channel) != 0) {
  }
  atomic_store_explicit(&channel->word, item, memory_order_release);
}

uint64_t channel_get(struct channel *channel) {
  uint64_t item;

  do {
    item = load(channel);
  } while (item == 0);
  atomic_store_explicit(&channel->word, 0, memory_order_release);
  return item;
}

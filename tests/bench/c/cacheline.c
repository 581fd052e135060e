/* The limit: two threads that do nothing but spin on one word. It is empty (0) or holds the item; to
 * hand one over takes the cache line there and back. Never sleeps, so no use where there is one CPU.
 *
 * As most would write it a thread reads the line until it has changed, and so has to wait for it again when it
 * writes to it. With CACHELINE_FETCH it asks for the line to write to it in the first place, as handoff does. */

#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "channel.h"

#define LINE 128 /* two of 64 bytes: processors fetch pairs */

struct channel {
  alignas(LINE) _Atomic uint64_t word;
};

static uint64_t look(const struct channel *channel) {
#ifdef CACHELINE_FETCH
  /* With a pause between looks, for each takes the line away from who is about to write to it. */
#if defined(__x86_64__)
  __asm__ __volatile__("pause\n\tprefetchw %0" : : "m"(channel->word));
#else
  __builtin_prefetch((const void *)channel, 1);
#endif
#endif
  return atomic_load_explicit(&channel->word, memory_order_acquire);
}

struct channel *channel_new(size_t capacity) {
  struct channel *channel = capacity == 1 ? aligned_alloc(LINE, sizeof *channel) : NULL;

  if (channel != NULL) {
    atomic_init(&channel->word, 0);
  }
  return channel;
}

void channel_put(struct channel *channel, uint64_t item) {
  while (look(channel) != 0) {
  }
  atomic_store_explicit(&channel->word, item, memory_order_release);
}

uint64_t channel_get(struct channel *channel) {
  uint64_t item;

  do {
    item = look(channel);
  } while (item == 0);
  atomic_store_explicit(&channel->word, 0, memory_order_release);
  return item;
}

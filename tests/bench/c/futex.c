/* The kernel's limit: one cell and one futex word, which says whether the cell is full. A thread
 * that has to wait sleeps, and is woken only if it sleeps. One producer and one consumer. */

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "channel.h"

enum { EMPTY = 0, FULL = 1, HAS_SLEEPER = 2 };

struct channel {
  _Atomic uint32_t word;
  uint64_t item;
};

struct channel *channel_new(size_t capacity) {
  return capacity == 1 ? calloc(1, sizeof(struct channel)) : NULL;
}

static void wait_while(struct channel *channel, uint32_t state) {
  uint32_t word = atomic_load_explicit(&channel->word, memory_order_acquire);

  while ((word & FULL) == state) {
    if ((word & HAS_SLEEPER) != 0 ||
        atomic_compare_exchange_weak(&channel->word, &word, word | HAS_SLEEPER)) {
      (void)syscall(SYS_futex, &channel->word, FUTEX_WAIT_PRIVATE, state | HAS_SLEEPER, NULL, NULL,
                    0);
      word = atomic_load_explicit(&channel->word, memory_order_acquire);
    }
  }
}

static void set_state(struct channel *channel, uint32_t state) {
  if ((atomic_exchange(&channel->word, state) & HAS_SLEEPER) != 0) {
    (void)syscall(SYS_futex, &channel->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
  }
}

void channel_put(struct channel *channel, uint64_t item) {
  wait_while(channel, FULL);
  channel->item = item;
  set_state(channel, FULL);
}

uint64_t channel_get(struct channel *channel) {
  uint64_t item;

  wait_while(channel, EMPTY);
  item = channel->item;
  set_state(channel, EMPTY);
  return item;
}

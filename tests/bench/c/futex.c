/* The kernel's limit: one item, one word, and the bare futex; each side sleeps when it has to wait, and
 * is woken only if it does. One producer and one consumer. The word says whose turn it is. */

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "channel.h"
#include "course.h"

enum { EMPTY = 0, FULL = 1, SLEEPS = 2 }; /* SLEEPS: and the side whose turn it is not sleeps */

struct channel {
  _Atomic uint32_t word;
  uint64_t item;
};

struct channel *channel_new(size_t capacity) {
  return capacity == 1 ? calloc(1, sizeof(struct channel)) : NULL;
}

/* Waits while the word is `state`. */
static void wait_while(struct channel *channel, uint32_t state) {
  uint32_t word = atomic_load_explicit(&channel->word, memory_order_acquire);

  while ((word & FULL) == state) {
    if ((word & SLEEPS) != 0 ||
        atomic_compare_exchange_weak(&channel->word, &word, word | SLEEPS)) {
      (void)syscall(SYS_futex, &channel->word, FUTEX_WAIT_PRIVATE, state | SLEEPS, NULL, NULL, 0);
      word = atomic_load_explicit(&channel->word, memory_order_acquire);
    }
  }
}

static void pass(struct channel *channel, uint32_t state) {
  if ((atomic_exchange(&channel->word, state) & SLEEPS) != 0) {
    (void)syscall(SYS_futex, &channel->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
  }
}

void channel_put(struct channel *channel, uint64_t item) {
  wait_while(channel, FULL);
  channel->item = item;
  pass(channel, FULL);
}

uint64_t channel_get(struct channel *channel) {
  uint64_t item;

  wait_while(channel, EMPTY);
  item = channel->item;
  pass(channel, EMPTY);
  return item;
}

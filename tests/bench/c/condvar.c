/* The usual implementation: a ring, a mutex, and a condition variable for each side. Each put and
 * each get signals once. */

#include <stdlib.h>
#include <uv.h>

#include "channel.h"
#include "harness.h"

struct channel {
  uv_mutex_t lock;
  uv_cond_t not_full;
  uv_cond_t not_empty;
  /* Set at init, then constant. */
  size_t capacity;
  /* Guarded by lock. */
  size_t first;
  size_t count;
  uint64_t ring[];
};

struct channel *channel_new(size_t capacity) {
  struct channel *channel =
      capacity == 0 ? NULL : calloc(1, sizeof *channel + capacity * sizeof(uint64_t));

  if (channel != NULL) {
    harness_check(uv_mutex_init(&channel->lock));
    harness_check(uv_cond_init(&channel->not_full));
    harness_check(uv_cond_init(&channel->not_empty));
    channel->capacity = capacity;
  }
  return channel;
}

void channel_put(struct channel *channel, uint64_t item) {
  size_t last;

  uv_mutex_lock(&channel->lock);
  while (channel->count == channel->capacity) {
    uv_cond_wait(&channel->not_full, &channel->lock);
  }
  last = channel->first + channel->count++;
  channel->ring[last < channel->capacity ? last : last - channel->capacity] = item;
  uv_cond_signal(&channel->not_empty);
  uv_mutex_unlock(&channel->lock);
}

uint64_t channel_get(struct channel *channel) {
  uint64_t item;

  uv_mutex_lock(&channel->lock);
  while (channel->count == 0) {
    uv_cond_wait(&channel->not_empty, &channel->lock);
  }
  item = channel->ring[channel->first];
  channel->first = channel->first + 1 == channel->capacity ? 0 : channel->first + 1;
  channel->count--;
  uv_cond_signal(&channel->not_full);
  uv_mutex_unlock(&channel->lock);
  return item;
}

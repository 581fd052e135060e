/* GLib's GAsyncQueue. It ignores the capacity: it is unbounded, so a put never waits. */

#include <glib.h>

#include "channel.h"

struct channel {
  GAsyncQueue *queue;
};

struct channel *channel_new(size_t capacity) {
  struct channel *channel = g_new(struct channel, 1);

  (void)capacity;
  channel->queue = g_async_queue_new();
  return channel;
}

void channel_put(struct channel *channel, uint64_t item) {
  g_async_queue_push(channel->queue, GSIZE_TO_POINTER(item));
}

uint64_t channel_get(struct channel *channel) {
  return GPOINTER_TO_SIZE(g_async_queue_pop(channel->queue));
}

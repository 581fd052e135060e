/* Ours: a slot of the library. */

#include <handoff.h>
#include <stdlib.h>

#include "channel.h"
#include "course.h"

struct channel {
  handoff_slot_t slot;
};

struct channel *channel_new(size_t capacity) {
  struct channel *channel = calloc(1, sizeof *channel);
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));

  options.capacity = capacity;
  if (channel == NULL || handoff_slot_init(&channel->slot, &options) != 0) {
    free(channel);
    return NULL;
  }
  return channel;
}

void channel_put(struct channel *channel, uint64_t item) {
  if (handoff_slot_put(&channel->slot, &item) != 0) {
    course_fail(1, "handoff_slot_put failed");
  }
}

uint64_t channel_get(struct channel *channel) {
  uint64_t item = 0;

  if (handoff_slot_get(&channel->slot, &item) != 0) {
    course_fail(1, "handoff_slot_get failed");
  }
  return item;
}

/* handoff: a slot. */

#include <handoff.h>
#include <stdlib.h>

#include "channel.h"
#include "harness.h"

struct channel {
  handoff_slot_t slot;
};

struct channel *channel_new(size_t capacity) {
  struct channel *channel = calloc(1, sizeof *channel);
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));

  options.capacity = capacity;
  harness_check(channel == NULL ? UV_ENOMEM : handoff_slot_init(&channel->slot, &options));
  return channel;
}

void channel_put(struct channel *channel, uint64_t item) {
  harness_check(handoff_slot_put(&channel->slot, &item));
}

uint64_t channel_get(struct channel *channel) {
  uint64_t item = 0;

  harness_check(handoff_slot_get(&channel->slot, &item));
  return item;
}

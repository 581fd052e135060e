/* world: see world.h. */

#include "world.h"

#include <string.h>

#include "item.h"
#include "target.h"

#define SOON_NS 1000

unsigned char *world_new_item(const struct world *world, size_t slot) {
  unsigned char *bytes = target_alloc(world->item_sizes[slot]);
  item_clear(bytes, world->item_sizes[slot]);
  return bytes;
}

/* -------------------------------------------------------------------------------- the slots -- */

/* The reference comes first, so what has to be dropped is known when it is. `dropped` is SIZE_MAX while
 * nothing may be. */
static void on_drop(void *item, void *arg) {
  struct world *world = ((handoff_slot_t *)arg)->data;
  size_t slot = (size_t)((handoff_slot_t *)arg - world->slots);
  size_t align = world->item_sizes[slot] & (~world->item_sizes[slot] + 1);

  CHECK(world->dropped < world->reference.dropped_count);
  CHECK(item_is(item, world->item_sizes[slot], world->reference.dropped[world->dropped]));
  CHECK((uintptr_t)item % (align < _Alignof(max_align_t) ? align : _Alignof(max_align_t)) == 0);
  world->dropped++;
}

void world_expect_drops(struct world *world) { world->dropped = 0; }

void world_check_drops(struct world *world) {
  CHECK(world->dropped == world->reference.dropped_count);
  world->dropped = SIZE_MAX;
}

void world_slot_init(struct world *world, size_t slot, size_t capacity, size_t item_size) {
  handoff_slot_options_t options = handoff_slot_options(item_size);

  if (world->reference.slots[slot].is_live) {
    return;
  }
  options.capacity = capacity;
  options.drop = on_drop;
  options.drop_arg = &world->slots[slot];
  options.name = "fuzz";
  world->slots[slot].data = world;
  world->item_sizes[slot] = item_size;
  CHECK(handoff_slot_init(&world->slots[slot], &options) == 0);
  reference_init(&world->reference, slot, capacity);
}

void world_slot_init_wrong(struct world *world, size_t slot, unsigned mistake) {
  handoff_slot_options_t options = handoff_slot_options(8);
  struct handoff__slot *before = world->slots[slot].impl;

  options.drop = on_drop;
  switch (mistake % 5) {
    case 0:
      options.item_size = 0;
      break;
    case 1:
      options.capacity = HANDOFF_CAPACITY_MAX + 1;
      break;
    case 2:
      options.size--;
      break;
    case 3:
      options.item_size = SIZE_MAX - mistake;
      break;
    default:
      options.item_size = SIZE_MAX / 4;
      options.capacity = HANDOFF_CAPACITY_MAX;
      break;
  }
  CHECK(handoff_slot_init(&world->slots[slot], &options) == UV_EINVAL);
  CHECK(handoff_slot_init(NULL, &options) == UV_EINVAL);
  CHECK(handoff_slot_init(&world->slots[slot], NULL) == UV_EINVAL);
  CHECK(world->slots[slot].impl == before);
}

void world_slot_shut(struct world *world, size_t slot) {
  reference_shut(&world->reference, slot);
  handoff_slot_shut(&world->slots[slot]);
}

void world_slot_destroy(struct world *world, size_t slot) {
  if (reference_is_used(&world->reference, slot)) {
    return;
  }
  reference_destroy(&world->reference, slot);
  world_expect_drops(world);
  handoff_slot_destroy(&world->slots[slot]);
  world_check_drops(world);
}

/* ------------------------------------------------------- the calls of a thread -- */

static uint64_t deadline(struct world *world, enum world_way way) {
  if (way == WORLD_EXPIRED) {
    return world->last_item % 2; /* 0 too */
  }
  world->patience--;
  return uv_hrtime() + SOON_NS;
}

/* What this way says where the reference says UV_EAGAIN. */
static int as_said(enum world_way way, int err) {
  return err == UV_EAGAIN && way != WORLD_TRY ? UV_ETIMEDOUT : err;
}

/* A wait takes time and so is tried rarely; one without an end never. */
static enum world_way affordable(const struct world *world, enum world_way way, int expected) {
  if (way == WORLD_BLOCK && expected == UV_EAGAIN) {
    return WORLD_TRY;
  }
  return way == WORLD_SOON && world->patience == 0 ? WORLD_EXPIRED : way;
}

void world_put(struct world *world, size_t slot, enum world_way way) {
  unsigned char *bytes = world_new_item(world, slot);
  uint32_t item = ++world->last_item;
  int expected = reference_put(&world->reference, slot, item);
  int err;

  item_write(bytes, world->item_sizes[slot], item);
  way = affordable(world, way, expected);
  world_expect_drops(world);
  if (way == WORLD_TRY) {
    err = handoff_try_put(&world->slots[slot], bytes);
  } else if (way == WORLD_BLOCK) {
    err = handoff_put(&world->slots[slot], bytes);
  } else {
    err = handoff_put_until(&world->slots[slot], bytes, deadline(world, way));
  }
  world_check_drops(world);
  CHECK(err == as_said(way, expected));
  CHECK(item_is(bytes, world->item_sizes[slot], item));
  free(bytes);
}

void world_get(struct world *world, size_t slot, enum world_way way) {
  unsigned char *bytes = world_new_item(world, slot);
  uint32_t item = 0;
  int expected = reference_get(&world->reference, slot, &item);
  int err;

  way = affordable(world, way, expected);
  world_expect_drops(world);
  if (way == WORLD_TRY) {
    err = handoff_try_get(&world->slots[slot], bytes);
  } else if (way == WORLD_BLOCK) {
    err = handoff_get(&world->slots[slot], bytes);
  } else {
    err = handoff_get_until(&world->slots[slot], bytes, deadline(world, way));
  }
  world_check_drops(world);
  CHECK(err == as_said(way, expected));
  CHECK(err == 0 ? item_is(bytes, world->item_sizes[slot], item)
                 : item_is_untouched(bytes, world->item_sizes[slot]));
  free(bytes);
}

/* ----------------------------------------------------------------------------- the whole -- */

void world_init(struct world *world) {
  size_t i;

  memset(world, 0, sizeof *world);
  CHECK(uv_loop_init(&world->loop) == 0);
  CHECK(uv_prepare_init(&world->loop, &world->keeper) == 0);
  for (i = 0; i < REFERENCE_SLOTS; i++) {
    world->slots[i].data = world;
    world->item_sizes[i] = 1;
  }
  for (i = 0; i < REFERENCE_WAITERS; i++) {
    world->requests[i].world = world;
    world->requests[i].req = target_alloc(sizeof(handoff_req_t));
  }
  world->dropped = SIZE_MAX;
  world->patience = 2;
}

void world_destroy(struct world *world) {
  size_t i;

  for (i = 0; i < REFERENCE_WAITERS; i++) {
    world->requests[i].is_chained = false;
  }
  for (i = 0; i < REFERENCE_PORTS; i++) {
    world_port_close(world, i);
  }
  world_settle(world);
  for (i = 0; i < REFERENCE_WAITERS; i++) {
    CHECK(world->reference.waiters[i].state == REFERENCE_IDLE);
    free(world->requests[i].req);
  }
  for (i = 0; i < REFERENCE_SLOTS; i++) {
    world_slot_destroy(world, i);
  }
  uv_close((uv_handle_t *)&world->keeper, NULL);
  (void)uv_run(&world->loop, UV_RUN_NOWAIT);
  CHECK(uv_loop_close(&world->loop) == 0);
}

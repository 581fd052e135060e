/* world: see world.h. */

#include "world.h"

#include <string.h>

#include "item.h"
#include "target.h"

/* A deadline that comes while the call waits: soon; and, where the call is refused instead, not. */
#define SOON_NS ((uint64_t)2000)
#define LATER_NS ((uint64_t)1000 * 1000 * 1000)

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
  if (world->may_call) {
    world_check_stats(world, slot);
    CHECK(handoff_slot_put(&world->slots[slot], item) ==
          (world->reference.slots[slot].is_live ? UV_EPIPE : UV_EINVAL));
  }
}

void world_expect_drops(struct world *world) { world->dropped = 0; }

void world_check_drops(struct world *world) {
  CHECK(world->dropped == world->reference.dropped_count);
  world->dropped = SIZE_MAX;
}

void world_slot_init(struct world *world, size_t slot, size_t capacity, bool is_latest,
                     size_t item_size) {
  handoff_slot_options_t options = handoff_slot_options(item_size);
  struct handoff__slot *before = world->slots[slot].impl;
  int expected;

  if (world->reference.slots[slot].is_live) {
    return;
  }
  options.capacity = capacity;
  options.overflow = is_latest ? HANDOFF_DROP_OLDEST : HANDOFF_BLOCK;
  options.drop = on_drop;
  options.drop_arg = &world->slots[slot];
  options.name = "fuzz";
  world->slots[slot].data = world;
  world->item_sizes[slot] = item_size;
  expected = reference_init(&world->reference, slot, capacity, is_latest);
  CHECK(handoff_slot_init(&world->slots[slot], &options) == expected);
  CHECK(expected == 0 || world->slots[slot].impl == before);
}

void world_slot_init_wrong(struct world *world, size_t slot, unsigned mistake) {
  handoff_slot_options_t options = handoff_slot_options(8);
  struct handoff__slot *before = world->slots[slot].impl;

  options.drop = on_drop;
  switch (mistake % 6) {
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
    case 4:
      options.overflow = (handoff_overflow_t)(HANDOFF_DROP_OLDEST + 1);
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

void world_slot_abort(struct world *world, size_t slot) {
  reference_abort(&world->reference, slot);
  world_expect_drops(world);
  world->may_call = true;
  CHECK(handoff_slot_abort(&world->slots[slot]) == world->reference.dropped_count);
  world->may_call = false;
  world_check_drops(world);
}

void world_slot_destroy(struct world *world, size_t slot) {
  if (reference_is_used(&world->reference, slot)) {
    return;
  }
  reference_destroy(&world->reference, slot);
  world_expect_drops(world);
  world->may_call = true;
  handoff_slot_destroy(&world->slots[slot]);
  world->may_call = false;
  world_check_drops(world);
}

/* ------------------------------------------------------- the calls of a thread -- */

static bool is_refused(const struct world *world, size_t slot, handoff_side_t side) {
  return world->reference.slots[slot]
      .is_bound[side == HANDOFF_PRODUCER ? HANDOFF_CONSUMER : HANDOFF_PRODUCER];
}

/* A wait takes time and so is tried rarely; one without an end never. */
static enum world_way affordable(const struct world *world, enum world_way way, bool must_wait) {
  if (way == WORLD_BLOCK && must_wait) {
    return WORLD_TRY;
  }
  return way == WORLD_SOON && world->patience == 0 ? WORLD_EXPIRED : way;
}

static int call_until(struct world *world, size_t slot, handoff_side_t side, unsigned char *bytes,
                      uint64_t deadline_ns) {
  handoff_slot_t *s = &world->slots[slot];
  return side == HANDOFF_PRODUCER ? handoff_slot_put_until(s, bytes, deadline_ns)
                                  : handoff_slot_get_until(s, bytes, deadline_ns);
}

/* With a deadline that comes while it waits: on a busy machine that may take more than one attempt. */
static int call_soon(struct world *world, size_t slot, handoff_side_t side, unsigned char *bytes,
                     bool must_wait) {
  uint64_t ahead_ns = must_wait ? SOON_NS : LATER_NS;
  uint64_t begun_ns;
  int err;

  world->patience--;
  do {
    CHECK(ahead_ns <= LATER_NS);
    begun_ns = uv_hrtime();
    err = call_until(world, slot, side, bytes, begun_ns + ahead_ns);
    ahead_ns *= 32;
  } while (must_wait && err == UV_ETIMEDOUT &&
           !world_note_timeout(world, slot, side, uv_hrtime() - begun_ns));
  CHECK(err != UV_ETIMEDOUT || uv_hrtime() - begun_ns >= ahead_ns / 32);
  return err;
}

/* Makes the call, and checks what it says; `expected` is what the reference does. Returns the same. */
static int call(struct world *world, size_t slot, handoff_side_t side, enum world_way way,
                unsigned char *bytes, int expected) {
  handoff_slot_t *s = &world->slots[slot];
  bool must_wait = expected == UV_EAGAIN && !is_refused(world, slot, side);
  int would_wait = must_wait ? UV_ETIMEDOUT : UV_EBUSY;
  int err;

  way = affordable(world, way, must_wait);
  world_expect_drops(world);
  if (way == WORLD_TRY) {
    would_wait = UV_EAGAIN;
    err =
        side == HANDOFF_PRODUCER ? handoff_slot_try_put(s, bytes) : handoff_slot_try_get(s, bytes);
  } else if (way == WORLD_BLOCK) {
    err = side == HANDOFF_PRODUCER ? handoff_slot_put(s, bytes) : handoff_slot_get(s, bytes);
  } else if (way == WORLD_SOON) {
    err = call_soon(world, slot, side, bytes, must_wait);
  } else {
    would_wait = UV_ETIMEDOUT;
    err = call_until(world, slot, side, bytes, world->last_item % 2); /* 0 too */
  }
  world_check_drops(world);
  CHECK(err == (expected == UV_EAGAIN ? would_wait : expected));
  return err;
}

void world_put(struct world *world, size_t slot, enum world_way way) {
  unsigned char *bytes = world_new_item(world, slot);
  uint32_t item = ++world->last_item;
  int expected = reference_put(&world->reference, slot, item);

  item_write(bytes, world->item_sizes[slot], item);
  (void)call(world, slot, HANDOFF_PRODUCER, way, bytes, expected);
  CHECK(item_is(bytes, world->item_sizes[slot], item));
  free(bytes);
}

void world_get(struct world *world, size_t slot, enum world_way way) {
  unsigned char *bytes = world_new_item(world, slot);
  uint32_t item = 0;
  int expected = reference_get(&world->reference, slot, &item);
  int err = call(world, slot, HANDOFF_CONSUMER, way, bytes, expected);

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

/* world_port: the part of the world that runs on the loop: ports, requests, callbacks. See world.h. */

#include "item.h"
#include "target.h"
#include "world.h"

/* Turns of the loop in which whatever was decided must have been called back. */
#define TURNS_MAX 16

/* Where the linker can put it in the place of libuv's: whatever the machine and its load, the library takes
 * the ways, to spin and to look, that it takes with more than one processor. */
unsigned int __wrap_uv_available_parallelism(void); /* NOLINT(bugprone-reserved-identifier) */

unsigned int __wrap_uv_available_parallelism(void) { /* NOLINT(bugprone-reserved-identifier) */
  return 2;
}

/* ----------------------------------------------------------------------------- the requests -- */

static void on_done(handoff_req_t *req, int status);

static int submit(struct world *world, size_t request, size_t slot, bool is_put,
                  unsigned char *bytes) {
  handoff_port_t *port = world->ports[request % REFERENCE_PORTS];
  handoff_req_t *req = world->requests[request].req;
  return is_put ? handoff_port_put(port, req, &world->slots[slot], bytes, on_done)
                : handoff_port_get(port, req, &world->slots[slot], bytes, on_done);
}

/* The errors that keep a request from beginning. */
static int refusal(const struct world *world, size_t request, size_t slot) {
  enum world_port port = world->port_states[request % REFERENCE_PORTS];

  if (port == WORLD_CLOSED || !world->reference.slots[slot].is_live) {
    return UV_EINVAL;
  }
  if (world->reference.waiters[request].state != REFERENCE_IDLE) {
    return UV_EBUSY;
  }
  return port == WORLD_CLOSING ? UV_ECANCELED : 0;
}

void world_submit(struct world *world, size_t request, size_t slot, bool is_put, bool is_chained) {
  struct reference_waiter *waiter = &world->reference.waiters[request];
  struct world_request *self = &world->requests[request];
  unsigned char *bytes = world_new_item(world, slot);
  int expected = refusal(world, request, slot);

  if (expected != 0) {
    CHECK(submit(world, request, slot, is_put, bytes) == expected);
    free(bytes);
    return;
  }
  waiter->is_put = is_put;
  waiter->slot = slot;
  waiter->port = request % REFERENCE_PORTS;
  if (is_put) {
    waiter->item = ++world->last_item;
    item_write(bytes, world->item_sizes[slot], waiter->item);
  }
  reference_submit(&world->reference, request);
  self->req->data = self;
  self->item = bytes;
  self->is_chained = is_chained;
  world_expect_drops(world);
  CHECK(submit(world, request, slot, is_put, bytes) == 0);
  world_check_drops(world);
}

static void on_done(handoff_req_t *req, int status) {
  struct world_request *self = req->data;
  struct world *world = self->world;
  size_t request = (size_t)(self - world->requests);
  struct reference_waiter *waiter = &world->reference.waiters[request];
  size_t size = world->item_sizes[waiter->slot];

  CHECK(req == self->req);
  CHECK(world->is_turning);
  CHECK(req->slot == &world->slots[waiter->slot]);
  CHECK(req->port == world->ports[waiter->port]);
  CHECK(reference_is_next(&world->reference, request));
  CHECK(status == waiter->status);
  CHECK(status == 0 || waiter->is_put ? item_is(self->item, size, waiter->item)
                                      : item_is_untouched(self->item, size));
  waiter->state = REFERENCE_IDLE;
  world_check_stats(world, waiter->slot);
  free(self->item);
  if (self->is_chained) {
    world_submit(world, request, waiter->slot, waiter->is_put, false);
  } else { /* it is ours again: another one, so that it is noticed if the old one is still used */
    free(self->req);
    self->req = target_alloc(sizeof(handoff_req_t));
  }
}

void world_cancel(struct world *world, size_t request) {
  int expected = reference_cancel(&world->reference, request);
  CHECK(handoff_cancel(world->requests[request].req) == expected);
}

/* -------------------------------------------------------------------------------- the ports -- */

void world_port_open(struct world *world, size_t port) {
  if (world->port_states[port] != WORLD_CLOSED) {
    return;
  }
  if (world->ports[port] == NULL) {
    world->ports[port] = target_alloc(sizeof(handoff_port_t));
  }
  world->ports[port]->data = world;
  CHECK(handoff_port_init(&world->loop, world->ports[port]) == 0);
  world->port_states[port] = WORLD_OPEN;
  world->is_referenced[port] = true;
}

void world_port_ref(struct world *world, size_t port, bool is_referenced) {
  if (is_referenced) {
    handoff_port_ref(world->ports[port]);
  } else {
    handoff_port_unref(world->ports[port]);
  }
  world->is_referenced[port] = is_referenced;
}

void world_port_busy_poll(struct world *world, size_t port, unsigned microseconds) {
  uint64_t max_ns =
      microseconds < 15 ? microseconds * UINT64_C(1000) : HANDOFF_BUSY_POLL_MAX_NS + 1;
  int expected = world->port_states[port] == WORLD_OPEN && microseconds < 15 ? 0 : UV_EINVAL;

  CHECK(handoff_port_set_busy_poll(world->ports[port], max_ns) == expected);
}

static bool is_quiet(const struct world *world, size_t port) {
  size_t i;
  for (i = 0; i < REFERENCE_WAITERS; i++) {
    if (world->reference.waiters[i].state != REFERENCE_IDLE &&
        world->reference.waiters[i].port == port) {
      return false;
    }
  }
  return true;
}

static void on_close(handoff_port_t *port) {
  struct world *world = port->data;
  size_t i = port == world->ports[0] ? 0 : 1;

  CHECK(port == world->ports[i]);
  CHECK(world->port_states[i] == WORLD_CLOSING);
  CHECK(is_quiet(world, i));
  world->port_states[i] = WORLD_CLOSED;
  free(port); /* ours again */
  world->ports[i] = NULL;
}

void world_port_close(struct world *world, size_t port) {
  if (world->port_states[port] != WORLD_OPEN) {
    CHECK(handoff_port_close(world->ports[port], on_close) == UV_EINVAL);
    return;
  }
  reference_close(&world->reference, port);
  world->port_states[port] = WORLD_CLOSING;
  CHECK(handoff_port_close(world->ports[port], on_close) == 0);
}

/* --------------------------------------------------------------------------------- the loop -- */

static void on_prepare(uv_prepare_t *prepare) { (void)prepare; }

/* A loop that nothing keeps alive does not turn, so something else of the application's does. */
void world_turn(struct world *world) {
  CHECK(uv_prepare_start(&world->keeper, on_prepare) == 0);
  world->is_turning = true;
  (void)uv_run(&world->loop, UV_RUN_NOWAIT);
  world->is_turning = false;
  CHECK(uv_prepare_stop(&world->keeper) == 0);
}

static bool is_settled(const struct world *world) {
  size_t i;
  for (i = 0; i < REFERENCE_WAITERS; i++) {
    if (world->reference.waiters[i].state == REFERENCE_DECIDED) {
      return false;
    }
  }
  for (i = 0; i < REFERENCE_PORTS; i++) {
    if (world->port_states[i] == WORLD_CLOSING) {
      return false;
    }
  }
  return true;
}

void world_settle(struct world *world) {
  bool is_alive = false;
  size_t i;

  for (i = 0; i < TURNS_MAX && !is_settled(world); i++) {
    world_turn(world);
  }
  CHECK(is_settled(world));
  /* Pending requests keep the loop alive, and nothing else does. */
  for (i = 0; i < REFERENCE_PORTS; i++) {
    is_alive = is_alive || (world->port_states[i] == WORLD_OPEN && world->is_referenced[i] &&
                            !is_quiet(world, i));
  }
  CHECK((uv_loop_alive(&world->loop) != 0) == is_alive);
}

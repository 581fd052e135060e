/* harness_port: what runs on the loop: ports, requests, callbacks. See harness.h. */

#include "harness.h"
#include "item.h"
#include "target.h"

/* How often the loop runs before the callback of a completed request must have run. */
#define LOOP_RUNS_MAX 16

/* Where the linker can replace libuv's function, the library always takes the code paths of several
 * CPUs: it spins. An input then does the same on every machine. */
unsigned int __wrap_uv_available_parallelism(void); /* NOLINT(bugprone-reserved-identifier) */

unsigned int __wrap_uv_available_parallelism(void) { /* NOLINT(bugprone-reserved-identifier) */
  return 2;
}

/* ------------------------------------------------------------------------------ the requests -- */

static void on_done(handoff_req_t *req, int status);

static int submit(struct harness *harness, size_t request, size_t slot, handoff_side_t side,
                  unsigned char *bytes) {
  handoff_port_t *port = harness->ports[request % REFERENCE_PORTS];
  handoff_req_t *req = harness->requests[request].req;
  return side == HANDOFF_PRODUCER
             ? handoff_port_put(port, req, &harness->slots[slot], bytes, on_done)
             : handoff_port_get(port, req, &harness->slots[slot], bytes, on_done);
}

/* The error with which a request is refused; 0: it begins. */
static int refusal(const struct harness *harness, size_t request, size_t slot) {
  enum harness_port_state port = harness->port_states[request % REFERENCE_PORTS];

  if (port == PORT_CLOSED || !harness->reference.slots[slot].is_live) {
    return UV_EINVAL;
  }
  if (harness->reference.waiters[request].state != REFERENCE_IDLE) {
    return UV_EBUSY;
  }
  return port == PORT_CLOSING ? UV_ECANCELED : 0;
}

void harness_submit(struct harness *harness, size_t request, size_t slot, handoff_side_t side,
                    bool is_resubmitted) {
  struct reference_waiter *waiter = &harness->reference.waiters[request];
  struct harness_request *self = &harness->requests[request];
  unsigned char *bytes = harness_item_new(harness, slot);
  int expected = refusal(harness, request, slot);

  if (expected != 0) {
    CHECK(submit(harness, request, slot, side, bytes) == expected);
    free(bytes);
    return;
  }
  waiter->side = side;
  waiter->slot = slot;
  waiter->port = request % REFERENCE_PORTS;
  if (side == HANDOFF_PRODUCER) {
    waiter->item = ++harness->last_item;
    item_write(bytes, harness->item_sizes[slot], waiter->item);
  }
  reference_submit(&harness->reference, request);
  self->req->data = self;
  self->item = bytes;
  self->is_resubmitted = is_resubmitted;
  harness_expect_finalized(harness);
  CHECK(submit(harness, request, slot, side, bytes) == 0);
  harness_check_finalized(harness);
}

static void on_done(handoff_req_t *req, int status) {
  struct harness_request *self = req->data;
  struct harness *harness = self->harness;
  size_t request = (size_t)(self - harness->requests);
  struct reference_waiter *waiter = &harness->reference.waiters[request];
  size_t size = harness->item_sizes[waiter->slot];

  CHECK(req == self->req);
  CHECK(harness->is_running_loop);
  CHECK(req->slot == &harness->slots[waiter->slot]);
  CHECK(req->port == harness->ports[waiter->port]);
  CHECK(reference_is_next(&harness->reference, request));
  CHECK(status == waiter->status);
  CHECK(status == 0 || waiter->side == HANDOFF_PRODUCER ? item_is(self->item, size, waiter->item)
                                                        : item_is_untouched(self->item, size));
  waiter->state = REFERENCE_IDLE;
  harness_check_stats(harness, waiter->slot);
  free(self->item);
  if (self->is_resubmitted) {
    harness_submit(harness, request, waiter->slot, waiter->side, false);
  } else { /* a new request, so that AddressSanitizer reports an access to the old one */
    free(self->req);
    self->req = target_alloc(sizeof(handoff_req_t));
    handoff_req_init(self->req);
  }
}

void harness_cancel(struct harness *harness, size_t request) {
  int expected = reference_cancel(&harness->reference, request);
  CHECK(handoff_cancel(harness->requests[request].req) == expected);
}

/* --------------------------------------------------------------------------------- the ports -- */

void harness_port_open(struct harness *harness, size_t port) {
  if (harness->port_states[port] != PORT_CLOSED) {
    return;
  }
  harness->ports[port] = target_alloc(sizeof(handoff_port_t));
  harness->ports[port]->data = harness;
  CHECK(handoff_port_init(&harness->loop, harness->ports[port]) == 0);
  harness->port_states[port] = PORT_OPEN;
  harness->is_referenced[port] = true;
}

void harness_port_ref(struct harness *harness, size_t port, bool is_referenced) {
  if (is_referenced) {
    handoff_port_ref(harness->ports[port]);
  } else {
    handoff_port_unref(harness->ports[port]);
  }
  harness->is_referenced[port] = is_referenced;
}

/* What a call on a port that is not open returns. */
static int port_error(const struct harness *harness, size_t port) {
  return harness->port_states[port] == PORT_CLOSING ? UV_ECANCELED : UV_EINVAL;
}

void harness_port_set_spin(struct harness *harness, size_t port, bool is_allowed) {
  bool is_open = harness->port_states[port] == PORT_OPEN;
  CHECK(handoff_port_set_spin(harness->ports[port], is_allowed) ==
        (is_open ? 0 : port_error(harness, port)));
}

static bool is_idle(const struct harness *harness, size_t port) {
  size_t i;
  for (i = 0; i < REFERENCE_WAITERS; i++) {
    if (harness->reference.waiters[i].state != REFERENCE_IDLE &&
        harness->reference.waiters[i].port == port) {
      return false;
    }
  }
  return true;
}

static void on_close(handoff_port_t *port) {
  struct harness *harness = port->data;
  size_t i = port == harness->ports[0] ? 0 : 1;

  CHECK(port == harness->ports[i]);
  CHECK(harness->port_states[i] == PORT_CLOSING);
  CHECK(is_idle(harness, i));
  harness->port_states[i] = PORT_CLOSED;
  free(port);
  harness->ports[i] = NULL;
}

void harness_port_close(struct harness *harness, size_t port) {
  if (harness->port_states[port] != PORT_OPEN) {
    CHECK(handoff_port_close(harness->ports[port], on_close) == port_error(harness, port));
    return;
  }
  reference_port_close(&harness->reference, port);
  harness->port_states[port] = PORT_CLOSING;
  CHECK(handoff_port_close(harness->ports[port], on_close) == 0);
}

/* ---------------------------------------------------------------------------------- the loop -- */

static void on_prepare(uv_prepare_t *prepare) { (void)prepare; }

/* A loop with nothing that keeps it alive does not run, so another handle does. */
void harness_run_once(struct harness *harness) {
  CHECK(uv_prepare_start(&harness->keep_alive, on_prepare) == 0);
  harness->is_running_loop = true;
  (void)uv_run(&harness->loop, UV_RUN_NOWAIT);
  harness->is_running_loop = false;
  CHECK(uv_prepare_stop(&harness->keep_alive) == 0);
}

static bool is_drained(const struct harness *harness) {
  size_t i;
  for (i = 0; i < REFERENCE_WAITERS; i++) {
    if (harness->reference.waiters[i].state == REFERENCE_COMPLETED) {
      return false;
    }
  }
  for (i = 0; i < REFERENCE_PORTS; i++) {
    if (harness->port_states[i] == PORT_CLOSING) {
      return false;
    }
  }
  return true;
}

void harness_drain(struct harness *harness) {
  bool is_alive = false;
  size_t i;

  for (i = 0; i < LOOP_RUNS_MAX && !is_drained(harness); i++) {
    harness_run_once(harness);
  }
  CHECK(is_drained(harness));
  /* Only pending requests of referenced ports keep the loop alive. */
  for (i = 0; i < REFERENCE_PORTS; i++) {
    is_alive = is_alive || (harness->port_states[i] == PORT_OPEN && harness->is_referenced[i] &&
                            !is_idle(harness, i));
  }
  CHECK((uv_loop_alive(&harness->loop) != 0) == is_alive);
}

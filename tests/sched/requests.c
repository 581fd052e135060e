/* requests: the loop thread: its port, the requests on it and their callbacks. */

#include <string.h>

#include "sched/rng.h"
#include "sched/scenario.h"
#include "sched/scheduler.h"
#include "sched/shim_heap.h"
#include "sched/shim_loop.h"

#define REQUESTS_MAX 8u
#define CANCELS_MAX 4u

typedef struct {
  handoff_req_t req;
  unsigned char bytes[ITEM_BYTES_MAX];
  call_type_t type;
  int item;
  call_t *call;      /* NULL: not pending */
  bool is_cancelled; /* handoff_cancel returned 0 */
  bool is_too_late;  /* handoff_cancel returned UV_EBUSY */
} request_t;

/* In the run's memory, because other threads access it. */
typedef struct {
  uv_loop_t loop;
  handoff_port_t port;
  request_t requests[REQUESTS_MAX];
} loop_t;

static loop_t *loop;
static unsigned to_begin[2]; /* by call_type_t */
static unsigned cancels;
static bool is_in_call; /* of the port's */
static bool is_closing;
static bool is_closed;

void requests_begin(void) {
  loop = shim_heap_take(sizeof *loop);
  to_begin[CALL_PUT] = scenario.puts[SIDE_MAX];
  to_begin[CALL_GET] = scenario.gets[SIDE_MAX];
  cancels = 0;
  is_in_call = false;
  is_closing = false;
  is_closed = false;
}

static unsigned pending(void) {
  unsigned count = 0;
  unsigned i;

  for (i = 0; i < REQUESTS_MAX; i++) {
    count += loop->requests[i].call != NULL;
  }
  return count;
}

static void check(const char *function, int err, int expected) {
  if (err != expected) {
    scheduler_fail("outcome", "%s returned %d instead of %d", function, err, expected);
  }
}

/* ----------------------------------------------------------------------------------- closing -- */

static void on_close(handoff_port_t *port) {
  if (port != &loop->port || is_closed || is_in_call) {
    scheduler_fail("callback", "on_close ran twice, or inside a call");
  }
  if (pending() != 0 || shim_loop_live() != 0) {
    scheduler_fail("callback", "on_close ran before a request's callback, or too early");
  }
  is_closed = true;
}

/* Closing has cancelled or completed every pending request. */
static void check_cancelled(void) {
  unsigned i;

  for (i = 0; i < REQUESTS_MAX; i++) {
    if (loop->requests[i].call != NULL) {
      check("handoff_cancel after a close", handoff_cancel(&loop->requests[i].req), UV_EBUSY);
    }
  }
}

static void begin_close(void) {
  is_closing = true;
  is_in_call = true;
  check("handoff_port_close", handoff_port_close(&loop->port, on_close), 0);
  check("a second handoff_port_close", handoff_port_close(&loop->port, on_close), UV_ECANCELED);
  check_cancelled();
  is_in_call = false;
}

static bool closes_early(unsigned n) {
  return scenario.ending == SHUT && scenario.closes_early && rng_one_in(n);
}

static bool should_close(void) {
  return closes_early(12) || (pending() == 0 && to_begin[CALL_PUT] == 0 && to_begin[CALL_GET] == 0);
}

/* ---------------------------------------------------------------------------------- requests -- */

static void begin(request_t *request);

static void check_callback(const request_t *request, int status) {
  if (is_in_call) {
    scheduler_fail("callback", "it runs inside a call");
  }
  if (request->call == NULL) {
    scheduler_fail("callback", "it runs although the request is not pending");
  }
  if ((request->is_cancelled && status != UV_ECANCELED) ||
      (request->is_too_late && status == UV_ECANCELED)) {
    scheduler_fail("callback", "status %d contradicts the result of handoff_cancel", status);
  }
}

static void on_done(handoff_req_t *req, int status) {
  request_t *request = (request_t *)(void *)req;
  int item = request->item;

  check_callback(request, status);
  if (request->type == CALL_GET) {
    item = status == 0 ? scenario_read(request->bytes) : NONE;
  }
  if (item != NONE && (request->type == CALL_GET || status != 0)) {
    scenario_touch_payload(item); /* it belongs to this thread, now or still */
  }
  scenario.is_refused |= status == UV_EPIPE || status == UV_EOF;
  history_end(request->call, status, item);
  request->call = NULL;
  if (status == 0) {
    scenario_transferred(request->type);
  } else if (scenario.ending == BALANCED) {
    to_begin[request->type]++;
  }
  if (!is_closing && closes_early(8)) {
    begin_close();
  }
  if (!is_closing && to_begin[request->type] != 0 && rng_one_in(3)) {
    begin(request);
  }
}

static int call_port(request_t *request) {
  if (request->type == CALL_PUT) {
    scenario_fill(request->bytes, request->item);
    return handoff_port_put(&loop->port, &request->req, scenario.slot, request->bytes, on_done);
  }
  memset(request->bytes, 0xff, sizeof request->bytes);
  return handoff_port_get(&loop->port, &request->req, scenario.slot, request->bytes, on_done);
}

static void begin(request_t *request) {
  call_t *call;

  to_begin[request->type]--;
  request->item = request->type == CALL_PUT ? scenario.items++ : NONE;
  request->is_cancelled = false;
  request->is_too_late = false;
  call = history_call(request->type, MODE_REQUEST, request->item, NEVER);
  request->call = call;
  is_in_call = true;
  check("a request", call_port(request), 0);
  is_in_call = false;
  history_queued(call);
}

static void begin_any(void) {
  call_type_t type =
      to_begin[CALL_PUT] == 0 || (to_begin[CALL_GET] != 0 && rng_one_in(2)) ? CALL_GET : CALL_PUT;
  unsigned i;

  for (i = 0; i < REQUESTS_MAX; i++) {
    if (loop->requests[i].call == NULL) {
      loop->requests[i].type = type;
      begin(&loop->requests[i]);
      return;
    }
  }
}

static void cancel_any(void) {
  request_t *request = &loop->requests[rng_below(REQUESTS_MAX)];
  int err;

  if (request->call == NULL || request->is_cancelled || cancels == CANCELS_MAX) {
    return;
  }
  cancels++;
  is_in_call = true;
  err = handoff_cancel(&request->req);
  is_in_call = false;
  request->is_cancelled = err == 0;
  request->is_too_late = err == UV_EBUSY;
  if (err != UV_EBUSY) {
    check("handoff_cancel", err, 0);
  }
}

/* A closing port accepts no request. Not checked where another thread may destroy the slot. */
static void check_refusal(void) {
  static const request_t idle = {.type = CALL_GET};
  unsigned i;

  for (i = 0; i < REQUESTS_MAX && scenario.destroyer == BY_LAST_USER && !is_closed; i++) {
    if (loop->requests[i].call == NULL) {
      loop->requests[i] = idle;
      check("a request on a closing port", call_port(&loop->requests[i]), UV_ECANCELED);
      return;
    }
  }
}

void requests_run(void *arg) {
  (void)arg;
  while (handoff_port_init(&loop->loop, &loop->port) != 0) {
    if (scheduler_config.failures == 0 || shim_loop_live() != 0) {
      scheduler_fail("faults", "handoff_port_init failed without a cause, or left a handle");
    }
  }
  if (rng_one_in(3)) {
    check("handoff_port_set_spin", handoff_port_set_spin(&loop->port, false), 0);
  }
  while (!is_closing && !should_close()) {
    bool has_more = to_begin[CALL_PUT] + to_begin[CALL_GET] != 0;
    if (has_more && rng_one_in(2)) {
      begin_any();
    } else if (rng_one_in(4)) {
      cancel_any();
    } else {
      shim_loop_turn(!has_more && pending() != 0);
    }
  }
  if (!is_closing) {
    begin_close();
  }
  check_refusal();
  while (!is_closed) {
    shim_loop_turn(true);
  }
  check("handoff_port_close of a closed port", handoff_port_close(&loop->port, on_close),
        UV_EINVAL);
  scenario_done();
}

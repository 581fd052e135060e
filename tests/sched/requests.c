/* requests: the thread that has the loop: its port, the requests on it, what is called back. */

#include <string.h>

#include "sched/loop.h"
#include "sched/memory.h"
#include "sched/scenario.h"
#include "sched/scheduler.h"

#define REQUESTS_MAX 8u
#define CANCELS_MAX 4u

typedef struct {
  handoff_req_t req;
  unsigned char bytes[ITEM_BYTES_MAX];
  call_way_t way;
  int item;
  call_t *call;
  bool is_cancelled; /* handoff_cancel said so */
  bool is_too_late;  /* or that it is too late */
} request_t;

/* All of it in the run's memory, for others look at it. */
typedef struct {
  uv_loop_t loop;
  handoff_port_t port;
  request_t requests[REQUESTS_MAX];
} desk_t;

static desk_t *desk;
static unsigned rest[2]; /* to be begun, by way */
static unsigned cancels;
static bool is_inside; /* a call of the port's */
static bool is_closing;
static bool is_closed;

static chance_t *chance(void) { return &scheduler_chance; }

void requests_begin(void) {
  desk = memory_take(sizeof *desk);
  rest[CALL_PUT] = scenario.puts[SIDE_MAX];
  rest[CALL_GET] = scenario.gets[SIDE_MAX];
  cancels = 0;
  is_inside = false;
  is_closing = false;
  is_closed = false;
}

static void begin(request_t *request);

static void on_done(handoff_req_t *req, int status) {
  request_t *request = (request_t *)(void *)req;
  int item = request->item;

  if (is_inside) {
    scheduler_fail("callback", "it comes from inside a call");
  }
  if (request->call == NULL) {
    scheduler_fail("callback", "it comes although nothing is pending");
  }
  if ((request->is_cancelled && status != UV_ECANCELED) ||
      (request->is_too_late && status == UV_ECANCELED)) {
    scheduler_fail("callback", "it comes with %d, not as handoff_cancel said", status);
  }
  if (request->way == CALL_GET) {
    item = status == 0 ? scenario_read(request->bytes) : NOBODY;
  }
  if (item != NOBODY && (request->way == CALL_GET || status != 0)) {
    scenario_own(item); /* it is ours, now or still */
  }
  scenario.is_refused |= status == UV_EPIPE || status == UV_EOF;
  history_end(request->call, status, item);
  request->call = NULL;
  if (status == 0) {
    scenario_passed(request->way);
  } else if (scenario.ending == BALANCED) {
    rest[request->way]++;
  }
  if (!is_closing && rest[request->way] != 0 && chance_hits(chance(), 3)) {
    begin(request);
  }
}

static void begin(request_t *request) {
  call_t *call;
  int err;

  rest[request->way]--;
  request->item = request->way == CALL_PUT ? scenario.items++ : NOBODY;
  request->is_cancelled = false;
  request->is_too_late = false;
  call = history_call(request->way, BY_REQUEST, request->item, NEVER);
  request->call = call;
  is_inside = true;
  if (request->way == CALL_PUT) {
    scenario_fill(request->bytes, request->item);
    err = handoff_port_put(&desk->port, &request->req, scenario.slot, request->bytes, on_done);
  } else {
    memset(request->bytes, 0xff, sizeof request->bytes);
    err = handoff_port_get(&desk->port, &request->req, scenario.slot, request->bytes, on_done);
  }
  is_inside = false;
  if (err != 0) {
    scheduler_fail("outcome", "a request is refused: %d", err);
  }
  history_queued(call);
}

static void begin_any(void) {
  call_way_t way = rest[CALL_PUT] == 0 || (rest[CALL_GET] != 0 && chance_hits(chance(), 2))
                       ? CALL_GET
                       : CALL_PUT;
  unsigned i;

  for (i = 0; i < REQUESTS_MAX; i++) {
    if (desk->requests[i].call == NULL) {
      desk->requests[i].way = way;
      begin(&desk->requests[i]);
      return;
    }
  }
}

static void cancel_any(void) {
  request_t *request = &desk->requests[chance_below(chance(), REQUESTS_MAX)];
  int err;

  if (request->call == NULL || request->is_cancelled || cancels == CANCELS_MAX) {
    return;
  }
  cancels++;
  is_inside = true;
  err = handoff_cancel(&request->req);
  is_inside = false;
  request->is_cancelled = err == 0;
  request->is_too_late = err == UV_EBUSY;
  if (err != 0 && err != UV_EBUSY) {
    scheduler_fail("outcome", "a cancel: %d", err);
  }
}

static void on_close(handoff_port_t *port) {
  if (port != &desk->port || is_closed || is_inside) {
    scheduler_fail("callback", "the port's close comes twice, or from inside a call");
  }
  is_closed = true;
}

static unsigned pending(void) {
  unsigned count = 0;
  unsigned i;

  for (i = 0; i < REQUESTS_MAX; i++) {
    count += desk->requests[i].call != NULL;
  }
  return count;
}

static bool is_to_close(void) {
  if (scenario.ending == SHUT && scenario.may_close_early && chance_hits(chance(), 12)) {
    return true;
  }
  return pending() == 0 && rest[CALL_PUT] == 0 && rest[CALL_GET] == 0;
}

static void close_port(void) {
  int err;

  is_closing = true;
  is_inside = true;
  err = handoff_port_close(&desk->port, on_close);
  is_inside = false;
  if (err != 0) {
    scheduler_fail("outcome", "a close: %d", err);
  }
  while (!is_closed) {
    loop_turn(true);
  }
  if (pending() != 0 || loop_handles() != 0) {
    scheduler_fail("callback", "requests were still pending when the port was closed");
  }
}

/* A third of the loops look for jobs before they sleep, for some steps; a third do not even hope. */
static void busy_poll(void) {
  const unsigned kind = chance_below(chance(), 3);
  const uint64_t max_ns =
      kind == 0 ? 0 : HANDOFF_BUSY_POLL_DEFAULT_NS + 1 + chance_below(chance(), 200);

  if (kind != 2 && handoff_port_set_busy_poll(&desk->port, max_ns) != 0) {
    scheduler_fail("outcome", "to look for jobs is refused");
  }
}

void requests_live(void *arg) {
  (void)arg;
  while (handoff_port_init(&desk->loop, &desk->port) != 0) {
    if (scheduler_mishaps.faults == 0 || loop_handles() != 0) {
      scheduler_fail("faults", "a port cannot be made, or leaves something behind");
    }
  }
  busy_poll();
  while (!is_to_close()) {
    bool has_more = rest[CALL_PUT] + rest[CALL_GET] != 0;
    if (has_more && chance_hits(chance(), 2)) {
      begin_any();
    } else if (chance_hits(chance(), 4)) {
      cancel_any();
    } else {
      loop_turn(!has_more && pending() != 0);
    }
  }
  close_port();
  scenario_leave();
}

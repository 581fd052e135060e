/* stress.port: threads and loops use the same slot, while requests are cancelled and ports are
 * closed. */

#include "stress/workload.h"

#define LOOPS_MAX 4
#define REQUESTS_MAX 8

static const size_t capacities[] = {0, 1, 2, 16};

/* What the loops do, beside the threads of the plan. */
typedef struct loop_plan_s {
  plan_t plan;
  size_t puts; /* requests that a loop keeps pending */
  size_t gets;
  size_t cancel_odds; /* a callback cancels a request once in so many times */
  size_t close_odds;  /* a loop closes its port, and may then open another one */
} loop_plan_t;

typedef struct looper_s looper_t;

/* What is known of a request: not pending, or what handoff_cancel returned. */
enum { NOT_PENDING = 2, NOT_CANCELLED = 1, CANCELLED = 0, TOO_LATE = UV_EBUSY };

/* A request, used over and over. */
typedef struct call_s {
  handoff_req_t req;
  looper_t *looper;
  item_t item;
  bool is_put;
  int cancel_status;
} call_t;

/* A loop that puts and gets. */
struct looper_s {
  const loop_plan_t *plan;
  workload_t *load;
  uv_thread_t thread;
  size_t index; /* among the producers */
  rng_t rng;
  uv_loop_t loop;
  uv_thread_t loop_thread;
  handoff_port_t port;
  call_t calls[REQUESTS_MAX];
  size_t number; /* of the next attempt */
  size_t pending;
  size_t pending_puts;
  fifo_check_t order;
  bool is_calling; /* a library call is in progress: no callback may run */
  bool is_closing;
  bool is_closed;
  bool has_left[2]; /* by handoff_side_t */
};

static void leave(looper_t *self, handoff_side_t side) {
  if (!self->has_left[side]) {
    self->has_left[side] = true;
    workload_leave(self->load, side);
  }
}

static void on_done(handoff_req_t *req, int status);

static void submit(call_t *call) {
  looper_t *self = call->looper;
  handoff_slot_t *slot = &self->load->target.slot;
  int err;

  if (call->is_put && self->number == self->load->plan.attempts) {
    if (self->pending_puts == 0) {
      leave(self, HANDOFF_PRODUCER);
    }
    return;
  }
  self->is_calling = true;
  if (call->is_put) {
    call->item = item_new(self->index, self->number);
    err = handoff_port_put(&self->port, &call->req, slot, &call->item, on_done);
  } else {
    err = handoff_port_get(&self->port, &call->req, slot, &call->item, on_done);
  }
  self->is_calling = false;
  CHECK(err == (self->is_closing ? UV_ECANCELED : 0));
  if (err == 0) {
    call->cancel_status = NOT_CANCELLED;
    self->pending++;
    self->number += call->is_put;
    self->pending_puts += call->is_put;
  }
}

static void cancel_any(looper_t *self) {
  call_t *call = &self->calls[rng_below(&self->rng, self->plan->puts + self->plan->gets)];
  int err;

  self->is_calling = true;
  err = handoff_cancel(&call->req);
  self->is_calling = false;
  if (call->cancel_status == NOT_PENDING) {
    CHECK(err == UV_EINVAL);
    return;
  }
  CHECK(err == UV_EBUSY || (err == 0 && call->cancel_status == NOT_CANCELLED && !self->is_closing));
  if (call->cancel_status == NOT_CANCELLED && !self->is_closing) {
    call->cancel_status = err;
  }
}

static void on_port_closed(handoff_port_t *port);

static void close_port(looper_t *self) {
  self->is_closing = true;
  self->is_calling = true;
  CHECK(handoff_port_close(&self->port, on_port_closed) == 0);
  CHECK(handoff_port_close(&self->port, on_port_closed) == UV_ECANCELED);
  self->is_calling = false;
}

static void check_completion(const call_t *call, int status) {
  const looper_t *self = call->looper;
  uv_thread_t thread = uv_thread_self();

  CHECK(uv_thread_equal(&thread, &self->loop_thread));
  CHECK(!self->is_calling && !self->is_closed);
  CHECK(call->cancel_status != NOT_PENDING); /* one callback per request */
  CHECK(call->req.port == &self->port && call->req.slot == &self->load->target.slot);
  CHECK(call->cancel_status != CANCELLED || status == UV_ECANCELED);
  CHECK(call->cancel_status != TOO_LATE || status != UV_ECANCELED);
  CHECK(call->cancel_status != NOT_CANCELLED || self->is_closing || status != UV_ECANCELED);
  if (status != 0 && status != UV_ECANCELED) {
    CHECK(status == (call->is_put ? UV_EPIPE : UV_EOF));
    CHECK(atomic_load(&self->load->target.is_shut));
  }
}

static void on_done(handoff_req_t *req, int status) {
  call_t *call = req->data;
  looper_t *self = call->looper;

  check_completion(call, status);
  call->cancel_status = NOT_PENDING;
  self->pending--;
  self->pending_puts -= call->is_put;
  if (status == 0 && call->is_put) {
    ledger_accept(&self->load->ledger, &call->item);
  } else if (status == 0) {
    ledger_deliver_in_order(&self->load->ledger, &self->order, &call->item);
  }

  if (rng_one_in(&self->rng, self->load->plan.shut_odds)) {
    tracked_shut(&self->load->target);
  }
  if (!self->is_closing && rng_one_in(&self->rng, self->plan->close_odds)) {
    close_port(self);
  }
  if (status != UV_EPIPE && status != UV_EOF) {
    submit(call);
  } else if (call->is_put && self->pending_puts == 0) {
    leave(self, HANDOFF_PRODUCER);
  }
  if (rng_one_in(&self->rng, self->plan->cancel_odds)) {
    cancel_any(self);
  }
  if (self->pending == 0 && !self->is_closing) {
    close_port(self);
  }
}

static void open_port(looper_t *self) {
  size_t i;

  self->is_closing = false;
  self->is_closed = false;
  CHECK(handoff_port_init(&self->loop, &self->port) == 0);
  CHECK(handoff_port_set_spin(&self->port, rng_one_in(&self->rng, 2)) == 0);
  for (i = 0; i < self->plan->puts + self->plan->gets; i++) {
    submit(&self->calls[i]);
  }
  if (self->pending == 0) {
    close_port(self);
  }
}

static void on_port_closed(handoff_port_t *port) {
  looper_t *self = port->data;

  CHECK(!self->is_calling && !self->is_closed && self->is_closing && self->pending == 0);
  self->is_closed = true;
  memset(&self->port, 0xdd, sizeof self->port); /* the library no longer reads it */
  self->port.data = self;
  if (!atomic_load(&self->load->target.is_shut) && !rng_one_in(&self->rng, 3)) {
    open_port(self);
  } else {
    leave(self, HANDOFF_PRODUCER);
    leave(self, HANDOFF_CONSUMER);
  }
}

static void run_loop(void *arg) {
  looper_t *self = arg;
  size_t i;

  self->loop_thread = uv_thread_self();
  CHECK(uv_loop_init(&self->loop) == 0);
  for (i = 0; i < self->plan->puts + self->plan->gets; i++) {
    self->calls[i].looper = self;
    self->calls[i].req.data = &self->calls[i];
    self->calls[i].is_put = i < self->plan->puts;
    self->calls[i].cancel_status = NOT_PENDING;
  }
  self->port.data = self;
  (void)uv_barrier_wait(&self->load->start);
  open_port(self);
  if (self->plan->puts == 0) {
    leave(self, HANDOFF_PRODUCER);
  }
  if (self->plan->gets == 0) {
    leave(self, HANDOFF_CONSUMER);
  }
  CHECK(uv_run(&self->loop, UV_RUN_DEFAULT) == 0);
  CHECK(self->is_closed && self->pending == 0);
  CHECK(uv_loop_close(&self->loop) == 0);
}

/* Returns: how many items were accepted. */
static size_t run(const loop_plan_t *plan) {
  static uint64_t stream = 2000100;
  workload_t *load = workload_new(&plan->plan);
  looper_t *loopers = calloc(LOOPS_MAX, sizeof *loopers);
  size_t i;

  CHECK(loopers != NULL && plan->plan.loops <= LOOPS_MAX);
  CHECK(plan->puts + plan->gets <= REQUESTS_MAX);
  workload_start(load);
  for (i = 0; i < plan->plan.loops; i++) {
    loopers[i].plan = plan;
    loopers[i].load = load;
    loopers[i].index = plan->plan.producers + i;
    loopers[i].rng = rng_new(++stream);
    CHECK(uv_thread_create(&loopers[i].thread, run_loop, &loopers[i]) == 0);
  }
  for (i = 0; i < plan->plan.loops; i++) {
    CHECK(uv_thread_join(&loopers[i].thread) == 0);
  }
  workload_join(load);
  free(loopers);
  return workload_close(load).accepted;
}

/* One loop and threads on the other side, at every capacity; the first plans cancel nothing. */
static void run_one_loop(bool loop_puts) {
  size_t i;

  for (i = 0; i < COUNT_OF(capacities) * 4; i++) {
    loop_plan_t plan = {.plan = {.loops = 1, .put_variants = ANY, .get_variants = ANY}};
    *(loop_puts ? &plan.puts : &plan.gets) = 1 + i / 4;
    *(loop_puts ? &plan.plan.consumers : &plan.plan.producers) = 1 + i % 3;
    plan.plan.capacity = capacities[i % 4];
    plan.plan.attempts = stress_scaled(3000);
    plan.cancel_odds = i < 4 ? 0 : 7;
    assert_true(run(&plan) > 0);
  }
}

static void test_threads_put_and_a_loop_gets(void **state) {
  (void)state;
  run_one_loop(false);
}

static void test_a_loop_puts_and_threads_get(void **state) {
  (void)state;
  run_one_loop(true);
}

static void test_loops_and_threads_close_shut_and_cancel_at_any_moment(void **state) {
  stress_series_t series = stress_series(300);
  rng_t rng = rng_new(2000001);
  (void)state;
  while (stress_next(&series)) {
    loop_plan_t plan = {.plan = {.put_variants = ANY, .get_variants = ANY}, .cancel_odds = 5};
    plan.plan.capacity = capacities[rng_below(&rng, COUNT_OF(capacities))];
    plan.plan.producers = rng_below(&rng, 3);
    plan.plan.consumers = rng_below(&rng, 3);
    plan.plan.loops = 1 + rng_below(&rng, LOOPS_MAX);
    plan.plan.attempts = 200;
    plan.plan.shut_odds = rng_one_in(&rng, 2) ? 0 : 1000;
    plan.puts = 1 + rng_below(&rng, 4);
    plan.gets = 1 + rng_below(&rng, 4);
    plan.close_odds = rng_one_in(&rng, 3) ? 0 : 100;
    (void)run(&plan);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      bounded_test(test_threads_put_and_a_loop_gets),
      bounded_test(test_a_loop_puts_and_threads_get),
      bounded_test(test_loops_and_threads_close_shut_and_cancel_at_any_moment),
  };
  return stress_run("port", tests);
}

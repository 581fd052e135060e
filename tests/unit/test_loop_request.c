/* unit.requests: puts and gets of a loop: their refusals, their callbacks, their order, cancelling. */

#include <string.h>

#include "lib/bounded.h"
#include "lib/call.h"
#include "lib/loop.h"
#include "lib/queued.h"
#include "loop/port.h"

#define REQS 8

typedef struct {
  handoff_req_t req; /* first: a request is its op */
  uint64_t item;
  int status;
  unsigned done; /* how many times on_done ran */
} op_t;

static op_t ops[REQS];
static handoff_slot_t slot;
static unsigned done;      /* callbacks, altogether */
static size_t order[REQS]; /* which, one after the other */
static bool is_calling;    /* a library call is under way: no callback may come */

static void make(size_t capacity) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  options.capacity = capacity;
  assert_int_equal(handoff_slot_init(&slot, &options), 0);
  memset(ops, 0, sizeof ops);
  done = 0;
}

static void on_done(handoff_req_t *req, int status) {
  op_t *op = (op_t *)req;
  assert_false(is_calling);
  assert_non_null(req->port);
  assert_non_null(req->slot);
  op->status = status;
  op->done++;
  order[done++] = (size_t)(op - ops);
}

static void put(loop_fixture_t *f, size_t i, uint64_t item) {
  ops[i].item = item;
  is_calling = true;
  assert_int_equal(handoff_port_put(&f->port, &ops[i].req, &slot, &ops[i].item, on_done), 0);
  is_calling = false;
}

static void get(loop_fixture_t *f, size_t i) {
  ops[i].item = 0;
  is_calling = true;
  assert_int_equal(handoff_port_get(&f->port, &ops[i].req, &slot, &ops[i].item, on_done), 0);
  is_calling = false;
}

static void run(loop_fixture_t *f) { assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0); }

static void assert_done(size_t i, int status, uint64_t item) {
  assert_int_equal(ops[i].done, 1);
  assert_int_equal(ops[i].status, status);
  assert_int_equal(ops[i].item, item);
}

/* ------------------------------------------------------------------------------- refusals -- */

static void init_refuses_null_pointers(void **state) {
  loop_fixture_t *f = *state;
  handoff_port_t port;
  assert_int_equal(handoff_port_init(NULL, &port), UV_EINVAL);
  assert_int_equal(handoff_port_init(&f->loop, NULL), UV_EINVAL);
}

static void init_leaves_data_alone_and_names_the_loop(void **state) {
  loop_fixture_t *f = *state;
  handoff_port_t port = {.data = &port};
  assert_int_equal(handoff_port_init(&f->loop, &port), 0); /* a second one on this loop */
  assert_ptr_equal(port.data, &port);
  assert_ptr_equal(port.loop, &f->loop);
  assert_int_equal(handoff_port_close(&port, NULL), 0);
  run(f);
}

static void requests_refuse_null_pointers(void **state) {
  loop_fixture_t *f = *state;
  handoff_req_t *req = &ops[0].req;
  uint64_t item = 1;
  make(1);
  assert_int_equal(handoff_port_put(NULL, req, &slot, &item, on_done), UV_EINVAL);
  assert_int_equal(handoff_port_put(&f->port, NULL, &slot, &item, on_done), UV_EINVAL);
  assert_int_equal(handoff_port_put(&f->port, req, NULL, &item, on_done), UV_EINVAL);
  assert_int_equal(handoff_port_put(&f->port, req, &slot, NULL, on_done), UV_EINVAL);
  assert_int_equal(handoff_port_put(&f->port, req, &slot, &item, NULL), UV_EINVAL);
  assert_int_equal(handoff_port_get(NULL, req, &slot, &item, on_done), UV_EINVAL);
  assert_int_equal(handoff_port_get(&f->port, NULL, &slot, &item, on_done), UV_EINVAL);
  assert_int_equal(handoff_port_get(&f->port, req, NULL, &item, on_done), UV_EINVAL);
  assert_int_equal(handoff_port_get(&f->port, req, &slot, NULL, on_done), UV_EINVAL);
  assert_int_equal(handoff_port_get(&f->port, req, &slot, &item, NULL), UV_EINVAL);
  assert_int_equal(handoff_cancel(NULL), UV_EINVAL);
  assert_int_equal(handoff_cancel(req), UV_EINVAL);
  assert_int_equal(handoff_port_close(NULL, NULL), UV_EINVAL);
  run(f);
  assert_int_equal(done, 0);
  assert_int_equal(handoff_slot_try_get(&slot, &item), UV_EAGAIN);
  handoff_slot_destroy(&slot);
}

static void a_pending_request_is_refused_and_goes_on(void **state) {
  loop_fixture_t *f = *state;
  uint64_t item = 9;
  make(1);
  get(f, 0);
  assert_int_equal(handoff_port_get(&f->port, &ops[0].req, &slot, &item, on_done), UV_EBUSY);
  assert_int_equal(handoff_port_put(&f->port, &ops[0].req, &slot, &item, on_done), UV_EBUSY);
  assert_int_equal(handoff_slot_put(&slot, &item), 0);
  assert_int_equal(handoff_port_get(&f->port, &ops[0].req, &slot, &item, on_done), UV_EBUSY);
  run(f); /* served, its callback on the way: pending still */
  assert_done(0, 0, 9);
  handoff_slot_destroy(&slot);
}

/* ------------------------------------------------------------------------------ completion -- */

static void what_can_be_done_at_once_still_calls_back_from_the_loop(void **state) {
  loop_fixture_t *f = *state;
  make(1);
  put(f, 0, 5);
  get(f, 1);
  assert_int_equal(done, 0);
  run(f);
  assert_done(0, 0, 5);
  assert_done(1, 0, 5);
  assert_int_equal(order[0], 0);
  handoff_slot_destroy(&slot);
}

static void a_shut_slot_ends_requests(void **state) {
  loop_fixture_t *f = *state;
  uint64_t item = 1;
  make(1);
  get(f, 0);
  get(f, 1);
  handoff_slot_shut(&slot);
  get(f, 2);
  put(f, 3, 7);
  run(f);
  assert_done(0, UV_EOF, 0);
  assert_done(1, UV_EOF, 0);
  assert_done(2, UV_EOF, 0);
  assert_done(3, UV_EPIPE, 7);
  handoff_slot_destroy(&slot);

  make(1);
  assert_int_equal(handoff_slot_put(&slot, &item), 0);
  put(f, 0, 8);
  handoff_slot_shut(&slot);
  get(f, 1);
  get(f, 2);
  run(f);
  assert_done(0, UV_EPIPE, 8);
  assert_done(1, 0, 1); /* what was in it can still be got */
  assert_done(2, UV_EOF, 0);
  handoff_slot_destroy(&slot);
}

static void two_requests_meet_at_capacity_0(void **state) {
  loop_fixture_t *f = *state;
  make(0);
  put(f, 0, 5);
  put(f, 1, 6);
  get(f, 2);
  get(f, 3);
  get(f, 4);
  put(f, 5, 7);
  run(f);
  assert_done(2, 0, 5);
  assert_done(3, 0, 6);
  assert_done(4, 0, 7);
  assert_int_equal(done, 6);
  handoff_slot_destroy(&slot);
}

static void on_done_again(handoff_req_t *req, int status) {
  op_t *op = (op_t *)req;
  assert_int_equal(status, 0);
  assert_int_equal(op->item, done);
  done++;
  assert_int_equal(handoff_cancel(req), UV_EINVAL); /* not pending any more */
  if (done != 1000) {
    op_t *other = &ops[1];
    other->item = done;
    assert_int_equal(handoff_slot_try_put(&slot, &other->item), 0);
    assert_int_equal(handoff_port_get(req->port, req, &slot, &op->item, on_done_again), 0);
  }
}

static void a_request_may_be_used_again_in_its_own_callback(void **state) {
  loop_fixture_t *f = *state;
  uint64_t item = 0;
  make(1);
  assert_int_equal(handoff_slot_put(&slot, &item), 0);
  assert_int_equal(handoff_port_get(&f->port, &ops[0].req, &slot, &ops[0].item, on_done_again), 0);
  run(f);
  assert_int_equal(done, 1000);
  handoff_slot_destroy(&slot);
}

/* Threads and requests wait in one queue. */
static void threads_and_requests_are_served_in_the_order_in_which_they_came(void **state) {
  loop_fixture_t *f = *state;
  uint64_t items[2] = {0, 0};
  uint64_t item;
  call_t calls[2];
  make(1);
  get(f, 0);
  call_get(&calls[0], &slot, &items[0], HANDOFF_NEVER);
  queued_await_getters(&slot, 2);
  get(f, 1);
  call_get(&calls[1], &slot, &items[1], HANDOFF_NEVER);
  queued_await_getters(&slot, 4);
  for (item = 1; item <= 4; item++) {
    assert_int_equal(handoff_slot_try_put(&slot, &item), 0);
  }
  assert_int_equal(call_end(&calls[0]), 0);
  assert_int_equal(call_end(&calls[1]), 0);
  run(f);
  assert_done(0, 0, 1);
  assert_int_equal(items[0], 2);
  assert_done(1, 0, 3);
  assert_int_equal(items[1], 4);

  assert_int_equal(handoff_slot_put(&slot, &item), 0); /* 5 */
  items[0] = 6;
  call_put(&calls[0], &slot, &items[0], HANDOFF_NEVER);
  queued_await_putters(&slot, 1);
  put(f, 2, 7);
  items[1] = 8;
  call_put(&calls[1], &slot, &items[1], HANDOFF_NEVER);
  queued_await_putters(&slot, 3);
  for (; item <= 8; item++) {
    uint64_t got = 0;
    assert_int_equal(handoff_slot_try_get(&slot, &got), 0);
    assert_int_equal(got, item);
  }
  assert_int_equal(call_end(&calls[0]), 0);
  assert_int_equal(call_end(&calls[1]), 0);
  run(f);
  assert_done(2, 0, 7);
  handoff_slot_destroy(&slot);
}

/* ---------------------------------------------------------------------------------- cancel -- */

static void a_waiting_request_can_be_cancelled_and_leaves_no_trace(void **state) {
  loop_fixture_t *f = *state;
  uint64_t item = 3;
  make(1);
  get(f, 0);
  get(f, 1);
  is_calling = true;
  assert_int_equal(handoff_cancel(&ops[0].req), 0);
  is_calling = false;
  assert_int_equal(handoff_cancel(&ops[0].req), UV_EBUSY); /* done already */
  assert_int_equal(queued_getters(&slot), 1);
  assert_int_equal(handoff_slot_put(&slot, &item), 0);
  run(f);
  assert_done(0, UV_ECANCELED, 0);
  assert_done(1, 0, 3);

  assert_int_equal(handoff_slot_put(&slot, &item), 0);
  put(f, 2, 4);
  assert_int_equal(handoff_cancel(&ops[2].req), 0);
  assert_int_equal(queued_putters(&slot), 0);
  run(f);
  assert_done(2, UV_ECANCELED, 4);
  assert_int_equal(handoff_slot_get(&slot, &item), 0);
  assert_int_equal(handoff_slot_try_get(&slot, &item), UV_EAGAIN); /* 4 was never in it */
  handoff_slot_destroy(&slot);
}

static void cancelling_what_has_happened_is_too_late(void **state) {
  loop_fixture_t *f = *state;
  uint64_t item = 3;
  make(1);
  put(f, 0, 5); /* at once */
  assert_int_equal(handoff_cancel(&ops[0].req), UV_EBUSY);
  assert_int_equal(handoff_slot_get(&slot, &item), 0);
  get(f, 1);
  assert_int_equal(handoff_slot_put(&slot, &item), 0);
  assert_int_equal(handoff_cancel(&ops[1].req), UV_EBUSY);
  get(f, 2);
  handoff_slot_shut(&slot);
  assert_int_equal(handoff_cancel(&ops[2].req), UV_EBUSY);
  run(f);
  assert_done(0, 0, 5);
  assert_done(1, 0, 5);
  assert_done(2, UV_EOF, 0);
  assert_int_equal(handoff_cancel(&ops[0].req), UV_EINVAL);
  handoff_slot_destroy(&slot);
}

static void on_done_cancel_others(handoff_req_t *req, int status) {
  on_done(req, status);
  assert_int_equal(handoff_cancel(&ops[1].req), 0);        /* it waits */
  assert_int_equal(handoff_cancel(&ops[2].req), UV_EBUSY); /* its callback is next */
  assert_int_equal(handoff_cancel(req), UV_EINVAL);
}

static void a_callback_may_cancel_other_requests(void **state) {
  loop_fixture_t *f = *state;
  make(1);
  ops[0].item = 5;
  assert_int_equal(
      handoff_port_put(&f->port, &ops[0].req, &slot, &ops[0].item, on_done_cancel_others), 0);
  get(f, 2);
  get(f, 1);
  run(f);
  assert_done(0, 0, 5);
  assert_done(1, UV_ECANCELED, 0);
  assert_done(2, 0, 5);
  handoff_slot_destroy(&slot);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      loop_test(init_refuses_null_pointers),
      loop_test(init_leaves_data_alone_and_names_the_loop),
      loop_test(requests_refuse_null_pointers),
      loop_test(a_pending_request_is_refused_and_goes_on),
      loop_test(what_can_be_done_at_once_still_calls_back_from_the_loop),
      loop_test(a_shut_slot_ends_requests),
      loop_test(two_requests_meet_at_capacity_0),
      loop_test(a_request_may_be_used_again_in_its_own_callback),
      loop_test(threads_and_requests_are_served_in_the_order_in_which_they_came),
      loop_test(a_waiting_request_can_be_cancelled_and_leaves_no_trace),
      loop_test(cancelling_what_has_happened_is_too_late),
      loop_test(a_callback_may_cancel_other_requests),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

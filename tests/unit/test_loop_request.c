/* unit.loop_request: a loop's puts and gets: refused calls, completion, order, cancelling. */

#include <string.h>

#include "lib/call.h"
#include "lib/loop.h"
#include "lib/slot.h"

#define REQS 8

typedef struct {
  handoff_req_t req; /* first: a request is converted to its op */
  uint64_t item;
  int status;
  unsigned done; /* how often on_done ran */
} op_t;

static op_t ops[REQS];
static handoff_slot_t slot;
static unsigned done;      /* callbacks of all requests */
static size_t order[REQS]; /* which request completed when */
static bool is_calling;    /* a library call is in progress: no callback may run */

static void make_slot(size_t capacity) {
  slot = slot_new(sizeof(uint64_t), capacity);
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

static void put_then(loop_fixture_t *f, size_t i, uint64_t item, handoff_req_cb callback) {
  ops[i].item = item;
  is_calling = true;
  assert_int_equal(handoff_port_put(&f->port, &ops[i].req, &slot, &ops[i].item, callback), 0);
  is_calling = false;
}

static void put(loop_fixture_t *f, size_t i, uint64_t item) { put_then(f, i, item, on_done); }

static void get(loop_fixture_t *f, size_t i) {
  ops[i].item = 0;
  is_calling = true;
  assert_int_equal(handoff_port_get(&f->port, &ops[i].req, &slot, &ops[i].item, on_done), 0);
  is_calling = false;
}

static void assert_done(size_t i, int status, uint64_t item) {
  assert_int_equal(ops[i].done, 1);
  assert_int_equal(ops[i].status, status);
  assert_int_equal(ops[i].item, item);
}

/* ----------------------------------------------------------------------------- refused calls -- */

static void requests_refuse_null_pointers(void **state) {
  loop_fixture_t *f = *state;
  handoff_port_t *port = &f->port;
  handoff_port_t closed = {.impl = NULL};
  handoff_slot_t destroyed = {.impl = NULL};
  handoff_req_t *req = &ops[0].req;
  uint64_t item = 1;
  make_slot(1);
#define REFUSES(port, req, slot, item, callback)                                  \
  assert_int_equal(handoff_port_put(port, req, slot, item, callback), UV_EINVAL); \
  assert_int_equal(handoff_port_get(port, req, slot, item, callback), UV_EINVAL)
  REFUSES(NULL, req, &slot, &item, on_done);
  REFUSES(&closed, req, &slot, &item, on_done);
  REFUSES(port, NULL, &slot, &item, on_done);
  REFUSES(port, req, NULL, &item, on_done);
  REFUSES(port, req, &destroyed, &item, on_done);
  REFUSES(port, req, &slot, NULL, on_done);
  REFUSES(port, req, &slot, &item, NULL);
  assert_int_equal(handoff_cancel(NULL), UV_EINVAL);
  assert_int_equal(handoff_cancel(req), UV_EINVAL);
  loop_run(&f->loop);
  assert_int_equal(done, 0);
  slot_assert_empty(&slot);
  handoff_slot_destroy(&slot);
}

static void a_pending_request_cannot_be_started_again_until_its_callback(void **state) {
  loop_fixture_t *f = *state;
  uint64_t item = 9;
  make_slot(1);
  get(f, 0);
  assert_int_equal(handoff_port_get(&f->port, &ops[0].req, &slot, &item, on_done), UV_EBUSY);
  assert_int_equal(handoff_port_put(&f->port, &ops[0].req, &slot, &item, on_done), UV_EBUSY);
  assert_int_equal(handoff_slot_put(&slot, &item), 0); /* it has completed, but is still pending */
  assert_int_equal(handoff_port_get(&f->port, &ops[0].req, &slot, &item, on_done), UV_EBUSY);
  loop_run(&f->loop);
  assert_done(0, 0, 9);
  handoff_slot_destroy(&slot);
}

static void init_makes_a_request_usable_in_memory_that_is_not_zeroed(void **state) {
  loop_fixture_t *f = *state;
  make_slot(1);
  handoff_req_init(NULL); /* does nothing */
  memset(&ops[0].req, 0xa5, sizeof ops[0].req);
  memset(&ops[1].req, 0xa5, sizeof ops[1].req);
  handoff_req_init(&ops[0].req);
  handoff_req_init(&ops[1].req);
  assert_int_equal(handoff_cancel(&ops[0].req), UV_EINVAL);
  get(f, 0); /* waits */
  put(f, 1, 5);
  loop_run(&f->loop);
  assert_done(0, 0, 5);
  assert_done(1, 0, 5);
  handoff_slot_destroy(&slot);
}

/* -------------------------------------------------------------------------------- completion -- */

static void a_request_that_completes_at_once_still_calls_back_from_the_loop(void **state) {
  loop_fixture_t *f = *state;
  make_slot(1);
  put(f, 0, 5);
  get(f, 1);
  assert_int_equal(done, 0);
  loop_run(&f->loop);
  assert_done(0, 0, 5);
  assert_done(1, 0, 5);
  assert_int_equal(order[0], 0);
  handoff_slot_destroy(&slot);
}

static void a_shut_slot_completes_requests_with_eof_and_epipe(void **state) {
  loop_fixture_t *f = *state;
  make_slot(1);
  get(f, 0);
  get(f, 1);
  handoff_slot_shut(&slot);
  get(f, 2);
  put(f, 3, 7);
  loop_run(&f->loop);
  assert_done(0, UV_EOF, 0);
  assert_done(1, UV_EOF, 0);
  assert_done(2, UV_EOF, 0);
  assert_done(3, UV_EPIPE, 7);
  handoff_slot_destroy(&slot);

  make_slot(1);
  slot_put_items(&slot, 1, 1);
  put(f, 0, 8);
  handoff_slot_shut(&slot);
  get(f, 1);
  get(f, 2);
  loop_run(&f->loop);
  assert_done(0, UV_EPIPE, 8);
  assert_done(1, 0, 1); /* the remaining item */
  assert_done(2, UV_EOF, 0);
  handoff_slot_destroy(&slot);
}

static void requests_of_one_loop_rendezvous_at_capacity_0(void **state) {
  loop_fixture_t *f = *state;
  make_slot(0);
  put(f, 0, 5);
  put(f, 1, 6);
  get(f, 2);
  get(f, 3);
  get(f, 4);
  put(f, 5, 7);
  loop_run(&f->loop);
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
  assert_int_equal(handoff_cancel(req), UV_EINVAL); /* it is not pending any more */
  if (done != 1000) {
    slot_put_items(&slot, done, 1);
    assert_int_equal(handoff_port_get(req->port, req, &slot, &op->item, on_done_again), 0);
  }
}

static void a_request_may_be_used_again_in_its_own_callback(void **state) {
  loop_fixture_t *f = *state;
  make_slot(1);
  slot_put_items(&slot, 0, 1);
  assert_int_equal(handoff_port_get(&f->port, &ops[0].req, &slot, &ops[0].item, on_done_again), 0);
  loop_run(&f->loop);
  assert_int_equal(done, 1000);
  handoff_slot_destroy(&slot);
}

static void threads_and_requests_wait_in_one_queue(void **state) {
  loop_fixture_t *f = *state;
  uint64_t items[2] = {0, 0};
  call_t calls[2];
  make_slot(1);
  get(f, 0);
  call_get(&calls[0], &slot, &items[0], HANDOFF_NEVER);
  queued_await_getters(&slot, 2);
  get(f, 1);
  call_get(&calls[1], &slot, &items[1], HANDOFF_NEVER);
  queued_await_getters(&slot, 4);
  slot_put_items(&slot, 1, 4);
  assert_int_equal(call_end(&calls[0]), 0);
  assert_int_equal(call_end(&calls[1]), 0);
  loop_run(&f->loop);
  assert_done(0, 0, 1);
  assert_int_equal(items[0], 2);
  assert_done(1, 0, 3);
  assert_int_equal(items[1], 4);

  slot_put_items(&slot, 5, 1);
  items[0] = 6;
  call_put(&calls[0], &slot, &items[0], HANDOFF_NEVER);
  queued_await_putters(&slot, 1);
  put(f, 2, 7);
  items[1] = 8;
  call_put(&calls[1], &slot, &items[1], HANDOFF_NEVER);
  queued_await_putters(&slot, 3);
  slot_get_items(&slot, 5, 4);
  assert_int_equal(call_end(&calls[0]), 0);
  assert_int_equal(call_end(&calls[1]), 0);
  loop_run(&f->loop);
  assert_done(2, 0, 7);
  handoff_slot_destroy(&slot);
}

/* ------------------------------------------------------------------------------------ cancel -- */

static void a_cancelled_request_transfers_nothing(void **state) {
  loop_fixture_t *f = *state;
  make_slot(1);
  get(f, 0);
  get(f, 1);
  is_calling = true;
  assert_int_equal(handoff_cancel(&ops[0].req), 0);
  is_calling = false;
  assert_int_equal(handoff_cancel(&ops[0].req), UV_EBUSY); /* cancelled already */
  assert_int_equal(queued_getters(&slot), 1);
  slot_put_items(&slot, 3, 1);
  loop_run(&f->loop);
  assert_done(0, UV_ECANCELED, 0);
  assert_done(1, 0, 3);

  slot_put_items(&slot, 3, 1);
  put(f, 2, 4);
  assert_int_equal(handoff_cancel(&ops[2].req), 0);
  loop_run(&f->loop);
  assert_done(2, UV_ECANCELED, 4);
  slot_get_items(&slot, 3, 1);
  slot_assert_empty(&slot);
  handoff_slot_destroy(&slot);
}

static void a_completed_request_cannot_be_cancelled(void **state) {
  loop_fixture_t *f = *state;
  make_slot(1);
  put(f, 0, 5); /* at once */
  assert_int_equal(handoff_cancel(&ops[0].req), UV_EBUSY);
  slot_get_items(&slot, 5, 1);
  get(f, 1);
  slot_put_items(&slot, 6, 1);
  assert_int_equal(handoff_cancel(&ops[1].req), UV_EBUSY);
  get(f, 2);
  handoff_slot_shut(&slot);
  assert_int_equal(handoff_cancel(&ops[2].req), UV_EBUSY);
  loop_run(&f->loop);
  assert_done(0, 0, 5);
  assert_done(1, 0, 6);
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
  make_slot(1);
  put_then(f, 0, 5, on_done_cancel_others);
  get(f, 2);
  get(f, 1);
  loop_run(&f->loop);
  assert_done(0, 0, 5);
  assert_done(1, UV_ECANCELED, 0);
  assert_done(2, 0, 5);
  handoff_slot_destroy(&slot);
}

static unsigned finalized;

/* Runs inside handoff_port_put: the request is pending, and its item is in the slot already. */
static void drop_and_cancel(void *item, void *arg) {
  loop_fixture_t *f = arg;
  uint64_t number;
  memcpy(&number, item, sizeof number);
  assert_int_equal(number, ++finalized);
  assert_true(is_calling);
  assert_int_equal(handoff_cancel(&ops[0].req), UV_EBUSY);
  assert_int_equal(handoff_port_put(&f->port, &ops[0].req, &slot, item, on_done), UV_EBUSY);
  if (number == 2) { /* closing cancels nothing either */
    loop_close_port(f, NULL);
  }
}

static void a_finalizer_cannot_cancel_the_put_that_runs_it(void **state) {
  loop_fixture_t *f = *state;
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  options.overflow = HANDOFF_DROP_OLDEST;
  options.drop = drop_and_cancel;
  options.drop_arg = f;
  finalized = 0;
  memset(ops, 0, sizeof ops);
  done = 0;
  slot = slot_with(&options);
  slot_put_items(&slot, 1, 1);
  put(f, 0, 2);
  assert_int_equal(finalized, 1);
  loop_run(&f->loop);
  assert_done(0, 0, 2);
  ops[0].done = 0;
  put(f, 0, 3);
  assert_int_equal(finalized, 2);
  loop_run(&f->loop);
  assert_done(0, 0, 3);
  slot_get_items(&slot, 3, 1);
  handoff_slot_destroy(&slot);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      loop_test(requests_refuse_null_pointers),
      loop_test(a_pending_request_cannot_be_started_again_until_its_callback),
      loop_test(init_makes_a_request_usable_in_memory_that_is_not_zeroed),
      loop_test(a_request_that_completes_at_once_still_calls_back_from_the_loop),
      loop_test(a_shut_slot_completes_requests_with_eof_and_epipe),
      loop_test(requests_of_one_loop_rendezvous_at_capacity_0),
      loop_test(a_request_may_be_used_again_in_its_own_callback),
      loop_test(threads_and_requests_wait_in_one_queue),
      loop_test(a_cancelled_request_transfers_nothing),
      loop_test(a_completed_request_cannot_be_cancelled),
      loop_test(a_callback_may_cancel_other_requests),
      loop_test(a_finalizer_cannot_cancel_the_put_that_runs_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

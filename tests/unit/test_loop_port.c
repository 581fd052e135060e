/* unit.loop_port: what keeps a port's loop alive, and closing. How a port closes its lanes is in
 * unit.lane_close. */

#include "loop/port.h"

#include <string.h>

#include "lib/loop.h"
#include "lib/slot.h"

static handoff_slot_t slot;
static handoff_req_t req;
static uint64_t item;
static int status_seen;
static unsigned done;
static unsigned closed;
static bool is_calling; /* a library call is in progress: no callback may run */

static void make_slot(void) {
  slot = slot_new(sizeof(uint64_t), 1);
  memset(&req, 0, sizeof req);
  item = 0;
  status_seen = 1;
  done = 0;
  closed = 0;
}

static void on_done(handoff_req_t *r, int status) {
  (void)r;
  assert_false(is_calling);
  assert_int_equal(closed, 0);
  status_seen = status;
  done++;
}

/* The port's memory belongs to the test again. */
static void on_closed(handoff_port_t *port) {
  assert_false(is_calling);
  assert_int_equal(handoff_port_close(port, NULL), UV_EINVAL);
  assert_int_equal(handoff_port_set_spin(port, true), UV_EINVAL);
  memset(port, 0xaa, sizeof *port);
  closed++;
}

static void get(loop_fixture_t *f) {
  assert_int_equal(handoff_port_get(&f->port, &req, &slot, &item, on_done), 0);
}

static void close_port(loop_fixture_t *f) {
  is_calling = true;
  loop_close_port(f, on_closed);
  is_calling = false;
}

/* ---------------------------------------------------------------------- keeping a loop alive -- */

static void init_refuses_null_pointers(void **state) {
  loop_fixture_t *f = *state;
  handoff_port_t port;
  assert_int_equal(handoff_port_init(NULL, &port), UV_EINVAL);
  assert_int_equal(handoff_port_init(&f->loop, NULL), UV_EINVAL);
  assert_int_equal(handoff_port_close(NULL, NULL), UV_EINVAL);
}

static void init_sets_loop_and_leaves_data_alone(void **state) {
  loop_fixture_t *f = *state;
  handoff_port_t port = {.data = &port};
  assert_int_equal(handoff_port_init(&f->loop, &port), 0); /* a second port on this loop */
  assert_ptr_equal(port.data, &port);
  assert_ptr_equal(port.loop, &f->loop);
  assert_int_equal(handoff_port_close(&port, NULL), 0);
  loop_run(&f->loop);
}

typedef struct {
  handoff_port_t *port;
  unsigned owned;
  unsigned others;
} walk_t;

static void on_handle(uv_handle_t *handle, void *arg) {
  walk_t *walk = arg;
  *(handoff_port_owns(walk->port, handle) ? &walk->owned : &walk->others) += 1;
}

static void a_port_owns_its_handles_and_no_others(void **state) {
  loop_fixture_t *f = *state;
  handoff_port_t closed_port = {.impl = NULL};
  walk_t walk = {.port = &f->port};
  static uv_idle_t idle;
  assert_int_equal(uv_idle_init(&f->loop, &idle), 0);
  uv_walk(&f->loop, on_handle, &walk);
  assert_int_equal(walk.owned, 1);
  assert_int_equal(handoff__port_need_timers(f->port.impl), 0); /* as a lane does */
  uv_walk(&f->loop, on_handle, &walk);
  assert_int_equal(walk.owned, 1 + 2);
  assert_int_equal(walk.others, 1 + 1);
  assert_false(handoff_port_owns(NULL, (uv_handle_t *)&idle));
  assert_false(handoff_port_owns(&closed_port, (uv_handle_t *)&idle));
  assert_false(handoff_port_owns(&f->port, NULL));
  uv_close((uv_handle_t *)&idle, NULL);
}

static void an_idle_port_does_not_keep_the_loop_alive(void **state) {
  loop_fixture_t *f = *state;
  assert_int_equal(uv_loop_alive(&f->loop), 0);
  loop_run(&f->loop);
}

static void a_pending_request_keeps_the_loop_alive_until_its_callback(void **state) {
  loop_fixture_t *f = *state;
  make_slot();
  get(f);
  assert_int_not_equal(uv_loop_alive(&f->loop), 0);
  assert_int_not_equal(uv_run(&f->loop, UV_RUN_NOWAIT), 0);
  assert_int_equal(handoff_slot_put(&slot, &item), 0);
  assert_int_not_equal(uv_loop_alive(&f->loop), 0);
  loop_run(&f->loop);
  assert_int_equal(done, 1);
  assert_int_equal(uv_loop_alive(&f->loop), 0);
  handoff_slot_destroy(&slot);
}

static void an_unreferenced_port_does_not_keep_the_loop_alive(void **state) {
  loop_fixture_t *f = *state;
  make_slot();
  handoff_port_unref(&f->port);
  get(f);
  assert_int_equal(uv_loop_alive(&f->loop), 0);
  loop_run(&f->loop);
  assert_int_equal(done, 0);
  handoff_port_ref(&f->port);
  handoff_port_ref(&f->port); /* twice is the same as once */
  assert_int_not_equal(uv_loop_alive(&f->loop), 0);
  handoff_port_unref(&f->port);
  handoff_port_unref(&f->port);
  assert_int_equal(uv_loop_alive(&f->loop), 0);
  handoff_port_ref(&f->port);
  assert_int_not_equal(uv_loop_alive(&f->loop), 0);
  assert_int_equal(handoff_slot_put(&slot, &item), 0);
  loop_run(&f->loop);
  assert_int_equal(done, 1);
  handoff_port_unref(&f->port);
  handoff_port_ref(&f->port);
  assert_int_equal(uv_loop_alive(&f->loop), 0); /* referenced, but idle */
  handoff_slot_destroy(&slot);
}

static void an_unreferenced_port_still_closes(void **state) {
  loop_fixture_t *f = *state;
  make_slot();
  handoff_port_unref(&f->port);
  get(f);
  close_port(f);
  loop_run(&f->loop);
  assert_int_equal(status_seen, UV_ECANCELED);
  assert_int_equal(closed, 1);
  handoff_slot_destroy(&slot);
}

/* ------------------------------------------------------------------------------------- close -- */

static void a_closing_port_answers_every_call_with_ecanceled(void **state) {
  loop_fixture_t *f = *state;
  make_slot();
  close_port(f);
  assert_int_equal(handoff_port_close(&f->port, NULL), UV_ECANCELED);
  assert_int_equal(handoff_port_set_spin(&f->port, true), UV_ECANCELED);
  assert_int_equal(handoff_port_get(&f->port, &req, &slot, &item, on_done), UV_ECANCELED);
  assert_int_equal(handoff_port_put(&f->port, &req, &slot, &item, on_done), UV_ECANCELED);
  assert_int_equal(closed, 0);
  loop_run(&f->loop);
  assert_int_equal(done, 0);
  assert_int_equal(closed, 1);
  slot_assert_empty(&slot);
  handoff_slot_destroy(&slot);
}

static void close_cancels_waiting_requests_and_delivers_the_results_of_the_others(void **state) {
  static handoff_req_t reqs[4];
  uint64_t items[4] = {1, 2, 3, 4};
  loop_fixture_t *f = *state;
  size_t i;
  make_slot();
  memset(reqs, 0, sizeof reqs);
  for (i = 0; i < 4; i++) {
    assert_int_equal(handoff_port_put(&f->port, &reqs[i], &slot, &items[i], on_done), 0);
  }
  slot_get_items(&slot, 1, 1); /* 1 and 2 have been put, 3 and 4 wait */
  close_port(f);
  loop_run(&f->loop);
  assert_int_equal(done, 4);
  assert_int_equal(closed, 1); /* on_done has checked that it came last */
  for (i = 0; i < 4; i++) {
    assert_int_equal(reqs[i].waiter.status, i < 2 ? 0 : UV_ECANCELED);
  }
  slot_get_items(&slot, 2, 1);
  slot_assert_empty(&slot);
  handoff_slot_destroy(&slot);
}

static void on_done_close(handoff_req_t *r, int status) {
  on_done(r, status);
  assert_int_equal(handoff_port_close(r->port, on_closed), 0);
  assert_int_equal(handoff_port_get(r->port, r, &slot, &item, on_done), UV_ECANCELED);
}

static void a_port_may_be_closed_in_a_requests_callback(void **state) {
  static handoff_req_t other;
  loop_fixture_t *f = *state;
  uint64_t other_item = 0;
  make_slot();
  memset(&other, 0, sizeof other);
  assert_int_equal(handoff_port_put(&f->port, &req, &slot, &item, on_done_close), 0);
  assert_int_equal(handoff_port_put(&f->port, &other, &slot, &other_item, on_done), 0);
  f->has_port = false;
  loop_run(&f->loop);
  assert_int_equal(done, 2);
  assert_int_equal(status_seen, UV_ECANCELED);
  assert_int_equal(closed, 1);
  handoff_slot_destroy(&slot);
}

static void on_closed_init(handoff_port_t *port) {
  uv_loop_t *loop = port->loop;
  on_closed(port);
  assert_int_equal(handoff_port_init(loop, port), 0);
}

static void the_memory_may_be_used_again_in_the_close_callback(void **state) {
  loop_fixture_t *f = *state;
  make_slot();
  assert_int_equal(handoff_port_close(&f->port, on_closed_init), 0);
  loop_run(&f->loop);
  assert_int_equal(closed, 1);
  get(f); /* by the new port, which tear-down closes */
  assert_int_equal(handoff_slot_put(&slot, &item), 0);
  closed = 0;
  loop_run(&f->loop);
  assert_int_equal(done, 1);
  handoff_slot_destroy(&slot);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      loop_test(init_refuses_null_pointers),
      loop_test(init_sets_loop_and_leaves_data_alone),
      loop_test(a_port_owns_its_handles_and_no_others),
      loop_test(an_idle_port_does_not_keep_the_loop_alive),
      loop_test(a_pending_request_keeps_the_loop_alive_until_its_callback),
      loop_test(an_unreferenced_port_does_not_keep_the_loop_alive),
      loop_test(an_unreferenced_port_still_closes),
      loop_test(a_closing_port_answers_every_call_with_ecanceled),
      loop_test(close_cancels_waiting_requests_and_delivers_the_results_of_the_others),
      loop_test(a_port_may_be_closed_in_a_requests_callback),
      loop_test(the_memory_may_be_used_again_in_the_close_callback),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* unit.busy_poll: a loop that looks for what is about to come before it sleeps: nothing is lost, nobody else is held
 * up, and where it cannot be worth it, it does not look. */

#include "lib/bounded.h"
#include "lib/call.h"
#include "lib/loop.h"
#include "loop/port.h"

#define MAX_NS HANDOFF_BUSY_POLL_MAX_NS

static handoff_slot_t slot;
static handoff_req_t req;
static uint64_t item;
static uint64_t got;
static uint64_t wanted;

static void make(loop_fixture_t *f, uint64_t poll_ns) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  assert_int_equal(handoff_slot_init(&slot, &options), 0);
  req = (handoff_req_t){.data = f};
  got = 0;
  assert_int_equal(handoff_port_set_busy_poll(&f->port, poll_ns), 0);
}

static void on_got(handoff_req_t *r, int status) {
  loop_fixture_t *f = r->data;
  assert_int_equal(status, 0);
  assert_int_equal(item, ++got);
  if (got != wanted) {
    assert_int_equal(handoff_port_get(&f->port, r, &slot, &item, on_got), 0);
  }
}

static void put_all(void *arg) {
  uint64_t number;
  (void)arg;
  for (number = 1; number <= wanted; number++) {
    assert_int_equal(handoff_slot_put(&slot, &number), 0);
  }
}

static void get_all(loop_fixture_t *f, uint64_t count) {
  uv_thread_t thread;
  wanted = count;
  got = 0;
  assert_int_equal(handoff_port_get(&f->port, &req, &slot, &item, on_got), 0);
  assert_int_equal(uv_thread_create(&thread, put_all, NULL), 0);
  assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(uv_thread_join(&thread), 0);
  assert_int_equal(got, count);
}

static void every_item_comes_in_order(void **state) {
  loop_fixture_t *f = *state;
  make(f, 50000);
  get_all(f, 20000);
  assert_int_equal(handoff_port_set_busy_poll(&f->port, 0), 0); /* and without */
  get_all(f, 2000);
  assert_int_equal(handoff_port_set_busy_poll(&f->port, MAX_NS), 0); /* and again */
  get_all(f, 2000);
  handoff_slot_destroy(&slot);
}

static void too_long_is_refused(void **state) {
  loop_fixture_t *f = *state;
  assert_int_equal(handoff_port_set_busy_poll(&f->port, MAX_NS + 1), UV_EINVAL);
  assert_int_equal(handoff_port_set_busy_poll(NULL, 0), UV_EINVAL);
  assert_int_equal(handoff_port_close(&f->port, NULL), 0);
  assert_int_equal(handoff_port_set_busy_poll(&f->port, 0), UV_EINVAL);
  f->has_port = false;
}

static void it_does_not_keep_the_loop_alive(void **state) {
  loop_fixture_t *f = *state;
  assert_int_equal(handoff_port_set_busy_poll(&f->port, MAX_NS), 0);
  assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(f->port.impl->poll_misses, 0); /* with nothing under way it does not look */
}

static void on_cancelled(handoff_req_t *r, int status) {
  (void)r;
  assert_int_equal(status, UV_ECANCELED);
  got++;
}

static void on_idle(uv_idle_t *idle) {
  unsigned *turns = idle->data;
  if (++*turns == 5) {
    assert_int_equal(handoff_cancel(&req), 0);
    uv_close((uv_handle_t *)idle, NULL);
  }
}

static void it_does_not_look_while_another_handle_is_due(void **state) {
  loop_fixture_t *f = *state;
  unsigned turns = 0;
  uv_idle_t idle;
  make(f, MAX_NS);
  assert_int_equal(handoff_port_get(&f->port, &req, &slot, &item, on_cancelled), 0);
  assert_int_equal(uv_idle_init(&f->loop, &idle), 0);
  idle.data = &turns;
  assert_int_equal(uv_idle_start(&idle, on_idle), 0);
  assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(got, 1);
  assert_int_equal(f->port.impl->poll_misses, 0);
  handoff_slot_destroy(&slot);
}

static void on_timer(uv_timer_t *timer) {
  const struct handoff__port *p = timer->data;
  if (p->poll_misses == 5) {
    assert_int_equal(handoff_cancel(&req), 0);
    uv_close((uv_handle_t *)timer, NULL);
  }
}

/* Five turns in which there was nothing. */
static void it_looks_less_where_it_was_not_worth_it(void **state) {
  loop_fixture_t *f = *state;
  struct handoff__port *p = f->port.impl;
  uv_timer_t timer;
  if (uv_available_parallelism() == 1) {
    skip();
  }
  make(f, MAX_NS / 2);
  assert_int_equal(handoff_port_get(&f->port, &req, &slot, &item, on_cancelled), 0);
  assert_int_equal(uv_timer_init(&f->loop, &timer), 0);
  timer.data = p;
  assert_int_equal(uv_timer_start(&timer, on_timer, 2, 2), 0);
  assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(got, 1);
  assert_int_equal(p->poll_ns, p->poll_max_ns / 8); /* halved, but not for ever */
  handoff_slot_destroy(&slot);
}

/* ---------------------------------------------------------------------------------- to hope -- */

static void put_one(void *arg) {
  uint64_t number = 1;
  (void)arg;
  assert_int_equal(handoff_slot_put(&slot, &number), 0);
}

/* The port's loop sleeps until another thread puts; idle_ns is when it went to sleep. */
static void sleep_since(loop_fixture_t *f, uint64_t idle_ns) {
  uv_thread_t thread;
  f->port.impl->is_hopeful = false;
  wanted = 1;
  got = 0;
  assert_int_equal(handoff_port_get(&f->port, &req, &slot, &item, on_got), 0);
  f->port.impl->idle_ns = idle_ns;
  assert_int_equal(uv_thread_create(&thread, put_one, NULL), 0);
  assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(uv_thread_join(&thread), 0);
  assert_int_equal(got, 1);
}

static void a_short_sleep_gives_hope(void **state) {
  const uint64_t hour_ns = UINT64_C(3600000000000);
  loop_fixture_t *f = *state;
  if (uv_available_parallelism() == 1) {
    skip();
  }
  make(f, HANDOFF_BUSY_POLL_DEFAULT_NS);
  sleep_since(f, uv_hrtime() + hour_ns); /* no time at all */
  assert_true(f->port.impl->is_hopeful);
  sleep_since(f, 1); /* since the machine was started */
  assert_false(f->port.impl->is_hopeful);
  assert_int_equal(handoff_port_set_busy_poll(&f->port, 0), 0);
  sleep_since(f, uv_hrtime() + hour_ns);
  assert_false(f->port.impl->is_hopeful);
  handoff_slot_destroy(&slot);
}

/* A put by the loop itself would not have come any sooner if the loop had hoped for it. */
static void on_put_timer(uv_timer_t *timer) {
  put_one(NULL);
  uv_close((uv_handle_t *)timer, NULL);
}

static void a_put_of_ones_own_gives_none(void **state) {
  loop_fixture_t *f = *state;
  uv_timer_t timer;
  make(f, HANDOFF_BUSY_POLL_DEFAULT_NS);
  sleep_since(f, 0); /* the port knows its thread from then on */
  wanted = 1;
  got = 0;
  assert_int_equal(handoff_port_get(&f->port, &req, &slot, &item, on_got), 0);
  f->port.impl->idle_ns = HANDOFF_NEVER / 2;
  assert_int_equal(uv_timer_init(&f->loop, &timer), 0);
  assert_int_equal(uv_timer_start(&timer, on_put_timer, 0, 0), 0);
  assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(got, 1);
  assert_false(f->port.impl->is_hopeful);
  handoff_slot_destroy(&slot);
}

static bool has_hoped;

/* Nobody will put: it hopes in vain, waits, and is taken back. */
static void on_got_hopeful(handoff_req_t *r, int status) {
  loop_fixture_t *f = r->data;
  assert_int_equal(status, 0);
  f->port.impl->is_hopeful = true;
  assert_int_equal(handoff_port_get(&f->port, r, &slot, &item, on_cancelled), 0);
  has_hoped = !f->port.impl->is_hopeful;
  assert_int_equal(handoff_cancel(r), 0);
}

static void hope_in_vain_is_given_up(void **state) {
  loop_fixture_t *f = *state;
  uint64_t number = 1;
  make(f, HANDOFF_BUSY_POLL_DEFAULT_NS);
  has_hoped = false;
  assert_int_equal(handoff_slot_put(&slot, &number), 0);
  assert_int_equal(handoff_port_get(&f->port, &req, &slot, &item, on_got_hopeful), 0);
  assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
  assert_true(has_hoped);
  assert_int_equal(got, 1); /* the cancel */
  handoff_slot_destroy(&slot);
}

/* The loop has another handle that is due: a request does not hope but queues. */
static void on_got_while_due(handoff_req_t *r, int status) {
  loop_fixture_t *f = r->data;
  uv_idle_t *idle = r->port->data;
  assert_int_equal(status, 0);
  f->port.impl->is_hopeful = true;
  assert_int_equal(handoff_port_get(&f->port, r, &slot, &item, on_cancelled), 0);
  assert_true(f->port.impl->is_hopeful); /* it has not been tried, so it was not in vain */
  assert_int_equal(handoff_cancel(r), 0);
  uv_close((uv_handle_t *)idle, NULL);
}

static void on_idle_nothing(uv_idle_t *idle) { (void)idle; }

static void it_does_not_hope_while_another_handle_is_due(void **state) {
  loop_fixture_t *f = *state;
  uint64_t number = 1;
  uv_idle_t idle;
  make(f, HANDOFF_BUSY_POLL_DEFAULT_NS);
  assert_int_equal(uv_idle_init(&f->loop, &idle), 0);
  assert_int_equal(uv_idle_start(&idle, on_idle_nothing), 0);
  f->port.data = &idle;
  assert_int_equal(handoff_slot_put(&slot, &number), 0);
  assert_int_equal(handoff_port_get(&f->port, &req, &slot, &item, on_got_while_due), 0);
  assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(got, 1);
  handoff_slot_destroy(&slot);
}

static bool is_closed;

static void on_closed(handoff_port_t *port) {
  (void)port;
  is_closed = true;
}

static void on_got_close(handoff_req_t *r, int status) {
  loop_fixture_t *f = r->data;
  assert_int_equal(status, 0);
  assert_int_equal(handoff_port_close(&f->port, on_closed), 0);
  f->has_port = false;
}

static void a_callback_may_close_the_port(void **state) {
  loop_fixture_t *f = *state;
  uv_thread_t thread;
  make(f, MAX_NS);
  is_closed = false;
  wanted = 1;
  assert_int_equal(handoff_port_get(&f->port, &req, &slot, &item, on_got_close), 0);
  assert_int_equal(uv_thread_create(&thread, put_all, NULL), 0);
  assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(uv_thread_join(&thread), 0);
  assert_true(is_closed);
  handoff_slot_destroy(&slot);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      loop_test(every_item_comes_in_order),
      loop_test(too_long_is_refused),
      loop_test(it_does_not_keep_the_loop_alive),
      loop_test(it_does_not_look_while_another_handle_is_due),
      loop_test(it_looks_less_where_it_was_not_worth_it),
      loop_test(a_callback_may_close_the_port),
      loop_test(a_short_sleep_gives_hope),
      loop_test(a_put_of_ones_own_gives_none),
      loop_test(hope_in_vain_is_given_up),
      loop_test(it_does_not_hope_while_another_handle_is_due),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

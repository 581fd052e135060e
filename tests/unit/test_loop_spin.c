/* unit.loop_spin: when a request may spin for a moment before its loop blocks. No item is lost, and
 * nothing else on the loop has to wait. */

#include "lib/loop.h"
#include "lib/slot.h"
#include "loop/port.h"

#define HOUR_NS UINT64_C(3600000000000)

static handoff_slot_t slot;
static handoff_req_t req;
static uint64_t item;
static uint64_t got;    /* items, or cancelled requests */
static uint64_t wanted; /* items */

/* Allows spinning on one CPU too, where a port forbids it, so that every test runs everywhere. */
static void make_slot(loop_fixture_t *f) {
  slot = slot_new(sizeof(uint64_t), 1);
  req = (handoff_req_t){.data = f};
  got = 0;
  f->port.impl->is_spin_allowed = true;
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
    if (handoff_slot_put(&slot, &number) != 0) {
      abort();
    }
  }
}

static void start_get(loop_fixture_t *f, uint64_t count) {
  wanted = count;
  got = 0;
  assert_int_equal(handoff_port_get(&f->port, &req, &slot, &item, on_got), 0);
}

/* A get has been started; another thread puts. */
static void run_with_thread(loop_fixture_t *f) {
  uv_thread_t thread;
  assert_int_equal(uv_thread_create(&thread, put_all, NULL), 0);
  loop_run(&f->loop);
  assert_int_equal(uv_thread_join(&thread), 0);
  assert_int_equal(got, wanted);
}

static void every_item_arrives_in_order_with_and_without_spinning(void **state) {
  loop_fixture_t *f = *state;
  int i;
  make_slot(f);
  for (i = 0; i < 4; i++) {
    start_get(f, i == 0 ? 20000 : 2000);
    run_with_thread(f);
    assert_int_equal(handoff_port_set_spin(&f->port, i % 2 == 1), 0);
  }
  handoff_slot_destroy(&slot);
}

static void spinning_is_allowed_at_first_but_never_on_one_cpu(void **state) {
  loop_fixture_t *f = *state;
  const bool has_many_cpus = uv_available_parallelism() > 1;
  assert_int_equal(f->port.impl->is_spin_allowed, has_many_cpus);
  assert_int_equal(handoff_port_set_spin(&f->port, false), 0);
  assert_false(f->port.impl->is_spin_allowed);
  assert_int_equal(handoff_port_set_spin(&f->port, true), 0);
  assert_int_equal(f->port.impl->is_spin_allowed, has_many_cpus);
  assert_int_equal(handoff_port_set_spin(NULL, true), UV_EINVAL);
}

/* ---------------------------------------------------------- was the loop's last block short? -- */

/* Makes the loop's block look as if it had begun at that time. Returns: whether it was short. */
static bool is_block_short(loop_fixture_t *f, uint64_t idle_start_ns, bool was_short_before) {
  struct handoff__task_queue *tasks = &f->port.impl->tasks;
  tasks->was_block_short = was_short_before;
  start_get(f, 1);
  tasks->idle_start_ns = idle_start_ns;
  run_with_thread(f);
  return tasks->was_block_short;
}

static void a_block_is_short_if_another_thread_ends_it_soon(void **state) {
  loop_fixture_t *f = *state;
  make_slot(f);
  assert_true(is_block_short(f, uv_hrtime() + HOUR_NS, false)); /* it took no time */
  assert_false(is_block_short(f, 1, true));                     /* since the machine was started */
  handoff_slot_destroy(&slot);
}

static void on_timer_put(uv_timer_t *timer) {
  put_all(NULL);
  uv_close((uv_handle_t *)timer, NULL);
}

/* Its own put would not have come sooner if the loop had spun for it. */
static void a_block_is_not_short_if_the_loop_itself_puts(void **state) {
  loop_fixture_t *f = *state;
  uv_timer_t timer;
  make_slot(f);
  (void)is_block_short(f, 0, false); /* the port learns which thread runs the loop */
  start_get(f, 1);
  f->port.impl->tasks.idle_start_ns = HANDOFF_NEVER / 2;
  assert_int_equal(uv_timer_init(&f->loop, &timer), 0);
  assert_int_equal(uv_timer_start(&timer, on_timer_put, 0, 0), 0);
  loop_run(&f->loop);
  assert_int_equal(got, 1);
  assert_false(f->port.impl->tasks.was_block_short);
  handoff_slot_destroy(&slot);
}

/* ----------------------------------------------------------------------- may a request spin? -- */

static void on_cancelled(handoff_req_t *r, int status) {
  (void)r;
  assert_int_equal(status, UV_ECANCELED);
  got++;
}

/* Starts a get that has to wait, as if the last block had been short. A request that spins without
 * success resets the prediction; that shows whether this one did. */
static bool has_spun(loop_fixture_t *f) {
  struct handoff__task_queue *tasks = &f->port.impl->tasks;
  bool has_spun_now;
  tasks->was_block_short = true;
  assert_int_equal(handoff_port_get(&f->port, &req, &slot, &item, on_cancelled), 0);
  has_spun_now = !tasks->was_block_short;
  assert_int_equal(handoff_cancel(&req), 0);
  return has_spun_now;
}

static bool spun; /* in the callback of another request */

static void on_first(handoff_req_t *first, int status) {
  assert_int_equal(status, 0);
  spun = has_spun(first->data);
}

static bool spins_in_callback(loop_fixture_t *f, handoff_req_cb on_first_done) {
  handoff_req_t first = {.data = f};
  uint64_t number = 1;
  assert_int_equal(handoff_port_put(&f->port, &first, &slot, &number, on_first_done), 0);
  slot_get_items(&slot, 1, 1);
  for (got = 0; got == 0;) {
    uv_run(&f->loop, UV_RUN_ONCE);
  }
  return spun;
}

static void a_request_spins_only_in_a_callback(void **state) {
  loop_fixture_t *f = *state;
  make_slot(f);
  assert_true(spins_in_callback(f, on_first));
  assert_false(has_spun(f));
  loop_run(&f->loop);
  assert_int_equal(got, 2);
  handoff_slot_destroy(&slot);
}

static void a_request_does_not_spin_if_spinning_is_forbidden(void **state) {
  loop_fixture_t *f = *state;
  make_slot(f);
  assert_int_equal(handoff_port_set_spin(&f->port, false), 0);
  assert_false(spins_in_callback(f, on_first));
  handoff_slot_destroy(&slot);
}

static void on_idle(uv_idle_t *idle) { (void)idle; }

static void a_request_does_not_spin_while_another_handle_is_due(void **state) {
  loop_fixture_t *f = *state;
  static uv_idle_t idle; /* tear-down runs the loop until it is closed */
  make_slot(f);
  assert_int_equal(uv_idle_init(&f->loop, &idle), 0);
  assert_int_equal(uv_idle_start(&idle, on_idle), 0);
  assert_false(spins_in_callback(f, on_first));
  uv_close((uv_handle_t *)&idle, NULL);
  handoff_slot_destroy(&slot);
}

static struct handoff__task other_task;

static void on_other_task(struct handoff__task *task) { (void)task; }

static void run_post(void *tasks) {
  other_task.run = on_other_task;
  handoff__task_queue_post(tasks, &other_task);
}

static void on_first_post(handoff_req_t *first, int status) {
  loop_fixture_t *f = first->data;
  run_post(&f->port.impl->tasks);
  on_first(first, status);
}

static void on_first_post_from_thread(handoff_req_t *first, int status) {
  loop_fixture_t *f = first->data;
  uv_thread_t thread;
  assert_int_equal(uv_thread_create(&thread, run_post, &f->port.impl->tasks), 0);
  assert_int_equal(uv_thread_join(&thread), 0);
  on_first(first, status);
}

static void a_request_does_not_spin_while_another_task_is_posted(void **state) {
  loop_fixture_t *f = *state;
  make_slot(f);
  assert_false(spins_in_callback(f, on_first_post));
  assert_false(spins_in_callback(f, on_first_post_from_thread));
  handoff_slot_destroy(&slot);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      loop_test(every_item_arrives_in_order_with_and_without_spinning),
      loop_test(spinning_is_allowed_at_first_but_never_on_one_cpu),
      loop_test(a_block_is_short_if_another_thread_ends_it_soon),
      loop_test(a_block_is_not_short_if_the_loop_itself_puts),
      loop_test(a_request_spins_only_in_a_callback),
      loop_test(a_request_does_not_spin_if_spinning_is_forbidden),
      loop_test(a_request_does_not_spin_while_another_handle_is_due),
      loop_test(a_request_does_not_spin_while_another_task_is_posted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

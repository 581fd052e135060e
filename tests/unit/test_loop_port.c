/* unit.port: the life of a port: what keeps its loop alive, closing, and its turns among other handles. */

#include <string.h>

#include "lib/bounded.h"
#include "lib/loop.h"
#include "loop/port.h"

#define JOBS 2000

static handoff_slot_t slot;
static handoff_req_t req;
static uint64_t item;
static int status_seen;
static unsigned done;
static unsigned closed;
static bool is_calling; /* a library call is under way: no callback may come */

static void make(size_t capacity) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  options.capacity = capacity;
  assert_int_equal(handoff_slot_init(&slot, &options), 0);
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

static void on_closed(handoff_port_t *port) {
  assert_false(is_calling);
  assert_int_equal(handoff_port_close(port, NULL), UV_EINVAL); /* the memory is ours again */
  memset(port, 0xaa, sizeof *port);
  closed++;
}

static void get(loop_fixture_t *f) {
  assert_int_equal(handoff_port_get(&f->port, &req, &slot, &item, on_done), 0);
}

static void close_port(loop_fixture_t *f) {
  is_calling = true;
  assert_int_equal(handoff_port_close(&f->port, on_closed), 0);
  is_calling = false;
  f->has_port = false;
}

static void run(loop_fixture_t *f) { assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0); }

/* ------------------------------------------------------------------------ keeping it alive -- */

static void an_idle_port_does_not_keep_the_loop_alive(void **state) {
  loop_fixture_t *f = *state;
  assert_int_equal(uv_loop_alive(&f->loop), 0);
  run(f);
}

static void a_pending_request_keeps_the_loop_alive_until_its_callback(void **state) {
  loop_fixture_t *f = *state;
  make(1);
  get(f);
  assert_int_not_equal(uv_loop_alive(&f->loop), 0);
  assert_int_not_equal(uv_run(&f->loop, UV_RUN_NOWAIT), 0);
  assert_int_equal(handoff_slot_put(&slot, &item), 0);
  assert_int_not_equal(uv_loop_alive(&f->loop), 0);
  run(f);
  assert_int_equal(done, 1);
  assert_int_equal(uv_loop_alive(&f->loop), 0);
  handoff_slot_destroy(&slot);
}

static void an_unreferenced_port_does_not_keep_the_loop_alive(void **state) {
  loop_fixture_t *f = *state;
  make(1);
  handoff_port_unref(&f->port);
  get(f);
  assert_int_equal(uv_loop_alive(&f->loop), 0);
  run(f);
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
  run(f);
  assert_int_equal(done, 1);
  handoff_port_unref(&f->port);
  handoff_port_ref(&f->port);
  assert_int_equal(uv_loop_alive(&f->loop), 0); /* referenced, but idle */
  handoff_slot_destroy(&slot);
}

static void an_unreferenced_port_closes_all_the_same(void **state) {
  loop_fixture_t *f = *state;
  make(1);
  handoff_port_unref(&f->port);
  get(f);
  close_port(f);
  run(f);
  assert_int_equal(status_seen, UV_ECANCELED);
  assert_int_equal(closed, 1);
  handoff_slot_destroy(&slot);
}

/* ---------------------------------------------------------------------------------- close -- */

static void close_calls_back_once_from_the_loop(void **state) {
  loop_fixture_t *f = *state;
  make(1);
  close_port(f);
  assert_int_equal(closed, 0);
  run(f);
  assert_int_equal(closed, 1);
  handoff_slot_destroy(&slot);
}

static void a_closing_port_refuses_everything(void **state) {
  loop_fixture_t *f = *state;
  make(1);
  close_port(f);
  assert_int_equal(handoff_port_close(&f->port, NULL), UV_EINVAL);
  assert_int_equal(handoff_port_get(&f->port, &req, &slot, &item, on_done), UV_ECANCELED);
  assert_int_equal(handoff_port_put(&f->port, &req, &slot, &item, on_done), UV_ECANCELED);
  run(f);
  assert_int_equal(done, 0);
  assert_int_equal(closed, 1);
  assert_int_equal(handoff_slot_try_get(&slot, &item), UV_EAGAIN);
  handoff_slot_destroy(&slot);
}

static void close_cancels_what_waits_and_lets_the_rest_end_first(void **state) {
  static handoff_req_t reqs[4];
  uint64_t items[4] = {1, 2, 3, 4};
  loop_fixture_t *f = *state;
  size_t i;
  make(1);
  memset(reqs, 0, sizeof reqs);
  for (i = 0; i < 4; i++) {
    assert_int_equal(handoff_port_put(&f->port, &reqs[i], &slot, &items[i], on_done), 0);
  }
  assert_int_equal(handoff_slot_get(&slot, &item), 0); /* 1 and 2 have been put, 3 and 4 wait */
  close_port(f);
  run(f);
  assert_int_equal(done, 4);
  assert_int_equal(closed, 1); /* after them: on_done has checked that */
  assert_int_equal(reqs[0].waiter.status, 0);
  assert_int_equal(reqs[1].waiter.status, 0);
  assert_int_equal(reqs[2].waiter.status, UV_ECANCELED);
  assert_int_equal(reqs[3].waiter.status, UV_ECANCELED);
  assert_int_equal(handoff_slot_get(&slot, &item), 0);
  assert_int_equal(item, 2);
  assert_int_equal(handoff_slot_try_get(&slot, &item), UV_EAGAIN);
  handoff_slot_destroy(&slot);
}

static void on_done_close(handoff_req_t *r, int status) {
  on_done(r, status);
  assert_int_equal(handoff_port_close(r->port, on_closed), 0);
  assert_int_equal(handoff_port_get(r->port, r, &slot, &item, on_done), UV_ECANCELED);
}

static void a_port_may_be_closed_in_a_callback(void **state) {
  static handoff_req_t other;
  loop_fixture_t *f = *state;
  uint64_t other_item = 0;
  make(1);
  memset(&other, 0, sizeof other);
  assert_int_equal(handoff_port_put(&f->port, &req, &slot, &item, on_done_close), 0);
  assert_int_equal(handoff_port_put(&f->port, &other, &slot, &other_item, on_done), 0);
  f->has_port = false;
  run(f);
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
  make(1);
  assert_int_equal(handoff_port_close(&f->port, on_closed_init), 0);
  run(f);
  assert_int_equal(closed, 1);
  get(f); /* by the new one, which tear-down closes */
  assert_int_equal(handoff_slot_put(&slot, &item), 0);
  closed = 0;
  run(f);
  assert_int_equal(done, 1);
  handoff_slot_destroy(&slot);
}

/* ---------------------------------------------------------------------------------- turns -- */

typedef struct {
  struct handoff__task job; /* first: the job is the counter */
  unsigned runs;
} counter_t;

static counter_t counters[JOBS];
static unsigned jobs_run;
static unsigned turns; /* of another handle of the loop */
static unsigned run_by_last_turn;
static unsigned most_in_a_turn;
static uint64_t job_ns; /* that a job takes at least */

static void on_job(struct handoff__task *job) {
  const uint64_t end_ns = uv_hrtime() + job_ns;
  counter_t *counter = (counter_t *)job;
  while (uv_hrtime() < end_ns) {
  }
  assert_int_equal(counter - counters, jobs_run); /* in the order of posting */
  counter->runs++;
  jobs_run++;
}

static void on_idle(uv_idle_t *idle) {
  const unsigned in_this_turn = jobs_run - run_by_last_turn;
  most_in_a_turn = in_this_turn > most_in_a_turn ? in_this_turn : most_in_a_turn;
  run_by_last_turn = jobs_run;
  if (jobs_run == JOBS) {
    uv_close((uv_handle_t *)idle, NULL);
  }
}

/* All jobs are there at once. */
static void run_all(loop_fixture_t *f) {
  uv_idle_t idle;
  size_t i;
  memset(counters, 0, sizeof counters);
  jobs_run = 0;
  run_by_last_turn = 0;
  most_in_a_turn = 0;
  for (i = 0; i < JOBS; i++) {
    counters[i].job.run = on_job;
    handoff__port_post(f->port.impl, &counters[i].job);
  }
  assert_int_equal(uv_idle_init(&f->loop, &idle), 0);
  assert_int_equal(uv_idle_start(&idle, on_idle), 0);
  run(f);
  assert_int_equal(jobs_run, JOBS);
  for (i = 0; i < JOBS; i++) {
    assert_int_equal(counters[i].runs, 1);
  }
}

/* However long they take on this machine: a turn is over 100 us after its first job. */
static void many_jobs_at_once_do_not_keep_other_handles_from_their_turns(void **state) {
  job_ns = 20000;
  run_all(*state);
  assert_true(most_in_a_turn <= 6);
}

static void slow_jobs_do_so_even_less(void **state) {
  job_ns = 100000;
  run_all(*state);
  assert_true(most_in_a_turn <= 2);
}

static handoff_port_t *posting_to; /* NULL: enough */

static void on_job_again(struct handoff__task *job) {
  jobs_run++;
  if (posting_to != NULL) {
    handoff__port_post(posting_to->impl, job);
  }
}

static void on_idle_enough(uv_idle_t *idle) {
  if (++turns == 10) {
    posting_to = NULL;
    uv_close((uv_handle_t *)idle, NULL);
  }
}

static void a_job_that_posts_itself_for_ever_does_not_starve_the_loop(void **state) {
  loop_fixture_t *f = *state;
  struct handoff__task job = {.run = on_job_again};
  uv_idle_t idle;
  jobs_run = 0;
  turns = 0;
  posting_to = &f->port;
  assert_int_equal(uv_idle_init(&f->loop, &idle), 0);
  assert_int_equal(uv_idle_start(&idle, on_idle_enough), 0);
  handoff__port_post(f->port.impl, &job);
  run(f);
  uv_run(&f->loop, UV_RUN_NOWAIT); /* the last one */
  assert_int_equal(turns, 10);
  assert_true(jobs_run >= 9);
}

/* ------------------------------------------------------------------------------ posting threads -- */

#define POSTERS 4
#define POSTS 500

static handoff_slot_t posted;
static uv_barrier_t barrier;

static void run_poster(void *arg) {
  uint64_t mine = (uint64_t)(uintptr_t)arg;
  uint64_t i;
  (void)uv_barrier_wait(&barrier);
  for (i = 0; i < POSTS; i++) {
    uint64_t out = mine << 32 | i;
    if (handoff_slot_put(&posted, &out) != 0) {
      abort();
    }
  }
}

static uint64_t next_of[POSTERS];

static void on_got(handoff_req_t *r, int status) {
  assert_int_equal(status, 0);
  assert_int_equal(item & 0xffffffff, next_of[item >> 32]++);
  if (++done != POSTERS * POSTS) {
    assert_int_equal(handoff_port_get(r->port, r, &posted, &item, on_got), 0);
  }
}

/* If a send were lost, this would hang. */
static void no_wake_is_lost(void **state) {
  loop_fixture_t *f = *state;
  size_t capacity;
  for (capacity = 0; capacity <= 2; capacity++) {
    handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
    uv_thread_t threads[POSTERS];
    uintptr_t i;
    make(1);
    options.capacity = capacity;
    assert_int_equal(handoff_slot_init(&posted, &options), 0);
    assert_int_equal(uv_barrier_init(&barrier, POSTERS), 0);
    memset(next_of, 0, sizeof next_of);
    for (i = 0; i < POSTERS; i++) {
      assert_int_equal(uv_thread_create(&threads[i], run_poster, (void *)i), 0);
    }
    assert_int_equal(handoff_port_get(&f->port, &req, &posted, &item, on_got), 0);
    run(f);
    assert_int_equal(done, POSTERS * POSTS);
    for (i = 0; i < POSTERS; i++) {
      assert_int_equal(uv_thread_join(&threads[i]), 0);
    }
    uv_barrier_destroy(&barrier);
    handoff_slot_destroy(&posted);
    handoff_slot_destroy(&slot);
  }
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      loop_test(an_idle_port_does_not_keep_the_loop_alive),
      loop_test(a_pending_request_keeps_the_loop_alive_until_its_callback),
      loop_test(an_unreferenced_port_does_not_keep_the_loop_alive),
      loop_test(an_unreferenced_port_closes_all_the_same),
      loop_test(close_calls_back_once_from_the_loop),
      loop_test(a_closing_port_refuses_everything),
      loop_test(close_cancels_what_waits_and_lets_the_rest_end_first),
      loop_test(a_port_may_be_closed_in_a_callback),
      loop_test(the_memory_may_be_used_again_in_the_close_callback),
      loop_test(many_jobs_at_once_do_not_keep_other_handles_from_their_turns),
      loop_test(slow_jobs_do_so_even_less),
      loop_test(a_job_that_posts_itself_for_ever_does_not_starve_the_loop),
      loop_test(no_wake_is_lost),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

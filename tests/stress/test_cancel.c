/* stress.cancel: a loop cancels requests, or closes their port, at a random moment, while a thread
 * uses the other side of the slot. */

#include "stress/call_variants.h"

typedef struct peer_s {
  tracked_slot_t tracked;
  uv_thread_t thread;
  handoff_side_t side; /* that the thread uses; the loop uses the other one */
  size_t done;         /* by the thread */
} peer_t;

static void run_peer(void *arg) {
  peer_t *self = arg;
  rng_t rng = rng_new(2000003);
  uint64_t item = 1;
  int err;

  do {
    err = tracked_call(&self->tracked, &rng, TRY | UNTIL, self->side, &item);
    self->done += err == 0;
    rng_busy_wait(&rng, 1000);
  } while (err != UV_EOF && err != UV_EPIPE);
}

static void start_peer(peer_t *peer, size_t capacity) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  options.capacity = capacity;
  assert_int_equal(handoff_slot_init(&peer->tracked.slot, &options), 0);
  assert_int_equal(uv_thread_create(&peer->thread, run_peer, peer), 0);
}

/* `done`: the successful callbacks of the loop. Each put of one side is a get of the other. */
static void end_peer(peer_t *peer, size_t done) {
  uint64_t item;

  tracked_shut(&peer->tracked);
  assert_int_equal(uv_thread_join(&peer->thread), 0);
  while (handoff_slot_try_get(&peer->tracked.slot, &item) == 0) {
    done++; /* put by the thread; a thread that gets has drained the slot */
  }
  assert_int_equal(peer->done, done);
  handoff_slot_destroy(&peer->tracked.slot);
}

static void on_done(handoff_req_t *req, int status) { *(int *)req->data = status; }

static void submit(handoff_port_t *port, handoff_req_t *req, peer_t *peer, uint64_t *item) {
  handoff_slot_t *slot = &peer->tracked.slot;
  int err = peer->side == HANDOFF_CONSUMER ? handoff_port_put(port, req, slot, item, on_done)
                                           : handoff_port_get(port, req, slot, item, on_done);
  assert_int_equal(err, 0);
}

static void cancel_many(uv_loop_t *loop, handoff_port_t *port, handoff_side_t side,
                        size_t capacity) {
  peer_t peer = {.side = side};
  stress_series_t series = stress_series(60000);
  rng_t rng = rng_new(2000004);
  uint64_t item = 1;
  size_t done = 0;
  int status;
  handoff_req_t req = {.data = &status};

  start_peer(&peer, capacity);
  while (stress_next(&series)) {
    int err;
    status = 1;
    submit(port, &req, &peer, &item);
    rng_busy_wait(&rng, 4000);
    err = handoff_cancel(&req);
    assert_int_equal(status, 1); /* no callback runs inside the call */
    uv_run(loop, UV_RUN_DEFAULT);
    assert_int_equal(status, err == 0 ? UV_ECANCELED : 0);
    assert_true(err == 0 || err == UV_EBUSY);
    done += status == 0;
  }
  end_peer(&peer, done);
}

static void test_a_cancelled_request_has_transferred_nothing(void **state) {
  handoff_port_t port;
  uv_loop_t loop;
  size_t i;
  (void)state;

  assert_int_equal(uv_loop_init(&loop), 0);
  assert_int_equal(handoff_port_init(&loop, &port), 0);
  for (i = 0; i < 4; i++) {
    cancel_many(&loop, &port, i % 2 == 0 ? HANDOFF_CONSUMER : HANDOFF_PRODUCER, i / 2);
  }
  assert_int_equal(handoff_port_close(&port, NULL), 0);
  assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(uv_loop_close(&loop), 0);
}

/* The port and its memory go out of scope in each round, while the thread may be waking it. */
static void test_closing_a_port_races_with_transfers(void **state) {
  peer_t peer = {.side = HANDOFF_PRODUCER};
  stress_series_t series = stress_series(20000);
  rng_t rng = rng_new(2000005);
  uint64_t item;
  size_t done = 0;
  uv_loop_t loop;
  (void)state;

  assert_int_equal(uv_loop_init(&loop), 0);
  start_peer(&peer, 0);
  while (stress_next(&series)) {
    int status = 1;
    handoff_req_t req = {.data = &status};
    handoff_port_t port;
    assert_int_equal(handoff_port_init(&loop, &port), 0);
    submit(&port, &req, &peer, &item);
    rng_busy_wait(&rng, 4000);
    assert_int_equal(handoff_port_close(&port, NULL), 0);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_true(status == 0 || status == UV_ECANCELED);
    done += status == 0;
  }
  end_peer(&peer, done);
  assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      bounded_test(test_a_cancelled_request_has_transferred_nothing),
      bounded_test(test_closing_a_port_races_with_transfers),
  };
  return stress_run("cancel", tests);
}

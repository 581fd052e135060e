/* stress.cancel: a loop takes requests back, or closes their port, at a random moment, against a thread at the
 * slot's other end. */

#include <string.h>

#include "stress/ways.h"

typedef struct duel_s {
  gated_t gated;
  size_t taken; /* by the thread */
  size_t given;
  bool puts; /* the loop puts, the thread gets */
} duel_t;

static void duel(void *arg) {
  duel_t *self = arg;
  dice_t dice = dice_new(2000003);
  uint64_t item = 1;
  int err = 0;

  while (err != UV_EOF && err != UV_EPIPE) {
    if (self->puts) {
      err = ways_get(&self->gated, &dice, TRY | UNTIL, &item);
      self->taken += err == 0;
    } else {
      err = ways_put(&self->gated, &dice, TRY | UNTIL, &item);
      self->given += err == 0;
    }
    dice_dawdle(&dice, 1000);
  }
}

static void on_duel_done(handoff_req_t *req, int status) { *(int *)req->data = status; }

static void run_duel(uv_loop_t *loop, handoff_port_t *port, bool puts, size_t capacity) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  duel_t opponent = {.puts = puts};
  size_t rounds = dice_scaled(60000);
  dice_t dice = dice_new(2000004);
  size_t done = 0;
  uint64_t item = 1;
  handoff_req_t req;
  uv_thread_t thread;
  int status;

  options.capacity = capacity;
  assert_int_equal(handoff_slot_init(&opponent.gated.slot, &options), 0);
  assert_int_equal(uv_thread_create(&thread, duel, &opponent), 0);
  memset(&req, 0, sizeof req);
  req.data = &status;
  while (rounds-- != 0) {
    int err = puts ? handoff_port_put(port, &req, &opponent.gated.slot, &item, on_duel_done)
                   : handoff_port_get(port, &req, &opponent.gated.slot, &item, on_duel_done);
    assert_int_equal(err, 0);
    status = 1;
    dice_dawdle(&dice, 4000);
    err = handoff_cancel(&req);
    assert_int_equal(status, 1); /* not from in there */
    uv_run(loop, UV_RUN_DEFAULT);
    assert_int_equal(status, err == 0 ? UV_ECANCELED : 0);
    assert_true(err == 0 || err == UV_EBUSY);
    done += status == 0;
  }
  ways_shut(&opponent.gated);
  assert_int_equal(uv_thread_join(&thread), 0);
  if (puts) {
    assert_int_equal(opponent.taken, done); /* what was left has been drained */
  } else {
    while (handoff_slot_try_get(&opponent.gated.slot, &item) == 0) {
      done++;
    }
    assert_int_equal(opponent.given, done);
  }
  handoff_slot_destroy(&opponent.gated.slot);
}

static void test_cancel_races_with_hand_offs(void **state) {
  handoff_port_t port;
  uv_loop_t loop;
  size_t i;
  (void)state;

  assert_int_equal(uv_loop_init(&loop), 0);
  assert_int_equal(handoff_port_init(&loop, &port), 0);
  for (i = 0; i < 4; i++) {
    run_duel(&loop, &port, i % 2 == 0, i / 2);
  }
  assert_int_equal(handoff_port_close(&port, NULL), 0);
  assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(uv_loop_close(&loop), 0);
}

/* ------------------------------------------------------------------- close against hand-off -- */

/* The port is gone, its memory too, as soon as the loop has seen to it; who hands over to it is not told. */
static void test_close_races_with_hand_offs(void **state) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  duel_t opponent = {.puts = false};
  size_t rounds = dice_scaled(20000);
  dice_t dice = dice_new(2000005);
  uint64_t done = 0;
  uint64_t item = 1;
  uv_thread_t thread;
  uv_loop_t loop;
  (void)state;

  options.capacity = 0;
  assert_int_equal(uv_loop_init(&loop), 0);
  assert_int_equal(handoff_slot_init(&opponent.gated.slot, &options), 0);
  assert_int_equal(uv_thread_create(&thread, duel, &opponent), 0);
  while (rounds-- != 0) {
    int status = 1;
    handoff_req_t req = {.data = &status};
    handoff_port_t port;
    assert_int_equal(handoff_port_init(&loop, &port), 0);
    assert_int_equal(handoff_port_get(&port, &req, &opponent.gated.slot, &item, on_duel_done), 0);
    dice_dawdle(&dice, 4000);
    assert_int_equal(handoff_port_close(&port, NULL), 0);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_true(status == 0 || status == UV_ECANCELED);
    done += status == 0;
  }
  ways_shut(&opponent.gated);
  assert_int_equal(uv_thread_join(&thread), 0);
  assert_int_equal(opponent.given, done);
  handoff_slot_destroy(&opponent.gated.slot);
  assert_int_equal(uv_loop_close(&loop), 0);
}

static int set_up(void **state) {
  (void)state;
  bounded_start();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_cancel_races_with_hand_offs, set_up),
      cmocka_unit_test_setup(test_close_races_with_hand_offs, set_up),
  };
  dice_start();
  return cmocka_run_group_tests_name("stress.cancel", tests, NULL, NULL);
}

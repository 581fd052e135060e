/* handoff: a slot between a thread and a loop with a port.
 *
 *   toloop    a thread puts (handoff_slot_put) and a loop gets (handoff_port_get): ns per item
 *   fromloop  a loop puts (handoff_port_put) and a thread gets (handoff_slot_get): ns per item
 *   sameloop  a loop puts and gets: ns per item
 *
 * Each direction has one request, which its callback issues again. In toloop and fromloop the
 * callback first transfers up to `budget` items that need no wait, as an application does for
 * throughput. sameloop measures requests only. */

#include <handoff.h>
#include <string.h>

#include "harness.h"

struct loop_state {
  handoff_slot_t slot;
  uint64_t items;
  unsigned budget; /* bounds a callback, so that the loop's other handles run */
  bool puts;       /* whether the loop puts */
  bool gets;       /* whether the loop gets */
  /* Loop thread only. */
  uv_loop_t loop;
  handoff_port_t port;
  handoff_req_t put;
  handoff_req_t get;
  uint64_t put_item;
  uint64_t got_item;
  uint64_t sum;
  unsigned active; /* directions that have not finished */
};

static void finish(struct loop_state *state) {
  if (--state->active == 0) {
    harness_check(handoff_port_close(&state->port, NULL));
  }
}

static void on_put(handoff_req_t *req, int status) {
  struct loop_state *state = req->data;
  unsigned i;

  harness_check(status);
  for (i = 0; i < state->budget && state->put_item != state->items; i++) {
    uint64_t next = state->put_item + 1;
    int err = handoff_slot_try_put(&state->slot, &next);
    if (err == UV_EAGAIN) {
      break;
    }
    harness_check(err);
    state->put_item = next;
  }
  if (state->put_item == state->items) {
    finish(state);
    return;
  }
  state->put_item++;
  harness_check(handoff_port_put(&state->port, req, &state->slot, &state->put_item, on_put));
}

static void on_got(handoff_req_t *req, int status) {
  struct loop_state *state = req->data;
  unsigned i;

  harness_check(status);
  state->sum += state->got_item;
  for (i = 0; i < state->budget && state->got_item != state->items; i++) {
    int err = handoff_slot_try_get(&state->slot, &state->got_item);
    if (err == UV_EAGAIN) {
      break;
    }
    harness_check(err);
    state->sum += state->got_item;
  }
  if (state->got_item == state->items) {
    finish(state);
    return;
  }
  harness_check(handoff_port_get(&state->port, req, &state->slot, &state->got_item, on_got));
}

static void run_loop(struct harness_thread *self) {
  struct loop_state *state = self->arg;

  harness_check(handoff_port_init(&state->loop, &state->port));
  if (state->gets) {
    state->active++;
    state->get.data = state;
    harness_check(
        handoff_port_get(&state->port, &state->get, &state->slot, &state->got_item, on_got));
  }
  if (state->puts) {
    state->active++;
    state->put.data = state;
    state->put_item = 1;
    harness_check(
        handoff_port_put(&state->port, &state->put, &state->slot, &state->put_item, on_put));
  }
  (void)uv_run(&state->loop, UV_RUN_DEFAULT);
  self->sum = state->sum;
}

static void thread_puts(struct harness_thread *self) {
  struct loop_state *state = self->arg;
  uint64_t item;

  for (item = 1; item <= self->items; item++) {
    harness_check(handoff_slot_put(&state->slot, &item));
  }
}

static void thread_gets(struct harness_thread *self) {
  struct loop_state *state = self->arg;
  uint64_t sum = 0;
  uint64_t item = 0;

  while (item != self->items) {
    harness_check(handoff_slot_get(&state->slot, &item));
    sum += item;
  }
  self->sum = sum;
}

int main(int argc, char **argv) {
  struct harness_args args = harness_parse(argc, argv);
  bool is_same_loop = harness_is(&args, "sameloop");
  struct loop_state state;
  struct harness_thread threads[2] = {{.run = run_loop, .arg = &state, .items = args.items},
                                      {.arg = &state, .items = args.items}};
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  uint64_t ns;

  memset(&state, 0, sizeof state);
  state.items = args.items;
  state.budget = is_same_loop ? 0 : 64;
  state.puts = is_same_loop || harness_is(&args, "fromloop");
  state.gets = is_same_loop || harness_is(&args, "toloop");
  if (!state.puts && !state.gets) {
    harness_unsupported();
  }
  threads[1].run = state.gets ? thread_puts : thread_gets;
  options.capacity = args.number;
  harness_check(handoff_slot_init(&state.slot, &options));
  harness_check(uv_loop_init(&state.loop));
  ns = harness_run(threads, is_same_loop ? 1 : 2);
  harness_check(uv_loop_close(&state.loop));
  harness_check_sum(threads[0].sum + threads[1].sum, args.items);
  harness_print(ns, args.items);
  return 0;
}

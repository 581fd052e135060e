/* stress.exchange: two loops send tokens back and forth through two slots of any capacity. Both
 * slots are FIFO, so the tokens never change their order. */

#include "stress/stress.h"

#define TOKENS_MAX 24
#define GETS 2

typedef struct token_s {
  uint32_t id;
  uint32_t hops;
} token_t;

typedef struct put_s {
  handoff_req_t req;
  token_t token;
} put_t;

typedef struct looper_s {
  uv_thread_t thread;
  uv_loop_t loop;
  handoff_port_t port;
  handoff_slot_t *from;
  handoff_slot_t *to;
  uint32_t tokens;
  uint32_t hops_max;
  uint32_t index;   /* looper 0 sends first */
  uint32_t next_id; /* of the token that arrives next */
  uint32_t finished;
  handoff_req_t gets[GETS];
  token_t got[GETS];
  put_t puts[TOKENS_MAX][2]; /* a token may return before the callback of its put has run */
  size_t pending_gets;
} looper_t;

static void on_put(handoff_req_t *req, int status) {
  (void)req;
  CHECK(status == 0);
}

static void send_token(looper_t *self, token_t token) {
  put_t *put = &self->puts[token.id][token.hops / 2 % 2];
  put->token = token;
  CHECK(handoff_port_put(&self->port, &put->req, self->to, &put->token, on_put) == 0);
}

static void on_got(handoff_req_t *req, int status) {
  looper_t *self = req->data;
  token_t *got = &self->got[req - self->gets];
  token_t token = *got;

  if (status != 0) {
    CHECK(status == UV_EOF);
    self->pending_gets--;
    if (self->pending_gets == 0) {
      CHECK(handoff_port_close(&self->port, NULL) == 0);
    }
    return;
  }
  CHECK(token.id == self->next_id);
  CHECK(token.hops % 2 != self->index); /* the other loop sent it */
  self->next_id = (self->next_id + 1) % self->tokens;
  CHECK(handoff_port_get(&self->port, req, self->from, got, on_got) == 0);
  if (token.hops < self->hops_max) {
    token.hops++;
    send_token(self, token);
  } else if (++self->finished == self->tokens) {
    handoff_slot_shut(self->from);
    handoff_slot_shut(self->to);
  }
}

static void run_loop(void *arg) {
  looper_t *self = arg;
  uint32_t id;
  size_t i;

  CHECK(uv_loop_init(&self->loop) == 0);
  CHECK(handoff_port_init(&self->loop, &self->port) == 0);
  self->pending_gets = GETS;
  for (i = 0; i < GETS; i++) {
    self->gets[i].data = self;
    CHECK(handoff_port_get(&self->port, &self->gets[i], self->from, &self->got[i], on_got) == 0);
  }
  for (id = 0; self->index == 0 && id < self->tokens; id++) {
    token_t token = {id, 0};
    send_token(self, token);
  }
  CHECK(uv_run(&self->loop, UV_RUN_DEFAULT) == 0);
  CHECK(uv_loop_close(&self->loop) == 0);
}

static void exchange(size_t capacity, uint32_t tokens) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(token_t));
  looper_t *loopers = calloc(2, sizeof *loopers);
  handoff_slot_t slots[2];
  uint32_t i;

  assert_non_null(loopers);
  options.capacity = capacity;
  assert_int_equal(handoff_slot_init(&slots[0], &options), 0);
  assert_int_equal(handoff_slot_init(&slots[1], &options), 0);
  for (i = 0; i < 2; i++) {
    loopers[i].index = i;
    loopers[i].from = &slots[1 - i];
    loopers[i].to = &slots[i];
    loopers[i].tokens = tokens;
    loopers[i].hops_max = (uint32_t)stress_scaled(10000) / tokens | 1; /* odd: ends at looper 0 */
    assert_int_equal(uv_thread_create(&loopers[i].thread, run_loop, &loopers[i]), 0);
  }
  for (i = 0; i < 2; i++) {
    assert_int_equal(uv_thread_join(&loopers[i].thread), 0);
  }
  assert_int_equal(loopers[0].finished, tokens);
  handoff_slot_destroy(&slots[0]);
  handoff_slot_destroy(&slots[1]);
  free(loopers);
}

static void test_tokens_return_in_order_at_any_capacity(void **state) {
  static const size_t capacities[] = {0, 1, 16};
  static const uint32_t tokens[] = {1, 3, TOKENS_MAX};
  size_t i;
  (void)state;

  for (i = 0; i < COUNT_OF(capacities) * COUNT_OF(tokens); i++) {
    exchange(capacities[i % COUNT_OF(capacities)], tokens[i / COUNT_OF(capacities)]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {bounded_test(test_tokens_return_in_order_at_any_capacity)};
  return stress_run("exchange", tests);
}

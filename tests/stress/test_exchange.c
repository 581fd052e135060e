/* stress.exchange: two loops hand items to each other, through slots of any capacity. */

#include "stress/dice.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define TOKENS_MAX 24
#define GETS 2

/* Tokens go round between two loops. As both slots are first in, first out, they never change their order. */
typedef struct token_s {
  uint32_t id;
  uint32_t passes;
} token_t;

typedef struct player_s player_t;
typedef struct throw_s {
  handoff_req_t req;
  token_t token;
} throw_t;

struct player_s {
  uv_thread_t thread;
  uv_loop_t loop;
  handoff_port_t port;
  handoff_slot_t *from;
  handoff_slot_t *to;
  uint32_t tokens;
  uint32_t passes_max;
  uint32_t side;    /* 0 serves */
  uint32_t next_id; /* of the token that comes next */
  uint32_t finished;
  handoff_req_t gets[GETS];
  token_t got[GETS];
  /* Two for each token: one may come back before the callback of its put has run. */
  throw_t throws[TOKENS_MAX][2];
  size_t open; /* gets that wait */
};

static void on_thrown(handoff_req_t *req, int status) {
  (void)req;
  CHECK(status == 0);
}

static void throw_token(player_t *player, token_t token) {
  throw_t *throw = &player->throws[token.id][token.passes / 2 % 2];
  throw->token = token;
  CHECK(handoff_port_put(&player->port, &throw->req, player->to, &throw->token, on_thrown) == 0);
}

static void on_caught(handoff_req_t *req, int status) {
  player_t *player = req->data;
  token_t token = player->got[req - player->gets];

  if (status != 0) {
    CHECK(status == UV_EOF);
    player->open--;
    if (player->open == 0) {
      CHECK(handoff_port_close(&player->port, NULL) == 0);
    }
    return;
  }
  CHECK(token.id == player->next_id);
  CHECK(token.passes % 2 != player->side); /* it comes from the other one */
  player->next_id = (player->next_id + 1) % player->tokens;
  CHECK(handoff_port_get(&player->port, req, player->from, &player->got[req - player->gets],
                         on_caught) == 0);
  if (token.passes < player->passes_max) {
    token.passes++;
    throw_token(player, token);
  } else if (++player->finished == player->tokens) {
    handoff_slot_shut(player->from);
    handoff_slot_shut(player->to);
  }
}

static void play(void *arg) {
  player_t *player = arg;
  uint32_t id;
  size_t i;

  CHECK(uv_loop_init(&player->loop) == 0);
  CHECK(handoff_port_init(&player->loop, &player->port) == 0);
  player->open = GETS;
  for (i = 0; i < GETS; i++) {
    player->gets[i].data = player;
    CHECK(handoff_port_get(&player->port, &player->gets[i], player->from, &player->got[i],
                           on_caught) == 0);
  }
  for (id = 0; player->side == 0 && id < player->tokens; id++) {
    token_t token = {id, 0};
    throw_token(player, token);
  }
  CHECK(uv_run(&player->loop, UV_RUN_DEFAULT) == 0);
  CHECK(uv_loop_close(&player->loop) == 0);
}

static void test_loops_hand_to_each_other(void **state) {
  static const size_t rooms[] = {0, 1, 16};
  static const uint32_t counts[] = {1, 3, TOKENS_MAX};
  size_t i;
  (void)state;

  for (i = 0; i < COUNT_OF(rooms) * COUNT_OF(counts); i++) {
    player_t *players = calloc(2, sizeof *players);
    handoff_slot_options_t options = handoff_slot_options(sizeof(token_t));
    handoff_slot_t there;
    handoff_slot_t back;
    uint32_t side;

    assert_non_null(players);
    options.capacity = rooms[i % COUNT_OF(rooms)];
    assert_int_equal(handoff_slot_init(&there, &options), 0);
    assert_int_equal(handoff_slot_init(&back, &options), 0);
    for (side = 0; side < 2; side++) {
      players[side].side = side;
      players[side].from = side == 0 ? &back : &there;
      players[side].to = side == 0 ? &there : &back;
      players[side].tokens = counts[i / COUNT_OF(rooms)];
      /* odd: it comes to its end at side 0; about as many throws for each count */
      players[side].passes_max = (uint32_t)dice_scaled(10000) / players[side].tokens | 1;
      assert_int_equal(uv_thread_create(&players[side].thread, play, &players[side]), 0);
    }
    for (side = 0; side < 2; side++) {
      assert_int_equal(uv_thread_join(&players[side].thread), 0);
    }
    assert_int_equal(players[0].finished, players[0].tokens);
    handoff_slot_destroy(&there);
    handoff_slot_destroy(&back);
    free(players);
  }
}

static int set_up(void **state) {
  (void)state;
  bounded_start();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_loops_hand_to_each_other, set_up),
  };
  dice_start();
  return cmocka_run_group_tests_name("stress.exchange", tests, NULL, NULL);
}

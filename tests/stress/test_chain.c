/* stress.chain: items go through a chain of ten thousand slots. A stage takes from one slot and puts into the next;
 * a few loops work most of the stages, by requests, and threads of their own the others. Which stage is whose is
 * chance, so neighbours are of all kinds. Shutting goes from stage to stage, in either direction. */

#include <stdatomic.h>

#include "stress/dice.h"

#define STAGES 10000
#define THREAD_ODDS 50 /* a stage has a thread of its own, once in so many times */
#define CREWS 4
#define ITEMS 100

typedef struct chain_s chain_t;

/* A loop and its port: it works the stages that are its own. */
typedef struct crew_s {
  chain_t *chain;
  uv_thread_t thread;
  uv_loop_t loop;
  handoff_port_t port;
  size_t open; /* stages at work */
} crew_t;

typedef struct stage_s {
  chain_t *chain;
  handoff_slot_t *from;
  handoff_slot_t *to;
  crew_t *crew; /* NULL: it has a thread */
  uv_thread_t thread;
  /* Loop thread of its crew. */
  handoff_req_t req;
  uint64_t item;
} stage_t;

struct chain_s {
  size_t length;
  size_t limit; /* items to be put */
  handoff_slot_t *slots;
  stage_t *stages;
  crew_t crews[CREWS];
  uv_thread_t source;
  size_t put;         /* by the source */
  atomic_size_t left; /* items in the hands of stages that could not pass them on */
  size_t dropped;
};

/* From then on neither neighbour waits for it. */
static void leave(stage_t *stage, int status) {
  CHECK(status == UV_EOF || status == UV_EPIPE);
  if (status == UV_EPIPE) {
    (void)atomic_fetch_add(&stage->chain->left, 1);
  }
  handoff_slot_shut(stage->from);
  handoff_slot_shut(stage->to);
}

/* ------------------------------------------------------------------------- who works the stages -- */

static void work_alone(void *arg) {
  stage_t *stage = arg;
  uint64_t item;
  int err;

  while ((err = handoff_slot_get(stage->from, &item)) == 0 &&
         (err = handoff_slot_put(stage->to, &item)) == 0) {
  }
  leave(stage, err);
}

static void on_got(handoff_req_t *req, int status);

static void begin(stage_t *stage) {
  CHECK(handoff_port_get(&stage->crew->port, &stage->req, stage->from, &stage->item, on_got) == 0);
}

static void end(stage_t *stage, int status) {
  crew_t *crew = stage->crew;

  leave(stage, status);
  crew->open--;
  if (crew->open == 0) {
    CHECK(handoff_port_close(&crew->port, NULL) == 0);
  }
}

static void on_put(handoff_req_t *req, int status) {
  stage_t *stage = req->data;

  if (status == 0) {
    begin(stage);
  } else {
    end(stage, status);
  }
}

static void on_got(handoff_req_t *req, int status) {
  stage_t *stage = req->data;

  if (status == 0) {
    CHECK(handoff_port_put(&stage->crew->port, req, stage->to, &stage->item, on_put) == 0);
  } else {
    end(stage, status);
  }
}

static void work_together(void *arg) {
  crew_t *crew = arg;
  chain_t *chain = crew->chain;
  size_t i;

  CHECK(uv_loop_init(&crew->loop) == 0);
  CHECK(handoff_port_init(&crew->loop, &crew->port) == 0);
  for (i = 0; i < chain->length; i++) {
    if (chain->stages[i].crew == crew) {
      crew->open++;
      begin(&chain->stages[i]);
    }
  }
  if (crew->open == 0) {
    CHECK(handoff_port_close(&crew->port, NULL) == 0);
  }
  CHECK(uv_run(&crew->loop, UV_RUN_DEFAULT) == 0);
  CHECK(uv_loop_close(&crew->loop) == 0);
}

static void put_all(void *arg) {
  chain_t *chain = arg;
  uint64_t item = 1;
  int err = 0;

  while (chain->put < chain->limit && (err = handoff_slot_put(&chain->slots[0], &item)) == 0) {
    item++;
    chain->put++;
  }
  CHECK(err == 0 || err == UV_EPIPE);
  handoff_slot_shut(&chain->slots[0]);
}

/* --------------------------------------------------------------------------------------- a chain -- */

static void on_drop(void *item, void *arg) {
  (void)item;
  ++*(size_t *)arg;
}

static void lay(chain_t *chain, dice_t *dice) {
  uv_thread_options_t small = {.flags = UV_THREAD_HAS_STACK_SIZE, .stack_size = (size_t)256 * 1024};
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  size_t threads = 0;
  size_t i;

  chain->slots = calloc(chain->length + 1, sizeof *chain->slots);
  chain->stages = calloc(chain->length, sizeof *chain->stages);
  assert_true(chain->slots != NULL && chain->stages != NULL);
  options.drop = on_drop;
  options.drop_arg = &chain->dropped;
  for (i = 0; i <= chain->length; i++) {
    options.capacity = dice_below(dice, 3);
    assert_int_equal(handoff_slot_init(&chain->slots[i], &options), 0);
  }
  for (i = 0; i < chain->length; i++) {
    stage_t *stage = &chain->stages[i];
    stage->chain = chain;
    stage->from = &chain->slots[i];
    stage->to = &chain->slots[i + 1];
    stage->req.data = stage;
    if (dice_hit(dice, THREAD_ODDS)) {
      assert_int_equal(uv_thread_create_ex(&stage->thread, &small, work_alone, stage), 0);
      threads++;
    } else {
      stage->crew = &chain->crews[dice_below(dice, CREWS)];
    }
  }
  for (i = 0; i < CREWS; i++) {
    chain->crews[i].chain = chain;
    assert_int_equal(uv_thread_create(&chain->crews[i].thread, work_together, &chain->crews[i]), 0);
  }
  assert_int_equal(uv_thread_create(&chain->source, put_all, chain), 0);
  printf("%zu stages, %zu of them threads; ", chain->length, threads);
}

/* Takes what comes out, in order, until there is no more. Returns: how many. */
static size_t take(chain_t *chain, size_t most) {
  handoff_slot_t *mouth = &chain->slots[chain->length];
  size_t taken = 0;
  uint64_t item;
  int err;

  while ((err = handoff_slot_get(mouth, &item)) == 0) {
    CHECK(item == ++taken);
    if (taken == most) {
      handoff_slot_shut(mouth);
    }
  }
  CHECK(err == UV_EOF);
  return taken;
}

static void take_up(chain_t *chain) {
  size_t i;

  assert_int_equal(uv_thread_join(&chain->source), 0);
  for (i = 0; i < chain->length; i++) {
    if (chain->stages[i].crew == NULL) {
      assert_int_equal(uv_thread_join(&chain->stages[i].thread), 0);
    }
  }
  for (i = 0; i < CREWS; i++) {
    assert_int_equal(uv_thread_join(&chain->crews[i].thread), 0);
  }
  for (i = 0; i <= chain->length; i++) {
    handoff_slot_destroy(&chain->slots[i]);
  }
  free(chain->stages);
  free(chain->slots);
}

static void run_chain(dice_t dice, size_t length, size_t limit, size_t most) {
  chain_t chain = {.length = length, .limit = limit};
  size_t taken;

  lay(&chain, &dice);
  taken = take(&chain, most);
  take_up(&chain);
  printf("%zu items put, %zu came out, %zu left on the way\n", chain.put, taken, chain.put - taken);
  assert_int_equal(chain.put, taken + chain.left + chain.dropped);
  assert_true(taken >= (most < limit ? most : limit));
  if (limit <= most) {
    assert_int_equal(taken, limit);
  }
}

static void test_the_end_comes_down_the_chain(void **state) {
  (void)state;
  run_chain(dice_new(3000003), dice_scaled(STAGES), ITEMS, SIZE_MAX);
}

/* Who takes the items goes away: everybody up to the source is told. A stage learns of it when it puts, so that takes
 * about one more item for each stage, and all of them together the square of the length. */
static void test_the_end_goes_up_the_chain(void **state) {
  (void)state;
  run_chain(dice_new(3000004), dice_scaled(STAGES / 10), SIZE_MAX, ITEMS);
}

static int set_up(void **state) {
  (void)state;
  bounded_start();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_the_end_comes_down_the_chain, set_up),
      cmocka_unit_test_setup(test_the_end_goes_up_the_chain, set_up),
  };
  dice_start();
  return cmocka_run_group_tests_name("stress.chain", tests, NULL, NULL);
}

/* stress.chain: items pass through a chain of ten thousand slots. Each stage gets from one slot and
 * puts into the next. A few loops run most of the stages with requests; the others have a thread
 * each. Stages are assigned at random, so every kind of neighbour occurs. A shut passes from stage
 * to stage in either direction. */

#include "stress/stress.h"

#define STAGES 10000
#define THREAD_ODDS 50 /* one stage in so many has its own thread */
#define LOOPS 4
#define ITEMS 100

typedef struct chain_s chain_t;

/* A loop that runs the stages assigned to it. */
typedef struct looper_s {
  chain_t *chain;
  uv_thread_t thread;
  uv_loop_t loop;
  handoff_port_t port;
  size_t running; /* stages */
} looper_t;

typedef struct stage_s {
  chain_t *chain;
  handoff_slot_t *from;
  handoff_slot_t *to;
  looper_t *looper; /* NULL: the stage has a thread */
  uv_thread_t thread;
  /* The looper's thread only. */
  handoff_req_t req;
  uint64_t item;
} stage_t;

struct chain_s {
  size_t length;
  size_t limit; /* items to put */
  handoff_slot_t *slots;
  stage_t *stages;
  looper_t loopers[LOOPS];
  uv_thread_t source;
  size_t put;            /* by the source */
  atomic_size_t refused; /* items that a stage could not put */
  atomic_size_t dropped;
};

/* Shuts both slots, so that neither neighbour waits for this stage any longer. */
static void leave(stage_t *stage, int status) {
  CHECK(status == UV_EOF || status == UV_EPIPE);
  if (status == UV_EPIPE) {
    (void)atomic_fetch_add(&stage->chain->refused, 1);
  }
  handoff_slot_shut(stage->from);
  handoff_slot_shut(stage->to);
}

/* ------------------------------------------------------------------------ how a stage is run -- */

static void run_stage(void *arg) {
  stage_t *stage = arg;
  uint64_t item;
  int err;

  do {
    err = handoff_slot_get(stage->from, &item);
    err = err == 0 ? handoff_slot_put(stage->to, &item) : err;
  } while (err == 0);
  leave(stage, err);
}

static void on_got(handoff_req_t *req, int status);

static void begin_get(stage_t *stage) {
  CHECK(handoff_port_get(&stage->looper->port, &stage->req, stage->from, &stage->item, on_got) ==
        0);
}

static void end_stage(stage_t *stage, int status) {
  looper_t *looper = stage->looper;

  leave(stage, status);
  looper->running--;
  if (looper->running == 0) {
    CHECK(handoff_port_close(&looper->port, NULL) == 0);
  }
}

static void on_put(handoff_req_t *req, int status) {
  stage_t *stage = req->data;

  if (status == 0) {
    begin_get(stage);
  } else {
    end_stage(stage, status);
  }
}

static void on_got(handoff_req_t *req, int status) {
  stage_t *stage = req->data;

  if (status == 0) {
    CHECK(handoff_port_put(req->port, req, stage->to, &stage->item, on_put) == 0);
  } else {
    end_stage(stage, status);
  }
}

static void run_loop(void *arg) {
  looper_t *looper = arg;
  chain_t *chain = looper->chain;
  size_t i;

  CHECK(uv_loop_init(&looper->loop) == 0);
  CHECK(handoff_port_init(&looper->loop, &looper->port) == 0);
  for (i = 0; i < chain->length; i++) {
    if (chain->stages[i].looper == looper) {
      looper->running++;
      begin_get(&chain->stages[i]);
    }
  }
  if (looper->running == 0) {
    CHECK(handoff_port_close(&looper->port, NULL) == 0);
  }
  CHECK(uv_run(&looper->loop, UV_RUN_DEFAULT) == 0);
  CHECK(uv_loop_close(&looper->loop) == 0);
}

static void run_source(void *arg) {
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

/* --------------------------------------------------------------------------------- the chain -- */

static void on_drop(void *item, void *arg) {
  (void)item;
  (void)atomic_fetch_add((atomic_size_t *)arg, 1);
}

static void create_slots(chain_t *chain, rng_t *rng) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  size_t i;

  chain->slots = calloc(chain->length + 1, sizeof *chain->slots);
  chain->stages = calloc(chain->length, sizeof *chain->stages);
  assert_true(chain->slots != NULL && chain->stages != NULL);
  options.drop = on_drop;
  options.drop_arg = &chain->dropped;
  for (i = 0; i <= chain->length; i++) {
    options.capacity = rng_below(rng, 3);
    assert_int_equal(handoff_slot_init(&chain->slots[i], &options), 0);
  }
}

static void start_chain(chain_t *chain, rng_t *rng) {
  uv_thread_options_t small = {.flags = UV_THREAD_HAS_STACK_SIZE, .stack_size = (size_t)256 * 1024};
  size_t i;

  for (i = 0; i < chain->length; i++) {
    stage_t *stage = &chain->stages[i];
    stage->chain = chain;
    stage->from = &chain->slots[i];
    stage->to = &chain->slots[i + 1];
    stage->req.data = stage;
    if (rng_one_in(rng, THREAD_ODDS)) {
      assert_int_equal(uv_thread_create_ex(&stage->thread, &small, run_stage, stage), 0);
    } else {
      stage->looper = &chain->loopers[rng_below(rng, LOOPS)];
    }
  }
  for (i = 0; i < LOOPS; i++) {
    looper_t *looper = &chain->loopers[i];
    looper->chain = chain;
    assert_int_equal(uv_thread_create(&looper->thread, run_loop, looper), 0);
  }
  assert_int_equal(uv_thread_create(&chain->source, run_source, chain), 0);
}

/* Gets items from the last slot until its end, and shuts it after `max` items. */
static size_t get_all(chain_t *chain, size_t max) {
  handoff_slot_t *last = &chain->slots[chain->length];
  size_t got = 0;
  uint64_t item;
  int err;

  while ((err = handoff_slot_get(last, &item)) == 0) {
    CHECK(item == ++got);
    if (got == max) {
      handoff_slot_shut(last);
    }
  }
  CHECK(err == UV_EOF);
  return got;
}

static void join_chain(chain_t *chain) {
  size_t i;

  assert_int_equal(uv_thread_join(&chain->source), 0);
  for (i = 0; i < chain->length; i++) {
    if (chain->stages[i].looper == NULL) {
      assert_int_equal(uv_thread_join(&chain->stages[i].thread), 0);
    }
  }
  for (i = 0; i < LOOPS; i++) {
    assert_int_equal(uv_thread_join(&chain->loopers[i].thread), 0);
  }
  for (i = 0; i <= chain->length; i++) {
    handoff_slot_destroy(&chain->slots[i]);
  }
  free(chain->stages);
  free(chain->slots);
}

static void run_chain(rng_t rng, size_t length, size_t limit, size_t max) {
  chain_t chain = {.length = length, .limit = limit};
  size_t got;

  create_slots(&chain, &rng);
  start_chain(&chain, &rng);
  got = get_all(&chain, max);
  join_chain(&chain);
  printf("%zu stages: %zu items put, %zu got\n", length, chain.put, got);
  assert_int_equal(chain.put, got + chain.refused + chain.dropped);
  assert_true(got >= (max < limit ? max : limit));
  if (limit <= max) {
    assert_int_equal(got, limit);
  }
}

static void test_the_end_of_the_items_reaches_the_last_slot(void **state) {
  (void)state;
  run_chain(rng_new(3000003), stress_scaled(STAGES), ITEMS, SIZE_MAX);
}

/* A stage learns of the shut when it puts. The whole chain therefore takes about one more item per
 * stage, and the work grows with the square of the length. */
static void test_a_shut_of_the_last_slot_reaches_the_source(void **state) {
  (void)state;
  run_chain(rng_new(3000004), stress_scaled(STAGES / 10), SIZE_MAX, ITEMS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      bounded_test(test_the_end_of_the_items_reaches_the_last_slot),
      bounded_test(test_a_shut_of_the_last_slot_reaches_the_source),
  };
  return stress_run("chain", tests);
}

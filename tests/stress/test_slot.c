/* stress.slot: many threads, one slot: who puts, gets, times out, shuts and destroys at any moment. */

#include <stdatomic.h>

#include "stress/book.h"
#include "stress/dice.h"
#include "stress/ways.h"

#define THREADS_MAX 16

typedef struct plan_s {
  size_t producers;
  size_t consumers;
  size_t capacity;
  size_t attempts;   /* of each producer */
  unsigned put_ways; /* of WAIT, TRY and UNTIL */
  unsigned get_ways;
  size_t shut_odds;    /* whoever has done something shuts the slot, once in so many times */
  size_t leave_odds;   /* a consumer leaves after an item, once in so many times */
  bool is_law_abiding; /* check the slot's law at every step */
} plan_t;

typedef struct run_s {
  plan_t plan;
  gated_t gated;
  book_t book;
  uv_barrier_t start;
  atomic_size_t putting; /* producers that have not left */
  atomic_size_t getting;
  atomic_size_t timeouts[2]; /* of puts, of gets */
  /* For the law. */
  atomic_size_t puts_done;
  atomic_size_t puts_begun;
  atomic_size_t gets_done;
  atomic_size_t gets_begun;
} run_t;

typedef struct actor_s {
  run_t *run;
  uv_thread_t thread;
  size_t index;
  dice_t dice;
} actor_t;

/* -------------------------------------------------------------------------------- the threads -- */

/* No more puts are done than gets have begun, and `capacity` more; no more gets than puts have begun.
 * What is done is read first: meanwhile more can only begin. */
static void check_law(run_t *run) {
  size_t done;
  if (!run->plan.is_law_abiding) {
    return;
  }
  done = atomic_load(&run->puts_done);
  CHECK(done <= atomic_load(&run->gets_begun) + run->plan.capacity);
  done = atomic_load(&run->gets_done);
  CHECK(done <= atomic_load(&run->puts_begun));
}

/* What has failed has not begun. */
static void note(const run_t *run, atomic_size_t *begun, atomic_size_t *done, int err) {
  if (run->plan.is_law_abiding) {
    (void)(err == 0 ? atomic_fetch_add(done, 1) : atomic_fetch_sub(begun, 1));
  }
}

static void produce(void *arg) {
  actor_t *self = arg;
  run_t *run = self->run;
  size_t number;

  (void)uv_barrier_wait(&run->start);
  for (number = 0; number < run->plan.attempts; number++) {
    item_t item = item_new(self->index, number);
    int err;
    if (run->plan.is_law_abiding) {
      (void)atomic_fetch_add(&run->puts_begun, 1);
    }
    err = ways_put(&run->gated, &self->dice, run->plan.put_ways, &item);
    note(run, &run->puts_begun, &run->puts_done, err);
    check_law(run);
    if (err == 0) {
      book_accept(&run->book, &item);
    } else if (err == UV_ETIMEDOUT) {
      (void)atomic_fetch_add(&run->timeouts[0], 1);
    } else if (err == UV_EPIPE) {
      CHECK(handoff_slot_put(&run->gated.slot, &item) == UV_EPIPE); /* for good */
      break;
    }
    if (dice_hit(&self->dice, run->plan.shut_odds)) {
      ways_shut(&run->gated);
    }
  }
  if (atomic_fetch_sub(&run->putting, 1) == 1) {
    ways_shut(&run->gated);
  }
}

static void consume(void *arg) {
  actor_t *self = arg;
  run_t *run = self->run;
  order_t order = {{0}};
  int err;

  (void)uv_barrier_wait(&run->start);
  do {
    item_t item;
    if (run->plan.is_law_abiding) {
      (void)atomic_fetch_add(&run->gets_begun, 1);
    }
    err = ways_get(&run->gated, &self->dice, run->plan.get_ways, &item);
    note(run, &run->gets_begun, &run->gets_done, err);
    check_law(run);
    if (err == 0) {
      book_deliver(&run->book, &order, &item);
    } else if (err == UV_ETIMEDOUT) {
      (void)atomic_fetch_add(&run->timeouts[1], 1);
    } else if (err == UV_EOF) {
      CHECK(handoff_slot_get(&run->gated.slot, &item) == UV_EOF); /* for good */
    }
    if (dice_hit(&self->dice, run->plan.shut_odds)) {
      ways_shut(&run->gated);
    }
  } while (err != UV_EOF && !(err == 0 && dice_hit(&self->dice, run->plan.leave_odds)));
  if (atomic_fetch_sub(&run->getting, 1) == 1) {
    ways_shut(&run->gated); /* or producers might wait for ever */
  }
}

typedef struct sum_s {
  size_t accepted; /* items, and as many delivered or dropped */
  size_t timeouts[2];
} sum_t;

static sum_t execute(const plan_t *plan) {
  static uint64_t stream;
  run_t *run = calloc(1, sizeof *run);
  size_t threads = plan->producers + plan->consumers;
  actor_t actors[THREADS_MAX];
  balance_t balance;
  sum_t sum;
  size_t i;

  CHECK(threads <= THREADS_MAX && run != NULL);
  run->plan = *plan;
  book_init(&run->book, plan->producers, plan->attempts);
  book_slot_init(&run->book, &run->gated.slot, plan->capacity);
  atomic_store(&run->putting, plan->producers);
  atomic_store(&run->getting, plan->consumers);
  CHECK(uv_barrier_init(&run->start, (unsigned)threads) == 0);

  for (i = 0; i < threads; i++) {
    bool is_producer = i < plan->producers;
    actors[i].run = run;
    actors[i].index = i;
    actors[i].dice = dice_new(++stream);
    CHECK(uv_thread_create(&actors[i].thread, is_producer ? produce : consume, &actors[i]) == 0);
  }
  for (i = 0; i < threads; i++) {
    CHECK(uv_thread_join(&actors[i].thread) == 0);
  }
  handoff_slot_destroy(&run->gated.slot);
  uv_barrier_destroy(&run->start);
  balance = book_close(&run->book);
  CHECK(balance.dropped == 0 || plan->leave_odds != 0); /* else somebody was there to the end */
  sum.accepted = balance.accepted;
  sum.timeouts[0] = run->timeouts[0];
  sum.timeouts[1] = run->timeouts[1];
  free(run);
  return sum;
}

/* --------------------------------------------------------------------------------- the tests -- */

static const size_t crowds[] = {1, 2, 4, 8};
static const size_t capacities[] = {0, 1, 2, 7, 64};
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static plan_t plan_any(dice_t *dice, size_t attempts) {
  plan_t plan = {.put_ways = ANY, .get_ways = ANY};
  plan.producers = crowds[dice_below(dice, COUNT_OF(crowds))];
  plan.consumers = crowds[dice_below(dice, COUNT_OF(crowds))];
  plan.capacity = capacities[dice_below(dice, COUNT_OF(capacities))];
  plan.attempts = attempts / plan.producers + 1;
  return plan;
}

static void test_every_shape(void **state) {
  size_t shape;
  (void)state;
  for (shape = 0; shape < COUNT_OF(crowds) * COUNT_OF(crowds) * COUNT_OF(capacities); shape++) {
    plan_t plan = {.put_ways = ANY, .get_ways = ANY};
    plan.producers = crowds[shape % COUNT_OF(crowds)];
    plan.consumers = crowds[shape / COUNT_OF(crowds) % COUNT_OF(crowds)];
    plan.capacity = capacities[shape / COUNT_OF(crowds) / COUNT_OF(crowds)];
    plan.attempts = dice_scaled(2400) / plan.producers + 1;
    assert_true(execute(&plan).accepted > 0);
  }
}

static void test_blocking_puts_are_all_accepted(void **state) {
  dice_t dice = dice_new(1000001);
  size_t rounds = dice_scaled(60);
  (void)state;
  while (rounds-- != 0) {
    plan_t plan = plan_any(&dice, 500);
    plan.put_ways = WAIT;
    assert_int_equal(execute(&plan).accepted, plan.producers * plan.attempts);
  }
}

static void test_the_law_holds_at_every_step(void **state) {
  dice_t dice = dice_new(1000002);
  size_t rounds = dice_scaled(60);
  (void)state;
  while (rounds-- != 0) {
    plan_t plan = plan_any(&dice, 500);
    plan.capacity = dice_below(&dice, 3);
    plan.is_law_abiding = true;
    (void)execute(&plan);
  }
}

static void test_shut_at_any_moment(void **state) {
  dice_t dice = dice_new(1000003);
  size_t rounds = dice_scaled(1000);
  (void)state;
  while (rounds-- != 0) {
    plan_t plan = plan_any(&dice, 400);
    plan.shut_odds = 20 + dice_below(&dice, 800);
    plan.leave_odds = dice_hit(&dice, 2) ? 0 : 5 + dice_below(&dice, 100);
    (void)execute(&plan);
  }
}

static void test_timeouts_race_with_hand_offs(void **state) {
  dice_t dice = dice_new(1000004);
  size_t rounds = dice_scaled(100);
  sum_t all = {0};
  (void)state;
  while (rounds-- != 0) {
    plan_t plan = plan_any(&dice, 500);
    sum_t sum;
    plan.put_ways = UNTIL;
    plan.get_ways = dice_hit(&dice, 2) ? UNTIL : UNTIL | TRY;
    plan.shut_odds = dice_hit(&dice, 2) ? 0 : 500;
    sum = execute(&plan);
    all.accepted += sum.accepted;
    all.timeouts[0] += sum.timeouts[0];
    all.timeouts[1] += sum.timeouts[1];
  }
  printf("%zu items accepted, and as many delivered; %zu puts and %zu gets timed out\n",
         all.accepted, all.timeouts[0], all.timeouts[1]);
}

static int set_up(void **state) {
  (void)state;
  bounded_start();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_every_shape, set_up),
      cmocka_unit_test_setup(test_blocking_puts_are_all_accepted, set_up),
      cmocka_unit_test_setup(test_the_law_holds_at_every_step, set_up),
      cmocka_unit_test_setup(test_shut_at_any_moment, set_up),
      cmocka_unit_test_setup(test_timeouts_race_with_hand_offs, set_up),
  };
  dice_start();
  return cmocka_run_group_tests_name("stress.slot", tests, NULL, NULL);
}

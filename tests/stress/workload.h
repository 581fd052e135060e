/* workload: threads that put into one slot and threads that get from it, with a ledger of the
 * items. The last producer and the last consumer to leave shut the slot, so that no thread waits
 * forever. */

#ifndef TESTS_STRESS_WORKLOAD_H
#define TESTS_STRESS_WORKLOAD_H

#include "stress/call_variants.h"
#include "stress/ledger.h"

#define WORKLOAD_THREADS_MAX 32

typedef struct plan_s {
  size_t producers; /* threads */
  size_t consumers;
  size_t loops; /* that put and get too; the test runs them */
  size_t capacity;
  size_t attempts;       /* per producer and loop */
  unsigned put_variants; /* of BLOCK, TRY and UNTIL */
  unsigned get_variants;
  size_t shut_odds;      /* a thread shuts the slot after one call in so many */
  size_t leave_odds;     /* a consumer leaves after one item in so many */
  bool checks_occupancy; /* at every step */
} plan_t;

typedef struct workload_s workload_t;

typedef struct worker_s {
  workload_t *load;
  uv_thread_t thread;
  size_t index;
  rng_t rng;
} worker_t;

struct workload_s {
  plan_t plan;
  tracked_slot_t target;
  ledger_t ledger;
  uv_barrier_t start;
  atomic_size_t staying[2];  /* by handoff_side_t: threads and loops that have not left */
  atomic_size_t timeouts[2]; /* by handoff_side_t */
  /* By handoff_side_t, for the occupancy check. A call that fails has not begun. */
  atomic_size_t begun[2];
  atomic_size_t done[2];
  worker_t workers[WORKLOAD_THREADS_MAX];
};

static inline void workload_leave(workload_t *load, handoff_side_t side) {
  if (atomic_fetch_sub(&load->staying[side], 1) == 1) {
    tracked_shut(&load->target);
  }
}

/* At most `capacity` more puts are done than gets have begun, and no more gets are done than puts
 * have begun. `done` is read first, because `begun` can only grow meanwhile. */
static inline void check_occupancy(workload_t *load) {
  size_t done = atomic_load(&load->done[HANDOFF_PRODUCER]);
  CHECK(done <= atomic_load(&load->begun[HANDOFF_CONSUMER]) + load->plan.capacity);
  done = atomic_load(&load->done[HANDOFF_CONSUMER]);
  CHECK(done <= atomic_load(&load->begun[HANDOFF_PRODUCER]));
}

static inline int worker_call(worker_t *self, handoff_side_t side, item_t *item) {
  workload_t *load = self->load;
  unsigned variants = side == HANDOFF_PRODUCER ? load->plan.put_variants : load->plan.get_variants;
  int err;

  if (load->plan.checks_occupancy) {
    (void)atomic_fetch_add(&load->begun[side], 1);
  }
  err = tracked_call(&load->target, &self->rng, variants, side, item);
  if (load->plan.checks_occupancy) {
    (void)(err == 0 ? atomic_fetch_add(&load->done[side], 1)
                    : atomic_fetch_sub(&load->begun[side], 1));
    check_occupancy(load);
  }
  if (err == UV_ETIMEDOUT) {
    (void)atomic_fetch_add(&load->timeouts[side], 1);
  }
  return err;
}

static inline void worker_produce(void *arg) {
  worker_t *self = arg;
  workload_t *load = self->load;
  size_t number;

  (void)uv_barrier_wait(&load->start);
  for (number = 0; number < load->plan.attempts; number++) {
    item_t item = item_new(self->index, number);
    int err = worker_call(self, HANDOFF_PRODUCER, &item);
    if (err == 0) {
      ledger_accept(&load->ledger, &item);
    } else if (err == UV_EPIPE) {
      CHECK(handoff_slot_put(&load->target.slot, &item) == UV_EPIPE); /* permanently */
      break;
    }
    if (rng_one_in(&self->rng, load->plan.shut_odds)) {
      tracked_shut(&load->target);
    }
  }
  workload_leave(load, HANDOFF_PRODUCER);
}

static inline void worker_consume(void *arg) {
  worker_t *self = arg;
  workload_t *load = self->load;
  fifo_check_t order = {{0}};
  item_t item;
  int err;

  (void)uv_barrier_wait(&load->start);
  do {
    err = worker_call(self, HANDOFF_CONSUMER, &item);
    if (err == 0) {
      ledger_deliver_in_order(&load->ledger, &order, &item);
    }
    if (rng_one_in(&self->rng, load->plan.shut_odds)) {
      tracked_shut(&load->target);
    }
  } while (err != UV_EOF && !(err == 0 && rng_one_in(&self->rng, load->plan.leave_odds)));
  if (err == UV_EOF) {
    CHECK(handoff_slot_get(&load->target.slot, &item) == UV_EOF); /* permanently */
  }
  workload_leave(load, HANDOFF_CONSUMER);
}

static inline workload_t *workload_new(const plan_t *plan) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(item_t));
  workload_t *load = calloc(1, sizeof *load);

  CHECK(load != NULL);
  load->plan = *plan;
  ledger_init(&load->ledger, plan->producers + plan->loops, plan->attempts);
  options.capacity = plan->capacity;
  options.drop = ledger_on_drop;
  options.drop_arg = &load->ledger;
  CHECK(handoff_slot_init(&load->target.slot, &options) == 0);
  atomic_store(&load->staying[HANDOFF_PRODUCER], plan->producers + plan->loops);
  atomic_store(&load->staying[HANDOFF_CONSUMER], plan->consumers + plan->loops);
  CHECK(uv_barrier_init(&load->start,
                        (unsigned)(plan->producers + plan->consumers + plan->loops)) == 0);
  return load;
}

/* Starts the plan's threads. */
static inline void workload_start(workload_t *load) {
  static uint64_t stream;
  size_t i;

  CHECK(load->plan.producers + load->plan.consumers <= WORKLOAD_THREADS_MAX);
  for (i = 0; i < load->plan.producers + load->plan.consumers; i++) {
    worker_t *worker = &load->workers[i];
    *worker = (worker_t){.load = load, .index = i, .rng = rng_new(++stream)};
    CHECK(uv_thread_create(&worker->thread,
                           i < load->plan.producers ? worker_produce : worker_consume,
                           worker) == 0);
  }
}

static inline void workload_join(workload_t *load) {
  size_t i;
  for (i = 0; i < load->plan.producers + load->plan.consumers; i++) {
    CHECK(uv_thread_join(&load->workers[i].thread) == 0);
  }
}

/* The threads and the test's loops have ended. Checks the ledger and frees the workload. */
static inline ledger_totals_t workload_close(workload_t *load) {
  ledger_totals_t totals;

  handoff_slot_destroy(&load->target.slot);
  uv_barrier_destroy(&load->start);
  totals = ledger_close(&load->ledger);
  free(load);
  return totals;
}

#endif /* TESTS_STRESS_WORKLOAD_H */

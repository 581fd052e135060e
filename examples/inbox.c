/* inbox: worker threads pass results to an event loop. One slot and one port replace a uv_async_t,
 * a mutex, a list and a flag, and add what those lack:
 *
 *   back-pressure    at most CAPACITY results wait; a worker that is faster than the loop waits in
 *                    handoff_slot_put, so memory does not grow
 *   every result     one callback per put, while calls of uv_async_send coalesce
 *   end of results   the last worker shuts the slot; the loop gets the remaining results, then
 *                    UV_EOF
 *   a clean exit     the loop closes the port, and uv_run returns */

#include <handoff.h>
#include <stdatomic.h>
#include <stdio.h>

#define WORKERS 4
#define CAPACITY 8
#define BATCH 1000u
#define LIMIT 200000u

typedef struct {
  unsigned from; /* the first number of a batch */
  unsigned primes;
} result_t;

static handoff_slot_t inbox; /* of results */
static atomic_uint next_batch;
static atomic_int working = WORKERS;

/* --------------------------------------------------------------------- on the worker threads -- */

static unsigned count_primes(unsigned from, unsigned to) {
  unsigned count = 0;
  for (unsigned n = from < 2 ? 2 : from; n < to; n++) {
    unsigned divisor = 2;
    while (divisor * divisor <= n && n % divisor != 0) {
      divisor++;
    }
    count += divisor * divisor > n;
  }
  return count;
}

static void work(void *arg) {
  (void)arg;
  for (;;) {
    result_t result = {.from = atomic_fetch_add(&next_batch, BATCH)};
    if (result.from >= LIMIT) {
      break;
    }
    result.primes = count_primes(result.from, result.from + BATCH);
    if (handoff_slot_put(&inbox, &result) != 0) { /* waits while the inbox is full */
      break;                                      /* shut: no more results are wanted */
    }
  }
  if (atomic_fetch_sub(&working, 1) == 1) {
    handoff_slot_shut(&inbox); /* the last worker has no more results */
  }
}

/* ------------------------------------------------------------------------------- on the loop -- */

typedef struct {
  result_t result; /* the request copies an item to it */
  unsigned batches;
  unsigned primes;
} tally_t;

static void on_result(handoff_req_t *req, int status) {
  tally_t *tally = req->data;
  if (status == 0) {
    tally->batches++;
    tally->primes += tally->result.primes;
    status = handoff_port_get(req->port, req, req->slot, &tally->result, on_result);
  }
  if (status != 0) { /* UV_EOF: the inbox is shut and drained */
    handoff_port_close(req->port, NULL);
  }
}

int main(void) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(result_t));
  tally_t tally = {.batches = 0};
  handoff_req_t req = {.data = &tally};
  uv_thread_t threads[WORKERS];
  handoff_port_t port;
  uv_loop_t loop;

  options.capacity = CAPACITY;
  if (uv_loop_init(&loop) != 0 || handoff_slot_init(&inbox, &options) != 0 ||
      handoff_port_init(&loop, &port) != 0 ||
      handoff_port_get(&port, &req, &inbox, &tally.result, on_result) != 0) {
    return 1;
  }
  for (int i = 0; i < WORKERS; i++) {
    if (uv_thread_create(&threads[i], work, NULL) != 0) {
      return 1;
    }
  }
  uv_run(&loop, UV_RUN_DEFAULT); /* your timers and sockets run on the same loop */
  for (int i = 0; i < WORKERS; i++) {
    uv_thread_join(&threads[i]);
  }
  handoff_slot_destroy(&inbox);
  printf("%u batches, %u primes below %u\n", tally.batches, tally.primes, LIMIT);
  return uv_loop_close(&loop) != 0;
}

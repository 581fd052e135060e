/* What a paced transfer costs without a loop and without events: threads that sleep until each
 * deadline, NUMBER ms apart. Prints the CPU time of all threads, in ns per deadline.
 *
 *   paced    two threads wake up, then pass an item by a mutex and a condition variable
 *   sleeper  one thread wakes up: the limit
 *
 * ITEMS deadlines count. One more comes first and does not, because it starts the threads. */

#include <uv.h>

#include "harness.h"
#include "sleep_until.h"

struct pair {
  /* Set at init, then constant. */
  uint64_t items;
  uint64_t start_ns;
  uint64_t period_ns;
  /* Main thread only, which consumes or only sleeps. */
  uint64_t sum;
  uint64_t start_cpu_ns; /* at the first deadline */
  uv_mutex_t lock;
  uv_cond_t changed;
  /* Guarded by lock. */
  uint64_t item; /* 0: none */
};

static void sleep_until_tick(const struct pair *pair, uint64_t number) {
  sleep_until(pair->start_ns + number * pair->period_ns);
}

static void add(struct pair *pair, uint64_t number) {
  pair->sum += number;
  pair->start_cpu_ns = number == 1 ? harness_cpu_ns() : pair->start_cpu_ns;
}

static void produce(void *arg) {
  struct pair *pair = arg;
  uint64_t number;

  for (number = 1; number <= pair->items; number++) {
    sleep_until_tick(pair, number);
    uv_mutex_lock(&pair->lock);
    while (pair->item != 0) {
      uv_cond_wait(&pair->changed, &pair->lock);
    }
    pair->item = number;
    uv_cond_signal(&pair->changed);
    uv_mutex_unlock(&pair->lock);
  }
}

static void consume(struct pair *pair) {
  uint64_t number;

  for (number = 1; number <= pair->items; number++) {
    sleep_until_tick(pair, number);
    uv_mutex_lock(&pair->lock);
    while (pair->item == 0) {
      uv_cond_wait(&pair->changed, &pair->lock);
    }
    add(pair, pair->item);
    pair->item = 0;
    uv_cond_signal(&pair->changed); /* Only one of the two threads can be waiting. */
    uv_mutex_unlock(&pair->lock);
  }
}

static void only_sleep(struct pair *pair) {
  uint64_t number;

  for (number = 1; number <= pair->items; number++) {
    sleep_until_tick(pair, number);
    add(pair, number);
  }
}

static void run_pair(struct pair *pair) {
  uv_thread_t producer;

  harness_check(uv_mutex_init(&pair->lock));
  harness_check(uv_cond_init(&pair->changed));
  harness_check(uv_thread_create(&producer, produce, pair));
  consume(pair);
  (void)uv_thread_join(&producer);
  uv_cond_destroy(&pair->changed);
  uv_mutex_destroy(&pair->lock);
}

int main(int argc, char **argv) {
  struct harness_args args = harness_parse(argc, argv);
  struct pair pair = {.items = args.items + 1, .period_ns = args.number * 1000000};

  pair.start_ns = uv_hrtime();
  if (harness_is(&args, "paced")) {
    run_pair(&pair);
  } else if (harness_is(&args, "sleeper")) {
    only_sleep(&pair);
  } else {
    harness_unsupported();
  }
  harness_check_sum(pair.sum, pair.items);
  harness_print(harness_cpu_ns() - pair.start_cpu_ns, args.items);
  return 0;
}

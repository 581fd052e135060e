/* scenarios: what the threads do with the channel that is linked to this file.
 *
 *   stream    one thread puts and another gets: ns per item
 *   pingpong  an item goes to another thread and comes back, over two channels: ns per round trip
 *   mpmc      four threads put and four get: ns per item
 *   blocked   one thread waits to get and another to put, for NUMBER ms: ns of CPU in that time
 *
 * Each scenario checks the sum of the items that it received. A channel that loses items has no
 * figure. */

#include <string.h>

#include "channel.h"
#include "harness.h"

#define THREADS_PER_SIDE 4

static struct channel *new_channel(size_t capacity) {
  struct channel *channel = channel_new(capacity);

  if (channel == NULL) {
    harness_unsupported();
  }
  return channel;
}

static void put_all(struct harness_thread *self) {
  uint64_t i;

  for (i = 0; i < self->items; i++) {
    channel_put(self->arg, self->first + i);
  }
}

static void get_all(struct harness_thread *self) {
  uint64_t sum = 0;
  uint64_t i;

  for (i = 0; i < self->items; i++) {
    sum += channel_get(self->arg);
  }
  self->sum = sum;
}

/* Even threads put and odd threads get. */
static void transfer(const struct harness_args *args, unsigned threads_per_side) {
  struct channel *channel = new_channel(args->number);
  struct harness_thread threads[THREADS_PER_SIDE * 2];
  uint64_t share = (args->items + threads_per_side - 1) / threads_per_side;
  uint64_t sum = 0;
  uint64_t ns;
  unsigned i;

  memset(threads, 0, sizeof threads);
  for (i = 0; i < threads_per_side * 2; i++) {
    threads[i].run = i % 2 == 0 ? put_all : get_all;
    threads[i].arg = channel;
    threads[i].first = i / 2 * share + 1;
    threads[i].items = share;
  }
  ns = harness_run(threads, threads_per_side * 2);
  for (i = 0; i < threads_per_side * 2; i++) {
    sum += threads[i].sum;
  }
  harness_check_sum(sum, share * threads_per_side);
  harness_print(ns, share * threads_per_side);
}

struct channels {
  struct channel *request;
  struct channel *reply;
};

static void ping(struct harness_thread *self) {
  struct channels *channels = self->arg;
  uint64_t sum = 0;
  uint64_t item;

  for (item = 1; item <= self->items; item++) {
    channel_put(channels->request, item);
    sum += channel_get(channels->reply);
  }
  self->sum = sum;
}

static void pong(struct harness_thread *self) {
  struct channels *channels = self->arg;
  uint64_t i;

  for (i = 0; i < self->items; i++) {
    channel_put(channels->reply, channel_get(channels->request));
  }
}

static void pingpong(const struct harness_args *args) {
  struct channels channels = {new_channel(args->number), new_channel(args->number)};
  struct harness_thread threads[2] = {{.run = ping, .arg = &channels, .items = args->items},
                                      {.run = pong, .arg = &channels, .items = args->items}};
  uint64_t ns = harness_run(threads, 2);

  harness_check_sum(threads[0].sum, args->items);
  harness_print(ns, args->items);
}

/* Measures the CPU time while the other two threads are blocked, then unblocks them. */
struct observer {
  struct channel *empty;
  struct channel *full;
  unsigned ms;
  uint64_t cpu_ns;
};

static void observe(struct harness_thread *self) {
  struct observer *observer = self->arg;

  uv_sleep(10); /* A thread that is not blocked by then only adds to the figure. */
  observer->cpu_ns = harness_cpu_ns();
  uv_sleep(observer->ms);
  observer->cpu_ns = harness_cpu_ns() - observer->cpu_ns;
  channel_put(observer->empty, 1);
  self->sum = channel_get(observer->full) + channel_get(observer->full);
}

static void blocked(const struct harness_args *args) {
  struct observer observer = {new_channel(1), new_channel(1), (unsigned)args->number, 0};
  struct harness_thread threads[3] = {
      {.run = get_all, .arg = observer.empty, .items = 1},
      {.run = put_all, .arg = observer.full, .first = 1, .items = 2}, /* The second one waits. */
      {.run = observe, .arg = &observer}};

  (void)harness_run(threads, 3);
  harness_check_sum(threads[2].sum, 2);
  harness_print(observer.cpu_ns, 1);
}

int main(int argc, char **argv) {
  struct harness_args args = harness_parse(argc, argv);

  if (harness_is(&args, "stream")) {
    transfer(&args, 1);
  } else if (harness_is(&args, "mpmc")) {
    transfer(&args, THREADS_PER_SIDE);
  } else if (harness_is(&args, "pingpong")) {
    pingpong(&args);
  } else if (harness_is(&args, "blocked")) {
    blocked(&args);
  } else {
    harness_unsupported();
  }
  return 0;
}

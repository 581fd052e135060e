/* What it costs to be woken by a deadline: threads that sleep until it by clock_nanosleep, NUMBER ms apart. Prints
 * the CPU time of all of them, in ns per deadline. No loop, and nothing is told to anybody.
 *
 *   paced    two threads, which both wake, and then hand an item over by a mutex and a condition variable
 *   sleeper  one thread, which wakes: the limit
 *
 * ITEMS deadlines; the first one, which starts the threads, is not counted. */

#include <errno.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#include "course.h"

struct pair {
  uint64_t items;
  uint64_t begun_ns; /* the first deadline is a period after it */
  uint64_t period_ns;
  uint64_t sum;    /* of the main thread, as is the next: it consumes, or only sleeps */
  uint64_t cpu_ns; /* so far, as of the first deadline */
  uv_mutex_t lock;
  uv_cond_t turn;
  uint64_t item; /* guarded by lock; 0: none */
};

static void sleep_until(const struct pair *pair, uint64_t number) {
  uint64_t due_ns = pair->begun_ns + number * pair->period_ns;
  struct timespec until = {(time_t)(due_ns / 1000000000), (long)(due_ns % 1000000000)};

  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
  }
}

static void add(struct pair *pair, uint64_t number) {
  pair->sum += number;
  pair->cpu_ns = number == 1 ? course_cpu_ns() : pair->cpu_ns;
}

static void produce(void *arg) {
  struct pair *pair = arg;
  uint64_t number;

  for (number = 1; number <= pair->items; number++) {
    sleep_until(pair, number);
    uv_mutex_lock(&pair->lock);
    while (pair->item != 0) {
      uv_cond_wait(&pair->turn, &pair->lock);
    }
    pair->item = number;
    uv_cond_signal(&pair->turn);
    uv_mutex_unlock(&pair->lock);
  }
}

static void consume(void *arg) {
  struct pair *pair = arg;
  uint64_t number;

  for (number = 1; number <= pair->items; number++) {
    sleep_until(pair, number);
    uv_mutex_lock(&pair->lock);
    while (pair->item == 0) {
      uv_cond_wait(&pair->turn, &pair->lock);
    }
    add(pair, pair->item);
    pair->item = 0;
    uv_cond_signal(&pair->turn); /* the other one may wait; only one of the two ever does */
    uv_mutex_unlock(&pair->lock);
  }
}

static void only_sleep(struct pair *pair) {
  uint64_t number;

  for (number = 1; number <= pair->items; number++) {
    sleep_until(pair, number);
    add(pair, number);
  }
}

static void hand_over(struct pair *pair) {
  uv_thread_t producer;

  if (uv_mutex_init(&pair->lock) != 0 || uv_cond_init(&pair->turn) != 0 ||
      uv_thread_create(&producer, produce, pair) != 0) {
    course_fail(1, "no thread");
  }
  consume(pair);
  (void)uv_thread_join(&producer);
  uv_cond_destroy(&pair->turn);
  uv_mutex_destroy(&pair->lock);
}

int main(int argc, char **argv) {
  struct course course = course_read(argc, argv);
  struct pair pair = {.items = course.items + 1, .period_ns = course.number * 1000000};

  pair.begun_ns = uv_hrtime();
  if (strcmp(course.scenario, "paced") == 0) {
    hand_over(&pair);
  } else if (strcmp(course.scenario, "sleeper") == 0) {
    only_sleep(&pair);
  } else {
    course_fail(COURSE_UNKNOWN, "no such scenario");
  }
  course_check(pair.sum, pair.items);
  course_report(course_cpu_ns() - pair.cpu_ns, course.items);
  return 0;
}

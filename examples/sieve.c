/* sieve: the primes, by a chain of slots that grows by one thread for each.
 *
 *   2, 3, 4, … ──► [is it divisible by 2?] ──► [by 3?] ──► [by 5?] ──► …   what gets through is prime
 *
 * A filter takes numbers from one slot and puts those that its prime does not divide into the next. The
 * first number to come out at the end is a prime, and gets a filter of its own. Each slot is the whole of
 * what two neighbours share: capacity 1 lets both work, and lets neither run ahead.
 *
 * What to look at is the end. Nobody is told to stop, and no thread has a flag to look at: main shuts the last
 * slot; who puts into it gets UV_EPIPE, shuts the slot that it takes from, and is done. So the end goes up the
 * chain as the numbers come down, until the source hears of it. Then there is nobody left to wait for. */

#include <handoff.h>
#include <stdio.h>
#include <stdlib.h>

#define PRIMES 200

typedef struct {
  uv_thread_t thread;
  handoff_slot_t from; /* the numbers that no smaller prime divides */
  handoff_slot_t *to;
  int prime;
} filter_t;

static filter_t filters[PRIMES + 1]; /* the last one is only the slot behind the last prime's */

/* Numbers all of them, until nobody wants any more. */
static void count(void *arg) {
  handoff_slot_t *to = arg;
  int number = 2;
  while (handoff_slot_put(to, &number) == 0) {
    number++;
  }
}

static void sift(void *arg) {
  filter_t *filter = arg;
  int number;
  while (handoff_slot_get(&filter->from, &number) == 0) {
    if (number % filter->prime != 0 && handoff_slot_put(filter->to, &number) != 0) {
      break;
    }
  }
  handoff_slot_shut(&filter->from); /* whoever puts into it learns that way */
}

/* Threads are many and need little. */
static void begin(uv_thread_t *thread, uv_thread_cb run, void *arg) {
  uv_thread_options_t options = {.flags = UV_THREAD_HAS_STACK_SIZE,
                                 .stack_size = (size_t)256 * 1024};
  if (uv_thread_create_ex(thread, &options, run, arg) != 0) {
    exit(EXIT_FAILURE);
  }
}

int main(void) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(int));
  uv_thread_t source;

  for (int i = 0; i <= PRIMES; i++) {
    if (handoff_slot_init(&filters[i].from, &options) != 0) {
      return EXIT_FAILURE;
    }
  }
  begin(&source, count, &filters[0].from);
  for (int i = 0; i < PRIMES; i++) {
    filter_t *filter = &filters[i];
    if (handoff_slot_get(&filter->from, &filter->prime) != 0) {
      return EXIT_FAILURE;
    }
    printf("%d%c", filter->prime, i % 10 == 9 ? '\n' : ' ');
    filter->to = &filters[i + 1].from;
    begin(&filter->thread, sift, filter);
  }
  handoff_slot_shut(&filters[PRIMES].from);

  uv_thread_join(&source);
  for (int i = 0; i <= PRIMES; i++) {
    if (i < PRIMES) {
      uv_thread_join(&filters[i].thread);
    }
    handoff_slot_destroy(&filters[i].from);
  }
  return EXIT_SUCCESS;
}

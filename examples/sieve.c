/* sieve: prime numbers from a chain of slots with one thread per prime (Hoare, "Communicating
 * Sequential Processes", 1978).
 *
 *   2, 3, 4, … --> [divisible by 2?] --> [by 3?] --> [by 5?] --> …   what passes all is prime
 *
 * A filter gets numbers from one slot and puts those that its prime does not divide into the next.
 * The first number that leaves the chain is prime and gets the next filter. The slots are all that
 * two neighbours share. With capacity 1 both can work, and neither runs ahead.
 *
 * Note how the program ends: no thread has a flag to check. main shuts the last slot. The filter
 * that puts into it gets UV_EPIPE, shuts the slot that it gets from, and returns. So the shut moves
 * up the chain, filter by filter, until the source gets UV_EPIPE too. */

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

static filter_t filters[PRIMES + 1]; /* the last one is only the end of the chain */

/* The source: puts 2, 3, 4, … until the slot is shut. */
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
  handoff_slot_shut(&filter->from); /* the previous filter, or the source, gets UV_EPIPE */
}

/* Small stacks, because there are many threads. */
static void start_thread(uv_thread_t *thread, uv_thread_cb run, void *arg) {
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
  start_thread(&source, count, &filters[0].from);
  for (int i = 0; i < PRIMES; i++) {
    filter_t *filter = &filters[i];
    if (handoff_slot_get(&filter->from, &filter->prime) != 0) {
      return EXIT_FAILURE;
    }
    printf("%d%c", filter->prime, i % 10 == 9 ? '\n' : ' ');
    filter->to = &filters[i + 1].from;
    start_thread(&filter->thread, sift, filter);
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

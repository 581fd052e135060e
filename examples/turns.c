/* turns: two threads that take turns, for whoever learns condition variables.
 *
 * "The producer works while the consumer waits, then tells it, then waits in its turn." The loop that
 * everybody writes first is this one, and it is wrong:
 *
 *     pthread_mutex_lock(&lock);
 *     if (full) pthread_cond_wait(&changed, &lock);        // wrong: `if`
 *     item = d; full = true;
 *     pthread_cond_signal(&changed);
 *     pthread_mutex_unlock(&lock);
 *
 * A condition variable remembers nothing and promises nothing. To be woken means "look again", not
 * "it is your turn", because
 *
 *   - a signal that comes before the wait is gone: nobody was there to hear it;
 *   - a wait may return without any signal: POSIX allows it, and so gets by with a cheaper wake-up;
 *   - between the signal and our getting the lock back, somebody else may have come first and taken
 *     what we were woken for;
 *   - a wait with a timeout returns when the time is up, whether or not anything has changed. The
 *     program that handoff grew from waited with a timeout of 0, looked at nothing, and lost more than
 *     8,000 of 20,000 items.
 *
 * So what counts is never the signal, it is the state, and it is looked at in a loop with the lock
 * held:
 *
 *     while (full) pthread_cond_wait(&changed, &lock);     // right: while (!predicate) wait
 *
 * The signal only says when looking is worth while; the predicate says whether to go on. This is what
 * handoff_slot_put and handoff_slot_get do inside (src/park.c), with one condition variable for each waiting
 * thread, so that no signal goes to another one than it is meant for. One that comes late may wake the
 * next thread, for nothing: that one looks at its predicate and waits on.
 *
 * Below, the turn itself is the item, and the slot has capacity 0: a put returns when the other thread
 * has taken it. There is nothing else to wait for, and so nothing to get wrong: no lock, no flag, no
 * sleep. Who has the turn prints; who has handed it over waits until it comes back. */

#include <handoff.h>
#include <stdio.h>

#define ROUNDS 5

static handoff_slot_t turn; /* holds nothing, hands over: capacity 0 */

static int producer(void) {
  for (int round = 1; round <= ROUNDS; round++) {
    printf("Producer: %d\n", round);
    int err = handoff_slot_put(&turn, &round); /* returns once the consumer has it … */
    if (err == 0) {
      int answer;
      err = handoff_slot_get(&turn, &answer); /* … and this once it has handed it back */
    }
    if (err != 0) {
      return err;
    }
  }
  handoff_slot_shut(&turn); /* no more turns: the consumer's get returns UV_EOF */
  return 0;
}

static void consumer(void *result) {
  int round;
  int err;
  while ((err = handoff_slot_get(&turn, &round)) == 0) {
    printf("Consumer: %d\n", round);
    err = handoff_slot_put(&turn, &round);
    if (err != 0) {
      break;
    }
  }
  *(int *)result = err == UV_EOF ? 0 : err;
}

int main(void) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(int));
  uv_thread_t thread;
  int produced;
  int consumed = 0;

  options.capacity = 0;
  if (handoff_slot_init(&turn, &options) != 0 ||
      uv_thread_create(&thread, consumer, &consumed) != 0) {
    return 1;
  }
  produced = producer();
  if (produced != 0) {
    handoff_slot_shut(&turn); /* whatever went wrong, leave nobody waiting */
  }
  uv_thread_join(&thread);
  handoff_slot_destroy(&turn);
  return produced != 0 || consumed != 0;
}

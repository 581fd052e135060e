/* turns: two threads take turns. Read this if you are learning condition variables.
 *
 * "The producer works while the consumer waits, then signals it and waits in its turn." A first
 * attempt often looks like this, and it is wrong:
 *
 *     pthread_mutex_lock(&lock);
 *     if (full) pthread_cond_wait(&changed, &lock);        // wrong: `if`
 *     item = d; full = true;
 *     pthread_cond_signal(&changed);
 *     pthread_mutex_unlock(&lock);
 *
 * A condition variable has no memory. A wake-up means "check again", not "it is your turn":
 *
 *   - A signal before the wait is lost, because no thread was waiting.
 *   - A wait may return without a signal. POSIX allows these spurious wake-ups.
 *   - Between the signal and the moment when the woken thread has the lock, another thread may have
 *     changed the state again.
 *   - A wait with a timeout also returns when the time has passed and nothing has changed.
 *
 * So the state decides, not the signal. Check the state in a loop, with the lock held:
 *
 *     while (full) pthread_cond_wait(&changed, &lock);     // right: while (!predicate) wait
 *
 * handoff_slot_put and handoff_slot_get do this inside (src/base/parker.c). Each waiting thread has
 * its own condition variable, so a signal wakes the thread that it is meant for.
 *
 * Below, the turn itself is the item, and the slot has capacity 0: a put returns once the other
 * thread has taken the item. There is no lock, no flag and no sleep. The thread that has the turn
 * prints; the one that has passed it on waits until it comes back. */

#include <handoff.h>
#include <stdio.h>

#define ROUNDS 5

static handoff_slot_t turn; /* capacity 0: a rendezvous */

static int producer(void) {
  for (int round = 1; round <= ROUNDS; round++) {
    printf("Producer: %d\n", round);
    int err = handoff_slot_put(&turn, &round); /* returns once the consumer has it */
    if (err == 0) {
      int answer;
      err = handoff_slot_get(&turn, &answer); /* returns once the consumer has put it back */
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
    handoff_slot_shut(&turn); /* after an error too, so that the consumer does not wait forever */
  }
  uv_thread_join(&thread);
  handoff_slot_destroy(&turn);
  return produced != 0 || consumed != 0;
}

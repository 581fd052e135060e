/* answer: see answer.h. */

#include "answer.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"

int answer_init(struct answer *answer) {
  handoff_slot_options_t options = handoff_slot_options(1);

  answer->is_writing = false;
  return handoff_slot_init(&answer->written, &options);
}

static void write_text(void *arg) {
  struct answer *answer = arg;

  output_say(answer->text, answer->size);
  if (handoff_slot_try_put(&answer->written, "!") != 0) {
    abort(); /* there is room: each has been taken out before the next */
  }
}

/* Signals are for the other threads: who masks one there, as it ends, is not to have it delivered
 * here. */
static int start_thread(struct answer *answer) {
  sigset_t all;
  sigset_t before;
  int err;

  (void)sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, &before);
  err = uv_thread_create(&answer->thread, write_text, answer);
  (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
  return err;
}

void answer_give(struct answer *answer, const char *text, size_t size) {
  if (!answer_await(answer, 0)) {
    return;
  }
  memcpy(answer->text, text, size);
  answer->size = size;
  if (start_thread(answer) == 0) {
    answer->is_writing = true;
  } else {
    output_say(text, size);
  }
}

bool answer_await(struct answer *answer, uint64_t deadline_ns) {
  char last_word;

  if (answer->is_writing &&
      handoff_slot_get_until(&answer->written, &last_word, deadline_ns) == 0) {
    (void)uv_thread_join(&answer->thread);
    answer->is_writing = false;
  }
  return !answer->is_writing;
}

bool answer_close(struct answer *answer) {
  if (!answer_await(answer, 0)) {
    (void)pthread_detach(answer->thread);
    return false;
  }
  handoff_slot_destroy(&answer->written);
  return true;
}

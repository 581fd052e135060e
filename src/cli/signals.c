/* signals: see signals.h. */

#include "signals.h"

#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

static const int handled[SIGNALS_COUNT] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1,
#ifdef SIGINFO
                                           SIGINFO
#endif
};

static bool is_end(int signum) { return signum == SIGINT || signum == SIGTERM || signum == SIGHUP; }

static void on_answer(uv_timer_t *handle) {
  struct signals *signals = handle->data;
  signals->on_ask(signals);
}

/* libuv calls this again and again until no signal is left, before anything else of the loop gets
 * its turn. An answer takes longer than asking again: were it given here, whoever asks without end
 * would stop the loop. So all that ask in one turn of the loop get one answer, in the next. */
static void on_signal(uv_signal_t *handle, int signum) {
  struct signals *signals = handle->data;

  if (is_end(signum)) {
    signals->on_end(signals, signum);
  } else {
    (void)uv_timer_start(&signals->answer, on_answer, 0,
                         0); /* does not fail: there is a callback */
  }
}

/* Who started us with a signal ignored (nohup, a shell's background job) wants it so. */
static bool is_ignored(int signum) {
  struct sigaction action;
  return sigaction(signum, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

/* Lets pass, or again, those that ask; they are ignored, or handled by the loop, when they do. */
static void mask_asks(int how) {
  sigset_t set;
  int i;

  (void)sigemptyset(&set);
  for (i = 0; i < SIGNALS_COUNT; i++) {
    if (!is_end(handled[i])) {
      (void)sigaddset(&set, handled[i]);
    }
  }
  (void)pthread_sigmask(how, &set, NULL);
}

static void ignore_asks(void) {
  int i;

  for (i = 0; i < SIGNALS_COUNT; i++) {
    if (!is_end(handled[i])) {
      (void)signal(handled[i], SIG_IGN);
    }
  }
}

void signals_init(void) { ignore_asks(); }

void signals_start(struct signals *signals, uv_loop_t *loop,
                   void (*on_end)(struct signals *, int signum), void (*on_ask)(struct signals *)) {
  int i;

  signals->on_end = on_end;
  signals->on_ask = on_ask;
  (void)uv_timer_init(loop, &signals->answer); /* does not fail */
  signals->answer.data = signals;
  uv_unref((uv_handle_t *)&signals->answer);
  for (i = 0; i < SIGNALS_COUNT; i++) {
    uv_signal_t *handle = &signals->handles[i];
    /* Neither fails: uv_loop_init has made what signals need, and these can be caught. */
    (void)uv_signal_init(loop, handle);
    handle->data = signals;
    if (!is_end(handled[i]) || !is_ignored(handled[i])) {
      (void)uv_signal_start(handle, on_signal, handled[i]);
      uv_unref((uv_handle_t *)handle);
    }
  }
}

void signals_close(struct signals *signals) {
  int i;

  mask_asks(SIG_BLOCK); /* libuv sets them back to what they do by default: to end the process */
  for (i = 0; i < SIGNALS_COUNT; i++) {
    uv_close((uv_handle_t *)&signals->handles[i], NULL);
  }
  uv_close((uv_handle_t *)&signals->answer, NULL);
  ignore_asks();
  mask_asks(SIG_UNBLOCK);
}

void signals_die_of(int signum) {
  sigset_t set;

  (void)signal(signum, SIG_DFL);
  (void)sigemptyset(&set);
  (void)sigaddset(&set, signum);
  (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  (void)raise(signum);
  _exit(128 + signum);
}

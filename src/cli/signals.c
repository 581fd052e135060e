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

static void on_info_timer(uv_timer_t *timer) {
  struct signals *signals = timer->data;
  signals->on_info(signals);
}

/* libuv calls this for every signal in its pipe before any other handle runs. Printing statistics
 * takes longer than sending a signal, so a process that sends SIGUSR1 in a loop could starve the
 * loop. The timer coalesces all requests of one iteration into one callback in the next. */
static void on_signal(uv_signal_t *handle, int signum) {
  struct signals *signals = handle->data;

  if (is_end(signum)) {
    signals->on_end(signals, signum);
  } else {
    (void)uv_timer_start(&signals->info_timer, on_info_timer, 0, 0);
  }
}

/* nohup and a shell's background jobs start a process with signals ignored on purpose. */
static bool is_ignored(int signum) {
  struct sigaction action;
  return sigaction(signum, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void mask_info_signals(int how) {
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

static void ignore_info_signals(void) {
  int i;

  for (i = 0; i < SIGNALS_COUNT; i++) {
    if (!is_end(handled[i])) {
      (void)signal(handled[i], SIG_IGN);
    }
  }
}

void signals_init(void) {
  ignore_info_signals();
  (void)signal(SIGPIPE, SIG_IGN);
  (void)signal(SIGXFSZ, SIG_IGN);
}

void signals_start(struct signals *signals, uv_loop_t *loop,
                   void (*on_end)(struct signals *, int signum),
                   void (*on_info)(struct signals *)) {
  int i;

  signals->on_end = on_end;
  signals->on_info = on_info;
  (void)uv_timer_init(loop, &signals->info_timer);
  signals->info_timer.data = signals;
  uv_unref((uv_handle_t *)&signals->info_timer);
  for (i = 0; i < SIGNALS_COUNT; i++) {
    uv_signal_t *handle = &signals->handles[i];
    /* Neither call can fail: uv_loop_init has opened the signal pipe, and these signals can be
     * caught. */
    (void)uv_signal_init(loop, handle);
    handle->data = signals;
    if (!is_end(handled[i]) || !is_ignored(handled[i])) {
      (void)uv_signal_start(handle, on_signal, handled[i]);
      uv_unref((uv_handle_t *)handle);
    }
  }
}

/* Closing a handle makes libuv restore the default action, which would end the process. The mask
 * covers the moment until the signals are ignored. */
void signals_close(struct signals *signals) {
  int i;

  mask_info_signals(SIG_BLOCK);
  for (i = 0; i < SIGNALS_COUNT; i++) {
    uv_close((uv_handle_t *)&signals->handles[i], NULL);
  }
  uv_close((uv_handle_t *)&signals->info_timer, NULL);
  ignore_info_signals();
  mask_info_signals(SIG_UNBLOCK);
}

void signals_raise_default(int signum) {
  sigset_t set;

  (void)signal(signum, SIG_DFL);
  (void)sigemptyset(&set);
  (void)sigaddset(&set, signum);
  (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  (void)raise(signum);
  _exit(128 + signum); /* not reached, unless the signal's default action is not to end */
}

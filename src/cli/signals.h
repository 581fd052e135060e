/* signals: those that end the run, and those that request statistics. Loop thread only. */

#ifndef HANDOFF_CLI_SIGNALS_H
#define HANDOFF_CLI_SIGNALS_H

#include <signal.h>
#include <uv.h>

#ifdef SIGINFO
#define SIGNALS_COUNT 5
#else
#define SIGNALS_COUNT 4
#endif

struct signals {
  void *data; /* for the application */
  void (*on_end)(struct signals *, int signum);
  void (*on_info)(struct signals *);
  uv_signal_t handles[SIGNALS_COUNT];
  uv_timer_t info_timer; /* due at once after a request */
};

/* Ignores the signals that request statistics until signals_start(), because their default action
 * would end the process. Ignores SIGPIPE and SIGXFSZ, so that write(2) returns EPIPE and EFBIG
 * instead. Call it before anything else. */
void signals_init(void);

/* Calls on_end for SIGINT, SIGTERM and SIGHUP, except for one that the parent process ignored.
 * Calls on_info for SIGUSR1 and, where it exists, SIGINFO: once for all that arrive in one loop
 * iteration. The signals do not keep the loop alive. */
void signals_start(struct signals *signals, uv_loop_t *loop,
                   void (*on_end)(struct signals *, int signum), void (*on_info)(struct signals *));

/* Stops handling signals. From then on requests for statistics are ignored: they must not kill the
 * process once the loop no longer handles them. Call it when no other thread runs, except one that
 * blocks all signals (stderr_writer). */
void signals_close(struct signals *signals);

/* Raises the signal with its default action, so that the parent process sees which one it was. */
_Noreturn void signals_raise_default(int signum);

#endif /* HANDOFF_CLI_SIGNALS_H */

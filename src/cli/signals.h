/* signals: those that end a run, and those that ask how it goes. Loop thread only. */

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
  void *data; /* the application's */
  void (*on_end)(struct signals *, int signum);
  void (*on_ask)(struct signals *);
  uv_signal_t handles[SIGNALS_COUNT];
  uv_timer_t answer; /* due at once, when asked */
};

/* To be called first of all: until the loop answers, those that ask are ignored. */
void signals_init(void);

/* on_end runs for SIGINT, SIGTERM and SIGHUP, but not for one that was ignored when we were
 * started; on_ask for SIGUSR1 and, where it exists, SIGINFO, once for all that came in one turn of
 * the loop. They do not keep the loop alive. */
void signals_start(struct signals *signals, uv_loop_t *loop,
                   void (*on_end)(struct signals *, int signum), void (*on_ask)(struct signals *));

/* The last of a run's threads but the loop's own must have ended. From then on those that ask are
 * ignored: there is nobody left to answer, and to die of a question is no answer. */
void signals_close(struct signals *signals);

/* Dies of the signal, so that who waits for the process sees it. */
_Noreturn void signals_die_of(int signum);

#endif /* HANDOFF_CLI_SIGNALS_H */

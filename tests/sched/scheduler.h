/* scheduler: runs the threads of a run one at a time, in an order that the seed decides, in virtual
 * time.
 *
 * Every operation that another thread could observe is a step. Before each step the scheduler picks
 * the thread that runs next. If no thread can run, time advances to the next deadline. If there is
 * no deadline either, the run has failed with a deadlock. */

#ifndef TESTS_SCHED_SCHEDULER_H
#define TESTS_SCHED_SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>

#define THREADS_MAX 8
#define NONE (-1) /* no thread, or no item */
#define NEVER UINT64_MAX

/* What a thread waits for. */
typedef enum { FOR_NOTHING, FOR_MUTEX, FOR_SIGNAL, FOR_LOOP, FOR_END } wait_t;

/* The environment of a run. Each `unsigned` is the n of rng_one_in(). */
typedef struct {
  unsigned spurious_wakeups; /* of waits on condition variables */
  unsigned time_jumps;       /* to the next deadline, although a thread can run */
  unsigned failures;         /* of allocations, and of the init functions of libuv */
  unsigned failures_left;
  bool has_plain_steps; /* plain accesses to shared memory are steps too */
  bool has_many_cpus;
} config_t;

extern config_t scheduler_config;

void scheduler_begin(uint64_t seed);

/* Adds a thread, before or during the run. Returns: its index. */
int scheduler_add(const char *name, void (*body)(void *arg), void *arg);

/* Waits until the thread has ended. */
void scheduler_join(int thread);

/* Returns when all threads have ended. */
void scheduler_run(void);

/* The current thread; NONE outside of scheduler_run(). */
int thread_index(void);
const char *thread_name(int thread);
/* The address below which the stack of a thread that does not run is unused. */
const unsigned char *thread_depth(int thread);

uint64_t scheduler_now_ns(void);
uint64_t scheduler_steps(void);

/* Called before a step: other threads may run first. */
void scheduler_step(void);

/* The same, for a thread that spins: another thread runs first if one can. */
void scheduler_yield(void);

/* Called after a step, for the trace. */
void scheduler_record(const char *what, const void *object, uint64_t value);

/* Waits for a wake-up, perhaps a spurious one, or the deadline. False: it reports a timeout. */
bool scheduler_wait(wait_t what, const void *object, uint64_t deadline_ns);

/* Wakes one random thread, or all threads, that wait for the object. */
void scheduler_wake(wait_t what, const void *object, bool all);
bool scheduler_has_waiter(wait_t what, const void *object);

/* Whether the operation that asks must fail. */
bool scheduler_injects_failure(void);

/* What the report of a failure contains: this seed and, if asked for, the whole trace. */
void failure_begin(uint64_t of_seed, bool with_trace);

/* Reports the failure, the seed and what each thread does, and ends the process. `kind` is one
 * word, which run.sh matches. */
_Noreturn void scheduler_fail(const char *kind, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif /* TESTS_SCHED_SCHEDULER_H */

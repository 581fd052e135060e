/* scheduler: runs one thread of a run at a time, in an order that its seed decides, in virtual time.
 *
 * Each thing that a thread does and another may see is a step: before it, the scheduler chooses who goes on.
 * When nobody can, time goes to the next deadline; when there is none, the run has failed. */

#ifndef TESTS_SCHED_SCHEDULER_H
#define TESTS_SCHED_SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "sched/chance.h"

#define THREADS_MAX 8
#define NOBODY (-1)
#define NEVER UINT64_MAX

/* What a thread waits for. */
typedef enum { FOR_NOTHING, FOR_LOCK, FOR_SIGNAL, FOR_LOOP, FOR_EVER } wait_t;

/* What may go wrong in a run that would not by itself: once in so many times, or never if 0. */
typedef struct {
  unsigned spurious; /* a wait for a condition ends for no reason */
  unsigned hurry;    /* time goes to the next deadline although somebody can run */
  unsigned faults;   /* the system has no memory, lock or condition left */
  unsigned fault_budget;
  bool is_fine; /* plain accesses to shared memory are steps too */
  bool has_many_cpus;
} mishaps_t;

/* What a run is driven by. */
extern chance_t scheduler_chance;
extern mishaps_t scheduler_mishaps;

void scheduler_begin(uint64_t seed);

/* What is said if it fails. `with_trace`: all its steps too. */
void failure_begin(uint64_t of_seed, bool with_trace);

/* Before the run: a thread that will call body(arg). */
int scheduler_add(const char *name, void (*body)(void *arg), void *arg);

/* Until all threads have ended. */
void scheduler_run(void);

/* The current thread's: NOBODY outside of a run. */
int thread_index(void);
const char *thread_name(int thread);
const unsigned char *thread_depth(int thread);

uint64_t scheduler_now_ns(void);
uint64_t scheduler_steps(void);

/* Somebody else may go first. Then the current thread does what it is about to do. */
void scheduler_step(void);

/* It has done it: for the trace. */
void scheduler_did(const char *what, const void *object, uint64_t value);

/* Waits until woken, or for the deadline, or a spurious wake-up where those can be. True: woken. */
bool scheduler_wait(wait_t what, const void *object, uint64_t deadline_ns);

/* Wakes one, by chance, or all, of those who wait for it. */
void scheduler_wake(wait_t what, const void *object, bool all);
bool scheduler_is_awaited(wait_t what, const void *object);

/* Whether something is to go wrong now. */
bool scheduler_faults(void);

/* Says what is wrong, in which seed and where everybody is, and ends the process. `kind`: one word. */
_Noreturn void scheduler_fail(const char *kind, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The current thread is about to sleep: for those who want to know. */
extern void (*scheduler_on_park)(void);

/* Where everybody is, for those who want to know more: called by scheduler_fail. */
extern void (*scheduler_epilogue)(void);

#endif /* TESTS_SCHED_SCHEDULER_H */

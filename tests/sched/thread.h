/* thread: the threads of a run, for the scheduler and for the report of a failure. */

#ifndef TESTS_SCHED_THREAD_H
#define TESTS_SCHED_THREAD_H

#include "sched/fiber.h"
#include "sched/scheduler.h"

typedef struct {
  fiber_t fiber;
  const char *name;
  void (*body)(void *arg);
  void *arg;
  const void *object; /* that it waits for */
  uint64_t deadline_ns;
  const char *last; /* its last step */
  const void *last_object;
  wait_t waits;
  bool has_fiber; /* from an earlier run, to be reused */
  bool has_ended;
  bool is_notified;
} thread_t;

extern thread_t threads[THREADS_MAX];
extern int thread_count;

#endif /* TESTS_SCHED_THREAD_H */

/* thread: those of a run, for the scheduler and for who says where they are. */

#ifndef TESTS_SCHED_THREAD_H
#define TESTS_SCHED_THREAD_H

#include "sched/fiber.h"
#include "sched/scheduler.h"

typedef struct {
  fiber_t fiber;
  bool has_fiber; /* from an earlier run: it is used again */
  const char *name;
  void (*body)(void *arg);
  void *arg;
  bool has_ended;
  wait_t waits;
  const void *object;
  uint64_t deadline_ns;
  bool is_woken;
  const char *last; /* what it did */
  const void *last_object;
} thread_t;

extern thread_t threads[THREADS_MAX];
extern int thread_count;

#endif /* TESTS_SCHED_THREAD_H */

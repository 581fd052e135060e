/* fiber: a thread of a run: a stack of its own, of which exactly one is in use at a time. */

#ifndef TESTS_SCHED_FIBER_H
#define TESTS_SCHED_FIBER_H

#include <setjmp.h>
#include <stddef.h>

typedef struct fiber_s {
  jmp_buf place; /* where it goes on */
  unsigned char *stack;
  size_t stack_size;
  unsigned char *depth; /* while it does not run: what lies below this in its stack is gone */
  void (*run)(void *arg);
  void *arg;
} fiber_t;

/* Makes one that will call run(arg), which must not return, when it is first switched to. */
void fiber_make(fiber_t *fiber, unsigned char *stack, size_t stack_size, void (*run)(void *),
                void *arg);

/* Returns when somebody switches back. */
void fiber_switch(fiber_t *from, fiber_t *to);

#endif /* TESTS_SCHED_FIBER_H */

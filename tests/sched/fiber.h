/* fiber: a coroutine with a stack of its own. Exactly one runs at a time. */

#ifndef TESTS_SCHED_FIBER_H
#define TESTS_SCHED_FIBER_H

#include <setjmp.h>
#include <stddef.h>

typedef struct fiber_s {
  jmp_buf context;
  unsigned char *depth; /* while it does not run: the stack below this address is unused */
  void (*run)(void *arg);
  void *arg;
} fiber_t;

/* The first switch to the fiber calls run(arg), which must not return. */
void fiber_make(fiber_t *fiber, unsigned char *stack, size_t stack_size, void (*run)(void *),
                void *arg);

/* Returns when another fiber switches back to `from`. */
void fiber_switch(fiber_t *from, fiber_t *to);

#endif /* TESTS_SCHED_FIBER_H */

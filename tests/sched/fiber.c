/* fiber: see fiber.h. makecontext creates a fiber, but setjmp and longjmp switch it: unlike
 * swapcontext they make no system call. QEMU's coroutines do the same. This file must be compiled
 * without _FORTIFY_SOURCE, whose longjmp refuses to change stacks. */

#include "sched/fiber.h"

#include <stdlib.h>
#include <ucontext.h>

static fiber_t *starting;
static ucontext_t made;
static ucontext_t maker;

static void begin(void) {
  fiber_t *self = starting;

  if (_setjmp(self->context) == 0) {
    (void)setcontext(&maker);
  }
  self->run(self->arg);
  abort();
}

void fiber_make(fiber_t *fiber, unsigned char *stack, size_t stack_size, void (*run)(void *),
                void *arg) {
  fiber->depth = stack + stack_size;
  fiber->run = run;
  fiber->arg = arg;
  starting = fiber;
  if (getcontext(&made) != 0) {
    abort();
  }
  made.uc_stack.ss_sp = stack;
  made.uc_stack.ss_size = stack_size;
  made.uc_link = NULL;
  makecontext(&made, begin, 0);
  if (swapcontext(&maker, &made) != 0) {
    abort();
  }
}

void fiber_switch(fiber_t *from, fiber_t *to) {
  unsigned char here;

  from->depth = &here;
  if (_setjmp(from->context) == 0) {
    _longjmp(to->context, 1);
  }
}

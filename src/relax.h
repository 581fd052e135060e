/* relax: tells the processor that this is a loop that waits. */

#ifndef HANDOFF_RELAX_H
#define HANDOFF_RELAX_H

static inline void handoff__relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  __asm__ __volatile__("yield");
#endif
}

#endif /* HANDOFF_RELAX_H */

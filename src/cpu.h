/* cpu: the size of its cache lines, and what it is told: hints, which change how fast things go and nothing else. */

#ifndef HANDOFF_CPU_H
#define HANDOFF_CPU_H

/* A cache line, of most processors. */
#define HANDOFF__LINE 64

/* This is a loop that waits. */
static inline void handoff__cpu_relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  __asm__ __volatile__("yield");
#endif
}

/* This cache line will be written to. Who reads a line that another processor has written shares it with that one, and
 * waits once more, as long again, when it writes to it itself; who asks for the line to write to it waits once. */
static inline void handoff__cpu_fetch_to_write(const void *line) {
#if defined(__x86_64__)
  /* The builtin would make a prefetch to read of it, unless told that the processor is no older than 2014. The older
   * ones that are 64 bits wide know this instruction too, if only as one that does nothing. */
  __asm__ __volatile__("prefetchw %0" : : "m"(*(const char *)line));
#elif defined(__GNUC__)
  __builtin_prefetch(line, 1);
#else
  (void)line;
#endif
}

#endif /* HANDOFF_CPU_H */

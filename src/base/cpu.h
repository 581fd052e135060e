/* cpu: the cache line size, and hints to the CPU and the scheduler. Hints change only speed. */

#ifndef HANDOFF_BASE_CPU_H
#define HANDOFF_BASE_CPU_H

#if defined(_WIN32)
#include <windows.h>
#else
#include <sched.h>
#endif

/* The cache line size of most processors. */
#define HANDOFF__CACHE_LINE 64

/* Tells the processor that this is a spin loop. */
#if defined(__x86_64__) || defined(__i386__)
#define handoff__cpu_relax() __builtin_ia32_pause()
#elif defined(__aarch64__) || defined(__arm__)
#define handoff__cpu_relax() __asm__ __volatile__("yield")
#else
#define handoff__cpu_relax() ((void)0)
#endif

/* Lets another runnable thread run on this CPU, if there is one. */
#if defined(_WIN32)
#define handoff__cpu_yield() ((void)SwitchToThread())
#else
#define handoff__cpu_yield() ((void)sched_yield())
#endif

/* Prefetches a cache line for writing. A read of a line that another core has written makes it
 * shared. The write that follows then needs a second transfer between the cores. A prefetch for
 * writing needs only one transfer. __builtin_prefetch emits a prefetch for reading unless told that
 * the processor is from 2014 or later; older 64-bit processors execute prefetchw too, some of them
 * as a no-op. */
#if defined(__x86_64__)
#define handoff__cpu_prefetchw(line) \
  __asm__ __volatile__("prefetchw %0" : : "m"(*(const char *)(line)))
#elif defined(__GNUC__)
#define handoff__cpu_prefetchw(line) __builtin_prefetch((line), 1)
#else
#define handoff__cpu_prefetchw(line) ((void)(line))
#endif

#endif /* HANDOFF_BASE_CPU_H */

/* failure: the report of a failed run. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sched/history.h"
#include "sched/symbols.h"
#include "sched/thread.h"
#include "sched/trace.h"

static uint64_t seed;
static bool is_verbose;

void failure_begin(uint64_t of_seed, bool with_trace) {
  seed = of_seed;
  is_verbose = with_trace;
}

static void print_thread(const thread_t *thread) {
  static const char *const waits[] = {[FOR_NOTHING] = "can run",
                                      [FOR_MUTEX] = "waits for the mutex",
                                      [FOR_SIGNAL] = "waits for a signal of",
                                      [FOR_LOOP] = "waits in its loop",
                                      [FOR_END] = "joins a thread"};
  printf("  %-12s %s %s; last step: %s %s\n", thread->name,
         thread->has_ended ? "has ended" : waits[thread->waits],
         thread->waits == FOR_NOTHING ? "" : symbols_name(thread->object),
         thread->last == NULL ? "none" : thread->last, symbols_name(thread->last_object));
}

void scheduler_fail(const char *kind, const char *format, ...) {
  char message[200]; /* formatted first: the next call of symbols_name() overwrites an argument */
  va_list arguments;
  int i;

  va_start(arguments, format);
  (void)vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  if (is_verbose) {
    trace_print();
  }
  printf("FAILED: %s: %s\n", kind, message);
  printf("  HANDOFF_SEED=%llu, step %llu, by %s, trace %016llx\n", (unsigned long long)seed,
         (unsigned long long)scheduler_steps(), thread_name(thread_index()),
         (unsigned long long)trace_hash());
  for (i = 0; i < thread_count; i++) {
    print_thread(&threads[i]);
  }
  history_print();
  (void)fflush(stdout);
  _Exit(1);
}

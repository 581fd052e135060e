/* failure: the end of a run that has failed: what is wrong, and where everybody is. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sched/thread.h"
#include "sched/trace.h"

void (*scheduler_epilogue)(void);

static uint64_t seed;
static bool is_told;

void failure_begin(uint64_t of_seed, bool with_trace) {
  seed = of_seed;
  is_told = with_trace;
}

static void say_where(const thread_t *thread) {
  static const char *const waits[] = {[FOR_NOTHING] = "can run",
                                      [FOR_LOCK] = "waits for the lock",
                                      [FOR_SIGNAL] = "waits for a signal of",
                                      [FOR_LOOP] = "waits in its loop",
                                      [FOR_EVER] = "waits"};
  printf("  %-12s %s %s; last: %s %s\n", thread->name,
         thread->has_ended ? "has ended" : waits[thread->waits],
         thread->waits == FOR_NOTHING ? "" : trace_name_of(thread->object),
         thread->last == NULL ? "nothing" : thread->last, trace_name_of(thread->last_object));
}

void scheduler_fail(const char *kind, const char *format, ...) {
  char message[200]; /* first of all, for a name among the arguments lasts until the next one */
  va_list arguments;
  int i;

  va_start(arguments, format);
  (void)vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  if (is_told) {
    trace_print();
  }
  printf("FAILED: %s: %s\n", kind, message);
  printf("  HANDOFF_SEED=%llu, step %llu, by %s, trace %016llx\n", (unsigned long long)seed,
         (unsigned long long)scheduler_steps(), thread_name(thread_index()),
         (unsigned long long)trace_value());
  for (i = 0; i < thread_count; i++) {
    say_where(&threads[i]);
  }
  if (scheduler_epilogue != NULL) {
    scheduler_epilogue();
  }
  (void)fflush(stdout);
  _Exit(1);
}

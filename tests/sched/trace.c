/* trace: see trace.h. */

#include "sched/trace.h"

#include <stdio.h>

#include "sched/scheduler.h"

const char *(*trace_names)(const void *address);

static bool is_told;
static uint64_t trace; /* FNV-1a's way to mix */

void trace_begin(bool with_lines) {
  is_told = with_lines;
  trace = UINT64_C(0xcbf29ce484222325);
}

uint64_t trace_value(void) { return trace; }

const char *trace_name_of(const void *address) {
  const char *name = trace_names == NULL ? NULL : trace_names(address);
  return name == NULL ? "" : name;
}

static void tell(const char *what, const void *object) {
  printf("%6llu  %-12s %s %s", (unsigned long long)scheduler_steps(), thread_name(thread_index()),
         what, trace_name_of(object));
}

static void note(uint64_t what) { trace = (trace ^ what) * UINT64_C(0x100000001b3); }

void trace_did(int thread, const char *what, const void *object, uint64_t value) {
  note((uint64_t)thread);
  note(scheduler_steps());
  note((unsigned char)what[0]);
  note(value);
  if (!is_told) {
    return;
  }
  tell(what, object);
  if (value != TRACE_NO_VALUE) {
    printf(" = %lld", (long long)value);
  }
  printf("\n");
}

void trace_waits(const void *object) {
  if (is_told) {
    tell("waits:", object);
    printf("\n");
  }
}

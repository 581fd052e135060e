/* trace: see trace.h. What is done is kept until the run has ended: to print it at once would leave other
 * garbage on the stacks, and a run that reads garbage would not replay. */

#include "sched/trace.h"

#include <stdio.h>

#include "sched/scheduler.h"

#define RECORDS_MAX ((size_t)1 << 17)

typedef struct {
  uint64_t step;
  int thread;
  const char *what;
  const void *object;
  uint64_t value;
} record_t;

const char *(*trace_names)(const void *address);

static record_t records[RECORDS_MAX];
static size_t count;
static uint64_t trace; /* FNV-1a's way to mix */

void trace_begin(void) {
  count = 0;
  trace = UINT64_C(0xcbf29ce484222325);
}

uint64_t trace_value(void) { return trace; }

const char *trace_name_of(const void *address) {
  const char *name = trace_names == NULL ? NULL : trace_names(address);
  return name == NULL ? "" : name;
}

static void note(uint64_t what) { trace = (trace ^ what) * UINT64_C(0x100000001b3); }

static void record(int thread, const char *what, const void *object, uint64_t value) {
  if (count < RECORDS_MAX) {
    record_t *place = &records[count++];
    place->step = scheduler_steps();
    place->thread = thread;
    place->what = what;
    place->object = object;
    place->value = value;
  }
}

void trace_did(int thread, const char *what, const void *object, uint64_t value) {
  note((uint64_t)thread);
  note(scheduler_steps());
  note((unsigned char)what[0]);
  note(value);
  record(thread, what, object, value);
}

void trace_waits(int thread, const void *object) {
  record(thread, "waits:", object, TRACE_NO_VALUE);
}

void trace_print(void) {
  size_t i;

  for (i = 0; i < count; i++) {
    const record_t *of = &records[i];
    printf("%6llu  %-10s %s %s", (unsigned long long)of->step, thread_name(of->thread), of->what,
           trace_name_of(of->object));
    if (of->value != TRACE_NO_VALUE) {
      printf(" = %lld", (long long)of->value);
    }
    printf("\n");
  }
}

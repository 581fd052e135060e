/* trace: see trace.h. The records are printed only after the run: printing during it would leave
 * other garbage on the stacks, and a run that reads garbage would not replay. */

#include "sched/trace.h"

#include <stdio.h>

#include "sched/scheduler.h"
#include "sched/symbols.h"

#define RECORDS_MAX ((size_t)1 << 17)

typedef struct {
  uint64_t step;
  int thread;
  const char *what;
  const void *object;
  uint64_t value;
} record_t;

static record_t records[RECORDS_MAX];
static size_t count;
static uint64_t hash; /* FNV-1a, of 64-bit words */

void trace_begin(void) {
  count = 0;
  hash = UINT64_C(0xcbf29ce484222325);
}

uint64_t trace_hash(void) { return hash; }

static void mix(uint64_t value) { hash = (hash ^ value) * UINT64_C(0x100000001b3); }

static void record(int thread, const char *what, const void *object, uint64_t value) {
  if (count < RECORDS_MAX) {
    records[count++] = (record_t){scheduler_steps(), thread, what, object, value};
  }
}

void trace_add(int thread, const char *what, const void *object, uint64_t value) {
  mix((uint64_t)thread);
  mix(scheduler_steps());
  mix((unsigned char)what[0]);
  mix(value);
  record(thread, what, object, value);
}

void trace_add_wait(int thread, const void *object) {
  record(thread, "waits:", object, TRACE_NO_VALUE);
}

void trace_print(void) {
  size_t i;

  for (i = 0; i < count; i++) {
    const record_t *of = &records[i];
    printf("%6llu  %-10s %s %s", (unsigned long long)of->step, thread_name(of->thread), of->what,
           symbols_name(of->object));
    if (of->value != TRACE_NO_VALUE) {
      printf(" = %lld", (long long)of->value);
    }
    printf("\n");
  }
}

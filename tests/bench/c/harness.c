/* harness: see harness.h. */

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void quit(int status, const char *message) {
  (void)fprintf(stderr, "%s\n", message);
  exit(status);
}

void harness_fail(const char *message) { quit(1, message); }

void harness_unsupported(void) { quit(3, "unsupported scenario or number"); }

void harness_check(int err) {
  if (err != 0) {
    harness_fail(uv_strerror(err));
  }
}

void harness_check_sum(uint64_t sum, uint64_t items) {
  if (sum != items * (items + 1) / 2) {
    harness_fail("items were lost or duplicated");
  }
}

struct harness_args harness_parse(int argc, char **argv) {
  struct harness_args args;

  if (argc != 4) {
    quit(2, "usage: SCENARIO NUMBER ITEMS");
  }
  args.scenario = argv[1];
  args.number = (size_t)strtoull(argv[2], NULL, 10);
  args.items = strtoull(argv[3], NULL, 10);
  if (args.items == 0) {
    quit(2, "ITEMS must be at least 1");
  }
  return args;
}

bool harness_is(const struct harness_args *args, const char *scenario) {
  return strcmp(args->scenario, scenario) == 0;
}

static void start(void *arg) {
  struct harness_thread *self = arg;

  (void)uv_barrier_wait(self->start);
  self->run(self);
}

uint64_t harness_run(struct harness_thread *threads, unsigned count) {
  uv_barrier_t barrier;
  uint64_t start_ns;
  uint64_t ns;
  unsigned i;

  harness_check(uv_barrier_init(&barrier, count + 1));
  for (i = 0; i < count; i++) {
    threads[i].start = &barrier;
    harness_check(uv_thread_create(&threads[i].id, start, &threads[i]));
  }
  start_ns = uv_hrtime();
  (void)uv_barrier_wait(&barrier);
  for (i = 0; i < count; i++) {
    (void)uv_thread_join(&threads[i].id);
  }
  ns = uv_hrtime() - start_ns;
  uv_barrier_destroy(&barrier);
  return ns;
}

uint64_t harness_cpu_ns(void) {
  uv_rusage_t usage;

  harness_check(uv_getrusage(&usage));
  return ((uint64_t)usage.ru_utime.tv_sec + (uint64_t)usage.ru_stime.tv_sec) * 1000000000 +
         ((uint64_t)usage.ru_utime.tv_usec + (uint64_t)usage.ru_stime.tv_usec) * 1000;
}

void harness_print(uint64_t ns, uint64_t items) {
  (void)printf("%.3f\n", (double)ns / (double)items);
}

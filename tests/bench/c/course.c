/* course: see course.h. */

#include "course.h"

#include <stdio.h>
#include <stdlib.h>

void course_fail(int status, const char *message) {
  (void)fprintf(stderr, "%s\n", message);
  exit(status);
}

struct course course_read(int argc, char **argv) {
  struct course course;

  if (argc != 4) {
    course_fail(2, "usage: SCENARIO NUMBER ITEMS");
  }
  course.scenario = argv[1];
  course.number = (size_t)strtoull(argv[2], NULL, 10);
  course.items = strtoull(argv[3], NULL, 10);
  if (course.items == 0) {
    course_fail(2, "ITEMS is 0");
  }
  return course;
}

static void start(void *arg) {
  struct runner *self = arg;

  (void)uv_barrier_wait(self->start);
  self->run(self);
}

uint64_t course_run(struct runner *runners, unsigned count) {
  uv_barrier_t barrier;
  uint64_t begun_ns;
  unsigned i;

  if (uv_barrier_init(&barrier, count + 1) != 0) {
    course_fail(1, "no barrier");
  }
  for (i = 0; i < count; i++) {
    runners[i].start = &barrier;
    if (uv_thread_create(&runners[i].thread, start, &runners[i]) != 0) {
      course_fail(1, "no thread");
    }
  }
  begun_ns = uv_hrtime();
  (void)uv_barrier_wait(&barrier);
  for (i = 0; i < count; i++) {
    (void)uv_thread_join(&runners[i].thread);
  }
  begun_ns = uv_hrtime() - begun_ns;
  uv_barrier_destroy(&barrier);
  return begun_ns;
}

uint64_t course_cpu_ns(void) {
  uv_rusage_t usage;

  if (uv_getrusage(&usage) != 0) {
    course_fail(1, "no rusage");
  }
  return ((uint64_t)usage.ru_utime.tv_sec + (uint64_t)usage.ru_stime.tv_sec) * 1000000000 +
         ((uint64_t)usage.ru_utime.tv_usec + (uint64_t)usage.ru_stime.tv_usec) * 1000;
}

void course_check(uint64_t sum, uint64_t items) {
  if (sum != items * (items + 1) / 2) {
    course_fail(1, "items were lost or came twice");
  }
}

void course_report(uint64_t ns, uint64_t items) {
  (void)printf("%.3f\n", (double)ns / (double)items);
}

/* late: see late.h. */

#include "late.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "course.h"

struct late late_start(int argc, char **argv) {
  struct course course = course_read(argc, argv);
  struct late late = {course.number * 1000000, course.items, 0, 0, NULL};

  if (strcmp(course.scenario, "late") != 0 || course.number == 0) {
    course_fail(COURSE_UNKNOWN, "no such scenario");
  }
  late.late_ns = calloc(late.ticks, sizeof *late.late_ns);
  if (late.late_ns == NULL) {
    course_fail(1, "no memory");
  }
  late.start_ns = uv_hrtime();
  return late;
}

uint64_t late_due_ns(const struct late *late) {
  return late->start_ns + (late->seen + 1) * late->period_ns;
}

void late_see(struct late *late) {
  uint64_t now_ns = uv_hrtime();

  if (now_ns < late_due_ns(late)) {
    course_fail(1, "a tick came early");
  }
  late->late_ns[late->seen] = now_ns - late_due_ns(late);
  late->seen++;
}

static int compare(const void *left, const void *right) {
  uint64_t a = *(const uint64_t *)left;
  uint64_t b = *(const uint64_t *)right;

  return (a > b) - (a < b);
}

void late_report(struct late *late) {
  qsort(late->late_ns, late->ticks, sizeof *late->late_ns, compare);
  (void)printf("%" PRIu64 " %" PRIu64 "\n", late->late_ns[late->ticks / 2],
               late->late_ns[late->ticks * 99 / 100]);
  free(late->late_ns);
}

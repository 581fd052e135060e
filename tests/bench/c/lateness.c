/* lateness: see lateness.h. */

#include "lateness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness.h"

struct lateness lateness_start(int argc, char **argv) {
  struct harness_args args = harness_parse(argc, argv);
  struct lateness lateness = {.period_ns = args.number * 1000000, .ticks = args.items};

  if (!harness_is(&args, "late") || args.number == 0) {
    harness_unsupported();
  }
  lateness.late_ns = calloc(lateness.ticks, sizeof *lateness.late_ns);
  harness_check(lateness.late_ns == NULL ? UV_ENOMEM : 0);
  lateness.start_ns = uv_hrtime();
  return lateness;
}

uint64_t lateness_due_ns(const struct lateness *lateness) {
  return lateness->start_ns + (lateness->recorded + 1) * lateness->period_ns;
}

void lateness_record(struct lateness *lateness) {
  uint64_t now_ns = uv_hrtime();

  if (now_ns < lateness_due_ns(lateness)) {
    harness_fail("a tick was early");
  }
  lateness->late_ns[lateness->recorded] = now_ns - lateness_due_ns(lateness);
  lateness->recorded++;
}

static int compare(const void *left, const void *right) {
  uint64_t a = *(const uint64_t *)left;
  uint64_t b = *(const uint64_t *)right;

  return (a > b) - (a < b);
}

void lateness_print(struct lateness *lateness) {
  qsort(lateness->late_ns, lateness->ticks, sizeof *lateness->late_ns, compare);
  (void)printf("%" PRIu64 " %" PRIu64 "\n", lateness->late_ns[lateness->ticks / 2],
               lateness->late_ns[lateness->ticks * 99 / 100]);
  free(lateness->late_ns);
}

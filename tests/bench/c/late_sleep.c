/* The limit of punctuality: a thread that does nothing but clock_nanosleep to each deadline. */

#include <errno.h>
#include <time.h>

#include "late.h"

int main(int argc, char **argv) {
  struct late late = late_start(argc, argv);

  while (late.seen != late.ticks) {
    uint64_t due_ns = late_due_ns(&late);
    struct timespec until = {(time_t)(due_ns / 1000000000), (long)(due_ns % 1000000000)};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
    }
    late_see(&late);
  }
  late_report(&late);
  return 0;
}

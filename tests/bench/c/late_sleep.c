/* A limit: the lateness of a thread that only sleeps until each deadline. */

#include "lateness.h"
#include "sleep_until.h"

int main(int argc, char **argv) {
  struct lateness lateness = lateness_start(argc, argv);

  while (lateness.recorded != lateness.ticks) {
    sleep_until(lateness_due_ns(&lateness));
    lateness_record(&lateness);
  }
  lateness_print(&lateness);
  return 0;
}

/* bounded: what every test of ours includes first: cmocka, and a watchdog that bounds every wait.
 *
 * A test that hangs is a test that fails: SIGALRM aborts it. Sanitizers are given more
 * time; HANDOFF_TEST_SECONDS in the environment sets it. */

#ifndef TESTS_LIB_BOUNDED_H
#define TESTS_LIB_BOUNDED_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define BOUNDED_SECONDS 30u

#if defined(__SANITIZE_THREAD__)
#define BOUNDED_FACTOR 8u
#elif defined(__SANITIZE_ADDRESS__)
#define BOUNDED_FACTOR 4u
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define BOUNDED_FACTOR 8u
#elif __has_feature(address_sanitizer)
#define BOUNDED_FACTOR 4u
#endif
#endif
#ifndef BOUNDED_FACTOR
#define BOUNDED_FACTOR 1u
#endif

static inline void bounded_on_alarm(int number) {
  static const char message[] = "a wait did not end in time: abort\n";
  (void)number;
  if (write(STDERR_FILENO, message, sizeof message - 1) < 0) {
    /* so be it */
  }
  abort();
}

/* From here on the process has that long, until called again. Call it in each test's set-up. */
static inline void bounded_start(void) {
  const char *seconds = getenv("HANDOFF_TEST_SECONDS");
  (void)signal(SIGALRM, bounded_on_alarm);
  (void)alarm(seconds != NULL ? (unsigned)atoi(seconds) : BOUNDED_SECONDS * BOUNDED_FACTOR);
}

#endif /* TESTS_LIB_BOUNDED_H */

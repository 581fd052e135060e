/* bounded: cmocka, and a watchdog that bounds every wait of a test.
 *
 * A test that hangs fails: SIGALRM aborts it. Sanitizers get more time. HANDOFF_TEST_SECONDS in the
 * environment sets another limit. */

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

#define US_NS UINT64_C(1000)
#define MS_NS UINT64_C(1000000)

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
    /* abort() reports the failure all the same */
  }
  abort();
}

/* Starts the process's time limit, or starts it again. Every test's set-up calls this. */
static inline void bounded_start(void) {
  const char *seconds = getenv("HANDOFF_TEST_SECONDS");
  (void)signal(SIGALRM, bounded_on_alarm);
  (void)alarm(seconds != NULL ? (unsigned)atoi(seconds) : BOUNDED_SECONDS * BOUNDED_FACTOR);
}

/* A set-up function for tests that need nothing else. */
static inline int bounded_set_up(void **state) {
  (void)state;
  bounded_start();
  return 0;
}

/* A test under the watchdog. */
#define bounded_test(function) cmocka_unit_test_setup(function, bounded_set_up)

#endif /* TESTS_LIB_BOUNDED_H */

/* loop: a fixture: a loop with a port. Tear-down fails unless uv_loop_close() returns 0, which it
 * does only if every handle has been closed. */

#ifndef TESTS_LIB_LOOP_H
#define TESTS_LIB_LOOP_H

#include "handoff.h"
#include "lib/bounded.h"

typedef struct loop_fixture_s {
  uv_loop_t loop;
  handoff_port_t port;
  bool has_port; /* false: the test has closed the port */
} loop_fixture_t;

static inline int loop_set_up(void **state) {
  loop_fixture_t *fixture = calloc(1, sizeof *fixture);

  bounded_start();
  if (fixture == NULL || uv_loop_init(&fixture->loop) != 0 ||
      handoff_port_init(&fixture->loop, &fixture->port) != 0) {
    return -1;
  }
  fixture->has_port = true;
  *state = fixture;
  return 0;
}

static inline int loop_tear_down(void **state) {
  loop_fixture_t *fixture = *state;
  int err = fixture->has_port ? handoff_port_close(&fixture->port, NULL) : 0;

  if (err == 0) {
    err = uv_run(&fixture->loop, UV_RUN_DEFAULT);
  }
  if (err == 0) {
    err = uv_loop_close(&fixture->loop);
  }
  if (err != 0) {
    print_error("the loop does not close: %s\n", err < 0 ? uv_strerror(err) : "it is still alive");
    return -1;
  }
  free(fixture);
  return 0;
}

static inline void loop_close_port(loop_fixture_t *fixture, handoff_port_close_cb on_close) {
  assert_int_equal(handoff_port_close(&fixture->port, on_close), 0);
  fixture->has_port = false;
}

/* Runs the loop until nothing keeps it alive. */
static inline void loop_run(uv_loop_t *loop) { assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0); }

/* Runs the loop until *condition. Something must wake the loop, or the watchdog aborts the test. */
static inline void loop_run_until(uv_loop_t *loop, const bool *condition) {
  while (!*condition) {
    uv_run(loop, UV_RUN_ONCE);
  }
}

/* Runs everything that becomes due within so many nanoseconds. */
static inline void loop_run_for(uv_loop_t *loop, uint64_t duration_ns) {
  const uint64_t until_ns = uv_hrtime() + duration_ns;
  while (uv_hrtime() < until_ns) {
    uv_run(loop, UV_RUN_NOWAIT);
  }
}

/* A test with the fixture. */
#define loop_test(function) cmocka_unit_test_setup_teardown(function, loop_set_up, loop_tear_down)

#endif /* TESTS_LIB_LOOP_H */

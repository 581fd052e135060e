/* loop: a fixture: a loop with a port. Taking it down fails unless the loop closes with 0, which it
 * does only when every handle has been closed. */

#ifndef TESTS_LIB_LOOP_H
#define TESTS_LIB_LOOP_H

#include "handoff.h"
#include "lib/bounded.h"

typedef struct loop_fixture_s {
  uv_loop_t loop;
  handoff_port_t port;
  bool has_port; /* a test that closes the port itself says so here */
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
  int err = 0;

  if (fixture->has_port) {
    err = handoff_port_close(&fixture->port, NULL);
  }
  if (err == 0) {
    err = uv_run(&fixture->loop, UV_RUN_DEFAULT);
  }
  if (err == 0) {
    err = uv_loop_close(&fixture->loop);
  }
  if (err != 0) {
    print_error("the loop does not close: %s\n",
                err < 0 ? uv_strerror(err) : "something is active");
    return -1;
  }
  free(fixture);
  return 0;
}

/* Runs the loop until *condition; bounded by the watchdog. The loop must have something to wait for. */
static inline void loop_run_until(uv_loop_t *loop, const bool *condition) {
  while (!*condition) {
    uv_run(loop, UV_RUN_ONCE);
  }
}

/* A test with the fixture. */
#define loop_test(function) cmocka_unit_test_setup_teardown(function, loop_set_up, loop_tear_down)

#endif /* TESTS_LIB_LOOP_H */

/* unit.cli_hangup_watch: the exit of a pipe's reader is noticed, and nothing else is. */

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/fds.h"
#include "cli/hangup_watch.h"
#include "lib/bounded.h"

static uv_loop_t loop;
static uv_timer_t keeps_loop;
static struct hangup_watch watch;
static unsigned hangups;

static void on_hangup(struct hangup_watch *noticed) {
  assert_ptr_equal(noticed, &watch);
  hangups++;
  uv_close((uv_handle_t *)&keeps_loop, NULL);
}

static void on_never(uv_timer_t *timer) {
  (void)timer;
  fail();
}

/* A timer keeps the loop alive, because the watch does not. */
static void start(int fd) {
  hangups = 0;
  assert_int_equal(uv_loop_init(&loop), 0);
  assert_int_equal(uv_timer_init(&loop, &keeps_loop), 0);
  assert_int_equal(uv_timer_start(&keeps_loop, on_never, 3600000, 0), 0);
  assert_int_equal(hangup_watch_start(&watch, &loop, fd, on_hangup), 0);
}

static void stop(void) {
  hangup_watch_close(&watch);
  assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(uv_loop_close(&loop), 0);
}

/* With an empty pipe, with text in it, and with a socket; before and after the start. */
static void the_exit_of_the_reader_is_noticed(void **state) {
  unsigned i;

  (void)state;
  for (i = 0; i < 6; i++) {
    int fds[2];
    int flags;
    assert_int_equal(i % 3 == 2 ? socketpair(AF_UNIX, SOCK_STREAM, 0, fds) : pipe(fds), 0);
    flags = fcntl(fds[1], F_GETFL);
    if (i % 3 == 1) {
      assert_int_equal(write(fds[1], "text", 4), 4);
    }
    if (i >= 3) {
      assert_int_equal(close(fds[0]), 0);
    }
    start(fds[1]);
    if (i < 3) {
      (void)uv_run(&loop, UV_RUN_NOWAIT);
      assert_int_equal(hangups, 0);
      assert_int_equal(close(fds[0]), 0);
    }
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(hangups, 1);
    assert_int_equal(fcntl(fds[1], F_GETFL), flags);
    stop();
    assert_int_equal(close(fds[1]), 0);
  }
}

static void a_watch_can_be_closed_while_the_reader_lives(void **state) {
  int fds[2];

  (void)state;
  assert_int_equal(pipe(fds), 0);
  start(fds[1]);
  uv_close((uv_handle_t *)&keeps_loop, NULL);
  assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0); /* The watch does not keep the loop alive. */
  stop();
  assert_int_equal(hangups, 0);
  assert_int_equal(close(fds[0]), 0);
  assert_int_equal(close(fds[1]), 0);
}

static void only_pipes_and_sockets_have_a_reader(void **state) {
  int fds[2];
  int fd = open("/dev/null", O_WRONLY);

  (void)state;
  assert_int_equal(pipe(fds), 0);
  assert_true(fds_has_reader_process(fds[1]));
  assert_false(fds_has_reader_process(fds[0]));
  assert_false(fds_has_reader_process(fd));
  assert_false(fds_has_reader_process(-1));
  assert_int_equal(close(fds[0]) | close(fds[1]) | close(fd), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      bounded_test(the_exit_of_the_reader_is_noticed),
      bounded_test(a_watch_can_be_closed_while_the_reader_lives),
      bounded_test(only_pipes_and_sockets_have_a_reader),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

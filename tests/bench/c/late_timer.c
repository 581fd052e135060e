/* The lateness of uv_timer_t: one-shot, with the delay rounded up to whole ms, and started again if
 * it fires early (libuv#4773). */

#include <uv.h>

#include "harness.h"
#include "lateness.h"

static void on_timer(uv_timer_t *timer);

static void start(uv_timer_t *timer) {
  uint64_t due_ns = lateness_due_ns(timer->data);
  uint64_t now_ns;

  uv_update_time(timer->loop);
  now_ns = uv_hrtime();
  harness_check(uv_timer_start(timer, on_timer,
                               now_ns >= due_ns ? 0 : (due_ns - now_ns + 999999) / 1000000, 0));
}

static void on_timer(uv_timer_t *timer) {
  struct lateness *lateness = timer->data;

  if (uv_hrtime() >= lateness_due_ns(lateness)) {
    lateness_record(lateness);
  }
  if (lateness->recorded == lateness->ticks) {
    uv_close((uv_handle_t *)timer, NULL);
  } else {
    start(timer);
  }
}

int main(int argc, char **argv) {
  struct lateness lateness = lateness_start(argc, argv);
  uv_loop_t loop;
  uv_timer_t timer;

  timer.data = &lateness;
  harness_check(uv_loop_init(&loop));
  harness_check(uv_timer_init(&loop, &timer));
  start(&timer);
  (void)uv_run(&loop, UV_RUN_DEFAULT);
  harness_check(uv_loop_close(&loop));
  lateness_print(&lateness);
  return 0;
}

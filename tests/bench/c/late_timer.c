/* How late libuv's own timer is: one-shot, armed for the ms that the next deadline falls in or just after,
 * and armed again where it came early (libuv#4773). */

#include <uv.h>

#include "course.h"
#include "late.h"

static void arm(uv_timer_t *timer);

static void on_tick(uv_timer_t *timer) {
  struct late *late = timer->data;

  if (uv_hrtime() >= late_due_ns(late)) {
    late_see(late);
  }
  if (late->seen != late->ticks) {
    arm(timer);
  }
}

static void arm(uv_timer_t *timer) {
  struct late *late = timer->data;
  uint64_t due_ns = late_due_ns(late);
  uint64_t now_ns;

  uv_update_time(timer->loop);
  now_ns = uv_hrtime();
  if (uv_timer_start(timer, on_tick, now_ns >= due_ns ? 0 : (due_ns - now_ns + 999999) / 1000000,
                     0) != 0) {
    course_fail(1, "uv_timer_start failed");
  }
}

int main(int argc, char **argv) {
  struct late late = late_start(argc, argv);
  uv_loop_t loop;
  uv_timer_t timer;

  timer.data = &late;
  if (uv_loop_init(&loop) != 0 || uv_timer_init(&loop, &timer) != 0) {
    course_fail(1, "no loop");
  }
  arm(&timer);
  (void)uv_run(&loop, UV_RUN_DEFAULT);
  uv_close((uv_handle_t *)&timer, NULL);
  (void)uv_run(&loop, UV_RUN_DEFAULT);
  (void)uv_loop_close(&loop);
  late_report(&late);
  return 0;
}

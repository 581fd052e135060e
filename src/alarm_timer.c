/* alarm_timer: see alarm.h. Every platform.
 *
 * uv_timer_t counts the loop's time, which is cut off to milliseconds, and so may come up to one
 * millisecond early (libuv#4773). Then it is set again for the rest, rounded up to a whole millisecond:
 * never to 0, which would starve the loop on libuv 1.44. */

#include "alarm.h"
#include "queue.h"

#define MS_NS ((uint64_t)1000 * 1000)

static void start_timer(struct handoff__alarm *alarm, uint64_t now_ns);

static void on_timer(uv_timer_t *timer) {
  struct handoff__alarm *alarm = handoff__owner(timer, struct handoff__alarm, uv.timer);
  uint64_t now_ns = uv_hrtime();

  if (now_ns < alarm->due_ns) {
    start_timer(alarm, now_ns);
    return;
  }
  alarm->due_ns = HANDOFF_NEVER;
  alarm->on_due(alarm);
}

static void start_timer(struct handoff__alarm *alarm, uint64_t now_ns) {
  uint64_t rest_ns = alarm->due_ns > now_ns ? alarm->due_ns - now_ns : 0;
  uint64_t rest_ms = rest_ns / MS_NS + (rest_ns % MS_NS != 0);

  uv_update_time(alarm->uv.timer.loop); /* the timeout counts from the loop's idea of now */
  /* It fails only for a handle that is closing. */
  (void)uv_timer_start(&alarm->uv.timer, on_timer, rest_ms == 0 ? 1 : rest_ms, 0);
}

int handoff__alarm_init(uv_loop_t *loop, struct handoff__alarm *alarm,
                        void (*on_due)(struct handoff__alarm *)) {
  int err = uv_timer_init(loop, &alarm->uv.timer);
  if (err != 0) {
    return err;
  }
  uv_unref(&alarm->uv.handle);
  alarm->due_ns = HANDOFF_NEVER;
  alarm->on_due = on_due;
  alarm->fd = -1;
  return 0;
}

void handoff__alarm_set(struct handoff__alarm *alarm, uint64_t due_ns) {
  if (due_ns == alarm->due_ns) {
    return;
  }
  alarm->due_ns = due_ns;
  if (due_ns == HANDOFF_NEVER) {
    (void)uv_timer_stop(&alarm->uv.timer);
  } else {
    start_timer(alarm, uv_hrtime());
  }
}

static void on_handle_closed(uv_handle_t *handle) {
  struct handoff__alarm *alarm = handoff__owner(handle, struct handoff__alarm, uv.handle);
  alarm->on_closed(alarm);
}

void handoff__alarm_close(struct handoff__alarm *alarm,
                          void (*on_closed)(struct handoff__alarm *)) {
  alarm->on_closed = on_closed;
  uv_close(&alarm->uv.handle, on_handle_closed);
}

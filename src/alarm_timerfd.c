/* alarm_timerfd: see alarm.h. Linux.
 *
 * uv_hrtime() is CLOCK_MONOTONIC in nanoseconds, and so is the timerfd: the kernel keeps the exact
 * instant, where uv_timer_t would round it to the loop's milliseconds. */

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "alarm.h"
#include "queue.h"

static void set_timer(struct handoff__alarm *alarm, uint64_t due_ns) {
  const uint64_t second_ns = 1000000000;
  struct itimerspec spec = {{0, 0}, {0, 0}};

  alarm->due_ns = due_ns;
  if (due_ns != HANDOFF_NEVER) { /* all zero disarms it, so an instant of 0 becomes 1 */
    due_ns = due_ns == 0 ? 1 : due_ns;
    spec.it_value.tv_sec = (time_t)(due_ns / second_ns);
    spec.it_value.tv_nsec = (long)(due_ns % second_ns);
  }
  /* It fails only for arguments that are not like these. */
  (void)timerfd_settime(alarm->fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void on_readable(uv_poll_t *poll, int status, int events) {
  struct handoff__alarm *alarm = handoff__owner(poll, struct handoff__alarm, uv.poll);
  uint64_t expirations;
  ssize_t size;

  (void)status;
  (void)events;
  do {
    size = read(alarm->fd, &expirations, sizeof expirations);
  } while (size == -1 && errno == EINTR);
  if (size != (ssize_t)sizeof expirations) {
    return; /* it has been set anew since the loop looked */
  }
  alarm->due_ns = HANDOFF_NEVER;
  alarm->on_due(alarm);
}

int handoff__alarm_init(uv_loop_t *loop, struct handoff__alarm *alarm,
                        void (*on_due)(struct handoff__alarm *)) {
  int err;

  alarm->due_ns = HANDOFF_NEVER;
  alarm->on_due = on_due;
  alarm->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (alarm->fd == -1) {
    return uv_translate_sys_error(errno);
  }
  err = uv_poll_init(loop, &alarm->uv.poll, alarm->fd);
  if (err != 0) {
    close(alarm->fd);
    return err;
  }
  uv_unref(&alarm->uv.handle);
  /* It fails only for a handle that is closing. */
  (void)uv_poll_start(&alarm->uv.poll, UV_READABLE, on_readable);
  return 0;
}

void handoff__alarm_set(struct handoff__alarm *alarm, uint64_t due_ns) {
  if (due_ns != alarm->due_ns) {
    set_timer(alarm, due_ns);
  }
}

static void on_handle_closed(uv_handle_t *handle) {
  struct handoff__alarm *alarm = handoff__owner(handle, struct handoff__alarm, uv.handle);
  alarm->on_closed(alarm);
}

void handoff__alarm_close(struct handoff__alarm *alarm,
                          void (*on_closed)(struct handoff__alarm *)) {
  alarm->on_closed = on_closed;
  uv_close(&alarm->uv.handle, on_handle_closed); /* stops polling, so the descriptor may go */
  close(alarm->fd);
}

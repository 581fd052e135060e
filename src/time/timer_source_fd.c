/* timer_source_fd: see timer_source.h. Linux.
 *
 * A timerfd counts nanoseconds, where a uv_timer_t rounds to the loop's milliseconds. The
 * timeout is relative, because uv_hrtime() may differ from the kernel's clock: libfaketime
 * shifts only the clock that programs read. */

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/list.h"
#include "time/timer_source.h"

static void set_timer(struct handoff__timer_source *source) {
  const uint64_t second_ns = 1000000000;
  struct itimerspec spec = {{0, 0}, {0, 0}};

  if (source->due_ns != HANDOFF_NEVER) {
    const uint64_t now_ns = uv_hrtime();
    const uint64_t rest_ns = source->due_ns > now_ns ? source->due_ns - now_ns : 1;
    spec.it_value.tv_sec = (time_t)(rest_ns / second_ns); /* all zeros would disarm it */
    spec.it_value.tv_nsec = (long)(rest_ns % second_ns);
  }
  /* It fails only for invalid arguments. */
  (void)timerfd_settime(source->fd, 0, &spec, NULL);
}

static void on_readable(uv_poll_t *poll, int status, int events) {
  struct handoff__timer_source *source =
      handoff__container_of(poll, struct handoff__timer_source, uv.poll);
  uint64_t expirations;
  ssize_t size;

  (void)status;
  (void)events;
  do {
    size = read(source->fd, &expirations, sizeof expirations);
  } while (size == -1 && errno == EINTR);
  if (size != (ssize_t)sizeof expirations) {
    return; /* the timer has been set again since the loop polled it */
  }
  if (uv_hrtime() < source->due_ns) {
    set_timer(source);
    return;
  }
  source->due_ns = HANDOFF_NEVER;
  source->on_due(source);
}

int handoff__timer_source_init(uv_loop_t *loop, struct handoff__timer_source *source,
                               void (*on_due)(struct handoff__timer_source *)) {
  int err;

  source->due_ns = HANDOFF_NEVER;
  source->on_due = on_due;
  source->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (source->fd == -1) {
    return uv_translate_sys_error(errno);
  }
  err = uv_poll_init(loop, &source->uv.poll, source->fd);
  if (err != 0) {
    close(source->fd);
    return err;
  }
  uv_unref(&source->uv.handle);
  /* It cannot fail: the handle is new and the descriptor is ours. */
  (void)uv_poll_start(&source->uv.poll, UV_READABLE, on_readable);
  return 0;
}

void handoff__timer_source_set(struct handoff__timer_source *source, uint64_t due_ns) {
  if (due_ns != source->due_ns) {
    source->due_ns = due_ns;
    set_timer(source);
  }
}

static void on_handle_closed(uv_handle_t *handle) {
  struct handoff__timer_source *source =
      handoff__container_of(handle, struct handoff__timer_source, uv.handle);
  source->on_closed(source);
}

void handoff__timer_source_close(struct handoff__timer_source *source,
                                 void (*on_closed)(struct handoff__timer_source *)) {
  source->on_closed = on_closed;
  uv_close(&source->uv.handle, on_handle_closed); /* stops polling; then the fd may be closed */
  close(source->fd);
}

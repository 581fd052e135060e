/* timer_source_uv: see timer_source.h. Every platform.
 *
 * A uv_timer_t counts the loop's time, truncated to milliseconds, so it can fire up to one
 * millisecond early (libuv#4773). It is then started again for the rest, rounded up to a whole
 * millisecond and never to 0, which would starve the loop on libuv 1.44. */

#include "base/list.h"
#include "time/timer_source.h"

#define MS_NS ((uint64_t)1000 * 1000)

static void start_timer(struct handoff__timer_source *source, uint64_t now_ns);

static void on_timer(uv_timer_t *timer) {
  struct handoff__timer_source *source =
      handoff__container_of(timer, struct handoff__timer_source, uv.timer);
  uint64_t now_ns = uv_hrtime();

  if (now_ns < source->due_ns) {
    start_timer(source, now_ns);
    return;
  }
  source->due_ns = HANDOFF_NEVER;
  source->on_due(source);
}

static void start_timer(struct handoff__timer_source *source, uint64_t now_ns) {
  uint64_t rest_ns = source->due_ns > now_ns ? source->due_ns - now_ns : 0;
  uint64_t rest_ms = rest_ns / MS_NS + (rest_ns % MS_NS != 0);

  uv_update_time(source->uv.timer.loop); /* the timeout counts from the loop's cached time */
  /* It fails only for a closing handle. */
  (void)uv_timer_start(&source->uv.timer, on_timer, rest_ms == 0 ? 1 : rest_ms, 0);
}

int handoff__timer_source_init(uv_loop_t *loop, struct handoff__timer_source *source,
                               void (*on_due)(struct handoff__timer_source *)) {
  int err = uv_timer_init(loop, &source->uv.timer);
  if (err != 0) {
    return err;
  }
  uv_unref(&source->uv.handle);
  source->due_ns = HANDOFF_NEVER;
  source->on_due = on_due;
  source->fd = -1;
  return 0;
}

void handoff__timer_source_set(struct handoff__timer_source *source, uint64_t due_ns) {
  if (due_ns == source->due_ns) {
    return;
  }
  source->due_ns = due_ns;
  if (due_ns == HANDOFF_NEVER) {
    (void)uv_timer_stop(&source->uv.timer);
  } else {
    start_timer(source, uv_hrtime());
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
  uv_close(&source->uv.handle, on_handle_closed);
}

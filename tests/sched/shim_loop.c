/* shim_loop: see shim_loop.h, and src/time/timer_source.h for the timer. As in libuv, several sends
 * of an async before its callback count as one. Any thread may send an async until it is closed. A
 * send orders no memory accesses, because libuv does not promise that. */

#include "sched/shim_loop.h"

#include <stddef.h>
#include <string.h>

#include "base/list.h"
#include "sched/race.h"
#include "sched/scheduler.h"
#include "sched/trace.h"
#include "time/timer_source.h"

#define HANDLES_MAX 4

typedef struct {
  uv_handle_t *handle;
  uv_async_cb on_async;
  uv_close_cb on_close;
  bool is_sent;
  bool is_referenced;
  bool is_closing;
} entry_t;

static entry_t entries[HANDLES_MAX];
static int loop_thread;
static struct handoff__timer_source *timer; /* NULL: not initialised */

void shim_loop_begin(void) {
  memset(entries, 0, sizeof entries);
  loop_thread = NONE;
  timer = NULL;
}

int shim_loop_live(void) {
  int count = 0;
  int i;

  for (i = 0; i < HANDLES_MAX; i++) {
    count += entries[i].handle != NULL;
  }
  return count;
}

static entry_t *entry_of(const void *handle, const char *operation) {
  int i;

  for (i = 0; i < HANDLES_MAX; i++) {
    if (entries[i].handle == handle) {
      return &entries[i];
    }
  }
  scheduler_fail("handle", "%s: no such handle", operation);
}

static void check_thread(const char *operation) {
  if (thread_index() != loop_thread) {
    scheduler_fail("handle", "%s: not on the loop thread", operation);
  }
}

static void add(uv_handle_t *handle, uv_async_cb on_async) {
  entry_t *entry = entry_of(NULL, "init: more handles than the shim has");
  *entry = (entry_t){.handle = handle, .on_async = on_async, .is_referenced = true};
}

int uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb on_async) {
  (void)loop;
  loop_thread = thread_index();
  scheduler_step();
  if (scheduler_injects_failure()) {
    return UV_ENFILE;
  }
  add((uv_handle_t *)async, on_async);
  scheduler_record("inits an async", NULL, TRACE_NO_VALUE);
  return 0;
}

/* A timer that is set counts as due: that only forbids a request to spin. */
int uv_backend_timeout(const uv_loop_t *loop) {
  bool is_alive = false;
  int i;

  (void)loop;
  for (i = 0; i < HANDLES_MAX; i++) {
    if (entries[i].handle != NULL && entries[i].is_closing) {
      return 0;
    }
    is_alive |= entries[i].handle != NULL && entries[i].is_referenced;
  }
  if (timer != NULL && timer->due_ns != NEVER) {
    return 0;
  }
  return is_alive ? -1 : 0;
}

int uv_async_send(uv_async_t *async) {
  entry_t *entry;

  scheduler_step();
  race_access(async, sizeof *async, RACE_ATOMIC);
  entry = entry_of(async, "send");
  if (entry->is_closing) {
    scheduler_fail("handle", "an async is sent after its close");
  }
  entry->is_sent = true;
  scheduler_record("sends an async", NULL, TRACE_NO_VALUE);
  scheduler_wake(FOR_LOOP, entries, true);
  return 0;
}

void uv_close(uv_handle_t *handle, uv_close_cb on_close) {
  entry_t *entry = entry_of(handle, "close");

  check_thread("close");
  scheduler_step();
  if (entry->is_closing) {
    scheduler_fail("handle", "a handle is closed twice");
  }
  entry->is_closing = true;
  entry->on_close = on_close;
  scheduler_record("closes a handle", NULL, TRACE_NO_VALUE);
}

void uv_ref(uv_handle_t *handle) {
  check_thread("ref");
  entry_of(handle, "ref")->is_referenced = true;
}

void uv_unref(uv_handle_t *handle) {
  check_thread("unref");
  entry_of(handle, "unref")->is_referenced = false;
}

uint64_t uv_now(const uv_loop_t *loop) {
  (void)loop;
  return scheduler_now_ns() / 1000000;
}

static bool run_due_callbacks(void) {
  bool has_run = false;
  int i;

  for (i = 0; i < HANDLES_MAX; i++) {
    entry_t entry = entries[i];
    if (entry.handle != NULL && entry.is_sent && !entry.is_closing) {
      entries[i].is_sent = false;
      scheduler_record("calls back an async", NULL, TRACE_NO_VALUE);
      entry.on_async((uv_async_t *)(void *)entry.handle);
      has_run = true;
    } else if (entry.handle != NULL && entry.is_closing) {
      race_access(entry.handle, sizeof(uv_handle_t), RACE_WRITE); /* no thread may send it now */
      entries[i].handle = NULL;
      scheduler_record("has closed a handle", NULL, TRACE_NO_VALUE);
      entry.on_close(entry.handle);
      has_run = true;
    }
  }
  return has_run;
}

/* --------------------------------------------------------------------------------- the timer -- */

static bool run_due_timer(void) {
  if (timer == NULL || timer->due_ns > scheduler_now_ns()) {
    return false;
  }
  timer->due_ns = HANDOFF_NEVER;
  scheduler_record("calls back a timer", NULL, TRACE_NO_VALUE);
  timer->on_due(timer);
  return true;
}

int handoff__timer_source_init(uv_loop_t *loop, struct handoff__timer_source *source,
                               void (*on_due)(struct handoff__timer_source *)) {
  (void)loop;
  check_thread("timer init");
  if (scheduler_injects_failure()) {
    return UV_EMFILE;
  }
  source->due_ns = HANDOFF_NEVER;
  source->on_due = on_due;
  timer = source;
  return 0;
}

void handoff__timer_source_set(struct handoff__timer_source *source, uint64_t due_ns) {
  check_thread("timer set");
  source->due_ns = due_ns;
}

static void on_timer_closed(uv_handle_t *handle) {
  struct handoff__timer_source *source =
      handoff__container_of(handle, struct handoff__timer_source, uv);
  source->on_closed(source);
}

void handoff__timer_source_close(struct handoff__timer_source *source,
                                 void (*on_closed)(struct handoff__timer_source *)) {
  timer = NULL;
  source->on_closed = on_closed;
  add(&source->uv.handle, NULL);
  uv_close(&source->uv.handle, on_timer_closed);
}

/* ---------------------------------------------------------------------------------- the loop -- */

void shim_loop_turn(bool may_wait) {
  bool has_run;

  scheduler_step();
  has_run = run_due_timer();
  has_run |= run_due_callbacks();
  if (!has_run && may_wait) {
    (void)scheduler_wait(FOR_LOOP, entries, timer == NULL ? NEVER : timer->due_ns);
  }
}

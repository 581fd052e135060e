/* loop: see loop.h. A turn calls what has been started back before it waits, then the asyncs, then what has been
 * closed. An async coalesces, and may be sent by anybody until it is closed; sending it orders nothing
 * for the memory, for libuv does not promise that. */

#include "sched/loop.h"

#include <string.h>

#include "sched/race.h"
#include "sched/scheduler.h"
#include "sched/trace.h"
#include "time/timer_source.h"

#define HANDLES_MAX 4

typedef struct {
  uv_handle_t *handle;
  uv_async_cb on_async;
  uv_prepare_cb on_prepare; /* if it has been started */
  uv_close_cb on_close;
  bool is_sent;
  bool is_referenced;
  bool is_closing;
} entry_t;

static entry_t entries[HANDLES_MAX];
static int thread; /* the loop's */

void loop_begin(void) {
  memset(entries, 0, sizeof entries);
  thread = NOBODY;
}

int loop_handles(void) {
  int count = 0;
  int i;

  for (i = 0; i < HANDLES_MAX; i++) {
    count += entries[i].handle != NULL;
  }
  return count;
}

static entry_t *entry_of(const void *handle, const char *doing) {
  int i;

  for (i = 0; i < HANDLES_MAX; i++) {
    if (entries[i].handle == handle) {
      return &entries[i];
    }
  }
  scheduler_fail("handle", "%s: there is no such handle", doing);
}

static void check_thread(const char *doing) {
  if (thread_index() != thread) {
    scheduler_fail("handle", "%s: not on the loop's thread", doing);
  }
}

static entry_t *add(uv_handle_t *handle) {
  entry_t *entry = entry_of(NULL, "more handles than we have");

  memset(entry, 0, sizeof *entry);
  entry->handle = handle;
  entry->is_referenced = true;
  return entry;
}

int uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb on_async) {
  (void)loop;
  thread = thread_index();
  scheduler_step();
  if (scheduler_faults()) {
    return UV_ENFILE;
  }
  add((uv_handle_t *)async)->on_async = on_async;
  scheduler_did("makes an async", NULL, TRACE_NO_VALUE);
  return 0;
}

int uv_prepare_init(uv_loop_t *loop, uv_prepare_t *prepare) {
  (void)loop;
  check_thread("prepare_init");
  (void)add((uv_handle_t *)prepare);
  return 0;
}

int uv_prepare_start(uv_prepare_t *prepare, uv_prepare_cb on_prepare) {
  check_thread("prepare_start");
  entry_of(prepare, "start")->on_prepare = on_prepare;
  return 0;
}

int uv_prepare_stop(uv_prepare_t *prepare) {
  check_thread("prepare_stop");
  entry_of(prepare, "stop")->on_prepare = NULL;
  return 0;
}

/* How long the loop would sleep: there are no timers. */
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
  return is_alive ? -1 : 0;
}

int uv_async_send(uv_async_t *async) {
  entry_t *entry;

  scheduler_step();
  race_touch(async, sizeof *async, RACE_ATOMIC);
  entry = entry_of(async, "send");
  if (entry->is_closing) {
    scheduler_fail("handle", "an async is sent after the close");
  }
  entry->is_sent = true;
  scheduler_did("sends an async", NULL, TRACE_NO_VALUE);
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
  scheduler_did("closes a handle", NULL, TRACE_NO_VALUE);
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

static void prepare(void) {
  int i;

  for (i = 0; i < HANDLES_MAX; i++) {
    if (entries[i].on_prepare != NULL && !entries[i].is_closing) {
      scheduler_did("prepares", NULL, TRACE_NO_VALUE);
      entries[i].on_prepare((uv_prepare_t *)(void *)entries[i].handle);
    }
  }
}

static bool run_what_is_due(void) {
  bool has_run = false;
  int i;

  for (i = 0; i < HANDLES_MAX; i++) {
    entry_t entry = entries[i];
    if (entry.handle != NULL && entry.is_sent && !entry.is_closing) {
      entries[i].is_sent = false;
      scheduler_did("calls back an async", NULL, TRACE_NO_VALUE);
      entry.on_async((uv_async_t *)(void *)entry.handle);
      has_run = true;
    } else if (entry.handle != NULL && entry.is_closing) {
      race_touch(entry.handle, sizeof(uv_handle_t), RACE_WRITE); /* nobody sends it any more */
      entries[i].handle = NULL;
      entries[i].on_prepare = NULL;
      scheduler_did("has closed a handle", NULL, TRACE_NO_VALUE);
      entry.on_close(entry.handle);
      has_run = true;
    }
  }
  return has_run;
}

void loop_turn(bool may_wait) {
  scheduler_step();
  prepare();
  if (!run_what_is_due() && may_wait) {
    (void)scheduler_wait(FOR_LOOP, entries, NEVER);
  }
}

/* A port has ticks only with lanes, which are not run here. */
int handoff__timer_source_init(uv_loop_t *loop, struct handoff__timer_source *alarm,
                               void (*on_due)(struct handoff__timer_source *)) {
  (void)loop, (void)alarm, (void)on_due;
  scheduler_fail("handle", "there is no alarm here");
}

void handoff__timer_source_set(struct handoff__timer_source *alarm, uint64_t due_ns) {
  (void)alarm, (void)due_ns;
  scheduler_fail("handle", "there is no alarm here");
}

void handoff__timer_source_close(struct handoff__timer_source *alarm,
                                 void (*on_closed)(struct handoff__timer_source *)) {
  (void)alarm, (void)on_closed;
  scheduler_fail("handle", "there is no alarm here");
}

/* port: see port.h.
 *
 * Invariants:
 *   `ready` or `batch` is not empty  =>  `signalled`; `signalled`  =>  on_async is running or will run, or
 *   busy_poll.c is looking. It is cleared only under the lock, when `ready` is found empty and `batch` is too. So
 *   no post is lost, and posts that come while jobs are being run cost no system call.
 *   Jobs are run in the order of their posts; what the loop posts to itself while it runs jobs and finds `ready`
 *   empty goes to the end of `batch`, without the lock, and so comes before all that is posted later. What
 *   has been posted before about the same slot is visible to it, since that was done with a lock held that
 *   the loop has had since.
 *   A post sends the async under the lock, and the handles are closed only when `active` is 0, which is
 *   after every job has been taken out of `ready` under the lock. So nothing is sent after the close. */

#include "port.h"

#include <stdlib.h>

/* How long jobs are run before other handles of the loop get their turn: a turn of the loop costs three system
 * calls, several microseconds in all. */
#define DISPATCH_NS 100000u
/* Jobs run between two looks at the clock where they take no time: at most so many, if they were to become slow. */
#define JOBS_PER_LOOK_MAX 32u

static void close_handles(struct handoff__port *p);

/* -------------------------------------------------------------------------------- the jobs -- */

/* The lock is held. */
static void set_has_ready(struct handoff__port *p, bool has_ready) {
  atomic_store_explicit(&p->has_ready, has_ready, memory_order_release);
}

static void set_runner(struct handoff__port *p, uintptr_t runner) {
  atomic_store_explicit(&p->runner, runner, memory_order_relaxed);
}

void handoff__port_post(struct handoff__port *p, struct handoff__job *job) {
  if (handoff__port_runner(p) == (uintptr_t)uv_thread_self() && !handoff__port_has_ready(p)) {
    handoff__queue_push(&p->batch, &job->link);
    return;
  }
  uv_mutex_lock(&p->lock);
  handoff__queue_push(&p->ready, &job->link);
  set_has_ready(p, true);
  if (!p->signalled) {
    p->signalled = true;
    p->roused_ns = p->loop_thread == (uintptr_t)uv_thread_self() ? 0 : uv_hrtime();
    (void)uv_async_send(&p->async); /* it fails only for handles that are no async */
  }
  uv_mutex_unlock(&p->lock);
}

/* Takes what has been posted. True: there is something to run. */
static bool take_ready(struct handoff__port *p) {
  uv_mutex_lock(&p->lock);
  handoff__queue_append(&p->batch, &p->ready);
  set_has_ready(p, false);
  p->signalled = !handoff__queue_is_empty(&p->batch);
  uv_mutex_unlock(&p->lock);
  return !handoff__queue_is_empty(&p->batch);
}

struct turn {
  unsigned jobs;          /* since the last look */
  unsigned jobs_per_look; /* twice as many each time, while they take no time */
  uint64_t begun_ns;      /* of the first look, which is after one job */
  uint64_t looked_ns;
};

/* Another job has been run. */
static bool is_over(struct turn *turn) {
  uint64_t now_ns;

  if (++turn->jobs < turn->jobs_per_look) {
    return false;
  }
  now_ns = uv_hrtime();
  if (turn->begun_ns == 0) {
    turn->begun_ns = now_ns;
  } else if (now_ns - turn->looked_ns >= DISPATCH_NS / JOBS_PER_LOOK_MAX) {
    turn->jobs_per_look = 1;
  } else if (turn->jobs_per_look < JOBS_PER_LOOK_MAX) {
    turn->jobs_per_look *= 2;
  }
  turn->jobs = 0;
  turn->looked_ns = now_ns;
  return now_ns - turn->begun_ns >= DISPATCH_NS;
}

bool handoff__port_run(struct handoff__port *p) {
  struct turn turn = {.jobs_per_look = 1};
  bool is_done = true;

  set_runner(p, (uintptr_t)uv_thread_self());
  while (is_done && (!handoff__queue_is_empty(&p->batch) || take_ready(p))) {
    struct handoff__job *job =
        handoff__owner(handoff__queue_pop(&p->batch), struct handoff__job, link);
    job->run(job);
    is_done = !is_over(&turn);
  }
  set_runner(p, 0);
  handoff__port_note_idle(p);
  return is_done;
}

static void on_async(uv_async_t *async) {
  struct handoff__port *p = handoff__owner(async, struct handoff__port, async);

  handoff__port_note_wake(p);
  if (!handoff__port_run(p)) {
    (void)uv_async_send(&p->async); /* still signalled: the rest comes in the loop's next turn */
  } else if (p->closing && p->active == 0) {
    close_handles(p);
  }
}

void handoff__port_update_ref(struct handoff__port *p) {
  if (p->closing || (p->referenced && p->active != 0)) {
    uv_ref((uv_handle_t *)&p->async);
  } else {
    uv_unref((uv_handle_t *)&p->async);
  }
}

/* ------------------------------------------------------------------------------- the port -- */

int handoff_port_init(uv_loop_t *loop, handoff_port_t *port) {
  struct handoff__port *p;
  int err;

  if (loop == NULL || port == NULL) {
    return UV_EINVAL;
  }
  p = calloc(1, sizeof *p);
  if (p == NULL) {
    return UV_ENOMEM;
  }
  err = uv_mutex_init(&p->lock);
  if (err != 0) {
    free(p);
    return err;
  }
  err = uv_async_init(loop, &p->async, on_async); /* last: it cannot be undone from in here */
  if (err != 0) {
    uv_mutex_destroy(&p->lock);
    free(p);
    return err;
  }
  handoff__queue_init(&p->ready);
  handoff__queue_init(&p->batch);
  handoff__queue_init(&p->reqs);
  p->handle = port;
  atomic_init(&p->has_ready, false);
  atomic_init(&p->runner, 0);
  p->handles = 1;
  p->referenced = true;
  p->may_hope = uv_available_parallelism() > 1;
  port->loop = loop;
  port->impl = p;
  handoff__port_update_ref(p);
  return 0;
}

int handoff__port_need_ticks(struct handoff__port *p) {
  int err;

  if (p->has_ticks) {
    return 0;
  }
  err = handoff__ticks_init(p->handle->loop, &p->ticks);
  if (err == 0) {
    p->has_ticks = true;
    p->handles++;
  }
  return err;
}

static void set_referenced(handoff_port_t *port, bool referenced) {
  if (port != NULL && port->impl != NULL) {
    port->impl->referenced = referenced;
    handoff__port_update_ref(port->impl);
  }
}

void handoff_port_ref(handoff_port_t *port) { set_referenced(port, true); }

void handoff_port_unref(handoff_port_t *port) { set_referenced(port, false); }

int handoff_port_close(handoff_port_t *port, handoff_port_close_cb on_close) {
  struct handoff__port *p;
  struct handoff__link *link;

  if (port == NULL || port->impl == NULL || port->impl->closing) {
    return UV_EINVAL;
  }
  p = port->impl;
  if (p->lanes != 0) {
    return UV_EBUSY;
  }
  p->closing = true;
  p->on_close = on_close;
  handoff__port_update_ref(p);
  for (link = p->reqs.next; link != &p->reqs; link = link->next) {
    (void)handoff_cancel(handoff__owner(link, handoff_req_t, link)); /* too late is fine too */
  }
  (void)uv_async_send(&p->async); /* the rest is done there, once nothing is active */
  return 0;
}

static void on_handle_closed(struct handoff__port *p) {
  handoff_port_t *port = p->handle;
  handoff_port_close_cb on_close = p->on_close;

  p->handles--;
  if (p->handles != 0) {
    return;
  }
  uv_mutex_destroy(&p->lock);
  free(p);
  port->impl = NULL;
  if (on_close != NULL) {
    on_close(port);
  }
}

static void on_async_closed(uv_handle_t *handle) {
  on_handle_closed(handoff__owner(handle, struct handoff__port, async));
}

static void on_ticks_closed(struct handoff__alarm *alarm) {
  on_handle_closed(handoff__owner(alarm, struct handoff__port, ticks.alarm));
}

static void on_prepare_closed(uv_handle_t *handle) {
  on_handle_closed(handoff__owner(handle, struct handoff__port, prepare));
}

static void close_handles(struct handoff__port *p) {
  uv_close((uv_handle_t *)&p->async, on_async_closed);
  if (p->has_ticks) {
    handoff__ticks_close(&p->ticks, on_ticks_closed);
  }
  if (p->has_prepare) {
    uv_close((uv_handle_t *)&p->prepare, on_prepare_closed);
  }
}

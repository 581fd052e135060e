/* busy_poll: how a loop that is about to sleep looks first for what is about to come.
 *
 * To wake a loop takes a system call on either side, and sleeping another. There are two ways to do without.
 *
 * A request that would have to wait HOPES: it looks at its cell for 1 to 3 us before it queues, as a thread does
 * before it sleeps (pass.c), where it is the last thing that the port has to do. Then neither side needs more than the
 * cell. That is the default, and costs next to nothing where it is not worth it: a request hopes only if the loop
 * has just slept for so short a time that it had better have hoped, and no longer once it has hoped in vain. How long
 * it has slept is known from when its last job had been run and when another thread's post roused it, and is
 * measured beside system calls.
 *
 * If asked to, the port also LOOKS FOR JOBS, for longer, in the loop's prepare phase, once per turn. While we look,
 * `signalled` is set, so that a post is only a push. Other handles are not held up for longer than asked for; when
 * it was worth it we send the async, so that the loop polls its descriptors without sleeping and comes back.
 *
 * Loop thread, but for what is said in port.h. */

#include "cpu.h"
#include "port.h"
#include "queue.h"

/* A sleep shorter than this was not worth it: to wake up takes as long. */
#define SHORT_NS 10000u
/* Looks for jobs between two looks at the clock. */
#define LOOKS 16
/* Where it has not been worth it lately we look for this part of the time, and every so often for all of it. */
#define SHARE_MIN 8
#define PROBE 16

/* ---------------------------------------------------------------------------------- to hope -- */

bool handoff__port_may_hope(const struct handoff__port *p) {
  return p->is_hopeful && handoff__port_is_ahead(p) && handoff__queue_is_empty(&p->batch) &&
         uv_backend_timeout(p->handle->loop) != 0;
}

void handoff__port_note_wake(struct handoff__port *p) {
  uint64_t roused_ns;

  uv_mutex_lock(&p->lock);
  roused_ns = p->roused_ns;
  p->roused_ns = 0;
  p->loop_thread = (uintptr_t)uv_thread_self();
  uv_mutex_unlock(&p->lock);
  if (roused_ns != 0 && roused_ns < p->idle_ns + SHORT_NS) {
    p->is_hopeful = p->may_hope;
  }
}

void handoff__port_note_idle(struct handoff__port *p) {
  if (p->may_hope && p->active != 0) {
    p->idle_ns = uv_hrtime();
  }
}

/* -------------------------------------------------------------------------- to look for jobs -- */

/* True: there is a job. False: the time is up. */
static bool look(struct handoff__port *p, uint64_t end_ns) {
  do {
    int i;
    for (i = 0; i < LOOKS; i++) {
      if (handoff__port_has_ready(p)) {
        return true;
      }
      handoff__cpu_relax();
    }
  } while (uv_hrtime() < end_ns);
  return false;
}

/* Whether the loop is about to sleep with nothing else to do; if so, until when, in uv_hrtime(). */
static bool is_idle(struct handoff__port *p, uint64_t *until_ns) {
  int timeout_ms = uv_backend_timeout(p->handle->loop); /* from uv_now() on */

  *until_ns =
      timeout_ms < 0 ? HANDOFF_NEVER : (uv_now(p->handle->loop) + (uint64_t)timeout_ms) * 1000000;
  if (p->has_ticks && p->ticks.root != NULL && p->ticks.root->due_ns < *until_ns) {
    *until_ns = p->ticks.root->due_ns; /* of which libuv sees a descriptor at most */
  }
  return timeout_ms != 0 && !p->closing && p->active != 0 && p->poll_ns != 0;
}

static void note(struct handoff__port *p, bool was_worth_it) {
  if (was_worth_it) {
    p->is_hopeful = p->may_hope;
    p->poll_ns = p->poll_max_ns;
    p->poll_misses = 0;
    return;
  }
  p->poll_misses++;
  p->poll_ns /= 2;
  if (p->poll_ns < p->poll_max_ns / SHARE_MIN) {
    p->poll_ns = p->poll_max_ns / SHARE_MIN;
  }
  if (p->poll_misses % PROBE == 0) {
    p->poll_ns = p->poll_max_ns;
  }
}

/* From here on posts do not send the async. False: it has been sent. */
static bool begin(struct handoff__port *p) {
  bool was_signalled;

  uv_mutex_lock(&p->lock);
  was_signalled = p->signalled;
  p->signalled = true;
  uv_mutex_unlock(&p->lock);
  return !was_signalled;
}

/* From here on they do. */
static void end(struct handoff__port *p, bool is_to_return) {
  uv_mutex_lock(&p->lock);
  if (is_to_return || !handoff__queue_is_empty(&p->ready) || !handoff__queue_is_empty(&p->batch)) {
    p->signalled = true;
    (void)uv_async_send(&p->async);
  } else {
    p->signalled = false;
  }
  uv_mutex_unlock(&p->lock);
}

static void on_prepare(uv_prepare_t *prepare) {
  struct handoff__port *p = handoff__owner(prepare, struct handoff__port, prepare);
  uint64_t end_ns = uv_hrtime() + p->poll_ns;
  uint64_t until_ns;
  bool was_worth_it = false;

  if (!is_idle(p, &until_ns) || !begin(p)) {
    return;
  }
  while (look(p, end_ns < until_ns ? end_ns : until_ns)) {
    was_worth_it = true;
    if (!handoff__port_run(p) || !is_idle(p, &until_ns) || uv_hrtime() >= end_ns) {
      break;
    }
    (void)begin(p); /* running the last job has ended it */
  }
  note(p, was_worth_it);
  end(p, was_worth_it);
}

int handoff_port_set_busy_poll(handoff_port_t *port, uint64_t max_ns) {
  const bool has_many_cpus = uv_available_parallelism() > 1;
  struct handoff__port *p;

  if (port == NULL || port->impl == NULL || port->impl->closing ||
      max_ns > HANDOFF_BUSY_POLL_MAX_NS) {
    return UV_EINVAL;
  }
  p = port->impl;
  p->may_hope = max_ns != 0 && has_many_cpus;
  p->is_hopeful = false;
  p->poll_max_ns = max_ns;
  p->poll_ns = max_ns;
  p->poll_misses = 0;
  if (!p->has_prepare) {
    (void)uv_prepare_init(port->loop, &p->prepare); /* does not fail */
    uv_unref((uv_handle_t *)&p->prepare);
    p->has_prepare = true;
    p->handles++;
  }
  if (max_ns > HANDOFF_BUSY_POLL_DEFAULT_NS && has_many_cpus) {
    return uv_prepare_start(&p->prepare, on_prepare);
  }
  return uv_prepare_stop(&p->prepare);
}

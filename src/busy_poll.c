/* busy_poll: how a loop that is about to sleep looks for jobs for a while first.
 *
 * To wake a loop takes a system call on either side, and sleeping another. While we look, `signalled` is
 * set, so that a post is only a push. Other handles are not held up for longer than asked for: we look
 * in the loop's prepare phase, once per turn; when it was worth it we send the async, so that the loop polls
 * its descriptors without sleeping and comes back. Loop thread, but for what is said in port.h. */

#include "port.h"
#include "queue.h"
#include "relax.h"

/* Looks for jobs between two looks at the clock. */
#define LOOKS 16
/* Where it has not been worth it lately we look for this part of the time, and every so often for all of it. */
#define SHARE_MIN 8
#define PROBE 16

/* True: there is a job. False: the time is up. */
static bool look(struct handoff__port *p, uint64_t end_ns) {
  do {
    int i;
    for (i = 0; i < LOOKS; i++) {
      if (handoff__port_has_ready(p)) {
        return true;
      }
      handoff__relax();
    }
  } while (uv_hrtime() < end_ns);
  return false;
}

/* Whether the loop is about to sleep with nothing else to do; if so, until when, in uv_hrtime(). */
static bool is_idle(struct handoff__port *p, uint64_t now_ns, uint64_t *until_ns) {
  int timeout_ms = uv_backend_timeout(p->handle->loop);

  *until_ns = timeout_ms < 0 ? HANDOFF_NEVER : now_ns + (uint64_t)timeout_ms * 1000000;
  return timeout_ms != 0 && !p->closing && p->active != 0;
}

static void note(struct handoff__port *p, bool was_worth_it) {
  if (was_worth_it) {
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
  uint64_t now_ns = uv_hrtime();
  uint64_t end_ns = now_ns + p->poll_ns;
  uint64_t until_ns;
  bool was_worth_it = false;

  if (!is_idle(p, now_ns, &until_ns) || !begin(p)) {
    return;
  }
  while (look(p, end_ns < until_ns ? end_ns : until_ns)) {
    was_worth_it = true;
    if (!handoff__port_run(p) || !is_idle(p, uv_hrtime(), &until_ns) || uv_hrtime() >= end_ns) {
      break;
    }
    (void)begin(p); /* running the last job has ended it */
  }
  note(p, was_worth_it);
  end(p, was_worth_it);
}

int handoff_port_set_busy_poll(handoff_port_t *port, uint64_t max_ns) {
  struct handoff__port *p;

  if (port == NULL || port->impl == NULL || port->impl->closing ||
      max_ns > HANDOFF_BUSY_POLL_MAX_NS) {
    return UV_EINVAL;
  }
  p = port->impl;
  p->poll_max_ns = max_ns;
  p->poll_ns = max_ns;
  p->poll_misses = 0;
  if (!p->has_prepare) {
    (void)uv_prepare_init(port->loop, &p->prepare); /* does not fail */
    uv_unref((uv_handle_t *)&p->prepare);
    p->has_prepare = true;
    p->handles++;
  }
  if (max_ns != 0 && uv_available_parallelism() > 1) {
    return uv_prepare_start(&p->prepare, on_prepare);
  }
  return uv_prepare_stop(&p->prepare);
}

/* port: init, references, close. Loop thread only.
 *
 * A closing port tells its members, which then end by themselves; it closes its handles when no
 * activity is left. */

#include "loop/port.h"

#include <stdlib.h>

void handoff__port_update_ref(struct handoff__port *p) {
  if (p->is_closing || (p->is_referenced && p->activities != 0)) {
    uv_ref((uv_handle_t *)&p->tasks.async);
  } else {
    uv_unref((uv_handle_t *)&p->tasks.async);
  }
}

static void on_handle_closed(struct handoff__port *p) {
  handoff_port_t *port = p->handle;
  handoff_port_close_cb on_close = p->on_close;

  p->handles--;
  if (p->handles != 0) {
    return;
  }
  handoff__task_queue_destroy(&p->tasks);
  free(p);
  port->impl = NULL;
  if (on_close != NULL) {
    on_close(port);
  }
}

static void on_async_closed(uv_handle_t *handle) {
  on_handle_closed(handoff__container_of(handle, struct handoff__port, tasks.async));
}

static void on_timers_closed(struct handoff__timer_source *source) {
  on_handle_closed(handoff__container_of(source, struct handoff__port, timers.source));
}

static void on_drained(struct handoff__task_queue *tasks) {
  struct handoff__port *p = handoff__container_of(tasks, struct handoff__port, tasks);

  if (!p->is_closing || p->activities != 0) {
    return;
  }
  uv_close((uv_handle_t *)&p->tasks.async, on_async_closed);
  if (p->has_timers) {
    handoff__timer_queue_close(&p->timers, on_timers_closed);
  }
}

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
  p->handle = port;
  handoff__list_init(&p->members);
  p->is_spin_allowed = uv_available_parallelism() > 1;
  p->is_referenced = true;
  p->handles = 1;
  err = handoff__task_queue_init(loop, &p->tasks, on_drained);
  if (err != 0) {
    free(p);
    return err;
  }
  port->loop = loop;
  port->impl = p;
  handoff__port_update_ref(p);
  return 0;
}

bool handoff_port_owns(const handoff_port_t *port, const uv_handle_t *handle) {
  const struct handoff__port *p;

  if (port == NULL || port->impl == NULL) {
    return false;
  }
  p = port->impl;
  return handle == (const uv_handle_t *)&p->tasks.async ||
         (p->has_timers && handle == &p->timers.source.uv.handle);
}

int handoff__port_need_timers(struct handoff__port *p) {
  int err;

  if (p->has_timers) {
    return 0;
  }
  err = handoff__timer_queue_init(p->handle->loop, &p->timers);
  if (err == 0) {
    p->has_timers = true;
    p->handles++;
  }
  return err;
}

int handoff_port_set_spin(handoff_port_t *port, bool is_allowed) {
  if (port == NULL || port->impl == NULL) {
    return UV_EINVAL;
  }
  if (port->impl->is_closing) {
    return UV_ECANCELED;
  }
  port->impl->is_spin_allowed = is_allowed && uv_available_parallelism() > 1;
  return 0;
}

static void set_referenced(handoff_port_t *port, bool is_referenced) {
  if (port != NULL && port->impl != NULL) {
    port->impl->is_referenced = is_referenced;
    handoff__port_update_ref(port->impl);
  }
}

void handoff_port_ref(handoff_port_t *port) { set_referenced(port, true); }

void handoff_port_unref(handoff_port_t *port) { set_referenced(port, false); }

int handoff_port_close(handoff_port_t *port, handoff_port_close_cb on_close) {
  struct handoff__port *p;
  struct handoff__link *link;
  struct handoff__link *next;

  if (port == NULL || port->impl == NULL) {
    return UV_EINVAL;
  }
  p = port->impl;
  if (p->is_closing) {
    return UV_ECANCELED;
  }
  p->is_closing = true;
  p->on_close = on_close;
  handoff__port_update_ref(p);
  for (link = p->members.next; link != &p->members; link = next) {
    struct handoff__member *member = handoff__container_of(link, struct handoff__member, link);
    next = link->next; /* a lane unlinks itself */
    member->on_port_close(member);
  }
  handoff__task_queue_wake(&p->tasks); /* on_drained closes the handles */
  return 0;
}

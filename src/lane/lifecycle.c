/* lifecycle: init, start, stop, set_interval, pause and close of a lane. Loop thread only. */

#include "lane/lane.h"

#include <stdlib.h>
#include <string.h>

#include "lane/credits.h"
#include "lane/events.h"
#include "lane/worker.h"
#include "slot/lifecycle.h"

/* ----------------------------------------------------------------------------------- init -- */

/* Fills in the options that an older caller does not know. False: as in slot/lifecycle.c. */
static bool read_options(handoff_lane_options_t *options, const handoff_lane_options_t *given) {
  if (given->size < offsetof(handoff_lane_options_t, capacity) || given->size > sizeof *options ||
      given->size % sizeof(void *) != 0) {
    return false;
  }
  *options = handoff_lane_options(given->item_size, given->produce, given->consume);
  memcpy(options, given, given->size);
  return true;
}

static bool is_valid_side(const handoff_side_options_t *side) {
  switch (side->missed) {
    case HANDOFF_MISSED_SKIP:
    case HANDOFF_MISSED_SHIFT:
      return true;
    case HANDOFF_MISSED_BURST:
      return side->burst != 0; /* its maximum is checked with the credit queue's capacity */
  }
  return false;
}

static bool is_valid(const handoff_lane_options_t *options) {
  return options->produce != NULL && options->consume != NULL && options->item_size != 0 &&
         options->item_size <= SIZE_MAX / 2 && is_valid_side(&options->producer) &&
         is_valid_side(&options->consumer) && options->event_capacity != 0 &&
         options->coalesce_ns <= HANDOFF_COALESCE_MAX_NS && options->stack_size <= SIZE_MAX / 2;
}

static int init_slot(handoff_slot_t *slot, size_t item_size, size_t capacity,
                     const handoff_lane_options_t *lane) {
  handoff_slot_options_t options = handoff_slot_options(item_size);

  options.capacity = capacity;
  if (lane != NULL) {
    options.name = lane->name;
    options.drop = lane->drop;
    options.drop_arg = lane->drop_arg;
  }
  return handoff_slot_init(slot, &options);
}

/* A worker's item, in cache lines of its own. */
static unsigned char *item_new(size_t stride) {
  unsigned char *block = malloc(HANDOFF__CACHE_LINE + stride + HANDOFF__CACHE_LINE);
  return block == NULL ? NULL : block + HANDOFF__CACHE_LINE;
}

static void item_free(unsigned char *item) {
  free(item == NULL ? NULL : item - HANDOFF__CACHE_LINE);
}

static void destroy(struct handoff__lane *l) {
  handoff_side_t which;

  for (which = HANDOFF_PRODUCER; which <= HANDOFF_CONSUMER; which++) {
    handoff_slot_destroy(&l->sides[which].credits); /* does nothing to a slot without init */
    handoff_slot_destroy(&l->sides[which].completions);
    item_free(l->sides[which].item);
  }
  handoff_slot_destroy(&l->items);
  free(l);
}

static int init_side(struct handoff__lane *l, struct handoff__port *p, handoff_side_t which,
                     size_t stride) {
  struct handoff__lane_side *side = &l->sides[which];
  size_t credit_capacity;
  int err;

  side->lane = l;
  side->which = which;
  side->timers = &p->timers;
  credit_capacity = handoff__credits_init(
      side, which == HANDOFF_PRODUCER ? &l->options.producer : &l->options.consumer);
  side->item = item_new(stride);
  if (side->item == NULL) {
    return UV_ENOMEM;
  }
  err = init_slot(&side->credits, sizeof(struct handoff__credit), credit_capacity, NULL);
  if (err == 0) {
    err = init_slot(&side->completions, sizeof side->completion, l->options.event_capacity, NULL);
  }
  return err;
}

static size_t round_up(size_t size, size_t to) { return (size + to - 1) / to * to; }

static int init_parts(struct handoff__lane *l, struct handoff__port *p) {
  size_t stride; /* every item is aligned as malloc aligns */
  int err;

  l->stamp_offset = round_up(l->options.item_size, sizeof(uint64_t));
  stride = round_up(l->stamp_offset + sizeof(uint64_t), _Alignof(max_align_t));
  err = init_slot(&l->items, stride, l->options.capacity, &l->options);
  if (err == 0) {
    err = init_side(l, p, HANDOFF_PRODUCER, stride);
  }
  if (err == 0) {
    err = init_side(l, p, HANDOFF_CONSUMER, stride);
  }
  return err == 0 ? handoff__port_need_timers(p) : err; /* last: the port keeps them */
}

static void on_port_close(struct handoff__member *member) {
  struct handoff__lane *l = handoff__container_of(member, struct handoff__lane, member);
  (void)handoff_lane_close(l->handle, NULL);
}

int handoff_lane_init(handoff_port_t *port, handoff_lane_t *lane,
                      const handoff_lane_options_t *given) {
  handoff_lane_options_t options;
  struct handoff__lane *l;
  int err;

  if (port == NULL || port->impl == NULL || lane == NULL || given == NULL ||
      !read_options(&options, given) || !is_valid(&options)) {
    return UV_EINVAL;
  }
  if (port->impl->is_closing) {
    return UV_ECANCELED;
  }
  l = calloc(1, sizeof *l);
  if (l == NULL) {
    return UV_ENOMEM;
  }
  l->handle = lane;
  l->options = options;
  l->has_many_cpus = uv_available_parallelism() > 1;
  atomic_init(&l->advance_learnt_ns, 0);
  handoff__events_init(l);
  err = init_parts(l, port->impl);
  if (err != 0) {
    destroy(l);
    return err;
  }
  l->member.on_port_close = on_port_close;
  handoff__list_push(&port->impl->members, &l->member.link);
  lane->port = port;
  lane->impl = l;
  return 0;
}

/* ------------------------------------------------------------------------- start and stop -- */

static void reset(struct handoff__lane *l) {
  handoff_side_t which;

  handoff__slot_reset(&l->items);
  l->status = 0;
  for (which = HANDOFF_PRODUCER; which <= HANDOFF_CONSUMER; which++) {
    handoff__slot_reset(&l->sides[which].credits);
    handoff__slot_reset(&l->sides[which].completions);
    atomic_store(&l->sides[which].is_stopping, false);
    l->sides[which].ticks_left = 0;
    l->sides[which].not_before_ns = 0;
    l->sides[which].last_due_ns = 0;
    l->sides[which].delivered = 0;
    l->sides[which].has_ended = false;
  }
}

static int start_thread(struct handoff__lane_side *side) {
  uv_thread_options_t options = {.flags = UV_THREAD_HAS_STACK_SIZE,
                                 .stack_size = side->lane->options.stack_size};
  return uv_thread_create_ex(&side->thread, &options, handoff__worker_run, side);
}

static int start_threads(struct handoff__lane *l) {
  struct handoff__lane_side *producer = &l->sides[HANDOFF_PRODUCER];
  int err = start_thread(producer);

  if (err != 0) {
    return err;
  }
  err = start_thread(&l->sides[HANDOFF_CONSUMER]);
  if (err != 0) { /* the producer waits for its first credit: no callback has run */
    handoff__credits_stop(producer);
    (void)uv_thread_join(&producer->thread);
  }
  return err;
}

int handoff_lane_start(handoff_lane_t *lane) {
  struct handoff__lane *l;
  uint64_t now_ns;
  int err;

  if (lane == NULL || lane->impl == NULL) {
    return UV_EINVAL;
  }
  l = lane->impl;
  if (l->is_closing) {
    return UV_ECANCELED;
  }
  if (l->is_running || l->is_starting) {
    return UV_EBUSY;
  }
  l->is_starting = true;
  reset(l); /* runs finalizers, which may close the lane */
  l->is_starting = false;
  if (l->is_closing) {
    return UV_ECANCELED;
  }
  err = start_threads(l);
  if (err != 0) {
    return err;
  }
  l->is_running = true;
  handoff__port_begin(lane->port->impl);
  now_ns = uv_hrtime(); /* one grid for both sides */
  handoff__credits_start(&l->sides[HANDOFF_PRODUCER], now_ns);
  handoff__credits_start(&l->sides[HANDOFF_CONSUMER], now_ns);
  handoff__events_start(l);
  return 0;
}

void handoff_lane_stop(handoff_lane_t *lane) {
  if (lane != NULL && lane->impl != NULL && lane->impl->is_running) {
    handoff__credits_stop(&lane->impl->sides[HANDOFF_PRODUCER]);
    handoff__events_resume(lane->impl);
  }
}

/* -------------------------------------------------------------------------- while running -- */

int handoff_lane_set_interval(handoff_lane_t *lane, handoff_side_t side, uint64_t interval_ns) {
  if (lane == NULL || lane->impl == NULL ||
      (side != HANDOFF_PRODUCER && side != HANDOFF_CONSUMER)) {
    return UV_EINVAL;
  }
  if (lane->impl->is_closing) {
    return UV_ECANCELED;
  }
  handoff__credits_set_interval(&lane->impl->sides[side], interval_ns);
  handoff__events_resume(lane->impl); /* a paced side's events are not coalesced */
  return 0;
}

void handoff_lane_pause(handoff_lane_t *lane) {
  if (lane != NULL && lane->impl != NULL) {
    lane->impl->is_paused = !lane->impl->is_closing;
  }
}

void handoff_lane_resume(handoff_lane_t *lane) {
  if (lane != NULL && lane->impl != NULL && lane->impl->is_paused) {
    lane->impl->is_paused = false;
    handoff__events_resume(lane->impl);
  }
}

/* ---------------------------------------------------------------------------------- close -- */

static void on_closed(struct handoff__task *task) {
  struct handoff__lane *l = handoff__container_of(task, struct handoff__lane, closed);
  handoff_lane_t *lane = l->handle;
  handoff_lane_close_cb on_close = l->on_close;

  destroy(l);
  lane->impl = NULL;
  handoff__port_end(lane->port->impl);
  if (on_close != NULL) {
    on_close(lane);
  }
}

int handoff_lane_close(handoff_lane_t *lane, handoff_lane_close_cb on_close) {
  struct handoff__port *p;
  struct handoff__lane *l;

  if (lane == NULL || lane->impl == NULL) {
    return UV_EINVAL;
  }
  l = lane->impl;
  p = lane->port->impl;
  if (l->is_closing) {
    return UV_ECANCELED;
  }
  l->is_closing = true;
  l->on_close = on_close;
  l->closed.run = on_closed;
  handoff__list_remove(&l->member.link);
  handoff__port_begin(p);
  if (!l->is_running) {
    handoff__task_queue_post(&p->tasks, &l->closed);
    return 0;
  }
  handoff__credits_stop(&l->sides[HANDOFF_PRODUCER]);
  handoff__credits_stop(&l->sides[HANDOFF_CONSUMER]);
  handoff_slot_shut(&l->items);
  l->is_paused = false;
  handoff__events_resume(l);
  return 0;
}

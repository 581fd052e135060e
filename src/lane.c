/* lane: the life of one: init, start, stop, close. See lane.h for who does what. Loop thread only. */

#include "lane.h"

#include <stdlib.h>

#include "port.h"
#include "queue.h"
#include "slot.h"

static bool is_valid(const handoff_lane_options_t *options) {
  int side;

  if (options->size != sizeof *options || options->produce == NULL || options->consume == NULL ||
      options->item_size == 0 || options->item_size > SIZE_MAX / 2 ||
      options->event_capacity == 0 || options->gather_ns > HANDOFF_GATHER_MAX_NS ||
      options->stack_size == 0) {
    return false;
  }
  for (side = HANDOFF_PRODUCER; side <= HANDOFF_CONSUMER; side++) {
    const handoff_pacing_t *pacing = &options->pacing[side];
    if (pacing->late > HANDOFF_BURST || (pacing->late == HANDOFF_BURST && pacing->burst == 0)) {
      return false;
    }
  }
  return true;
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

/* A worker's item, which no other thread's memory shares a cache line with. */
static unsigned char *item_new(size_t stride) {
  unsigned char *block = malloc(HANDOFF__LINE + stride + HANDOFF__LINE);
  return block == NULL ? NULL : block + HANDOFF__LINE;
}

static void item_free(unsigned char *item) { free(item == NULL ? NULL : item - HANDOFF__LINE); }

static void destroy(struct handoff__lane *l) {
  int side;

  for (side = HANDOFF_PRODUCER; side <= HANDOFF_CONSUMER; side++) {
    handoff_slot_destroy(&l->sides[side].gate); /* of one that was never made: does nothing */
    handoff_slot_destroy(&l->sides[side].reports);
    item_free(l->sides[side].item);
  }
  handoff_slot_destroy(&l->items);
  free(l);
}

static int init_side(struct handoff__lane *l, handoff_side_t which, size_t stride) {
  struct handoff__side *side = &l->sides[which];
  const handoff_pacing_t *pacing = &l->options.pacing[which];
  int err;

  side->lane = l;
  side->which = which;
  side->permits_max = pacing->late == HANDOFF_BURST ? pacing->burst : 1;
  handoff__permits_init(side, pacing);
  atomic_init(&side->is_stopping, false);
  side->item = item_new(stride);
  if (side->item == NULL) {
    return UV_ENOMEM;
  }
  err = init_slot(&side->gate, sizeof(struct handoff__permit), side->permits_max, NULL);
  if (err == 0) {
    err = init_slot(&side->reports, sizeof side->report, l->options.event_capacity, NULL);
  }
  return err;
}

static size_t round_up(size_t size, size_t to) { return (size + to - 1) / to * to; }

int handoff_lane_init(handoff_port_t *port, handoff_lane_t *lane,
                      const handoff_lane_options_t *options) {
  struct handoff__lane *l;
  size_t stride; /* keeps every item as aligned as malloc's memory is */
  int err;

  if (port == NULL || port->impl == NULL || lane == NULL || options == NULL || !is_valid(options)) {
    return UV_EINVAL;
  }
  if (port->impl->closing) {
    return UV_ECANCELED;
  }
  l = calloc(1, sizeof *l);
  if (l == NULL) {
    return UV_ENOMEM;
  }
  l->handle = lane;
  l->options = *options;
  l->has_many_cpus = uv_available_parallelism() > 1;
  atomic_init(&l->lead_learnt_ns, 0);
  handoff__reports_init(l);
  l->stamp_offset = round_up(options->item_size, sizeof(uint64_t));
  stride = round_up(l->stamp_offset + sizeof(uint64_t), _Alignof(max_align_t));
  err = init_slot(&l->items, stride, options->capacity, options);
  if (err == 0) {
    err = init_side(l, HANDOFF_PRODUCER, stride);
  }
  if (err == 0) {
    err = init_side(l, HANDOFF_CONSUMER, stride);
  }
  if (err == 0) {
    err = handoff__port_need_ticks(port->impl); /* last: it belongs to the port from then on */
  }
  if (err != 0) {
    destroy(l);
    return err;
  }
  lane->port = port;
  lane->impl = l;
  port->impl->lanes++;
  return 0;
}

static void reset(struct handoff__lane *l) {
  int side;

  handoff__slot_reset(&l->items);
  handoff__gather_start(&l->gather);
  l->status = 0;
  for (side = HANDOFF_PRODUCER; side <= HANDOFF_CONSUMER; side++) {
    handoff__slot_reset(&l->sides[side].gate);
    handoff__slot_reset(&l->sides[side].reports);
    atomic_store(&l->sides[side].is_stopping, false);
    l->sides[side].delivered = 0;
    l->sides[side].has_ended = false;
  }
}

int handoff_lane_start(handoff_lane_t *lane) {
  struct handoff__lane *l;
  uv_thread_options_t thread = {.flags = UV_THREAD_HAS_STACK_SIZE};
  uint64_t now_ns;
  int side;
  int err;

  if (lane == NULL || lane->impl == NULL) {
    return UV_EINVAL;
  }
  l = lane->impl;
  if (l->is_closing) {
    return UV_ECANCELED;
  }
  if (l->is_running) {
    return UV_EBUSY;
  }
  reset(l);
  thread.stack_size = l->options.stack_size;
  for (side = HANDOFF_PRODUCER; side <= HANDOFF_CONSUMER; side++) {
    err =
        uv_thread_create_ex(&l->sides[side].thread, &thread, handoff__worker_run, &l->sides[side]);
    if (err != 0) {
      if (side == HANDOFF_CONSUMER) { /* the producer waits at its gate: no callback has run */
        handoff__permits_stop(&l->sides[HANDOFF_PRODUCER]);
        (void)uv_thread_join(&l->sides[HANDOFF_PRODUCER].thread);
      }
      return err;
    }
  }
  l->is_running = true;
  handoff__port_begin(lane->port->impl);
  now_ns = uv_hrtime(); /* one grid for both */
  handoff__permits_start(&l->sides[HANDOFF_PRODUCER], now_ns);
  handoff__permits_start(&l->sides[HANDOFF_CONSUMER], now_ns);
  if (!l->is_held) {
    handoff__reports_await(l);
  }
  return 0;
}

void handoff_lane_stop(handoff_lane_t *lane) {
  if (lane != NULL && lane->impl != NULL && lane->impl->is_running) {
    handoff__permits_stop(&lane->impl->sides[HANDOFF_PRODUCER]);
    handoff__reports_resume(lane->impl);
  }
}

static void on_closed(struct handoff__job *job) {
  struct handoff__lane *l = handoff__owner(job, struct handoff__lane, closed);
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
  struct handoff__lane *l;

  if (lane == NULL || lane->impl == NULL || lane->impl->is_closing) {
    return UV_EINVAL;
  }
  l = lane->impl;
  l->is_closing = true;
  l->on_close = on_close;
  l->closed.run = on_closed;
  lane->port->impl->lanes--;
  handoff__port_begin(lane->port->impl);
  if (!l->is_running) {
    handoff__port_post(lane->port->impl, &l->closed);
    return 0;
  }
  if (l->status == 0) {
    l->status = UV_ECANCELED;
  }
  handoff__permits_stop(&l->sides[HANDOFF_PRODUCER]);
  handoff__permits_stop(&l->sides[HANDOFF_CONSUMER]);
  handoff_slot_shut(&l->items);
  l->is_held = false;
  handoff__reports_resume(l);
  return 0;
}

/* lifecycle: init, shut, abort, destroy. See blocking.c for when the memory is freed. */

#include "slot/lifecycle.h"

#include <stdlib.h>

#include "base/list.h"
#include "slot/blocking.h"
#include "slot/waitq.h"

/* In a ring of fewer cache lines the two sides are too close to each other for prefetching. */
#define PREFETCH_LINES_MIN 8u

const char *handoff_version(void) { return HANDOFF_VERSION; }

static size_t round_up(size_t size, size_t to) { return (size + to - 1) / to * to; }

/* The strictest alignment that items of that size can need: the largest power of two that divides
 * it. */
static size_t alignment_of(size_t item_size) {
  size_t power = item_size & (~item_size + 1);
  return power < _Alignof(max_align_t) ? power : _Alignof(max_align_t);
}

/* Returns: 0; UV_EINVAL if the cells' size does not fit in a size_t. */
static int lay_out(struct handoff__slot *s, const handoff_slot_options_t *options) {
  size_t align = alignment_of(options->item_size);

  if (options->item_size > SIZE_MAX / 4) {
    return UV_EINVAL;
  }
  s->item_size = options->item_size;
  s->capacity = options->capacity;
  s->state_offset = round_up(options->item_size, _Alignof(atomic_uint));
  s->stride = round_up(s->state_offset + sizeof(atomic_uint),
                       align > _Alignof(atomic_uint) ? align : _Alignof(atomic_uint));
  if (options->capacity != 0 && s->stride > SIZE_MAX / 4 / options->capacity) {
    return UV_EINVAL;
  }
  s->prefetch_distance = s->stride > HANDOFF__CACHE_LINE ? s->stride : HANDOFF__CACHE_LINE;
  if (s->capacity * s->stride / PREFETCH_LINES_MIN < s->prefetch_distance) {
    s->prefetch_distance = 0;
  }
  return 0;
}

/* Allocates a slot, aligned to a cache line, with its cells behind it. NULL: no memory. */
static struct handoff__slot *slot_new(size_t cells_size) {
  void *allocation = malloc(HANDOFF__CACHE_LINE + sizeof(struct handoff__slot) + cells_size);
  struct handoff__slot *s;

  if (allocation == NULL) {
    return NULL;
  }
  s = (struct handoff__slot *)(void *)((unsigned char *)allocation + HANDOFF__CACHE_LINE -
                                       (uintptr_t)allocation % HANDOFF__CACHE_LINE);
  s->allocation = allocation;
  s->cells = (unsigned char *)(s + 1);
  return s;
}

static int init_side(struct handoff__slot *s, handoff_side_t which, bool has_many_cpus) {
  struct handoff__slot_side *side = &s->sides[which];

  side->cell = s->cells;
  atomic_init(&side->moved, 0);
  side->spin_budget = HANDOFF__SPIN_MAX;
  side->high_water_puts = 0;
  handoff__list_init(&side->waiters);
  side->waits = 0;
  side->blocked_ns = 0;
  side->timeouts = 0;
  side->cancels = 0;
  side->evicted = 0;
  side->high_water = 0;
  s->may_spin[which] = has_many_cpus && !(which == HANDOFF_PRODUCER && s->drops_oldest);
  atomic_init(&s->is_bound[which], false);
  return handoff__lock_init(&side->lock, has_many_cpus);
}

static int init_sides(struct handoff__slot *s) {
  const bool has_many_cpus = uv_available_parallelism() > 1;
  int err = init_side(s, HANDOFF_PRODUCER, has_many_cpus);

  if (err != 0) {
    return err;
  }
  err = init_side(s, HANDOFF_CONSUMER, has_many_cpus);
  if (err != 0) {
    handoff__lock_destroy(&s->sides[HANDOFF_PRODUCER].lock);
  }
  return err;
}

/* Fills in the options that an older caller does not know. False: `size` is too short for the
 * required options, longer than this release's, or not at the end of a field. */
static bool read_options(handoff_slot_options_t *options, const handoff_slot_options_t *given) {
  if (given->size < offsetof(handoff_slot_options_t, capacity) || given->size > sizeof *options ||
      given->size % sizeof(void *) != 0) {
    return false;
  }
  *options = handoff_slot_options(given->item_size);
  memcpy(options, given, given->size);
  return true;
}

static bool is_valid(const handoff_slot_options_t *options) {
  if (options->item_size == 0 || options->capacity > HANDOFF_CAPACITY_MAX) {
    return false;
  }
  if (options->overflow == HANDOFF_DROP_OLDEST) {
    return options->capacity != 0 &&
           (options->drop == NULL || options->item_size <= HANDOFF_DROP_OLDEST_ITEM_MAX);
  }
  return options->overflow == HANDOFF_BLOCK;
}

int handoff_slot_init(handoff_slot_t *slot, const handoff_slot_options_t *given) {
  handoff_slot_options_t options;
  struct handoff__slot layout;
  struct handoff__slot *s;
  unsigned char *cell;
  int err;

  if (slot == NULL || given == NULL || !read_options(&options, given) || !is_valid(&options)) {
    return UV_EINVAL;
  }
  err = lay_out(&layout, &options);
  if (err != 0) {
    return err;
  }
  s = slot_new(layout.stride * layout.capacity);
  if (s == NULL) {
    return UV_ENOMEM;
  }
  (void)lay_out(s, &options);
  s->cells_end = s->cells + s->stride * s->capacity;
  s->name = options.name;
  s->drop = options.drop;
  s->drop_arg = options.drop_arg;
  s->drops_oldest = options.overflow == HANDOFF_DROP_OLDEST;
  s->is_shut = false;
  s->discarded = 0;
  atomic_init(&s->holders, 0);
  for (cell = s->cells; cell != s->cells_end; cell += s->stride) {
    atomic_init(handoff__cell_state(s, cell), HANDOFF__CELL_FREE);
  }
  err = init_sides(s);
  if (err == 0) {
    err = handoff__slot_init_parkers(s);
    if (err != 0) {
      handoff__lock_destroy(&s->sides[HANDOFF_PRODUCER].lock);
      handoff__lock_destroy(&s->sides[HANDOFF_CONSUMER].lock);
    }
  }
  if (err != 0) {
    free(s->allocation);
    return err;
  }
  slot->impl = s;
  return 0;
}

/* ---------------------------------------------------------------------------- shut and abort -- */

/* Both locks are held. */
static void shut(struct handoff__slot *s, struct handoff__link *wake_list) {
  s->is_shut = true;
  handoff__waitq_complete_all(s, HANDOFF_PRODUCER, UV_EPIPE, wake_list);
  handoff__waitq_complete_all(s, HANDOFF_CONSUMER, UV_EOF,
                              wake_list); /* if getters wait, the slot is empty */
}

void handoff_slot_shut(handoff_slot_t *slot) {
  struct handoff__slot *s;
  struct handoff__link wake_list;

  if (slot == NULL || slot->impl == NULL) {
    return;
  }
  s = slot->impl; /* a waiter that this completes may destroy the slot before the unlock below */
  handoff__list_init(&wake_list);
  handoff__slot_lock(s);
  shut(s, &wake_list);
  handoff__slot_unlock(s);
  handoff__wake_all(&wake_list);
}

void handoff_slot_hold(handoff_slot_t *slot) {
  if (slot != NULL && slot->impl != NULL) {
    (void)atomic_fetch_add_explicit(&slot->impl->holders, 1, memory_order_relaxed);
  }
}

void handoff_slot_release(handoff_slot_t *slot) {
  if (slot != NULL && slot->impl != NULL &&
      atomic_fetch_sub_explicit(&slot->impl->holders, 1, memory_order_acq_rel) == 1) {
    handoff_slot_shut(slot);
  }
}

/* Both locks are held, or no other thread uses the slot. Takes all items out. From `first` on, that
 * many cells belong to the caller; no put uses them any more if the slot is shut. */
static size_t take_all(struct handoff__slot *s, unsigned char **first) {
  struct handoff__slot_side *side = &s->sides[HANDOFF_CONSUMER];
  size_t count = 0;

  *first = side->cell;
  while (handoff__ring_is_ready(s, HANDOFF_CONSUMER)) {
    atomic_store_explicit(handoff__cell_state(s, side->cell), HANDOFF__CELL_FREE,
                          memory_order_relaxed);
    side->cell = handoff__cell_after(s, side->cell);
    count++;
  }
  s->discarded += count;
  return count;
}

/* No lock is held. */
static void finalize_all(struct handoff__slot *s, unsigned char *cell, size_t count) {
  for (; s->drop != NULL && count != 0; count--) {
    s->drop(cell, s->drop_arg);
    cell = handoff__cell_after(s, cell);
  }
}

size_t handoff_slot_abort(handoff_slot_t *slot) {
  struct handoff__slot *s;
  struct handoff__link wake_list;
  unsigned char *first;
  size_t count;

  if (slot == NULL || slot->impl == NULL) {
    return 0;
  }
  s = slot->impl;
  handoff__list_init(&wake_list);
  handoff__slot_lock(s);
  shut(s, &wake_list);
  count = take_all(s, &first);
  handoff__slot_unlock(s);
  handoff__wake_all(&wake_list);
  finalize_all(s, first, count);
  return count;
}

bool handoff__slot_is_drained(handoff_slot_t *slot) {
  struct handoff__slot *s = slot->impl;
  bool is_drained;

  handoff__slot_lock(s);
  is_drained = s->is_shut && !handoff__ring_is_ready(s, HANDOFF_CONSUMER);
  handoff__slot_unlock(s);
  return is_drained;
}

void handoff__slot_reset(handoff_slot_t *slot) {
  (void)handoff_slot_abort(slot);
  slot->impl->is_shut = false;
}

void handoff_slot_destroy(handoff_slot_t *slot) {
  struct handoff__slot *s;
  unsigned char *first;
  size_t count;

  if (slot == NULL || slot->impl == NULL) {
    return;
  }
  s = slot->impl;
  slot->impl = NULL;
  /* The call that made the last transfer may still hold a lock; it is about to release it. */
  handoff__slot_lock(s);
  handoff__slot_unlock(s);
  count = take_all(s, &first);
  finalize_all(s, first, count);
  handoff__lock_destroy(&s->sides[HANDOFF_PRODUCER].lock);
  handoff__lock_destroy(&s->sides[HANDOFF_CONSUMER].lock);
  handoff__slot_unref(s, 1);
}

/* slot: the life of one: init, shut, destroy; and the calls that do not wait. See pass.c for the rest. */

#include <stdlib.h>

#include "lot.h"
#include "pass.h"
#include "queue.h"

/* Looks at a lock before sleeping for it. */
#define LOCK_TRIES 32

/* A ring of fewer cache lines than that has each end too near to the other one to fetch a line ahead. */
#define LINES_MIN 8u

static size_t round_up(size_t size, size_t to) { return (size + to - 1) / to * to; }

/* How aligned items of that size can at most have to be: the largest power of two that divides it. */
static size_t alignment_of(size_t item_size) {
  size_t power = item_size & (~item_size + 1);
  return power < _Alignof(max_align_t) ? power : _Alignof(max_align_t);
}

/* Returns: 0; UV_EINVAL when so many cells have no place in a size_t. */
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
  s->ahead = s->stride > HANDOFF__LINE ? s->stride : HANDOFF__LINE;
  if (s->capacity * s->stride / LINES_MIN < s->ahead) {
    s->ahead = 0;
  }
  return 0;
}

static int init_ends(struct handoff__slot *s) {
  /* Without cells there is no fast way; and on one processor who waits for a word waits in vain. */
  const bool has_word = s->has_many_cpus && s->capacity != 0;
  const unsigned short tries = s->has_many_cpus ? LOCK_TRIES : 0;
  int way;
  int err;

  for (way = HANDOFF__PUT; way <= HANDOFF__GET; way++) {
    struct handoff__end *end = &s->ends[way];
    err = handoff__lock_init(&end->lock, has_word, tries);
    if (err != 0) {
      if (way == HANDOFF__GET) {
        handoff__lock_destroy(&s->ends[HANDOFF__PUT].lock);
      }
      return err;
    }
    end->cell = s->cells;
    handoff__queue_init(&end->waiters);
    end->spin_limit = 0;
    end->spin_misses = 0;
    atomic_init(&end->moved, 0);
    end->high_at = 0;
    end->waits = 0;
    end->blocked_ns = 0;
    end->timeouts = 0;
    end->cancels = 0;
    end->replaced = 0;
    end->high_water = 0;
    atomic_init(&s->is_bound[way], false);
  }
  return 0;
}

/* So many bytes for cells behind a slot; NULL: there is no memory. */
static struct handoff__slot *slot_new(size_t cells_size) {
  void *memory = malloc(HANDOFF__LINE + sizeof(struct handoff__slot) + cells_size);
  struct handoff__slot *s;

  if (memory == NULL) {
    return NULL;
  }
  s = (struct handoff__slot *)(void *)((unsigned char *)memory + HANDOFF__LINE -
                                       (uintptr_t)memory % HANDOFF__LINE);
  s->memory = memory;
  s->cells = (unsigned char *)(s + 1);
  return s;
}

int handoff_slot_init(handoff_slot_t *slot, const handoff_slot_options_t *options) {
  struct handoff__slot layout;
  struct handoff__slot *s;
  unsigned char *cell;
  bool is_latest;
  int err;

  if (slot == NULL || options == NULL || options->size != sizeof *options ||
      options->item_size == 0 || options->capacity > HANDOFF_CAPACITY_MAX ||
      !(options->overflow == HANDOFF_WAIT ||
        (options->overflow == HANDOFF_LATEST && options->capacity != 0))) {
    return UV_EINVAL;
  }
  err = lay_out(&layout, options);
  if (err != 0) {
    return err;
  }
  is_latest = options->overflow == HANDOFF_LATEST;
  s = slot_new(layout.stride * (layout.capacity + (is_latest ? 1 : 0)));
  if (s == NULL) {
    return UV_ENOMEM;
  }
  (void)lay_out(s, options);
  s->cells_end = s->cells + s->stride * s->capacity;
  s->name = options->name;
  s->drop = options->drop;
  s->drop_arg = options->drop_arg;
  s->has_many_cpus = uv_available_parallelism() > 1;
  s->may_spin[HANDOFF__PUT] = s->has_many_cpus && !is_latest;
  s->may_spin[HANDOFF__GET] = s->has_many_cpus;
  s->spare = is_latest ? s->cells_end : NULL;
  s->shut = false;
  s->dropped = 0;
  for (cell = s->cells; cell != s->cells_end; cell += s->stride) {
    atomic_init(handoff__state_of(s, cell), HANDOFF__FREE);
  }
  err = handoff__lot_new(&s->lot);
  if (err != 0) {
    free(s->memory);
    return err;
  }
  err = init_ends(s);
  if (err != 0) {
    handoff__lot_let_go(s->lot);
    free(s->memory);
    return err;
  }
  slot->impl = s;
  return 0;
}

int handoff_try_put(handoff_slot_t *slot, const void *item) {
  void *from = (void *)(uintptr_t)item; /* only read */
  bool is_held;

  if (slot == NULL || slot->impl == NULL || item == NULL) {
    return UV_EINVAL;
  }
  return handoff__pass_quickly(slot->impl, HANDOFF__PUT, from, &is_held)
             ? 0
             : handoff__slot_pass(slot, HANDOFF__PUT, from, NULL, HANDOFF__HOPE_NONE, is_held);
}

int handoff_try_get(handoff_slot_t *slot, void *item) {
  bool is_held;

  if (slot == NULL || slot->impl == NULL || item == NULL) {
    return UV_EINVAL;
  }
  return handoff__pass_quickly(slot->impl, HANDOFF__GET, item, &is_held)
             ? 0
             : handoff__slot_pass(slot, HANDOFF__GET, item, NULL, HANDOFF__HOPE_NONE, is_held);
}

int handoff_peek(handoff_slot_t *slot, void *item) {
  if (slot == NULL || slot->impl == NULL || item == NULL) {
    return UV_EINVAL;
  }
  return handoff__slot_peek(slot, item);
}

/* ------------------------------------------------------------------------------------ ends -- */

/* Both locks are held. */
static void shut(struct handoff__slot *s, struct handoff__link *woken) {
  s->shut = true;
  handoff__end_release(s, HANDOFF__PUT, UV_EPIPE, woken);
  handoff__end_release(s, HANDOFF__GET, UV_EOF, woken); /* who is left has nothing to drain */
}

void handoff_slot_shut(handoff_slot_t *slot) {
  struct handoff__slot *s;
  struct handoff__link woken;

  if (slot == NULL || slot->impl == NULL) {
    return;
  }
  s = slot->impl; /* whoever this releases may destroy the slot before the locks are let go of */
  handoff__queue_init(&woken);
  handoff__slot_lock(s);
  shut(s, &woken);
  handoff__slot_unlock(s);
  handoff__wake(&woken);
}

/* Both locks are held. Takes out all items: from `first` on, so many cells are the caller's. Nobody will put
 * anything into them any more if the slot is shut. */
static size_t empty(struct handoff__slot *s, unsigned char **first) {
  struct handoff__end *end = &s->ends[HANDOFF__GET];
  size_t count = 0;

  *first = end->cell;
  while (handoff__end_is_ready(s, HANDOFF__GET)) {
    atomic_store_explicit(handoff__state_of(s, end->cell), HANDOFF__FREE, memory_order_relaxed);
    end->cell = handoff__cell_after(s, end->cell);
    count++;
  }
  s->dropped += count;
  return count;
}

static void drop(struct handoff__slot *s, unsigned char *cell, size_t count) {
  for (; s->drop != NULL && count != 0; count--) {
    s->drop(cell, s->drop_arg);
    cell = handoff__cell_after(s, cell);
  }
}

size_t handoff_slot_abort(handoff_slot_t *slot) {
  struct handoff__slot *s;
  struct handoff__link woken;
  unsigned char *first;
  size_t count;

  if (slot == NULL || slot->impl == NULL) {
    return 0;
  }
  s = slot->impl;
  handoff__queue_init(&woken);
  handoff__slot_lock(s);
  shut(s, &woken);
  count = empty(s, &first);
  handoff__slot_unlock(s);
  handoff__wake(&woken);
  drop(s, first, count);
  return count;
}

bool handoff__slot_is_drained(handoff_slot_t *slot) {
  struct handoff__slot *s = slot->impl;
  bool is_drained;

  handoff__slot_lock(s);
  is_drained = s->shut && !handoff__end_is_ready(s, HANDOFF__GET);
  handoff__slot_unlock(s);
  return is_drained;
}

void handoff__slot_reset(handoff_slot_t *slot) {
  (void)handoff_slot_abort(slot);
  slot->impl->shut = false;
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
  /* Who completed the last hand-off may not have let go of its locks yet; then it is about to. */
  handoff__slot_lock(s);
  handoff__slot_unlock(s);
  count = empty(s, &first);
  drop(s, first, count);
  handoff__lock_destroy(&s->ends[HANDOFF__PUT].lock);
  handoff__lock_destroy(&s->ends[HANDOFF__GET].lock);
  handoff__lot_let_go(s->lot);
  free(s->memory);
}

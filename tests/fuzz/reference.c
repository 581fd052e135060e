/* reference: see reference.h. */

#include "reference.h"

#include <string.h>

/* Of the given waiter and the one found so far, the one that has waited longer. */
static struct reference_waiter *earlier(struct reference_waiter *waiter,
                                        struct reference_waiter *found) {
  return found == NULL || waiter->queued_at < found->queued_at ? waiter : found;
}

/* The first waiter on that side of the slot; NULL: none waits. */
static struct reference_waiter *first(struct reference *ref, size_t slot, handoff_side_t side) {
  struct reference_waiter *found = NULL;
  size_t i;

  for (i = 0; i < REFERENCE_WAITERS; i++) {
    struct reference_waiter *waiter = &ref->waiters[i];
    if (waiter->state == REFERENCE_WAITING && waiter->slot == slot && waiter->side == side) {
      found = earlier(waiter, found);
    }
  }
  return found;
}

static struct reference_waiter *first_of_port(struct reference *ref, size_t port) {
  struct reference_waiter *found = NULL;
  size_t i;

  for (i = 0; i < REFERENCE_WAITERS; i++) {
    struct reference_waiter *waiter = &ref->waiters[i];
    if (waiter->state == REFERENCE_WAITING && waiter->port == port) {
      found = earlier(waiter, found);
    }
  }
  return found;
}

static void complete(struct reference *ref, struct reference_waiter *waiter, int status) {
  waiter->state = REFERENCE_COMPLETED;
  waiter->status = status;
  waiter->completed_at = ref->now++;
  ref->slots[waiter->slot].sides[waiter->side].cancels += status == UV_ECANCELED;
}

static void raise_high_water(struct reference_slot *s, size_t count) {
  s->high_water = count > s->high_water ? count : s->high_water;
}

static void push(struct reference_slot *s, uint32_t item) {
  s->items[s->count++] = item;
  s->puts++;
  raise_high_water(s, s->count);
}

static uint32_t pop(struct reference_slot *s) {
  uint32_t item = s->items[0];
  s->count--;
  memmove(s->items, s->items + 1, s->count * sizeof s->items[0]);
  return item;
}

static void finalize_oldest(struct reference *ref, struct reference_slot *s) {
  ref->finalized[ref->finalized_count++] = pop(s);
}

int reference_put(struct reference *ref, size_t slot, uint32_t item) {
  struct reference_slot *s = &ref->slots[slot];
  struct reference_waiter *getter = first(ref, slot, HANDOFF_CONSUMER);

  ref->finalized_count = 0;
  if (!s->is_live) {
    return UV_EINVAL;
  }
  if (s->is_shut) {
    return UV_EPIPE;
  }
  if (getter != NULL) { /* the item passes through the slot, unless the capacity is 0 */
    getter->item = item;
    complete(ref, getter, 0);
    s->puts++;
    s->gets++;
    raise_high_water(s, s->capacity != 0);
    return 0;
  }
  if (s->count == s->capacity && !s->drops_oldest) {
    return UV_EAGAIN;
  }
  if (s->count == s->capacity) {
    finalize_oldest(ref, s);
    s->evicted++;
  }
  push(s, item);
  return 0;
}

int reference_get(struct reference *ref, size_t slot, uint32_t *item) {
  struct reference_slot *s = &ref->slots[slot];
  struct reference_waiter *putter = first(ref, slot, HANDOFF_PRODUCER);

  ref->finalized_count = 0;
  if (!s->is_live) {
    return UV_EINVAL;
  }
  if (s->count == 0 && putter == NULL) {
    return s->is_shut ? UV_EOF : UV_EAGAIN;
  }
  if (s->count == 0) { /* rendezvous */
    *item = putter->item;
    complete(ref, putter, 0);
    s->puts++;
    s->gets++;
    return 0;
  }
  *item = pop(s);
  s->gets++;
  if (putter != NULL) {
    push(s, putter->item);
    complete(ref, putter, 0);
  }
  return 0;
}

int reference_peek(const struct reference *ref, size_t slot, uint32_t *item) {
  const struct reference_slot *s = &ref->slots[slot];

  if (!s->is_live) {
    return UV_EINVAL;
  }
  if (s->count == 0) {
    return s->is_shut ? UV_EOF : UV_EAGAIN;
  }
  *item = s->items[0];
  return 0;
}

void reference_submit(struct reference *ref, size_t waiter) {
  struct reference_waiter *self = &ref->waiters[waiter];
  int status = self->side == HANDOFF_PRODUCER ? reference_put(ref, self->slot, self->item)
                                              : reference_get(ref, self->slot, &self->item);
  if (status != UV_EAGAIN) {
    complete(ref, self, status);
    return;
  }
  self->state = REFERENCE_WAITING;
  self->queued_at = ref->now++;
  ref->slots[self->slot].sides[self->side].waits++;
}

int reference_cancel(struct reference *ref, size_t waiter) {
  struct reference_waiter *self = &ref->waiters[waiter];

  if (self->state == REFERENCE_IDLE) {
    return UV_EINVAL;
  }
  if (self->state == REFERENCE_COMPLETED) {
    return UV_EBUSY;
  }
  complete(ref, self, UV_ECANCELED);
  return 0;
}

int reference_init(struct reference *ref, size_t slot, size_t capacity, bool drops_oldest) {
  struct reference_slot *s = &ref->slots[slot];

  if (capacity == 0 && drops_oldest) {
    return UV_EINVAL;
  }
  memset(s, 0, sizeof *s);
  s->is_live = true;
  s->drops_oldest = drops_oldest;
  s->capacity = capacity;
  return 0;
}

int reference_bind(struct reference *ref, size_t slot, unsigned side) {
  if (!ref->slots[slot].is_live || side > HANDOFF_CONSUMER) {
    return UV_EINVAL;
  }
  ref->slots[slot].is_bound[side] = true;
  return 0;
}

void reference_shut(struct reference *ref, size_t slot) {
  struct reference_waiter *waiter;

  if (!ref->slots[slot].is_live) {
    return;
  }
  ref->slots[slot].is_shut = true;
  while ((waiter = first(ref, slot, HANDOFF_PRODUCER)) != NULL) {
    complete(ref, waiter, UV_EPIPE);
  }
  while ((waiter = first(ref, slot, HANDOFF_CONSUMER)) != NULL) {
    complete(ref, waiter, UV_EOF);
  }
}

void reference_abort(struct reference *ref, size_t slot) {
  struct reference_slot *s = &ref->slots[slot];

  reference_shut(ref, slot);
  ref->finalized_count = 0;
  while (s->is_live && s->count != 0) {
    finalize_oldest(ref, s);
    s->discarded++;
  }
}

void reference_destroy(struct reference *ref, size_t slot) {
  struct reference_slot *s = &ref->slots[slot];

  ref->finalized_count = 0;
  while (s->is_live && s->count != 0) {
    finalize_oldest(ref, s);
  }
  s->is_live = false;
}

void reference_port_close(struct reference *ref, size_t port) {
  struct reference_waiter *waiter;

  while ((waiter = first_of_port(ref, port)) != NULL) {
    complete(ref, waiter, UV_ECANCELED);
  }
}

bool reference_is_used(const struct reference *ref, size_t slot) {
  size_t i;

  for (i = 0; i < REFERENCE_WAITERS; i++) {
    if (ref->waiters[i].state != REFERENCE_IDLE && ref->waiters[i].slot == slot) {
      return true;
    }
  }
  return false;
}

bool reference_is_next(const struct reference *ref, size_t waiter) {
  const struct reference_waiter *self = &ref->waiters[waiter];
  size_t i;

  for (i = 0; i < REFERENCE_WAITERS; i++) {
    const struct reference_waiter *other = &ref->waiters[i];
    if (other->state == REFERENCE_COMPLETED && other->slot == self->slot &&
        other->port == self->port && other->side == self->side &&
        other->completed_at < self->completed_at) {
      return false;
    }
  }
  return self->state == REFERENCE_COMPLETED;
}

size_t reference_waiting(const struct reference *ref, size_t slot, handoff_side_t side) {
  size_t count = 0;
  size_t i;

  for (i = 0; i < REFERENCE_WAITERS; i++) {
    const struct reference_waiter *waiter = &ref->waiters[i];
    count += waiter->state == REFERENCE_WAITING && waiter->slot == slot && waiter->side == side;
  }
  return count;
}

/* reference: see reference.h. */

#include "reference.h"

#include <string.h>

#include <uv.h>

/* Of those who wait at this end, the one that came first; NULL: nobody does. */
static struct reference_waiter *first(struct reference *ref, size_t slot, bool is_put) {
  struct reference_waiter *found = NULL;
  size_t i;

  for (i = 0; i < REFERENCE_WAITERS; i++) {
    struct reference_waiter *waiter = &ref->waiters[i];
    if (waiter->state == REFERENCE_WAITING && waiter->slot == slot && waiter->is_put == is_put &&
        (found == NULL || waiter->enlisted < found->enlisted)) {
      found = waiter;
    }
  }
  return found;
}

static struct reference_side *side_of(struct reference *ref,
                                      const struct reference_waiter *waiter) {
  return &ref->slots[waiter->slot].sides[waiter->is_put ? 0 : 1];
}

static void decide(struct reference *ref, struct reference_waiter *waiter, int status) {
  waiter->state = REFERENCE_DECIDED;
  waiter->status = status;
  waiter->decided = ref->now++;
  side_of(ref, waiter)->cancels += status == UV_ECANCELED;
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

int reference_put(struct reference *ref, size_t slot, uint32_t item) {
  struct reference_slot *s = &ref->slots[slot];
  struct reference_waiter *getter = first(ref, slot, false);

  ref->dropped_count = 0;
  if (!s->is_live) {
    return UV_EINVAL;
  }
  if (s->is_shut) {
    return UV_EPIPE;
  }
  if (getter != NULL) { /* by way of the slot, if it has room for any */
    getter->item = item;
    decide(ref, getter, 0);
    s->puts++;
    s->gets++;
    raise_high_water(s, s->capacity != 0);
    return 0;
  }
  if (s->count == s->capacity && !s->is_latest) {
    return UV_EAGAIN;
  }
  if (s->count == s->capacity) {
    ref->dropped[ref->dropped_count++] = pop(s);
    s->replaced++;
  }
  push(s, item);
  return 0;
}

int reference_get(struct reference *ref, size_t slot, uint32_t *item) {
  struct reference_slot *s = &ref->slots[slot];
  struct reference_waiter *putter = first(ref, slot, true);

  ref->dropped_count = 0;
  if (!s->is_live) {
    return UV_EINVAL;
  }
  if (s->count == 0 && putter == NULL) {
    return s->is_shut ? UV_EOF : UV_EAGAIN;
  }
  if (s->count == 0) { /* from hand to hand */
    *item = putter->item;
    decide(ref, putter, 0);
    s->puts++;
    s->gets++;
    return 0;
  }
  *item = pop(s);
  s->gets++;
  if (putter != NULL) {
    push(s, putter->item);
    decide(ref, putter, 0);
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
  int status = self->is_put ? reference_put(ref, self->slot, self->item)
                            : reference_get(ref, self->slot, &self->item);
  if (status != UV_EAGAIN) {
    decide(ref, self, status);
    return;
  }
  self->state = REFERENCE_WAITING;
  self->enlisted = ref->now++;
  side_of(ref, self)->waits++;
}

int reference_cancel(struct reference *ref, size_t waiter) {
  struct reference_waiter *self = &ref->waiters[waiter];

  if (self->state == REFERENCE_IDLE) {
    return UV_EINVAL;
  }
  if (self->state == REFERENCE_DECIDED) {
    return UV_EBUSY;
  }
  decide(ref, self, UV_ECANCELED);
  return 0;
}

int reference_init(struct reference *ref, size_t slot, size_t capacity, bool is_latest) {
  struct reference_slot *s = &ref->slots[slot];

  if (capacity == 0 && is_latest) {
    return UV_EINVAL;
  }
  memset(s, 0, sizeof *s);
  s->is_live = true;
  s->is_latest = is_latest;
  s->capacity = capacity;
  return 0;
}

int reference_bind(struct reference *ref, size_t slot, unsigned side) {
  if (!ref->slots[slot].is_live || side > 1) {
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
  while ((waiter = first(ref, slot, true)) != NULL) {
    decide(ref, waiter, UV_EPIPE);
  }
  while ((waiter = first(ref, slot, false)) != NULL) {
    decide(ref, waiter, UV_EOF);
  }
}

void reference_abort(struct reference *ref, size_t slot) {
  struct reference_slot *s = &ref->slots[slot];

  reference_shut(ref, slot);
  ref->dropped_count = 0;
  while (s->is_live && s->count != 0) {
    ref->dropped[ref->dropped_count++] = pop(s);
    s->dropped++;
  }
}

void reference_destroy(struct reference *ref, size_t slot) {
  struct reference_slot *s = &ref->slots[slot];

  ref->dropped_count = 0;
  if (!s->is_live) {
    return;
  }
  while (s->count != 0) {
    ref->dropped[ref->dropped_count++] = pop(s);
  }
  s->is_live = false;
}

void reference_close(struct reference *ref, size_t port) {
  struct reference_waiter *found;
  size_t i;

  do { /* who came first, until there is nobody left */
    found = NULL;
    for (i = 0; i < REFERENCE_WAITERS; i++) {
      struct reference_waiter *waiter = &ref->waiters[i];
      if (waiter->state == REFERENCE_WAITING && waiter->port == port &&
          (found == NULL || waiter->enlisted < found->enlisted)) {
        found = waiter;
      }
    }
    if (found != NULL) {
      decide(ref, found, UV_ECANCELED);
    }
  } while (found != NULL);
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
    if (other->state == REFERENCE_DECIDED && other->slot == self->slot &&
        other->port == self->port && other->is_put == self->is_put &&
        other->decided < self->decided) {
      return false;
    }
  }
  return self->state == REFERENCE_DECIDED;
}

size_t reference_waiting(const struct reference *ref, size_t slot, bool is_put) {
  size_t count = 0;
  size_t i;

  for (i = 0; i < REFERENCE_WAITERS; i++) {
    const struct reference_waiter *waiter = &ref->waiters[i];
    count += waiter->state == REFERENCE_WAITING && waiter->slot == slot && waiter->is_put == is_put;
  }
  return count;
}

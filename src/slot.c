/* slot: see slot.h.
 *
 * Invariants, whenever the lock is free:
 *   putters wait  =>  count == capacity, and the slot is not shut
 *   getters wait  =>  count == 0, and the slot is not shut
 *   so never both, but at capacity 0, where direct assignment leaves no moment for it.
 * A put or get that finds its counterpart waiting completes it by direct assignment: it copies the
 * item, takes the waiter out of the queue and sets its status, all under the lock. So nobody can
 * overtake a waiter, one put wakes one waiter, and a waiter that is woken is done: it never looks at
 * the slot again. `wake` comes after unlocking and is the last thing a call does: by then the slot may
 * already have been destroyed by the one it woke, or by whoever that one told. */

#include "slot.h"

#include <stdlib.h>
#include <string.h>

#include "queue.h"

int handoff_slot_init(handoff_slot_t *slot, const handoff_slot_options_t *options) {
  struct handoff__slot *s;
  int err;

  if (slot == NULL || options == NULL || options->size != sizeof *options ||
      options->item_size == 0 || options->capacity > HANDOFF_CAPACITY_MAX) {
    return UV_EINVAL;
  }
  if (options->capacity != 0 && options->item_size > (SIZE_MAX - sizeof *s) / options->capacity) {
    return UV_EINVAL;
  }
  s = malloc(sizeof *s + options->item_size * options->capacity);
  if (s == NULL) {
    return UV_ENOMEM;
  }
  err = uv_mutex_init(&s->lock);
  if (err != 0) {
    free(s);
    return err;
  }
  s->item_size = options->item_size;
  s->capacity = options->capacity;
  s->name = options->name;
  s->drop = options->drop;
  s->drop_arg = options->drop_arg;
  s->first = 0;
  s->count = 0;
  s->shut = false;
  handoff__queue_init(&s->putters);
  handoff__queue_init(&s->getters);
  slot->impl = s;
  return 0;
}

/* ------------------------------------------------------------ the ring; the lock is held -- */

static void append_locked(struct handoff__slot *s, const void *item) {
  size_t last = s->first + s->count;
  if (last >= s->capacity) {
    last -= s->capacity;
  }
  memcpy(s->ring + last * s->item_size, item, s->item_size);
  s->count++;
}

static void remove_first_locked(struct handoff__slot *s, void *item) {
  memcpy(item, s->ring + s->first * s->item_size, s->item_size);
  s->first = s->first + 1 == s->capacity ? 0 : s->first + 1;
  s->count--;
}

/* --------------------------------------------------------- the waiters; the lock is held -- */

static struct handoff__waiter *release_first_locked(struct handoff__link *queue, int status) {
  struct handoff__waiter *waiter =
      handoff__owner(handoff__queue_pop(queue), struct handoff__waiter, link);
  waiter->queued = false;
  waiter->status = status;
  return waiter;
}

static void enqueue_locked(struct handoff__link *queue, struct handoff__waiter *waiter) {
  waiter->queued = true;
  handoff__queue_push(queue, &waiter->link);
}

/* ---------------------------------------------------------------------- put, get, leave -- */

static int put_locked(struct handoff__slot *s, const void *item, struct handoff__waiter **woken) {
  if (s->shut) {
    return UV_EPIPE;
  }
  if (!handoff__queue_is_empty(&s->getters)) {
    *woken = release_first_locked(&s->getters, 0);
    memcpy((*woken)->item, item, s->item_size);
    return 0;
  }
  if (s->count == s->capacity) {
    return UV_EAGAIN;
  }
  append_locked(s, item);
  return 0;
}

static int get_locked(struct handoff__slot *s, void *item, struct handoff__waiter **woken) {
  if (s->count != 0) {
    remove_first_locked(s, item);
    if (!handoff__queue_is_empty(&s->putters)) {
      *woken = release_first_locked(&s->putters, 0);
      append_locked(s, (*woken)->item);
    }
    return 0;
  }
  if (!handoff__queue_is_empty(&s->putters)) { /* a rendezvous */
    *woken = release_first_locked(&s->putters, 0);
    memcpy(item, (*woken)->item, s->item_size);
    return 0;
  }
  return s->shut ? UV_EOF : UV_EAGAIN;
}

int handoff__slot_put(handoff_slot_t *slot, const void *item, struct handoff__waiter *waiter) {
  struct handoff__slot *s = slot->impl;
  struct handoff__waiter *woken = NULL;
  int err;

  uv_mutex_lock(&s->lock);
  err = put_locked(s, item, &woken);
  if (err == UV_EAGAIN && waiter != NULL) {
    enqueue_locked(&s->putters, waiter);
  }
  uv_mutex_unlock(&s->lock);
  if (woken != NULL) {
    woken->wake(woken);
  }
  return err;
}

int handoff__slot_get(handoff_slot_t *slot, void *item, struct handoff__waiter *waiter) {
  struct handoff__slot *s = slot->impl;
  struct handoff__waiter *woken = NULL;
  int err;

  uv_mutex_lock(&s->lock);
  err = get_locked(s, item, &woken);
  if (err == UV_EAGAIN && waiter != NULL) {
    enqueue_locked(&s->getters, waiter);
  }
  uv_mutex_unlock(&s->lock);
  if (woken != NULL) {
    woken->wake(woken);
  }
  return err;
}

bool handoff__slot_leave(handoff_slot_t *slot, struct handoff__waiter *waiter) {
  struct handoff__slot *s = slot->impl;
  bool was_queued;

  uv_mutex_lock(&s->lock);
  was_queued = waiter->queued;
  if (was_queued) {
    handoff__queue_remove(&waiter->link);
    waiter->queued = false;
  }
  uv_mutex_unlock(&s->lock);
  return was_queued;
}

int handoff_try_put(handoff_slot_t *slot, const void *item) {
  if (slot == NULL || slot->impl == NULL || item == NULL) {
    return UV_EINVAL;
  }
  return handoff__slot_put(slot, item, NULL);
}

int handoff_try_get(handoff_slot_t *slot, void *item) {
  if (slot == NULL || slot->impl == NULL || item == NULL) {
    return UV_EINVAL;
  }
  return handoff__slot_get(slot, item, NULL);
}

/* ------------------------------------------------------------------------- the end of it -- */

void handoff_slot_shut(handoff_slot_t *slot) {
  struct handoff__slot *s;
  struct handoff__link released;
  struct handoff__link *link;

  if (slot == NULL || slot->impl == NULL) {
    return;
  }
  s = slot->impl;
  handoff__queue_init(&released);
  uv_mutex_lock(&s->lock);
  s->shut = true;
  while (!handoff__queue_is_empty(&s->putters)) {
    handoff__queue_push(&released, &release_first_locked(&s->putters, UV_EPIPE)->link);
  }
  while (!handoff__queue_is_empty(&s->getters)) { /* so the ring is empty: nothing to drain */
    handoff__queue_push(&released, &release_first_locked(&s->getters, UV_EOF)->link);
  }
  uv_mutex_unlock(&s->lock);

  while (!handoff__queue_is_empty(&released)) {
    link = handoff__queue_pop(&released);
    struct handoff__waiter *waiter = handoff__owner(link, struct handoff__waiter, link);
    waiter->wake(waiter); /* from here on the waiter is gone */
  }
}

static void drop_all(struct handoff__slot *s) {
  for (; s->count != 0; s->count--) {
    if (s->drop != NULL) {
      s->drop(s->ring + s->first * s->item_size, s->drop_arg);
    }
    s->first = s->first + 1 == s->capacity ? 0 : s->first + 1;
  }
}

bool handoff__slot_is_drained(handoff_slot_t *slot) {
  struct handoff__slot *s = slot->impl;
  bool is_drained;

  uv_mutex_lock(&s->lock);
  is_drained = s->shut && s->count == 0;
  uv_mutex_unlock(&s->lock);
  return is_drained;
}

void handoff__slot_reset(handoff_slot_t *slot) {
  drop_all(slot->impl);
  slot->impl->shut = false;
}

void handoff_slot_destroy(handoff_slot_t *slot) {
  struct handoff__slot *s;

  if (slot == NULL || slot->impl == NULL) {
    return;
  }
  s = slot->impl;
  slot->impl = NULL;
  drop_all(s);
  uv_mutex_destroy(&s->lock);
  free(s);
}

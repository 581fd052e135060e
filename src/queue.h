/* queue: an intrusive circular list, first in first out.
 *
 * The head is a link too; a queue is empty when its head links to itself. Nothing here locks: what
 * guards a queue is said where its head is declared. */

#ifndef HANDOFF_QUEUE_H
#define HANDOFF_QUEUE_H

#include "handoff.h"

/* The object that a link is a field of. */
#define handoff__owner(link_, type, field) \
  ((type *)(void *)((unsigned char *)(link_)-offsetof(type, field)))

static inline void handoff__queue_init(struct handoff__link *head) {
  head->next = head;
  head->prev = head;
}

static inline bool handoff__queue_is_empty(const struct handoff__link *head) {
  return head->next == head;
}

static inline void handoff__queue_push(struct handoff__link *head, struct handoff__link *link) {
  link->next = head;
  link->prev = head->prev;
  head->prev->next = link;
  head->prev = link;
}

static inline void handoff__queue_remove(struct handoff__link *link) {
  link->prev->next = link->next;
  link->next->prev = link->prev;
}

/* The queue must not be empty. */
static inline struct handoff__link *handoff__queue_pop(struct handoff__link *head) {
  struct handoff__link *link = head->next;
  handoff__queue_remove(link);
  return link;
}

/* Moves all of `from` behind what is in `head`. */
static inline void handoff__queue_append(struct handoff__link *head, struct handoff__link *from) {
  if (handoff__queue_is_empty(from)) {
    return;
  }
  from->next->prev = head->prev;
  head->prev->next = from->next;
  from->prev->next = head;
  head->prev = from->prev;
  handoff__queue_init(from);
}

#endif /* HANDOFF_QUEUE_H */

/* list: an intrusive, circular, doubly linked list (as Linux's list_head).
 *
 * The head is a link too; a list is empty when its head links to itself. Nothing here locks: the
 * declaration of each head says what guards the list. */

#ifndef HANDOFF_BASE_LIST_H
#define HANDOFF_BASE_LIST_H

#include "handoff.h"

/* The struct whose field `field` is at `member`. */
#define handoff__container_of(member, type, field) \
  ((type *)(void *)((unsigned char *)(member)-offsetof(type, field)))

static inline void handoff__list_init(struct handoff__link *head) {
  head->next = head;
  head->prev = head;
}

static inline bool handoff__list_is_empty(const struct handoff__link *head) {
  return head->next == head;
}

/* Adds the link in front of `position`: with a head as the position, at the end of its list. */
static inline void handoff__list_push(struct handoff__link *position, struct handoff__link *link) {
  link->next = position;
  link->prev = position->prev;
  position->prev->next = link;
  position->prev = link;
}

static inline void handoff__list_remove(struct handoff__link *link) {
  link->prev->next = link->next;
  link->next->prev = link->prev;
}

/* The list must not be empty. */
static inline struct handoff__link *handoff__list_pop(struct handoff__link *head) {
  struct handoff__link *link = head->next;
  handoff__list_remove(link);
  return link;
}

/* Moves all links of `from` to the end of `head`. */
static inline void handoff__list_append(struct handoff__link *head, struct handoff__link *from) {
  if (handoff__list_is_empty(from)) {
    return;
  }
  from->next->prev = head->prev;
  head->prev->next = from->next;
  from->prev->next = head;
  head->prev = from->prev;
  handoff__list_init(from);
}

#endif /* HANDOFF_BASE_LIST_H */

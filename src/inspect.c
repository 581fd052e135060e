/* inspect: what a slot tells of itself, and who is known to use it. Looks with both locks held, so that what
 * it says was true at one instant. */

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

#include "end.h"
#include "queue.h"

static bool is_side(handoff_side_t side) {
  return side == HANDOFF_PRODUCER || side == HANDOFF_CONSUMER;
}

static enum handoff__way way_of(handoff_side_t side) {
  return side == HANDOFF_PRODUCER ? HANDOFF__PUT : HANDOFF__GET;
}

/* ------------------------------------------------------------------------------- the stats -- */

static handoff_slot_side_stats_t side_stats(const struct handoff__end *end) {
  handoff_slot_side_stats_t stats;
  const struct handoff__link *link;

  stats.waiting = 0;
  for (link = end->waiters.next; link != &end->waiters; link = link->next) {
    stats.waiting++;
  }
  stats.waits = end->waits;
  stats.blocked_ns = end->blocked_ns;
  stats.timeouts = end->timeouts;
  stats.cancels = end->cancels;
  return stats;
}

/* Both locks are held. */
static handoff_slot_stats_t stats_of(const struct handoff__slot *s) {
  const struct handoff__end *put = &s->ends[HANDOFF__PUT];
  const struct handoff__end *get = &s->ends[HANDOFF__GET];
  handoff_slot_stats_t stats;

  stats.puts = atomic_load_explicit(&put->moved, memory_order_relaxed);
  stats.gets = atomic_load_explicit(&get->moved, memory_order_relaxed);
  stats.replaced = put->replaced;
  stats.dropped = s->dropped;
  stats.count = (size_t)(stats.puts - stats.gets - stats.replaced - stats.dropped);
  stats.high_water = (size_t)put->high_water;
  stats.sides[HANDOFF_PRODUCER] = side_stats(put);
  stats.sides[HANDOFF_CONSUMER] = side_stats(get);
  return stats;
}

int handoff_slot_stats(handoff_slot_t *slot, handoff_slot_stats_t *stats) {
  struct handoff__slot *s;

  if (slot == NULL || slot->impl == NULL || stats == NULL) {
    return UV_EINVAL;
  }
  s = slot->impl;
  handoff__slot_lock(s);
  *stats = stats_of(s);
  handoff__slot_unlock(s);
  return 0;
}

/* -------------------------------------------------------------------------------- the dump -- */

/* A text that grows, and of which as much is kept as there is room for. */
struct text {
  char *at;
  size_t size;
  size_t length;
};

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static void
add(struct text *text, const char *format, ...) {
  const bool has_room = text->length < text->size;
  va_list arguments;
  int length;

  va_start(arguments, format);
  length = vsnprintf(has_room ? text->at + text->length : NULL,
                     has_room ? text->size - text->length : 0, format, arguments);
  va_end(arguments);
  text->length += length > 0 ? (size_t)length : 0;
}

static void add_waiters(struct text *text, struct handoff__end *end, const char *what) {
  const uint64_t now_ns = uv_hrtime();
  struct handoff__link *link;

  for (link = end->waiters.next; link != &end->waiters; link = link->next) {
    const struct handoff__waiter *waiter = handoff__owner(link, struct handoff__waiter, link);
    const uint64_t ms = now_ns > waiter->since_ns ? (now_ns - waiter->since_ns) / 1000000 : 0;
    add(text, "  %s 0x%" PRIxPTR " waits to %s for %" PRIu64 ".%03u s\n",
        waiter->is_ordered ? "request" : "thread", waiter->who, what, ms / 1000,
        (unsigned)(ms % 1000));
  }
}

int handoff_slot_dump(handoff_slot_t *slot, char *text, size_t size) {
  struct text dump;
  struct handoff__slot *s;
  handoff_slot_stats_t stats;

  if (slot == NULL || slot->impl == NULL || (text == NULL && size != 0)) {
    return UV_EINVAL;
  }
  s = slot->impl;
  dump.at = text;
  dump.size = size;
  dump.length = 0;
  handoff__slot_lock(s);
  stats = stats_of(s);
  add(&dump, "slot %s: %s, %zu of %zu items, %" PRIu64 " puts, %" PRIu64 " gets\n",
      s->name != NULL ? s->name : "without a name", s->shut ? "shut" : "open", stats.count,
      s->capacity, stats.puts, stats.gets);
  add_waiters(&dump, &s->ends[HANDOFF__PUT], "put");
  add_waiters(&dump, &s->ends[HANDOFF__GET], "get");
  handoff__slot_unlock(s);
  return dump.length <= INT_MAX ? (int)dump.length : INT_MAX;
}

/* ------------------------------------------------------------------------------- who is who -- */

int handoff_slot_bind(handoff_slot_t *slot, handoff_side_t side) {
  struct handoff__slot *s;

  if (slot == NULL || slot->impl == NULL || !is_side(side)) {
    return UV_EINVAL;
  }
  s = slot->impl;
  handoff__slot_lock(s);
  s->bound[way_of(side)] = uv_thread_self();
  atomic_store_explicit(&s->is_bound[way_of(side)], true, memory_order_relaxed);
  handoff__slot_unlock(s);
  return 0;
}

bool handoff__slot_is_bound_here(handoff_slot_t *slot, enum handoff__way way) {
  struct handoff__slot *s = slot->impl;
  uv_thread_t self = uv_thread_self();
  bool is_here;

  /* Of interest only to the thread that has set it. */
  if (!atomic_load_explicit(&s->is_bound[way], memory_order_relaxed)) {
    return false;
  }
  handoff__slot_lock(s);
  is_here = uv_thread_equal(&s->bound[way], &self) != 0;
  handoff__slot_unlock(s);
  return is_here;
}

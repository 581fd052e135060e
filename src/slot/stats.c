/* stats: what a slot reports. Reads with both locks held, for a consistent snapshot. */

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/list.h"
#include "slot/ring.h"

/* -------------------------------------------------------------------------------- statistics -- */

static handoff_slot_side_stats_t side_stats(const struct handoff__slot_side *side) {
  handoff_slot_side_stats_t stats;
  const struct handoff__link *link;

  stats.waiting = 0;
  for (link = side->waiters.next; link != &side->waiters; link = link->next) {
    stats.waiting++;
  }
  stats.waits = side->waits;
  stats.blocked_ns = side->blocked_ns;
  stats.timeouts = side->timeouts;
  stats.cancels = side->cancels;
  return stats;
}

/* Both locks are held. */
static void read_stats(const struct handoff__slot *s, handoff_slot_stats_t *stats) {
  const struct handoff__slot_side *producer = &s->sides[HANDOFF_PRODUCER];
  const struct handoff__slot_side *consumer = &s->sides[HANDOFF_CONSUMER];

  stats->puts = atomic_load_explicit(&producer->moved, memory_order_relaxed);
  stats->gets = atomic_load_explicit(&consumer->moved, memory_order_relaxed);
  stats->evicted = producer->evicted;
  stats->discarded = s->discarded;
  stats->count = (size_t)(stats->puts - stats->gets - stats->evicted - stats->discarded);
  stats->high_water = (size_t)producer->high_water;
  stats->producer = side_stats(producer);
  stats->consumer = side_stats(consumer);
}

int handoff_slot_stats(handoff_slot_t *slot, handoff_slot_stats_t *stats) {
  handoff_slot_stats_t all;

  if (slot == NULL || slot->impl == NULL || stats == NULL || stats->size < sizeof stats->size) {
    return UV_EINVAL;
  }
  all.size = stats->size < sizeof all ? stats->size : sizeof all;
  handoff__slot_lock(slot->impl);
  read_stats(slot->impl, &all);
  handoff__slot_unlock(slot->impl);
  memcpy(stats, &all, all.size);
  return 0;
}

/* ---------------------------------------------------------------------------------- the dump -- */

/* A text that grows; what does not fit is counted but not kept. */
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

static void add_waiters(struct text *text, struct handoff__slot_side *side, const char *what) {
  const uint64_t now_ns = uv_hrtime();
  struct handoff__link *link;

  for (link = side->waiters.next; link != &side->waiters; link = link->next) {
    const struct handoff__waiter *waiter =
        handoff__container_of(link, struct handoff__waiter, link);
    const uint64_t ms =
        now_ns > waiter->wait_start_ns ? (now_ns - waiter->wait_start_ns) / 1000000 : 0;
    add(text, "  %s 0x%" PRIxPTR " waits to %s for %" PRIu64 ".%03u s\n",
        waiter->is_request ? "request" : "thread", waiter->owner_id, what, ms / 1000,
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
  read_stats(s, &stats);
  add(&dump, "slot %s: %s, %zu of %zu items, %" PRIu64 " puts, %" PRIu64 " gets\n",
      s->name != NULL ? s->name : "without a name", s->is_shut ? "shut" : "open", stats.count,
      s->capacity, stats.puts, stats.gets);
  add_waiters(&dump, &s->sides[HANDOFF_PRODUCER], "put");
  add_waiters(&dump, &s->sides[HANDOFF_CONSUMER], "get");
  handoff__slot_unlock(s);
  return dump.length <= INT_MAX ? (int)dump.length : INT_MAX;
}

/* world_inspect: the part of the world that looks at slots: peek, stats, dump, and who is bound. See world.h. */

#include <string.h>

#include "item.h"
#include "target.h"
#include "world.h"

void world_peek(struct world *world, size_t slot) {
  unsigned char *bytes = world_new_item(world, slot);
  uint32_t item = 0;
  int expected = reference_peek(&world->reference, slot, &item);

  CHECK(handoff_slot_peek(&world->slots[slot], bytes) == expected);
  CHECK(expected == 0 ? item_is(bytes, world->item_sizes[slot], item)
                      : item_is_untouched(bytes, world->item_sizes[slot]));
  free(bytes);
}

void world_bind(struct world *world, size_t slot, unsigned side) {
  int expected = reference_bind(&world->reference, slot, side);
  CHECK(handoff_slot_bind(&world->slots[slot], (handoff_side_t)side) == expected);
}

/* -------------------------------------------------------------------------------- the stats -- */

static void check_side(const handoff_slot_side_stats_t *stats, const struct reference_side *side,
                       size_t waiting) {
  CHECK(stats->waiting == waiting);
  CHECK(stats->waits == side->waits);
  CHECK(stats->timeouts == side->timeouts);
  CHECK(stats->cancels == side->cancels);
  CHECK(stats->blocked_ns == side->blocked_ns);
}

void world_check_stats(struct world *world, size_t slot) {
  const struct reference *ref = &world->reference;
  const struct reference_slot *s = &ref->slots[slot];
  handoff_slot_stats_t stats;

  item_clear((unsigned char *)&stats, sizeof stats);
  if (!s->is_live) {
    CHECK(handoff_slot_stats(&world->slots[slot], &stats) == UV_EINVAL);
    CHECK(item_is_untouched((unsigned char *)&stats, sizeof stats));
    return;
  }
  CHECK(handoff_slot_stats(&world->slots[slot], &stats) == 0);
  CHECK(stats.puts == s->puts);
  CHECK(stats.gets == s->gets);
  CHECK(stats.replaced == s->replaced);
  CHECK(stats.dropped == s->dropped);
  CHECK(stats.count == s->count);
  CHECK(stats.high_water == s->high_water);
  CHECK(stats.puts == stats.gets + stats.replaced + stats.dropped + stats.count);
  check_side(&stats.producer, &s->sides[HANDOFF_PRODUCER], reference_waiting(ref, slot, true));
  check_side(&stats.consumer, &s->sides[HANDOFF_CONSUMER], reference_waiting(ref, slot, false));
}

bool world_note_timeout(struct world *world, size_t slot, handoff_side_t side,
                        uint64_t longest_ns) {
  struct reference_side *known = &world->reference.slots[slot].sides[side];
  handoff_slot_stats_t stats;
  uint64_t slept_ns;

  CHECK(handoff_slot_stats(&world->slots[slot], &stats) == 0);
  if (stats.sides[side].waits == known->waits) {
    return false; /* and that nothing else has changed either is for who compares next */
  }
  slept_ns = stats.sides[side].blocked_ns - known->blocked_ns;
  CHECK(slept_ns != 0 && slept_ns <= longest_ns);
  known->blocked_ns += slept_ns;
  known->waits++;
  known->timeouts++;
  return true;
}

/* --------------------------------------------------------------------------------- the dump -- */

static size_t count_lines(const char *text) {
  size_t count = 0;

  for (; *text != 0; text++) {
    count += *text == '\n';
  }
  return count;
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

void world_dump(struct world *world, size_t slot, size_t size) {
  handoff_slot_t *s = &world->slots[slot];
  char *text = size == 0 ? NULL : target_alloc(size);
  size_t waiting = reference_waiting(&world->reference, slot, true) +
                   reference_waiting(&world->reference, slot, false);
  char *whole;
  size_t length;
  int err;

  if (size != 0) {
    memset(text, ITEM_UNTOUCHED, size);
  }
  err = handoff_slot_dump(s, text, size);
  if (!world->reference.slots[slot].is_live) {
    CHECK(err == UV_EINVAL);
    CHECK(size == 0 || item_is_untouched((unsigned char *)text, size));
    free(text);
    return;
  }
  CHECK(err > 0);
  length = (size_t)err;
  whole = target_alloc(length + 1);
  memset(whole, ITEM_UNTOUCHED, length + 1);
  CHECK(handoff_slot_dump(s, whole, length + 1) == err);
  CHECK(memchr(whole, 0, length + 1) == whole + length);
  CHECK(whole[length - 1] == '\n');
  CHECK(count_lines(whole) == 1 + waiting);
  CHECK(strstr(whole, "fuzz") != NULL);
  if (size != 0) { /* as much of it as there is room for; behind the first line times differ */
    size_t kept = smaller(length, size - 1);
    CHECK(memchr(text, 0, size) == text + kept);
    CHECK(memcmp(text, whole, smaller(kept, strcspn(whole, "\n"))) == 0);
  }
  free(whole);
  free(text);
}

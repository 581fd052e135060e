/* harness_inspect: the calls that read a slot: peek, bind, statistics and dump. See harness.h. */

#include <string.h>

#include "harness.h"
#include "item.h"
#include "target.h"

void harness_peek(struct harness *harness, size_t slot) {
  unsigned char *bytes = harness_item_new(harness, slot);
  uint32_t item = 0;
  int expected = reference_peek(&harness->reference, slot, &item);

  CHECK(handoff_slot_peek(&harness->slots[slot], bytes) == expected);
  CHECK(expected == 0 ? item_is(bytes, harness->item_sizes[slot], item)
                      : item_is_untouched(bytes, harness->item_sizes[slot]));
  free(bytes);
}

void harness_bind(struct harness *harness, size_t slot, unsigned side) {
  int expected = reference_bind(&harness->reference, slot, side);
  CHECK(handoff_slot_bind(&harness->slots[slot], (handoff_side_t)side) == expected);
}

/* -------------------------------------------------------------------------------- statistics -- */

static void check_side(const handoff_slot_side_stats_t *stats, const struct reference_side *side,
                       size_t waiting) {
  CHECK(stats->waiting == waiting);
  CHECK(stats->waits == side->waits);
  CHECK(stats->timeouts == side->timeouts);
  CHECK(stats->cancels == side->cancels);
  CHECK(stats->blocked_ns == side->blocked_ns);
}

void harness_check_stats(struct harness *harness, size_t slot) {
  const struct reference *ref = &harness->reference;
  const struct reference_slot *s = &ref->slots[slot];
  handoff_slot_stats_t stats;
  handoff_slot_stats_t untouched;

  item_clear((unsigned char *)&stats, sizeof stats);
  stats.size = sizeof stats;
  untouched = stats;
  if (!s->is_live) {
    CHECK(handoff_slot_stats(&harness->slots[slot], &stats) == UV_EINVAL);
    CHECK(memcmp(&stats, &untouched, sizeof stats) == 0);
    return;
  }
  CHECK(handoff_slot_stats(&harness->slots[slot], &stats) == 0);
  CHECK(stats.size == sizeof stats);
  CHECK(stats.puts == s->puts);
  CHECK(stats.gets == s->gets);
  CHECK(stats.evicted == s->evicted);
  CHECK(stats.discarded == s->discarded);
  CHECK(stats.count == s->count);
  CHECK(stats.high_water == s->high_water);
  check_side(&stats.producer, &s->sides[HANDOFF_PRODUCER],
             reference_waiting(ref, slot, HANDOFF_PRODUCER));
  check_side(&stats.consumer, &s->sides[HANDOFF_CONSUMER],
             reference_waiting(ref, slot, HANDOFF_CONSUMER));
}

bool harness_record_timeout(struct harness *harness, size_t slot, handoff_side_t side,
                            uint64_t max_ns) {
  struct reference_side *known = &harness->reference.slots[slot].sides[side];
  handoff_slot_stats_t all = {.size = sizeof all};
  const handoff_slot_side_stats_t *stats = side == HANDOFF_PRODUCER ? &all.producer : &all.consumer;
  uint64_t blocked_ns;

  CHECK(handoff_slot_stats(&harness->slots[slot], &all) == 0);
  if (stats->waits == known->waits) {
    return false; /* the next comparison checks that nothing else has changed */
  }
  blocked_ns = stats->blocked_ns - known->blocked_ns;
  CHECK(blocked_ns != 0 && blocked_ns <= max_ns);
  known->blocked_ns += blocked_ns;
  known->waits++;
  known->timeouts++;
  return true;
}

/* ---------------------------------------------------------------------------------- the dump -- */

static size_t count_lines(const char *text) {
  size_t count = 0;

  for (; *text != 0; text++) {
    count += *text == '\n';
  }
  return count;
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* The whole dump of a live slot, `length` bytes. */
static char *dump_all(struct harness *harness, size_t slot, size_t length) {
  size_t waiting = reference_waiting(&harness->reference, slot, HANDOFF_PRODUCER) +
                   reference_waiting(&harness->reference, slot, HANDOFF_CONSUMER);
  char *text = target_alloc(length + 1);

  item_clear((unsigned char *)text, length + 1);
  CHECK(handoff_slot_dump(&harness->slots[slot], text, length + 1) == (int)length);
  CHECK(memchr(text, 0, length + 1) == text + length);
  CHECK(text[length - 1] == '\n');
  CHECK(count_lines(text) == 1 + waiting);
  CHECK(strstr(text, "fuzz") != NULL);
  return text;
}

void harness_dump(struct harness *harness, size_t slot, size_t size) {
  char *text = size == 0 ? NULL : target_alloc(size);
  int length;

  if (size != 0) {
    item_clear((unsigned char *)text, size);
  }
  length = handoff_slot_dump(&harness->slots[slot], text, size);
  if (!harness->reference.slots[slot].is_live) {
    CHECK(length == UV_EINVAL);
    CHECK(size == 0 || item_is_untouched((unsigned char *)text, size));
  } else {
    char *all;
    CHECK(length > 0);
    all = dump_all(harness, slot, (size_t)length);
    if (size != 0) { /* truncated; after the first line the times differ */
      size_t kept = smaller((size_t)length, size - 1);
      CHECK(memchr(text, 0, size) == text + kept);
      CHECK(memcmp(text, all, smaller(kept, strcspn(all, "\n"))) == 0);
    }
    free(all);
  }
  free(text);
}

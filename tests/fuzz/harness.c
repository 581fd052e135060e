/* harness: slots, and the calls of a thread. See harness.h. */

#include "harness.h"

#include <string.h>

#include "item.h"
#include "target.h"

/* A deadline that passes while the call waits, and one that does not pass before the call is
 * refused. */
#define SOON_NS ((uint64_t)2000)
#define LATER_NS ((uint64_t)1000 * 1000 * 1000)

unsigned char *harness_item_new(const struct harness *harness, size_t slot) {
  unsigned char *bytes = target_alloc(harness->item_sizes[slot]);
  item_clear(bytes, harness->item_sizes[slot]);
  return bytes;
}

/* --------------------------------------------------------------------------------- the slots -- */

/* The reference makes each call first, so it knows which items the library has to finalize.
 * `finalized` is SIZE_MAX while it must not finalize any. A finalizer may use the slot. */
static void on_drop(void *item, void *arg) {
  struct harness *harness = ((handoff_slot_t *)arg)->data;
  size_t slot = (size_t)((handoff_slot_t *)arg - harness->slots);
  const struct reference_slot *s = &harness->reference.slots[slot];
  size_t align = harness->item_sizes[slot] & (~harness->item_sizes[slot] + 1);

  CHECK(harness->finalized < harness->reference.finalized_count);
  CHECK(item_is(item, harness->item_sizes[slot], harness->reference.finalized[harness->finalized]));
  CHECK((uintptr_t)item % (align < _Alignof(max_align_t) ? align : _Alignof(max_align_t)) == 0);
  harness->finalized++;
  harness_check_stats(harness, slot);
  harness_peek(harness, slot);
  if (s->is_shut || !s->is_live) {
    CHECK(handoff_slot_put(&harness->slots[slot], item) == (s->is_live ? UV_EPIPE : UV_EINVAL));
  }
}

void harness_expect_finalized(struct harness *harness) { harness->finalized = 0; }

void harness_check_finalized(struct harness *harness) {
  CHECK(harness->finalized == harness->reference.finalized_count);
  harness->finalized = SIZE_MAX;
}

void harness_slot_init(struct harness *harness, size_t slot, size_t capacity, bool drops_oldest,
                       size_t item_size) {
  handoff_slot_options_t options = handoff_slot_options(item_size);
  struct handoff__slot *before = harness->slots[slot].impl;
  int expected;

  if (harness->reference.slots[slot].is_live) {
    return;
  }
  options.capacity = capacity;
  options.overflow = drops_oldest ? HANDOFF_DROP_OLDEST : HANDOFF_BLOCK;
  options.drop = on_drop;
  options.drop_arg = &harness->slots[slot];
  options.name = "fuzz";
  harness->slots[slot].data = harness;
  harness->item_sizes[slot] = item_size;
  expected = reference_init(&harness->reference, slot, capacity, drops_oldest);
  CHECK(handoff_slot_init(&harness->slots[slot], &options) == expected);
  CHECK(expected == 0 || harness->slots[slot].impl == before);
}

void harness_slot_init_invalid(struct harness *harness, size_t slot, unsigned mistake) {
  handoff_slot_options_t options = handoff_slot_options(8);
  struct handoff__slot *before = harness->slots[slot].impl;

  options.drop = on_drop;
  switch (mistake % 8) {
    case 0:
      options.item_size = 0;
      break;
    case 1:
      options.capacity = HANDOFF_CAPACITY_MAX + 1;
      break;
    case 2:
      options.size++;
      break;
    case 3:
      options.item_size = SIZE_MAX - mistake;
      break;
    case 4:
      options.overflow = (handoff_overflow_t)(HANDOFF_DROP_OLDEST + 1);
      break;
    case 5:
      options.item_size = SIZE_MAX / 4;
      options.capacity = HANDOFF_CAPACITY_MAX;
      break;
    case 6:
      options.size = sizeof options.size;
      break;
    default:
      options.overflow = HANDOFF_DROP_OLDEST;
      options.item_size = HANDOFF_DROP_OLDEST_ITEM_MAX + 1;
      break;
  }
  CHECK(handoff_slot_init(&harness->slots[slot], &options) == UV_EINVAL);
  CHECK(handoff_slot_init(NULL, &options) == UV_EINVAL);
  CHECK(handoff_slot_init(&harness->slots[slot], NULL) == UV_EINVAL);
  CHECK(harness->slots[slot].impl == before);
}

void harness_slot_shut(struct harness *harness, size_t slot) {
  reference_shut(&harness->reference, slot);
  handoff_slot_shut(&harness->slots[slot]);
}

void harness_slot_abort(struct harness *harness, size_t slot) {
  reference_abort(&harness->reference, slot);
  harness_expect_finalized(harness);
  CHECK(handoff_slot_abort(&harness->slots[slot]) == harness->reference.finalized_count);
  harness_check_finalized(harness);
}

void harness_slot_destroy(struct harness *harness, size_t slot) {
  if (reference_is_used(&harness->reference, slot)) {
    return;
  }
  reference_destroy(&harness->reference, slot);
  harness_expect_finalized(harness);
  handoff_slot_destroy(&harness->slots[slot]);
  harness_check_finalized(harness);
}

/* --------------------------------------------------------------------- the calls of a thread -- */

static bool is_refused(const struct harness *harness, size_t slot, handoff_side_t side) {
  return harness->reference.slots[slot].is_bound[!side];
}

/* A call must not wait forever, and only a few may wait for a deadline. */
static enum harness_variant affordable(const struct harness *harness, enum harness_variant variant,
                                       bool must_wait) {
  if (variant == VARIANT_BLOCK && must_wait) {
    return VARIANT_TRY;
  }
  return variant == VARIANT_SOON && harness->waits_left == 0 ? VARIANT_EXPIRED : variant;
}

static int call_until(struct harness *harness, size_t slot, handoff_side_t side,
                      unsigned char *bytes, uint64_t deadline_ns) {
  handoff_slot_t *s = &harness->slots[slot];
  return side == HANDOFF_PRODUCER ? handoff_slot_put_until(s, bytes, deadline_ns)
                                  : handoff_slot_get_until(s, bytes, deadline_ns);
}

/* On a busy machine the deadline may pass before the call waits. The call is then repeated with a
 * later one. */
static int call_soon(struct harness *harness, size_t slot, handoff_side_t side,
                     unsigned char *bytes, bool must_wait) {
  uint64_t timeout_ns = must_wait ? SOON_NS : LATER_NS;
  uint64_t start_ns;
  int err;

  harness->waits_left--;
  do {
    CHECK(timeout_ns <= LATER_NS);
    start_ns = uv_hrtime();
    err = call_until(harness, slot, side, bytes, start_ns + timeout_ns);
    timeout_ns *= 32;
  } while (must_wait && err == UV_ETIMEDOUT &&
           !harness_record_timeout(harness, slot, side, uv_hrtime() - start_ns));
  CHECK(err != UV_ETIMEDOUT || uv_hrtime() - start_ns >= timeout_ns / 32);
  return err;
}

/* Makes the call and checks its status against `expected`, the reference's. Returns: its status. */
static int call(struct harness *harness, size_t slot, handoff_side_t side,
                enum harness_variant variant, unsigned char *bytes, int expected) {
  handoff_slot_t *s = &harness->slots[slot];
  bool is_put = side == HANDOFF_PRODUCER;
  bool must_wait = expected == UV_EAGAIN && !is_refused(harness, slot, side);
  int would_wait = must_wait ? UV_ETIMEDOUT : UV_EBUSY;
  int err;

  variant = affordable(harness, variant, must_wait);
  harness_expect_finalized(harness);
  if (variant == VARIANT_TRY) {
    would_wait = UV_EAGAIN;
    err = is_put ? handoff_slot_try_put(s, bytes) : handoff_slot_try_get(s, bytes);
  } else if (variant == VARIANT_BLOCK) {
    err = is_put ? handoff_slot_put(s, bytes) : handoff_slot_get(s, bytes);
  } else if (variant == VARIANT_SOON) {
    err = call_soon(harness, slot, side, bytes, must_wait);
  } else {
    would_wait = UV_ETIMEDOUT;
    err = call_until(harness, slot, side, bytes, harness->last_item % 2); /* 0 too */
  }
  harness_check_finalized(harness);
  CHECK(err == (expected == UV_EAGAIN ? would_wait : expected));
  return err;
}

void harness_put(struct harness *harness, size_t slot, enum harness_variant variant) {
  unsigned char *bytes = harness_item_new(harness, slot);
  uint32_t item = ++harness->last_item;
  int expected = reference_put(&harness->reference, slot, item);

  item_write(bytes, harness->item_sizes[slot], item);
  (void)call(harness, slot, HANDOFF_PRODUCER, variant, bytes, expected);
  CHECK(item_is(bytes, harness->item_sizes[slot], item));
  free(bytes);
}

void harness_get(struct harness *harness, size_t slot, enum harness_variant variant) {
  unsigned char *bytes = harness_item_new(harness, slot);
  uint32_t item = 0;
  int expected = reference_get(&harness->reference, slot, &item);
  int err = call(harness, slot, HANDOFF_CONSUMER, variant, bytes, expected);

  CHECK(err == 0 ? item_is(bytes, harness->item_sizes[slot], item)
                 : item_is_untouched(bytes, harness->item_sizes[slot]));
  free(bytes);
}

/* ------------------------------------------------------------------------------- the harness -- */

void harness_init(struct harness *harness) {
  size_t i;

  memset(harness, 0, sizeof *harness);
  CHECK(uv_loop_init(&harness->loop) == 0);
  CHECK(uv_prepare_init(&harness->loop, &harness->keep_alive) == 0);
  for (i = 0; i < REFERENCE_SLOTS; i++) {
    harness->slots[i].data = harness;
    harness->item_sizes[i] = 1;
  }
  for (i = 0; i < REFERENCE_WAITERS; i++) {
    harness->requests[i].harness = harness;
    harness->requests[i].req = target_alloc(sizeof(handoff_req_t));
  }
  harness->finalized = SIZE_MAX;
  harness->waits_left = 2;
}

void harness_destroy(struct harness *harness) {
  size_t i;

  for (i = 0; i < REFERENCE_WAITERS; i++) {
    harness->requests[i].is_resubmitted = false;
  }
  for (i = 0; i < REFERENCE_PORTS; i++) {
    harness_port_close(harness, i);
  }
  harness_drain(harness);
  for (i = 0; i < REFERENCE_WAITERS; i++) {
    CHECK(harness->reference.waiters[i].state == REFERENCE_IDLE);
    free(harness->requests[i].req);
  }
  for (i = 0; i < REFERENCE_SLOTS; i++) {
    harness_slot_destroy(harness, i);
  }
  uv_close((uv_handle_t *)&harness->keep_alive, NULL);
  (void)uv_run(&harness->loop, UV_RUN_NOWAIT);
  CHECK(uv_loop_close(&harness->loop) == 0);
}

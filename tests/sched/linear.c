/* linear: see linear.h. The search of Wing and Gong (1993), which remembers where it has been (Lowe, 2017).
 *
 * THE ORDER. A call comes before another that began after it had ended; and, nobody being overtaken, of two
 * hand-offs at one end, before one that began after it was known to wait. Two gets, or two puts, of one
 * loop come in the order of their callbacks. Who did not get what it waited for found the queue as it says before it was
 * known to wait; but at capacity 0 it may do so until it leaves. */

#include "sched/linear.h"

#include <string.h>

#include "sched/spec.h"

#define PLACES 4096u /* of the memory; a power of 2 */
#define PROBES_MAX 3072u

typedef struct {
  uint32_t search;
  state_t state;
} place_t;

static const history_t *h;
static uint64_t before[CALLS_MAX]; /* the calls that must come before each */
static place_t places[PLACES];
static uint32_t searches;
static unsigned visited;

static bool is_next(const state_t *state, int call) {
  return !spec_is_done(state, call) && (before[call] & ~state->done) == 0;
}

/* ---------------------------------------------------------------------------------- the order -- */

static bool comes_before(const call_t *a, const call_t *b) {
  uint64_t a_ended = a->ended;

  if (spec_has_failed(a) && h->capacity != 0 && a->queued < a_ended) {
    a_ended = a->queued;
  }
  if (a_ended < b->begun) {
    return true;
  }
  if (a->way != b->way || !spec_is_pass(a) || a->result != 0 || b->result != 0) {
    return false;
  }
  return a->queued < b->begun || (a->kind == BY_REQUEST && b->kind == BY_REQUEST &&
                                  a->thread == b->thread && a->ended < b->ended);
}

static void order(void) {
  int a;
  int b;

  for (b = 0; b < h->count; b++) {
    before[b] = 0;
    for (a = 0; a < h->count; a++) {
      if (a != b && comes_before(&h->calls[a], &h->calls[b])) {
        before[b] |= spec_bit(a);
      }
    }
  }
}

/* --------------------------------------------------------------------------------- the search -- */

/* True: we have been here before, in vain. */
static bool is_known(const state_t *state) {
  uint64_t mixed = state->done * UINT64_C(0x9e3779b97f4a7c15) +
                   ((uint64_t)state->items[0] << 20 | (uint64_t)state->items[1] << 10 |
                    (uint64_t)state->items[2] << 4 | state->count) *
                       UINT64_C(0xd1342543de82ef95);
  unsigned at = (unsigned)(mixed >> 40) % PLACES;

  while (places[at].search == searches) {
    const state_t *known = &places[at].state;
    if (known->done == state->done && known->count == state->count &&
        memcmp(known->items, state->items, sizeof known->items) == 0) {
      return true; /* whether it is shut follows from what is done */
    }
    at = (at + 1) % PLACES;
  }
  places[at].search = searches;
  places[at].state = *state;
  visited++;
  return false;
}

/* It goes as deep as there are calls. */
static bool search(const state_t *state); /* NOLINT(misc-no-recursion) */

/* Capacity 0: the put, and any get that goes with it. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static bool search_pairs(const state_t *state, int put) {
  int get;

  for (get = 0; get < h->count; get++) {
    if (is_next(state, get) && spec_can_meet(state, &h->calls[put], &h->calls[get])) {
      state_t after = *state;
      after.done |= spec_bit(put) | spec_bit(get);
      if (search(&after)) {
        return true;
      }
    }
  }
  return false;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static bool search(const state_t *state) {
  int i;

  if (state->done == (h->count == CALLS_MAX ? UINT64_MAX : spec_bit(h->count) - 1)) {
    return spec_is_the_end(h, state);
  }
  if (visited >= PROBES_MAX || is_known(state)) {
    return false;
  }
  for (i = 0; i < h->count; i++) {
    const call_t *call = &h->calls[i];
    state_t after = *state;
    if (!is_next(state, i)) {
      continue;
    }
    if (h->capacity == 0 && call->result == 0 && spec_is_pass(call)) {
      if (call->way == CALL_PUT && search_pairs(state, i)) {
        return true;
      }
      continue;
    }
    if (spec_apply(h, &after, i) && search(&after)) {
      return true;
    }
  }
  return false;
}

linear_t linear_check(const history_t *of) {
  state_t start;

  h = of;
  memset(&start, 0, sizeof start);
  searches++;
  visited = 0;
  order();
  if (search(&start)) {
    return LINEAR_YES;
  }
  return visited >= PROBES_MAX ? LINEAR_UNKNOWN : LINEAR_NO;
}

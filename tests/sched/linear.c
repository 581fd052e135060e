/* linear: see linear.h. The search is that of Wing and Gong (1993), with Lowe's memoization (2017).
 *
 * Constraints on the order. A call that responded comes before a call that was invoked later. No
 * call overtakes a waiter: of two transfers on one side, a call that waits for certain comes before
 * a call that is invoked later. Two requests of one loop on one side come in the order of their
 * callbacks. A call that failed took effect before it waited for certain, except with capacity 0,
 * where it can take effect until it responds. */

#include "sched/linear.h"

#include <string.h>

#include "sched/spec.h"

#define MEMOS 4096u
#define VISITS_MAX 3072u /* below MEMOS: a probe always ends at a free memo */

typedef struct {
  uint32_t search;
  state_t state;
} memo_t;

static const history_t *h;
static uint64_t before[CALLS_MAX]; /* for each call, the calls that must come before it */
static memo_t memos[MEMOS];
static uint32_t searches;
static unsigned visited;

static bool can_be_next(const state_t *state, int call) {
  return !spec_is_done(state, call) && (before[call] & ~state->done) == 0;
}

/* --------------------------------------------------------------------------------- the order -- */

static bool comes_before(const call_t *a, const call_t *b) {
  uint64_t a_end = a->responded;

  if (spec_has_failed(a) && h->capacity != 0 && a->queued < a_end) {
    a_end = a->queued;
  }
  if (a_end < b->invoked) {
    return true;
  }
  if (a->type != b->type || !spec_is_transfer(a) || a->result != 0 || b->result != 0) {
    return false;
  }
  return a->queued < b->invoked || (a->mode == MODE_REQUEST && b->mode == MODE_REQUEST &&
                                    a->thread == b->thread && a->responded < b->responded);
}

static void find_order(void) {
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

/* -------------------------------------------------------------------------------- the search -- */

/* True: the search has failed from this state already. Otherwise records the state. */
static bool is_visited(const state_t *state) {
  uint64_t mixed = state->done * UINT64_C(0x9e3779b97f4a7c15) +
                   ((uint64_t)state->items[0] << 20 | (uint64_t)state->items[1] << 10 |
                    (uint64_t)state->items[2] << 4 | state->count) *
                       UINT64_C(0xd1342543de82ef95);
  unsigned at = (unsigned)(mixed >> 40) % MEMOS;

  while (memos[at].search == searches) {
    const state_t *known = &memos[at].state;
    if (known->done == state->done && known->count == state->count &&
        memcmp(known->items, state->items, sizeof known->items) == 0) {
      return true; /* `is_shut` follows from `done` */
    }
    at = (at + 1) % MEMOS;
  }
  memos[at].search = searches;
  memos[at].state = *state;
  visited++;
  return false;
}

/* The depth is at most the number of calls. */
static bool search(const state_t *state); /* NOLINT(misc-no-recursion) */

/* Capacity 0: tries the put with each get. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static bool search_pairs(const state_t *state, int put) {
  int get;

  for (get = 0; get < h->count; get++) {
    if (can_be_next(state, get) && spec_can_rendezvous(state, &h->calls[put], &h->calls[get])) {
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
    return spec_is_final(h, state);
  }
  if (visited >= VISITS_MAX || is_visited(state)) {
    return false;
  }
  for (i = 0; i < h->count; i++) {
    const call_t *call = &h->calls[i];
    state_t after = *state;
    if (!can_be_next(state, i)) {
      continue;
    }
    if (h->capacity == 0 && call->result == 0 && spec_is_transfer(call)) {
      if (call->type == CALL_PUT && search_pairs(state, i)) {
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
  find_order();
  if (search(&start)) {
    return LINEAR_YES;
  }
  return visited >= VISITS_MAX ? LINEAR_UNKNOWN : LINEAR_NO;
}

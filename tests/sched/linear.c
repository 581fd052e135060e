/* linear: see linear.h. The search of Wing and Gong (1993), which remembers where it has been (Lowe, 2017).
 *
 * THE QUEUE. It has the items that were put and not got, at most `capacity`, and is shut or not.
 *   put 0       it is not shut and not full; adds the item          at capacity 0 a put and a get
 *   get 0       takes the oldest item, which must be the one        are one step, and one of them waits
 *   put EPIPE   it is shut
 *   get EOF     it is shut and empty
 *   anything else (EAGAIN, ETIMEDOUT, ECANCELED, no memory): it is not shut, and a put finds it full, a get
 *               empty; at capacity 0: nobody is known to wait at the other end
 *   shut        nobody waits any more: a putter that is known to wait then, and gets EPIPE, finds it full; a
 *               getter that gets EOF finds it empty; and none of them ends in another way later
 * In the end it has the items that destroy dropped.
 *
 * THE ORDER. A call comes before another that began after it had ended; and, nobody being overtaken, of two
 * hand-offs at one end, before one that began after it was known to wait. Two gets, or two puts, of one
 * loop come in the order of their callbacks. Who did not get what it waited for found the queue as it says before it was
 * known to wait; but at capacity 0 it may do so until it leaves. */

#include "sched/linear.h"

#include <string.h>
#include <uv.h>

#define PLACES 4096u /* of the memory; a power of 2 */
#define PROBES_MAX 3072u

typedef struct {
  uint64_t done; /* the calls that have taken effect */
  uint8_t items[CAPACITY_MAX];
  uint8_t count;
  bool is_shut;
} state_t;

typedef struct {
  uint32_t search;
  state_t state;
} place_t;

static const history_t *h;
static uint64_t before[CALLS_MAX]; /* the calls that must come before each */
static place_t places[PLACES];
static uint32_t searches;
static unsigned visited;

static uint64_t bit(int call) { return UINT64_C(1) << call; }
static bool is_done(const state_t *state, int call) { return (state->done & bit(call)) != 0; }
static bool is_next(const state_t *state, int call) {
  return !is_done(state, call) && (before[call] & ~state->done) == 0;
}

/* ---------------------------------------------------------------------------------- the order -- */

static bool has_failed(const call_t *call) {
  return call->result != 0 && call->result != UV_EPIPE && call->result != UV_EOF;
}

static bool comes_before(const call_t *a, const call_t *b) {
  uint64_t a_ended = a->ended;

  if (has_failed(a) && h->capacity != 0 && a->queued < a_ended) {
    a_ended = a->queued;
  }
  if (a_ended < b->begun) {
    return true;
  }
  if (a->way != b->way || a->way == CALL_SHUT || a->result != 0 || b->result != 0) {
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
        before[b] |= bit(a);
      }
    }
  }
}

/* ---------------------------------------------------------------------------------- the queue -- */

/* Whether somebody who has not been dealt with yet has waited since before the instant, at that end. */
static bool is_waiting(const state_t *state, call_way_t way, uint64_t since) {
  int i;

  for (i = 0; i < h->count; i++) {
    if (!is_done(state, i) && h->calls[i].way == way && h->calls[i].queued < since) {
      return true;
    }
  }
  return false;
}

static bool is_stuck(const state_t *state, call_way_t way) {
  return way == CALL_PUT ? state->count == h->capacity : state->count == 0;
}

static bool can_shut(const state_t *state, const call_t *shut) {
  int i;

  for (i = 0; i < h->count && !state->is_shut; i++) {
    const call_t *call = &h->calls[i];
    if (is_done(state, i) || call->way == CALL_SHUT || call->queued >= shut->begun) {
      continue;
    }
    if (call->result != (call->way == CALL_PUT ? UV_EPIPE : UV_EOF) ||
        !is_stuck(state, call->way)) {
      return false;
    }
  }
  return true;
}

/* The call takes effect, if it can. */
static bool apply(state_t *state, int i) {
  const call_t *call = &h->calls[i];

  state->done |= bit(i);
  if (call->way == CALL_SHUT) {
    state->done &= ~bit(i);
    if (!can_shut(state, call)) {
      return false;
    }
    state->done |= bit(i);
    state->is_shut = true;
    return true;
  }
  if (has_failed(call)) {
    return !state->is_shut && is_stuck(state, call->way) &&
           (h->capacity != 0 ||
            !is_waiting(state, call->way == CALL_PUT ? CALL_GET : CALL_PUT, call->begun));
  }
  if (call->result != 0) {
    return state->is_shut && (call->way == CALL_PUT || state->count == 0);
  }
  if (is_stuck(state, call->way) || (call->way == CALL_PUT && state->is_shut)) {
    return false;
  }
  if (call->way == CALL_PUT) {
    state->items[state->count++] = (uint8_t)call->item;
    return true;
  }
  if (state->items[0] != (uint8_t)call->item) {
    return false;
  }
  memmove(state->items, state->items + 1, CAPACITY_MAX - 1);
  state->items[--state->count] = 0;
  return true;
}

static bool is_the_end(const state_t *state) {
  int i;

  for (i = 0; i < h->left_count; i++) {
    if (i >= state->count || state->items[i] != (uint8_t)h->left[i]) {
      return false;
    }
  }
  return state->count == h->left_count;
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

static bool search(const state_t *state);

/* Capacity 0: the put, and any get that goes with it. */
static bool search_pairs(const state_t *state, int put) {
  int get;

  for (get = 0; get < h->count; get++) {
    const call_t *call = &h->calls[get];
    if (is_next(state, get) && call->way == CALL_GET && call->result == 0 &&
        call->item == h->calls[put].item &&
        (call->kind != BY_TRYING || h->calls[put].kind != BY_TRYING)) {
      state_t after = *state;
      after.done |= bit(put) | bit(get);
      if (search(&after)) {
        return true;
      }
    }
  }
  return false;
}

static bool search(const state_t *state) {
  int i;

  if (state->done == (h->count == CALLS_MAX ? UINT64_MAX : bit(h->count) - 1)) {
    return is_the_end(state);
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
    if (h->capacity == 0 && call->result == 0 && call->way != CALL_SHUT) {
      if (call->way == CALL_PUT && !state->is_shut && search_pairs(state, i)) {
        return true;
      }
      continue;
    }
    if (apply(&after, i) && search(&after)) {
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

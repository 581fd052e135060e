/* linear: see linear.h. The search of Wing and Gong (1993), which remembers where it has been (Lowe, 2017).
 *
 * THE QUEUE. It has the items that were put and not got, at most `capacity`, and is shut or not.
 *   put 0       it is not shut and not full; adds the item          at capacity 0 a put and a get
 *   get 0       takes the oldest item, which must be the one        are one step, and one of them waits
 *   put EPIPE   it is shut
 *   get EOF     it is shut and empty
 *   anything else (EAGAIN, ETIMEDOUT, ECANCELED, no memory): it is not shut, and a put finds it full, a get
 *               empty; at capacity 0: nobody is known to wait at the other end
 *   latest      a put that finds it full takes the place of the oldest item, which it drops; no put fails
 *   peek 0      the oldest item is that one, and nobody is known to wait for it
 *   stats       as many puts, gets and items replaced, dropped and left as there are then
 *   abort       shuts it, and takes out what is in it, which it drops
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

static bool is_pass(const call_t *call) { return call->way == CALL_PUT || call->way == CALL_GET; }

static bool is_shut(const call_t *call) {
  return call->way == CALL_SHUT || call->way == CALL_ABORT;
}

static bool has_failed(const call_t *call) {
  return !is_shut(call) && call->result != 0 && call->result != UV_EPIPE && call->result != UV_EOF;
}

static bool comes_before(const call_t *a, const call_t *b) {
  uint64_t a_ended = a->ended;

  if (has_failed(a) && h->capacity != 0 && a->queued < a_ended) {
    a_ended = a->queued;
  }
  if (a_ended < b->begun) {
    return true;
  }
  if (a->way != b->way || !is_pass(a) || a->result != 0 || b->result != 0) {
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
    if (is_done(state, i) || !is_pass(call) || call->queued >= shut->begun) {
      continue;
    }
    if (call->result != (call->way == CALL_PUT ? UV_EPIPE : UV_EOF) ||
        !is_stuck(state, call->way)) {
      return false;
    }
  }
  return true;
}

/* The oldest item goes. */
static bool take(state_t *state, int item) {
  if (state->count == 0 || state->items[0] != (uint8_t)item) {
    return false;
  }
  memmove(state->items, state->items + 1, CAPACITY_MAX - 1);
  state->items[--state->count] = 0;
  return true;
}

static bool take_dropped(state_t *state, const call_t *call) {
  int i;

  for (i = 0; i < call->dropped_count; i++) {
    if (!take(state, call->dropped[i])) {
      return false;
    }
  }
  return true;
}

static bool apply_shut(state_t *state, const call_t *call) {
  if (!can_shut(state, call)) {
    return false;
  }
  state->is_shut = true;
  return call->way == CALL_SHUT || (take_dropped(state, call) && state->count == 0);
}

static bool apply_failure(const state_t *state, const call_t *call) {
  if (state->is_shut) {
    return false;
  }
  if (call->way == CALL_PUT) {
    return !h->is_latest && is_stuck(state, CALL_PUT) &&
           (h->capacity != 0 || !is_waiting(state, CALL_GET, call->begun));
  }
  return state->count == 0 &&
         (h->capacity != 0 || call->way == CALL_PEEK || !is_waiting(state, CALL_PUT, call->begun));
}

static bool apply_put(state_t *state, const call_t *call) {
  if (state->is_shut || (call->dropped_count != 0 && !is_stuck(state, CALL_PUT)) ||
      !take_dropped(state, call) || is_stuck(state, CALL_PUT)) {
    return false;
  }
  state->items[state->count++] = (uint8_t)call->item;
  return true;
}

static bool apply_stats(const state_t *state, const call_t *stats) {
  uint64_t puts = 0;
  uint64_t gets = 0;
  uint64_t replaced = 0;
  uint64_t dropped = 0;
  int i;

  for (i = 0; i < h->count; i++) {
    const call_t *call = &h->calls[i];
    bool has_passed = is_done(state, i) && call->result == 0;
    puts += has_passed && call->way == CALL_PUT;
    gets += has_passed && call->way == CALL_GET;
    if (is_done(state, i)) {
      *(call->way == CALL_ABORT ? &dropped : &replaced) += (uint64_t)call->dropped_count;
    }
  }
  return stats->stats.puts == puts && stats->stats.gets == gets &&
         stats->stats.replaced == replaced && stats->stats.dropped == dropped &&
         stats->stats.count == state->count;
}

/* The call takes effect, if it can. */
static bool apply(state_t *state, int i) {
  const call_t *call = &h->calls[i];
  bool is_possible;

  if (is_shut(call)) {
    is_possible = apply_shut(state, call);
  } else if (has_failed(call)) {
    is_possible = apply_failure(state, call);
  } else if (call->result != 0) {
    is_possible = state->is_shut && (call->way == CALL_PUT || state->count == 0);
  } else if (call->way == CALL_PUT) {
    is_possible = apply_put(state, call);
  } else if (call->way == CALL_GET) {
    is_possible = take(state, call->item);
  } else if (call->way == CALL_PEEK) {
    is_possible = state->count != 0 && state->items[0] == (uint8_t)call->item &&
                  !is_waiting(state, CALL_GET, call->begun);
  } else {
    is_possible = apply_stats(state, call);
  }
  state->done |= bit(i);
  return is_possible;
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
    if (h->capacity == 0 && call->result == 0 && is_pass(call)) {
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

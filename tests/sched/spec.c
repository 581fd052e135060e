/* spec: see spec.h. */

#include "sched/spec.h"

#include <string.h>
#include <uv.h>

static const history_t *h; /* the one that is asked about */

bool spec_is_pass(const call_t *call) { return call->way == CALL_PUT || call->way == CALL_GET; }

static bool is_shut(const call_t *call) {
  return call->way == CALL_SHUT || call->way == CALL_ABORT;
}

bool spec_has_failed(const call_t *call) {
  return !is_shut(call) && call->result != 0 && call->result != UV_EPIPE && call->result != UV_EOF;
}

/* Whether somebody who has not been dealt with yet has waited since before the instant, at that end. */
static bool is_waiting(const state_t *state, call_way_t way, uint64_t since) {
  int i;

  for (i = 0; i < h->count; i++) {
    if (!spec_is_done(state, i) && h->calls[i].way == way && h->calls[i].queued < since) {
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
    if (spec_is_done(state, i) || !spec_is_pass(call) || call->queued >= shut->begun) {
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
    bool has_passed = spec_is_done(state, i) && call->result == 0;
    puts += has_passed && call->way == CALL_PUT;
    gets += has_passed && call->way == CALL_GET;
    if (spec_is_done(state, i)) {
      *(call->way == CALL_ABORT ? &dropped : &replaced) += (uint64_t)call->dropped_count;
    }
  }
  return stats->stats.puts == puts && stats->stats.gets == gets &&
         stats->stats.replaced == replaced && stats->stats.dropped == dropped &&
         stats->stats.count == state->count;
}

bool spec_apply(const history_t *of, state_t *state, int i) {
  const call_t *call = &of->calls[i];
  bool is_possible;

  h = of;
  if (is_shut(call)) {
    is_possible = apply_shut(state, call);
  } else if (spec_has_failed(call)) {
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
  state->done |= spec_bit(i);
  return is_possible;
}

bool spec_is_the_end(const history_t *of, const state_t *state) {
  int i;

  for (i = 0; i < of->left_count; i++) {
    if (i >= state->count || state->items[i] != (uint8_t)of->left[i]) {
      return false;
    }
  }
  return state->count == of->left_count;
}

bool spec_can_meet(const state_t *state, const call_t *put, const call_t *get) {
  return !state->is_shut && put->way == CALL_PUT && get->way == CALL_GET && put->result == 0 &&
         get->result == 0 && put->item == get->item &&
         (put->kind != BY_TRYING || get->kind != BY_TRYING);
}

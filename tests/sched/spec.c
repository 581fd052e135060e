/* spec: see spec.h. */

#include "sched/spec.h"

#include <string.h>
#include <uv.h>

static const history_t *h;

bool spec_is_transfer(const call_t *call) {
  return call->type == CALL_PUT || call->type == CALL_GET;
}

static bool is_shut(const call_t *call) {
  return call->type == CALL_SHUT || call->type == CALL_ABORT;
}

bool spec_has_failed(const call_t *call) {
  return !is_shut(call) && call->result != 0 && call->result != UV_EPIPE && call->result != UV_EOF;
}

/* Whether a call of that type, not yet done, waits for certain since before the instant. */
static bool is_waiting(const state_t *state, call_type_t type, uint64_t instant) {
  int i;

  for (i = 0; i < h->count; i++) {
    if (!spec_is_done(state, i) && h->calls[i].type == type && h->calls[i].queued < instant) {
      return true;
    }
  }
  return false;
}

static bool must_wait(const state_t *state, call_type_t type) {
  return type == CALL_PUT ? state->count == h->capacity : state->count == 0;
}

static bool can_shut(const state_t *state, const call_t *shut) {
  int i;

  for (i = 0; i < h->count && !state->is_shut; i++) {
    const call_t *call = &h->calls[i];
    if (spec_is_done(state, i) || !spec_is_transfer(call) || call->queued >= shut->invoked) {
      continue;
    }
    if (call->result != (call->type == CALL_PUT ? UV_EPIPE : UV_EOF) ||
        !must_wait(state, call->type)) {
      return false;
    }
  }
  return true;
}

/* Removes the oldest item, which must be that one. */
static bool take(state_t *state, int item) {
  if (state->count == 0 || state->items[0] != (uint8_t)item) {
    return false;
  }
  memmove(state->items, state->items + 1, CAPACITY_MAX - 1);
  state->items[--state->count] = 0;
  return true;
}

static bool take_finalized(state_t *state, const call_t *call) {
  int i;

  for (i = 0; i < call->finalized_count; i++) {
    if (!take(state, call->finalized[i])) {
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
  return call->type == CALL_SHUT || (take_finalized(state, call) && state->count == 0);
}

static bool apply_failure(const state_t *state, const call_t *call) {
  if (state->is_shut) {
    return false;
  }
  if (call->type == CALL_PUT) {
    return !h->drops_oldest && must_wait(state, CALL_PUT) &&
           (h->capacity != 0 || !is_waiting(state, CALL_GET, call->invoked));
  }
  return state->count == 0 && (h->capacity != 0 || call->type == CALL_PEEK ||
                               !is_waiting(state, CALL_PUT, call->invoked));
}

static bool apply_put(state_t *state, const call_t *call) {
  if (state->is_shut || (call->finalized_count != 0 && !must_wait(state, CALL_PUT)) ||
      !take_finalized(state, call) || must_wait(state, CALL_PUT)) {
    return false;
  }
  state->items[state->count++] = (uint8_t)call->item;
  return true;
}

static bool apply_stats(const state_t *state, const call_t *stats) {
  uint64_t puts = 0;
  uint64_t gets = 0;
  uint64_t evicted = 0;
  uint64_t discarded = 0;
  int i;

  for (i = 0; i < h->count; i++) {
    const call_t *call = &h->calls[i];
    bool has_succeeded = spec_is_done(state, i) && call->result == 0;
    puts += has_succeeded && call->type == CALL_PUT;
    gets += has_succeeded && call->type == CALL_GET;
    if (spec_is_done(state, i)) {
      *(call->type == CALL_ABORT ? &discarded : &evicted) += (uint64_t)call->finalized_count;
    }
  }
  return stats->stats.puts == puts && stats->stats.gets == gets &&
         stats->stats.evicted == evicted && stats->stats.discarded == discarded &&
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
    is_possible = state->is_shut && (call->type == CALL_PUT || state->count == 0);
  } else if (call->type == CALL_PUT) {
    is_possible = apply_put(state, call);
  } else if (call->type == CALL_GET) {
    is_possible = take(state, call->item);
  } else if (call->type == CALL_PEEK) {
    is_possible = state->count != 0 && state->items[0] == (uint8_t)call->item &&
                  !is_waiting(state, CALL_GET, call->invoked);
  } else {
    is_possible = apply_stats(state, call);
  }
  state->done |= spec_bit(i);
  return is_possible;
}

bool spec_is_final(const history_t *of, const state_t *state) {
  int i;

  for (i = 0; i < of->remaining_count; i++) {
    if (i >= state->count || state->items[i] != (uint8_t)of->remaining[i]) {
      return false;
    }
  }
  return state->count == of->remaining_count;
}

bool spec_can_rendezvous(const state_t *state, const call_t *put, const call_t *get) {
  return !state->is_shut && put->type == CALL_PUT && get->type == CALL_GET && put->result == 0 &&
         get->result == 0 && put->item == get->item &&
         (put->mode != MODE_TRY || get->mode != MODE_TRY);
}

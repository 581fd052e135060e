/* history: see history.h. */

#include "sched/history.h"

#include <string.h>
#include <uv.h>

#include "sched/scheduler.h"
#include "sched/trace.h"

history_t history;
static call_t *within[THREADS_MAX]; /* the call that each thread is inside of */

static const char *name_of_result(int result) {
  switch (result) {
    case 0:
      return "0";
    case UV_EAGAIN:
      return "UV_EAGAIN";
    case UV_EPIPE:
      return "UV_EPIPE";
    case UV_EOF:
      return "UV_EOF";
    case UV_ETIMEDOUT:
      return "UV_ETIMEDOUT";
    case UV_ECANCELED:
      return "UV_ECANCELED";
    case UV_ENOMEM:
      return "UV_ENOMEM";
    default:
      return result > 0 ? "so many" : "something else";
  }
}

static const char *name_of_call(const call_t *call) {
  static const char *const names[6][4] = {
      {"handoff_slot_put", "handoff_slot_try_put", "handoff_slot_put_until", "handoff_port_put"},
      {"handoff_slot_get", "handoff_slot_try_get", "handoff_slot_get_until", "handoff_port_get"},
      {"handoff_slot_shut", NULL, NULL, NULL},
      {"handoff_slot_abort", NULL, NULL, NULL},
      {"handoff_slot_peek", NULL, NULL, NULL},
      {"handoff_slot_stats", NULL, NULL, NULL}};
  return names[call->way][call->kind];
}

static void on_park(void) {
  call_t *call = within[thread_index()];
  if (call != NULL && call->queued == NOT_YET) {
    history_queued(call);
  }
}

void history_begin(size_t capacity, bool is_latest) {
  history.capacity = capacity;
  history.is_latest = is_latest;
  history.count = 0;
  history.events = 0;
  history.left_count = 0;
  memset(within, 0, sizeof within);
  scheduler_on_park = on_park;
}

call_t *history_call(call_way_t way, call_kind_t kind, int item, uint64_t deadline_ns) {
  call_t *call = &history.calls[history.count];

  if (history.count == CALLS_MAX) {
    scheduler_fail("limit", "more than %d calls", CALLS_MAX);
  }
  history.count++;
  call->way = way;
  call->kind = kind;
  call->thread = thread_index();
  call->item = item;
  call->result = 0;
  call->begun = ++history.events;
  call->queued = NOT_YET;
  call->ended = NOT_YET;
  call->deadline_ns = deadline_ns;
  call->dropped_count = 0;
  within[call->thread] = call;
  scheduler_did(name_of_call(call), NULL, item == NOBODY ? TRACE_NO_VALUE : (uint64_t)item);
  return call;
}

void history_queued(call_t *call) {
  call->queued = ++history.events;
  if (call->kind == BY_REQUEST) {
    within[call->thread] = NULL;
  }
}

void history_dropped(int item) {
  call_t *call = within[thread_index()];
  int *count = call == NULL ? &history.left_count : &call->dropped_count;

  if (*count == CAPACITY_MAX) {
    scheduler_fail("items", "more are dropped than were there");
  }
  (call == NULL ? history.left : call->dropped)[(*count)++] = item;
}

static bool may_end(const call_t *call, int result) {
  if (result == 0) {
    return true;
  }
  if (call->way == CALL_ABORT) {
    return result == call->dropped_count;
  }
  if (call->way == CALL_SHUT || call->way == CALL_STATS) {
    return false;
  }
  if (call->way == CALL_PEEK) {
    return result == UV_EAGAIN || result == UV_EOF;
  }
  if (result == (call->way == CALL_PUT ? UV_EPIPE : UV_EOF)) {
    return true; /* whether it was shut the search will tell */
  }
  switch (call->kind) {
    case BY_TRYING:
      return result == UV_EAGAIN;
    case BY_REQUEST:
      return result == UV_ECANCELED;
    case BY_DEADLINE:
      if (result == UV_ETIMEDOUT) {
        return scheduler_now_ns() >= call->deadline_ns;
      }
      break;
    default:
      break;
  }
  return scheduler_mishaps.faults != 0 && (result == UV_ENOMEM || result == UV_EAGAIN);
}

void history_end(call_t *call, int result, int item) {
  call->ended = ++history.events;
  call->result = result;
  call->item = item;
  if (call->kind != BY_REQUEST) {
    within[call->thread] = NULL;
  }
  scheduler_did(result == 0 ? "  has succeeded" : name_of_result(result), NULL,
                item == NOBODY ? TRACE_NO_VALUE : (uint64_t)item);
  if (!may_end(call, result)) {
    scheduler_fail("outcome", "%s may not end with %s", name_of_call(call), name_of_result(result));
  }
}

/* ------------------------------------------------------------------------------ the items -- */

static const call_t *find(call_way_t way, int item) {
  int i;

  for (i = 0; i < history.count; i++) {
    const call_t *call = &history.calls[i];
    if (call->way == way && call->result == 0 && call->item == item) {
      return call;
    }
  }
  return NULL;
}

void history_check_items(void) {
  int seen[ITEMS_MAX] = {0};
  int i;
  int j;

  for (i = 0; i < history.count; i++) {
    const call_t *got = &history.calls[i];
    if (got->way != CALL_GET || got->result != 0) {
      continue;
    }
    if (got->item < 0 || got->item >= ITEMS_MAX || find(CALL_PUT, got->item) == NULL) {
      scheduler_fail("items", "item %d was got, not put", got->item);
    }
    seen[got->item]++;
    for (j = 0; j < history.count; j++) { /* two of one getter and one putter */
      const call_t *later = &history.calls[j];
      if (later->way == CALL_GET && later->result == 0 && later->thread == got->thread &&
          later->begun > got->ended && find(CALL_PUT, later->item) != NULL &&
          find(CALL_PUT, later->item)->ended < find(CALL_PUT, got->item)->begun) {
        scheduler_fail("order", "item %d came after %d", later->item, got->item);
      }
    }
  }
  for (i = 0; i < history.left_count; i++) {
    seen[history.left[i]]++;
  }
  for (i = 0; i < history.count; i++) {
    for (j = 0; j < history.calls[i].dropped_count; j++) {
      seen[history.calls[i].dropped[j]]++;
    }
  }
  for (i = 0; i < ITEMS_MAX; i++) {
    if (seen[i] != (find(CALL_PUT, i) != NULL)) {
      scheduler_fail("items", "item %d arrived %d times", i, seen[i]);
    }
  }
}

void history_print(void) {
  int i;
  int j;

  printf("  capacity %zu%s; the calls, as they began:\n", history.capacity,
         history.is_latest ? ", the latest" : "");
  for (i = 0; i < history.count; i++) {
    const call_t *call = &history.calls[i];
    printf("    %4llu..", (unsigned long long)call->begun);
    if (call->ended == NOT_YET) {
      printf("    ");
    } else {
      printf("%-4llu", (unsigned long long)call->ended);
    }
    printf(" %-10s %s", thread_name(call->thread), name_of_call(call));
    if (call->item != NOBODY) {
      printf(" item %d", call->item);
    }
    if (call->queued != NOT_YET) {
      printf(", queued by %llu", (unsigned long long)call->queued);
    }
    printf(": %s", call->ended == NOT_YET ? "has not ended" : name_of_result(call->result));
    for (j = 0; j < call->dropped_count; j++) {
      printf(", dropped item %d", call->dropped[j]);
    }
    if (call->way == CALL_STATS && call->ended != NOT_YET) {
      printf(", puts %d, gets %d, count %d", (int)call->stats.puts, (int)call->stats.gets,
             (int)call->stats.count);
    }
    printf("\n");
  }
  for (i = 0; i < history.left_count; i++) {
    printf("    left: item %d\n", history.left[i]);
  }
}

/* history: see history.h. */

#include "sched/history.h"

#include <string.h>
#include <uv.h>

#include "sched/scheduler.h"

history_t history;
static call_t *sleepers[THREADS_MAX]; /* the call that each thread is in */

static void on_park(void) {
  call_t *call = sleepers[thread_index()];
  if (call != NULL && call->queued == NOT_YET) {
    history_queued(call);
  }
}

void history_begin(size_t capacity) {
  history.capacity = capacity;
  history.count = 0;
  history.events = 0;
  history.left_count = 0;
  memset(sleepers, 0, sizeof sleepers);
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
  if (kind != BY_REQUEST) {
    sleepers[call->thread] = call;
  }
  return call;
}

void history_queued(call_t *call) { call->queued = ++history.events; }

static bool may_end(const call_t *call, int result) {
  if (result == 0 || call->way == CALL_SHUT) {
    return result == 0;
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
    sleepers[call->thread] = NULL;
  }
  if (!may_end(call, result)) {
    scheduler_fail("outcome", "a call may not end with %d", result);
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
  for (i = 0; i < ITEMS_MAX; i++) {
    if (seen[i] != (find(CALL_PUT, i) != NULL)) {
      scheduler_fail("items", "item %d arrived %d times", i, seen[i]);
    }
  }
}

void history_print(void) {
  static const char *const ways[] = {"put", "get", "shut"};
  static const char *const kinds[] = {"", "try_", "until_", "port_"};
  int i;

  printf("  capacity %zu; the calls, by when they began:\n", history.capacity);
  for (i = 0; i < history.count; i++) {
    const call_t *call = &history.calls[i];
    printf("    %4llu.. %-12s %s%s", (unsigned long long)call->begun, thread_name(call->thread),
           kinds[call->kind], ways[call->way]);
    if (call->item != NOBODY) {
      printf(" item %d", call->item);
    }
    if (call->queued != NOT_YET) {
      printf(", queued by %llu", (unsigned long long)call->queued);
    }
    if (call->ended == NOT_YET) {
      printf(", has not ended\n");
    } else {
      printf(", ..%llu: %d\n", (unsigned long long)call->ended, call->result);
    }
  }
  for (i = 0; i < history.left_count; i++) {
    printf("    left: item %d\n", history.left[i]);
  }
}

/* history: see history.h. */

#include "sched/history.h"

#include <string.h>
#include <uv.h>

#include "sched/scheduler.h"
#include "sched/trace.h"

history_t history;
static call_t *current[THREADS_MAX]; /* the call that each thread is in */

static const char *result_name(int result) {
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
      return result > 0 ? "a count" : "an unexpected error";
  }
}

static const char *call_name(const call_t *call) {
  static const char *const names[6][4] = {
      {"handoff_slot_put", "handoff_slot_try_put", "handoff_slot_put_until", "handoff_port_put"},
      {"handoff_slot_get", "handoff_slot_try_get", "handoff_slot_get_until", "handoff_port_get"},
      {"handoff_slot_shut", NULL, NULL, NULL},
      {"handoff_slot_abort", NULL, NULL, NULL},
      {"handoff_slot_peek", NULL, NULL, NULL},
      {"handoff_slot_stats", NULL, NULL, NULL}};
  return names[call->type][call->mode];
}

void history_begin(size_t capacity, bool drops_oldest) {
  history.capacity = capacity;
  history.drops_oldest = drops_oldest;
  history.count = 0;
  history.instants = 0;
  history.remaining_count = 0;
  memset(current, 0, sizeof current);
}

call_t *history_call(call_type_t type, call_mode_t mode, int item, uint64_t deadline_ns) {
  call_t *call = &history.calls[history.count];

  if (history.count == CALLS_MAX) {
    scheduler_fail("limit", "more than %d calls", CALLS_MAX);
  }
  history.count++;
  call->type = type;
  call->mode = mode;
  call->thread = thread_index();
  call->item = item;
  call->result = 0;
  call->invoked = ++history.instants;
  call->queued = NOT_YET;
  call->responded = NOT_YET;
  call->deadline_ns = deadline_ns;
  call->finalized_count = 0;
  current[call->thread] = call;
  scheduler_record(call_name(call), NULL, item == NONE ? TRACE_NO_VALUE : (uint64_t)item);
  return call;
}

void history_queued(call_t *call) {
  call->queued = ++history.instants;
  if (call->mode == MODE_REQUEST) {
    current[call->thread] = NULL;
  }
}

void history_record_sleep(void) {
  call_t *call = current[thread_index()];
  if (call != NULL && call->queued == NOT_YET) {
    history_queued(call);
  }
}

void history_finalized(int item) {
  call_t *call = current[thread_index()];
  int *count = call == NULL ? &history.remaining_count : &call->finalized_count;

  if (*count == CAPACITY_MAX) {
    scheduler_fail("items", "more items were finalized than the slot can hold");
  }
  (call == NULL ? history.remaining : call->finalized)[(*count)++] = item;
}

static bool is_allowed(const call_t *call, int result) {
  if (result == 0) {
    return true;
  }
  if (call->type == CALL_ABORT) {
    return result == call->finalized_count;
  }
  if (call->type == CALL_SHUT || call->type == CALL_STATS) {
    return false;
  }
  if (call->type == CALL_PEEK) {
    return result == UV_EAGAIN || result == UV_EOF;
  }
  if (result == (call->type == CALL_PUT ? UV_EPIPE : UV_EOF)) {
    return true; /* linear.c checks whether the slot was shut */
  }
  if (call->mode == MODE_TRY) {
    return result == UV_EAGAIN;
  }
  if (call->mode == MODE_REQUEST) {
    return result == UV_ECANCELED;
  }
  if (call->mode == MODE_DEADLINE && result == UV_ETIMEDOUT) {
    return scheduler_now_ns() >= call->deadline_ns;
  }
  return scheduler_config.failures != 0 && (result == UV_ENOMEM || result == UV_EAGAIN);
}

void history_end(call_t *call, int result, int item) {
  call->responded = ++history.instants;
  call->result = result;
  call->item = item;
  if (call->mode != MODE_REQUEST) {
    current[call->thread] = NULL;
  }
  scheduler_record(result == 0 ? "  succeeds" : result_name(result), NULL,
                   item == NONE ? TRACE_NO_VALUE : (uint64_t)item);
  if (!is_allowed(call, result)) {
    scheduler_fail("outcome", "%s must not return %s", call_name(call), result_name(result));
  }
}

/* --------------------------------------------------------------------------------- the items -- */

static bool was_put(int item) {
  int i;

  for (i = 0; i < history.count; i++) {
    const call_t *call = &history.calls[i];
    if (call->type == CALL_PUT && call->result == 0 && call->item == item) {
      return true;
    }
  }
  return false;
}

void history_check_items(void) {
  int seen[ITEMS_MAX] = {0};
  int i;
  int j;

  for (i = 0; i < history.count; i++) {
    const call_t *got = &history.calls[i];
    if (got->type != CALL_GET || got->result != 0) {
      continue;
    }
    if (got->item < 0 || got->item >= ITEMS_MAX || !was_put(got->item)) {
      scheduler_fail("items", "item %d was got but not put", got->item);
    }
    seen[got->item]++;
  }
  for (i = 0; i < history.remaining_count; i++) {
    seen[history.remaining[i]]++;
  }
  for (i = 0; i < history.count; i++) {
    for (j = 0; j < history.calls[i].finalized_count; j++) {
      seen[history.calls[i].finalized[j]]++;
    }
  }
  for (i = 0; i < ITEMS_MAX; i++) {
    if (seen[i] != was_put(i)) {
      scheduler_fail("items", "item %d was got or finalized %d times", i, seen[i]);
    }
  }
}

void history_print(void) {
  int i;
  int j;

  printf("  capacity %zu%s; the calls, by invocation:\n", history.capacity,
         history.drops_oldest ? ", drops the oldest" : "");
  for (i = 0; i < history.count; i++) {
    const call_t *call = &history.calls[i];
    printf("    %4llu..", (unsigned long long)call->invoked);
    if (call->responded == NOT_YET) {
      printf("    ");
    } else {
      printf("%-4llu", (unsigned long long)call->responded);
    }
    printf(" %-10s %s", thread_name(call->thread), call_name(call));
    if (call->item != NONE) {
      printf(" item %d", call->item);
    }
    if (call->queued != NOT_YET) {
      printf(", queued by %llu", (unsigned long long)call->queued);
    }
    printf(": %s", call->responded == NOT_YET ? "has not responded" : result_name(call->result));
    for (j = 0; j < call->finalized_count; j++) {
      printf(", finalized item %d", call->finalized[j]);
    }
    if (call->type == CALL_STATS && call->responded != NOT_YET) {
      printf(", puts %d, gets %d, count %d", (int)call->stats.puts, (int)call->stats.gets,
             (int)call->stats.count);
    }
    printf("\n");
  }
  for (i = 0; i < history.remaining_count; i++) {
    printf("    destroy finalized item %d\n", history.remaining[i]);
  }
}

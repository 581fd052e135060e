/* history: what was called in a run, when, and what came of it. */

#ifndef TESTS_SCHED_HISTORY_H
#define TESTS_SCHED_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "handoff.h"

#define CALLS_MAX 64
#define ITEMS_MAX 32
#define CAPACITY_MAX 3

typedef enum { CALL_PUT, CALL_GET, CALL_SHUT, CALL_ABORT, CALL_PEEK, CALL_STATS } call_way_t;
typedef enum { BY_WAITING, BY_TRYING, BY_DEADLINE, BY_REQUEST } call_kind_t;

/* Instants are counted in events: no two are the same. */
#define NOT_YET UINT64_MAX

typedef struct call_s {
  call_way_t way;
  call_kind_t kind;
  int thread;
  int item; /* its number; of a get that failed, or a call without: NOBODY */
  int result;
  uint64_t begun;
  uint64_t queued; /* when it certainly stood in the queue: it slept, or the request was accepted */
  uint64_t ended;
  uint64_t deadline_ns;
  int dropped[CAPACITY_MAX]; /* the items that it dropped, in order */
  int dropped_count;
  handoff_slot_stats_t stats; /* what it said, if that is what it was for */
} call_t;

typedef struct history_s {
  size_t capacity;
  bool is_latest; /* HANDOFF_DROP_OLDEST */
  call_t calls[CALLS_MAX];
  int count;
  uint64_t events;
  int left[CAPACITY_MAX]; /* the items that destroy dropped, in order */
  int left_count;
} history_t;

extern history_t history;

void history_begin(size_t capacity, bool is_latest);

/* The current thread begins a call. */
call_t *history_call(call_way_t way, call_kind_t kind, int item, uint64_t deadline_ns);
void history_queued(call_t *call);

/* It has ended. Fails the run if it may not end like that. */
void history_end(call_t *call, int result, int item);

/* The current thread drops an item, in its call or, outside of any, in destroy. */
void history_dropped(int item);

/* Whether each item that was put was got, dropped or left, once, and those of one thread in their order. */
void history_check_items(void);

/* Says what was called. */
void history_print(void);

#endif /* TESTS_SCHED_HISTORY_H */

/* history: the calls of a run: when each was invoked, when it responded, and with what result. */

#ifndef TESTS_SCHED_HISTORY_H
#define TESTS_SCHED_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "handoff.h"

#define CALLS_MAX 64
#define ITEMS_MAX 32
#define CAPACITY_MAX 3

typedef enum { CALL_PUT, CALL_GET, CALL_SHUT, CALL_ABORT, CALL_PEEK, CALL_STATS } call_type_t;
typedef enum { MODE_BLOCK, MODE_TRY, MODE_DEADLINE, MODE_REQUEST } call_mode_t;

/* Instants are numbered, and no two are equal. */
#define NOT_YET UINT64_MAX

typedef struct call_s {
  call_type_t type;
  call_mode_t mode;
  int thread;
  int item; /* its number; NONE for a get that failed and for a call without an item */
  int result;
  uint64_t invoked;
  uint64_t queued; /* an instant when it was in the wait queue for certain: the thread slept, or the
                      call that began the request returned */
  uint64_t responded;
  uint64_t deadline_ns;
  int finalized[CAPACITY_MAX]; /* the items that it finalized, in order */
  int finalized_count;
  handoff_slot_stats_t stats; /* of CALL_STATS */
} call_t;

typedef struct history_s {
  size_t capacity;
  bool drops_oldest;
  call_t calls[CALLS_MAX]; /* by `invoked` */
  int count;
  uint64_t instants;
  int remaining[CAPACITY_MAX]; /* the items that destroy finalized, in order */
  int remaining_count;
} history_t;

extern history_t history;

/* Starts a run. */
void history_begin(size_t capacity, bool drops_oldest);

/* The current thread invokes a call. */
call_t *history_call(call_type_t type, call_mode_t mode, int item, uint64_t deadline_ns);

/* The call is in the wait queue now. */
void history_queued(call_t *call);

/* The same, of the call that the current thread is in: it is about to sleep. */
void history_record_sleep(void);

/* The call responds. Fails the run if its contract does not allow that result. */
void history_end(call_t *call, int result, int item);

/* The current thread finalizes an item, in its call, or in destroy if it is in none. */
void history_finalized(int item);

/* Fails the run unless each item that was put was either got or finalized, exactly once. linear.c
 * would find that too, but says less. */
void history_check_items(void);

void history_print(void);

#endif /* TESTS_SCHED_HISTORY_H */

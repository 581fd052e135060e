/* scenario: what the threads of a run do with one slot, made up from the seed. */

#ifndef TESTS_SCHED_SCENARIO_H
#define TESTS_SCHED_SCENARIO_H

#include "handoff.h"
#include "sched/history.h"

#define SIDE_MAX 3 /* producers, or consumers */
#define ITEM_BYTES_MAX 24

/* BALANCED: no more gets than puts, and no more of those than fit, each tried until it succeeds, and nobody
 * shuts the slot: nothing comes to the rescue of who has not been woken. SHUT: each call once, and somebody
 * shuts it some time. */
typedef enum { BALANCED, SHUT } ending_t;

/* Who destroys the slot: the last to be done with it; or, at once, who knows that all hand-offs are done; or, from
 * having been refused, that it is shut: whoever shut it may not have returned yet. */
typedef enum { BY_LAST_USER, BY_LAST_GETTER, BY_LAST_PUTTER, BY_LAST_REFUSED } destroyer_t;

typedef struct scenario_s {
  ending_t ending;
  destroyer_t destroyer;
  size_t capacity;
  size_t item_size;
  unsigned putters, getters;   /* threads */
  unsigned puts[SIDE_MAX + 1]; /* how many each is to make; the last is the loop's */
  unsigned gets[SIDE_MAX + 1];
  bool has_loop;
  bool is_latest;
  bool is_watched;      /* some peek, and ask for its stats */
  bool may_close_early; /* the port, while requests are pending */

  /* In the run's memory. */
  handoff_slot_t *slot;
  unsigned char *payloads; /* what each item refers to: touched by its owner */
  unsigned char *counters; /* for the happens-before of those below */

  unsigned users;                /* who are not done with the slot */
  unsigned puts_left, gets_left; /* hand-offs that have not succeeded */
  int items;                     /* that there have been */
  bool is_refused;               /* somebody has been, for it is shut */
  bool is_shut_done;             /* whoever shuts it has returned */
  bool is_destroyed;
} scenario_t;

extern scenario_t scenario;

/* Makes one up, with its slot and its threads. */
void scenario_begin(void);

/* The item of that number: its bytes, and what it refers to, which is the caller's. */
void scenario_fill(unsigned char *bytes, int item);
/* Returns: the number. */
int scenario_read(const unsigned char *bytes);
/* What it refers to is the caller's now. */
void scenario_own(int item);

/* A hand-off has succeeded: destroys the slot where that is how it goes. */
void scenario_passed(call_way_t way);
/* The caller does not use the slot any more. */
void scenario_leave(void);

/* Threads: put, or get, that many times; shut some time. */
void callers_put(void *count);
void callers_get(void *count);
void callers_shut(void *arg);

/* The thread that has the loop, with its requests. */
void requests_begin(void);
void requests_live(void *arg);

#endif /* TESTS_SCHED_SCENARIO_H */

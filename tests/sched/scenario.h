/* scenario: what the threads of a run do with one slot, generated from the seed. A few runs have a
 * lane instead. */

#ifndef TESTS_SCHED_SCENARIO_H
#define TESTS_SCHED_SCENARIO_H

#include "handoff.h"
#include "sched/history.h"

#define SIDE_MAX 3 /* producer threads, or consumer threads */
#define ITEM_BYTES_MAX 24

/* BALANCED: every put and every get can succeed, each is repeated until it does, and no thread
 * shuts the slot. So a lost wake-up is a deadlock: nothing else wakes the waiter. SHUT: each call
 * is made once, and a thread shuts the slot at some time. */
typedef enum { BALANCED, SHUT } ending_t;

/* Which thread destroys the slot: the last one that is done with it; or, at once, the thread that
 * learns from its get or its put that all transfers are complete; or the last thread that was
 * refused because the slot is shut, while handoff_slot_shut may not have returned. */
typedef enum { BY_LAST_USER, BY_LAST_GETTER, BY_LAST_PUTTER, BY_LAST_REFUSED } destroyer_t;

typedef struct scenario_s {
  ending_t ending;
  destroyer_t destroyer;
  size_t capacity;
  size_t item_size;
  unsigned producers, consumers; /* threads */
  unsigned puts[SIDE_MAX + 1];   /* to be made by each thread; the last one is the loop */
  unsigned gets[SIDE_MAX + 1];
  bool has_lane; /* no slot, but a lane: lanes.h */
  bool has_loop;
  bool drops_oldest;
  bool has_observers; /* threads also call peek, stats and dump */
  bool closes_early;  /* the port may be closed while requests are pending */

  /* In the run's memory. */
  handoff_slot_t *slot;
  unsigned char *payloads; /* what each item refers to: written by the item's owner */
  unsigned char *counters; /* addresses for the happens-before of the counters below */

  unsigned users;                /* threads that are not done with the slot */
  unsigned puts_left, gets_left; /* transfers that have not succeeded yet */
  int items;                     /* numbers given to items */
  bool is_refused;               /* a call has returned UV_EPIPE or UV_EOF */
  bool is_shut_done;             /* handoff_slot_shut has returned */
  bool is_destroyed;
} scenario_t;

extern scenario_t scenario;

/* Generates a scenario, with its slot and its threads. */
void scenario_begin(void);

/* Writes the item of that number. The caller owns its payload. */
void scenario_fill(unsigned char *bytes, int item);
/* Returns: the item's number. Fails the run if the bytes are not an item. */
int scenario_read(const unsigned char *bytes);
/* Writes to the payload, which the caller owns. */
void scenario_touch_payload(int item);

/* A transfer has succeeded. Destroys the slot if the scenario says so. */
void scenario_transferred(call_type_t type);
/* The caller no longer uses the slot. */
void scenario_done(void);

/* Threads: put or get that many times; shut the slot at some time. */
void callers_put(void *count);
void callers_get(void *count);
void callers_shut(void *arg);

/* The loop thread, with its requests. */
void requests_begin(void);
void requests_run(void *arg);

#endif /* TESTS_SCHED_SCENARIO_H */

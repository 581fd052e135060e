/* reference: a naive model of slots, to compare the library with: one thread, no ring, no marks.
 *
 * A slot is an array of items. A waiter stands for a request of a port; the first one is found by
 * looking at all of them. Every call returns what the library's call of the same name must return.
 * The waiters that it completes are COMPLETED, with a status and, for a get, the item. The items
 * that it finalizes are in `finalized`. Items are numbers here.
 *
 * tests/sched/spec.c is another model because it answers another question: whether some order of
 * concurrent calls explains their results. This one predicts every result, statistic and callback
 * of one thread. */

#ifndef TESTS_FUZZ_REFERENCE_H
#define TESTS_FUZZ_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "handoff.h"

#define REFERENCE_SLOTS 3
#define REFERENCE_WAITERS 12
#define REFERENCE_PORTS 2
#define REFERENCE_CAPACITY_MAX 4

enum reference_state { REFERENCE_IDLE, REFERENCE_WAITING, REFERENCE_COMPLETED };

struct reference_waiter {
  enum reference_state state;
  handoff_side_t side;
  size_t slot;
  size_t port;
  uint32_t item;         /* to put, or got */
  int status;            /* once completed */
  uint64_t queued_at;    /* on the reference's clock */
  uint64_t completed_at; /* on the reference's clock */
};

/* As in handoff_slot_side_stats_t. */
struct reference_side {
  uint64_t waits;
  uint64_t cancels;
  uint64_t timeouts;   /* the harness sets this: only the library knows whether a call waited */
  uint64_t blocked_ns; /* the harness sets this too */
};

struct reference_slot {
  bool is_live;
  bool is_shut;
  bool drops_oldest;
  bool is_bound[2]; /* by handoff_side_t: to the only thread */
  size_t capacity;
  uint32_t items[REFERENCE_CAPACITY_MAX]; /* the oldest first */
  size_t count;
  /* As in handoff_slot_stats_t. */
  uint64_t puts;
  uint64_t gets;
  uint64_t evicted;
  uint64_t discarded;
  size_t high_water;
  struct reference_side sides[2]; /* by handoff_side_t */
};

struct reference {
  struct reference_slot slots[REFERENCE_SLOTS];
  struct reference_waiter waiters[REFERENCE_WAITERS];
  uint64_t now;                               /* a clock that counts waits and completions */
  uint32_t finalized[REFERENCE_CAPACITY_MAX]; /* by the last call, in this order */
  size_t finalized_count;
};

/* Returns: 0, UV_EPIPE, UV_EOF or UV_EINVAL as the library; UV_EAGAIN if the call has to wait. */
int reference_put(struct reference *ref, size_t slot, uint32_t item);
int reference_get(struct reference *ref, size_t slot, uint32_t *item);
int reference_peek(const struct reference *ref, size_t slot, uint32_t *item);

/* The waiter's side, slot, port and item are set. It then waits or is completed. */
void reference_submit(struct reference *ref, size_t waiter);

/* Returns: 0, UV_EBUSY, UV_EINVAL. */
int reference_cancel(struct reference *ref, size_t waiter);

/* Returns: 0; UV_EINVAL, and nothing has changed. */
int reference_init(struct reference *ref, size_t slot, size_t capacity, bool drops_oldest);
int reference_bind(struct reference *ref, size_t slot, unsigned side);

void reference_shut(struct reference *ref, size_t slot);
void reference_abort(struct reference *ref, size_t slot);
void reference_destroy(struct reference *ref, size_t slot);

/* Cancels the port's waiters. */
void reference_port_close(struct reference *ref, size_t port);

/* Whether a callback about the slot is still to come, so that the slot may not be destroyed. */
bool reference_is_used(const struct reference *ref, size_t slot);

/* Whether the completed waiter's callback is the next one of its port, slot and side: callbacks run
 * in the order of the completions. */
bool reference_is_next(const struct reference *ref, size_t waiter);

/* How many wait on that side of the slot. */
size_t reference_waiting(const struct reference *ref, size_t slot, handoff_side_t side);

#endif /* TESTS_FUZZ_REFERENCE_H */

/* reference: what slots should do, as simply as it can be said: one thread, no ring, no marks.
 *
 * A slot is a list of items, and those who wait for it are found by looking at all waiters for the one
 * that came first. A waiter stands for a request of a port. Every call returns what the library's call of
 * the same name must return; who else it completes is DECIDED, with a status and, for a get, the item;
 * whom it drops is in `dropped`. Items are numbers here. */

#ifndef TESTS_FUZZ_REFERENCE_H
#define TESTS_FUZZ_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REFERENCE_SLOTS 3
#define REFERENCE_WAITERS 12
#define REFERENCE_PORTS 2
#define REFERENCE_CAPACITY_MAX 4

enum reference_state { REFERENCE_IDLE, REFERENCE_WAITING, REFERENCE_DECIDED };

struct reference_waiter {
  enum reference_state state;
  bool is_put;
  size_t slot;
  size_t port;
  uint32_t item;     /* to be put; or that was got */
  int status;        /* once decided */
  uint64_t enlisted; /* when it began to wait, */
  uint64_t decided;  /* and when it was decided, on a clock that counts both */
};

/* As in handoff_slot_side_stats_t. */
struct reference_side {
  uint64_t waits;
  uint64_t cancels;
  uint64_t timeouts;   /* these come from the world, which knows who has waited */
  uint64_t blocked_ns; /* as do these */
};

struct reference_slot {
  bool is_live;
  bool is_shut;
  bool is_latest;
  bool is_bound[2]; /* by side: to the one thread that there is */
  size_t capacity;
  uint32_t items[REFERENCE_CAPACITY_MAX]; /* the oldest first */
  size_t count;
  /* As in handoff_slot_stats_t. */
  uint64_t puts;
  uint64_t gets;
  uint64_t replaced;
  uint64_t dropped;
  size_t high_water;
  struct reference_side sides[2];
};

struct reference {
  struct reference_slot slots[REFERENCE_SLOTS];
  struct reference_waiter waiters[REFERENCE_WAITERS];
  uint64_t now;
  uint32_t dropped[REFERENCE_CAPACITY_MAX]; /* by the last call, in this order */
  size_t dropped_count;
};

/* What the library says: 0, UV_EPIPE, UV_EOF; UV_EAGAIN stands for all ways to say that it would wait. */
int reference_put(struct reference *ref, size_t slot, uint32_t item);
int reference_get(struct reference *ref, size_t slot, uint32_t *item);
int reference_peek(const struct reference *ref, size_t slot, uint32_t *item);

/* The waiter's fields is_put, slot, port and item are set. It waits or is decided. */
void reference_submit(struct reference *ref, size_t waiter);

/* Returns: 0, UV_EBUSY, UV_EINVAL. */
int reference_cancel(struct reference *ref, size_t waiter);

/* Returns: 0; UV_EINVAL, and nothing has changed. */
int reference_init(struct reference *ref, size_t slot, size_t capacity, bool is_latest);
int reference_bind(struct reference *ref, size_t slot, unsigned side);

void reference_shut(struct reference *ref, size_t slot);
void reference_abort(struct reference *ref, size_t slot);
void reference_destroy(struct reference *ref, size_t slot);

/* Cancels all that wait. */
void reference_close(struct reference *ref, size_t port);

/* Whether somebody's callback has yet to come, so that the slot may not be destroyed. */
bool reference_is_used(const struct reference *ref, size_t slot);

/* Whether nobody's callback has to come before this decided waiter's: of one port's gets, or puts, in
 * one slot they come in the order in which they were decided. */
bool reference_is_next(const struct reference *ref, size_t waiter);

/* How many wait at the slot. */
size_t reference_waiting(const struct reference *ref, size_t slot, bool is_put);

#endif /* TESTS_FUZZ_REFERENCE_H */

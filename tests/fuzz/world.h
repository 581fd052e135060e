/* world: real slots, ports and requests on a loop of their own, beside the reference. Each function makes
 * one call of the library, and the same one of the reference, and fails unless both say the same.
 *
 * Items are numbers, spread over as many bytes as the slot's items have. All memory that the library is
 * given is allocated by itself and of its exact size, and what it must not write is checked. */

#ifndef TESTS_FUZZ_WORLD_H
#define TESTS_FUZZ_WORLD_H

#include "handoff.h"
#include "reference.h"

enum world_port { WORLD_CLOSED, WORLD_OPEN, WORLD_CLOSING };

/* How a call that may wait is made. */
enum world_way {
  WORLD_TRY,     /* handoff_try_… */
  WORLD_EXPIRED, /* …_until, with a deadline that has passed */
  WORLD_SOON,    /* …_until, with one that comes while it waits */
  WORLD_BLOCK    /* where the reference says that it does not wait, or is refused */
};

struct world;

struct world_request {
  struct world *world;
  handoff_req_t *req;
  unsigned char *item;
  bool is_chained; /* to be submitted once more from within its callback */
};

struct world {
  uv_loop_t loop;
  uv_prepare_t keeper; /* keeps the loop alive while it turns */
  handoff_slot_t slots[REFERENCE_SLOTS];
  size_t item_sizes[REFERENCE_SLOTS];
  handoff_port_t *ports[REFERENCE_PORTS];
  enum world_port port_states[REFERENCE_PORTS];
  bool is_referenced[REFERENCE_PORTS];
  struct world_request requests[REFERENCE_WAITERS];
  struct reference reference;
  uint32_t last_item; /* items are numbered from 1 */
  size_t dropped;     /* of the reference's last drops, how many the library has made too */
  bool may_call;      /* from within a drop: the library holds no lock */
  unsigned patience;  /* waits for a deadline that are left: they take real time */
  bool is_turning;    /* callbacks come from the loop and nowhere else */
};

void world_init(struct world *world);

/* Ends everything that is under way, and takes it down. */
void world_destroy(struct world *world);

void world_slot_init(struct world *world, size_t slot, size_t capacity, bool is_latest,
                     size_t item_size);
void world_slot_init_wrong(struct world *world, size_t slot, unsigned mistake);
void world_slot_shut(struct world *world, size_t slot);
void world_slot_abort(struct world *world, size_t slot);

/* Does nothing while a request uses it, as the library demands. */
void world_slot_destroy(struct world *world, size_t slot);

void world_put(struct world *world, size_t slot, enum world_way way);
void world_get(struct world *world, size_t slot, enum world_way way);
void world_peek(struct world *world, size_t slot);

/* A side from 2 on is none. */
void world_bind(struct world *world, size_t slot, unsigned side);

/* Into a buffer of that size. */
void world_dump(struct world *world, size_t slot, size_t size);

/* What the slot tells of itself is what the reference says, to the last count. */
void world_check_stats(struct world *world, size_t slot);

/* A call has come back with UV_ETIMEDOUT. Whether it had time to wait is known to the library alone: if so
 * that must have been counted, and is now by the reference too. `longest_ns`: how long it took.
 * Returns: whether it has waited. */
bool world_note_timeout(struct world *world, size_t slot, handoff_side_t side, uint64_t longest_ns);

void world_port_open(struct world *world, size_t port);
void world_port_close(struct world *world, size_t port);
void world_submit(struct world *world, size_t request, size_t slot, bool is_put, bool is_chained);
void world_port_ref(struct world *world, size_t port, bool is_referenced);

/* At most 14 us; 15 stands for more than there may be. Nothing else should be different from then on. */
void world_port_busy_poll(struct world *world, size_t port, unsigned microseconds);
void world_cancel(struct world *world, size_t request);

/* A call that may drop items stands between these two; elsewhere none may be. */
void world_expect_drops(struct world *world);
void world_check_drops(struct world *world);

/* Memory for exactly one item of the slot. */
unsigned char *world_new_item(const struct world *world, size_t slot);

/* One turn of the loop. */
void world_turn(struct world *world);

/* Turns until all that was decided has been called back, and ports that were closing are closed. */
void world_settle(struct world *world);

#endif /* TESTS_FUZZ_WORLD_H */

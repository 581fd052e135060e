/* harness: real slots, ports and requests on one loop, beside the reference. Each function makes
 * one call of the library and the same call of the reference, and fails unless both agree.
 *
 * An item is a number, spread over as many bytes as the slot's items have. All memory that the
 * library uses is allocated on its own and with its exact size. What the library must not write is
 * checked. */

#ifndef TESTS_FUZZ_HARNESS_H
#define TESTS_FUZZ_HARNESS_H

#include "handoff.h"
#include "reference.h"

enum harness_port_state { PORT_CLOSED, PORT_OPEN, PORT_CLOSING };

/* The variants of a put or get. */
enum harness_variant {
  VARIANT_TRY,     /* handoff_slot_try_… */
  VARIANT_EXPIRED, /* …_until, with a deadline that has passed */
  VARIANT_SOON,    /* …_until, with a deadline that passes while the call waits */
  VARIANT_BLOCK    /* only where the reference says that the call need not wait or is refused */
};

struct harness;

struct harness_request {
  struct harness *harness;
  handoff_req_t *req;
  unsigned char *item;
  bool is_resubmitted; /* once, from inside its callback */
};

struct harness {
  uv_loop_t loop;
  uv_prepare_t keep_alive; /* keeps the loop alive while it runs once */
  handoff_slot_t slots[REFERENCE_SLOTS];
  size_t item_sizes[REFERENCE_SLOTS];
  handoff_port_t *ports[REFERENCE_PORTS];
  enum harness_port_state port_states[REFERENCE_PORTS];
  bool is_referenced[REFERENCE_PORTS];
  struct harness_request requests[REFERENCE_WAITERS];
  struct reference reference;
  uint32_t last_item;   /* items are numbered from 1 */
  size_t finalized;     /* how many of the reference's `finalized` the library has finalized */
  unsigned waits_left;  /* waits for a deadline that may still be made: they take real time */
  bool is_running_loop; /* callbacks may run */
};

void harness_init(struct harness *harness);

/* Closes the ports and destroys the slots. */
void harness_destroy(struct harness *harness);

void harness_slot_init(struct harness *harness, size_t slot, size_t capacity, bool drops_oldest,
                       size_t item_size);
void harness_slot_init_invalid(struct harness *harness, size_t slot, unsigned mistake);
void harness_slot_shut(struct harness *harness, size_t slot);
void harness_slot_abort(struct harness *harness, size_t slot);

/* Does nothing while a request uses the slot, because the slot must outlive it. */
void harness_slot_destroy(struct harness *harness, size_t slot);

void harness_put(struct harness *harness, size_t slot, enum harness_variant variant);
void harness_get(struct harness *harness, size_t slot, enum harness_variant variant);
void harness_peek(struct harness *harness, size_t slot);

/* `side` may be invalid. */
void harness_bind(struct harness *harness, size_t slot, unsigned side);

/* Dumps the slot into a buffer of `size` bytes. */
void harness_dump(struct harness *harness, size_t slot, size_t size);

/* Compares all statistics of the slot. */
void harness_check_stats(struct harness *harness, size_t slot);

/* A call took up to `max_ns` and returned UV_ETIMEDOUT. Only the library knows whether the call had
 * time to wait; if so, the library must have counted it, and the reference does so here.
 * Returns: whether it waited. */
bool harness_record_timeout(struct harness *harness, size_t slot, handoff_side_t side,
                            uint64_t max_ns);

void harness_port_open(struct harness *harness, size_t port);
void harness_port_close(struct harness *harness, size_t port);
void harness_port_ref(struct harness *harness, size_t port, bool is_referenced);

/* Changes nothing that the reference knows of. */
void harness_port_set_spin(struct harness *harness, size_t port, bool is_allowed);

void harness_submit(struct harness *harness, size_t request, size_t slot, handoff_side_t side,
                    bool is_resubmitted);
void harness_cancel(struct harness *harness, size_t request);

/* A call that may finalize items stands between these two. No other call may finalize any. */
void harness_expect_finalized(struct harness *harness);
void harness_check_finalized(struct harness *harness);

/* Memory for exactly one item of the slot. */
unsigned char *harness_item_new(const struct harness *harness, size_t slot);

/* Runs the loop once. */
void harness_run_once(struct harness *harness);

/* Runs the loop until the callbacks of all completed requests and closing ports have run. */
void harness_drain(struct harness *harness);

#endif /* TESTS_FUZZ_HARNESS_H */

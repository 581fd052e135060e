/* fuzz_calls: sequences of calls on one thread and its loop, compared with the reference.
 *
 * An input is a script (input.h). SLOT is 0 to 2 and REQUEST 0 to 11. Odd requests use port 1, even
 * ones port 0. A REQUEST that is a letter is submitted once more from its callback.
 *
 *   i SLOT CAPACITY SIZE  init; CAPACITY is 0 to 4, and 8 more selects HANDOFF_DROP_OLDEST, so that
 *                         9 : ; < are 1 to 4 and 8 is invalid; SIZE is a whole byte: 1 to 64 bytes
 *   x SLOT MISTAKE        init with an invalid option
 *   s SLOT, a SLOT        shut, abort
 *   d SLOT                destroy
 *   p SLOT, g SLOT        try_put, try_get
 *   t SLOT, u SLOT        put_until, get_until, with a deadline that has passed
 *   y SLOT, z SLOT        the same, with a deadline that passes while the call waits
 *   b SLOT, h SLOT        put, get, if they need not wait or the other side is bound
 *   e SLOT                peek
 *   = SLOT SIDE           bind to the only thread; SIDE is 0 or 1, others are invalid
 *   ? SLOT SIZE           dump into SIZE bytes (a whole byte)
 *   o PORT, k PORT        port_init, port_close
 *   v PORT, w PORT        port_ref, port_unref
 *   > PORT SPIN           port_set_spin; SPIN is odd: allowed, or even: forbidden
 *   q SLOT REQUEST        port_put
 *   r SLOT REQUEST        port_get
 *   c REQUEST             cancel
 *   l, f                  run the loop once; run it until all due callbacks have run
 *   n                     null pointers for everything
 *
 * All ports are open at the beginning. The statistics of all slots are compared after every
 * command. */

#include <string.h>

#include "harness.h"
#include "input.h"
#include "target.h"

#define COMMANDS_MAX 4096

/* What input_command() returns for a sign. */
#define SIGN(sign) ((char)('a' - 1 + ((sign)&31)))

/* ------------------------------------------------------------------ states that were reached -- */

/* libFuzzer counts each pair of a slot's state and a command like a branch of the program. The
 * corpus therefore covers the states as well as the code. */
#if defined(FUZZ_EXTRA_COUNTERS)
#define STATES ((REFERENCE_CAPACITY_MAX + 1) * (REFERENCE_CAPACITY_MAX + 1) * 4 * 2 * 2 * 2)

__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t reached[STATES * 32];

static void record_state(const struct harness *harness, size_t slot, char command) {
  const struct reference *ref = &harness->reference;
  const struct reference_slot *s = &ref->slots[slot];
  size_t putters = reference_waiting(ref, slot, HANDOFF_PRODUCER);
  size_t getters = reference_waiting(ref, slot, HANDOFF_CONSUMER);
  size_t waiting = putters + getters > 3 ? 3 : putters + getters;
  size_t state = s->capacity;

  if (s->is_live) {
    state = state * (REFERENCE_CAPACITY_MAX + 1) + s->count;
    state = state * 4 + waiting;
    state = state * 2 + (putters != 0);
    state = state * 2 + s->is_shut;
    state =
        state * 2 + (s->drops_oldest && strchr("abepqty", command) != NULL); /* where it matters */
    reached[state * 32 + (size_t)(command & 31)] = 1;
  }
}
#else
static void record_state(const struct harness *harness, size_t slot, char command) {
  (void)harness;
  (void)slot;
  (void)command;
}
#endif

/* ------------------------------------------------------------------------------ the commands -- */

static void call_with_null(struct harness *harness) {
  handoff_slot_t *slot = &harness->slots[0];
  handoff_port_t *port = harness->ports[0];
  handoff_slot_t gone = {.data = NULL, .impl = NULL};
  handoff_slot_stats_t stats = {.size = sizeof stats};
  handoff_req_t req;
  char text[1];
  int item = 0;

  handoff_req_init(&req);
  handoff_req_init(NULL);
  handoff_slot_shut(NULL);
  handoff_slot_destroy(NULL);
  handoff_slot_shut(&gone);
  handoff_slot_destroy(&gone);
  handoff_port_ref(NULL);
  handoff_port_unref(NULL);
  CHECK(handoff_slot_put(NULL, &item) == UV_EINVAL && handoff_slot_put(slot, NULL) == UV_EINVAL);
  CHECK(handoff_slot_get(NULL, &item) == UV_EINVAL && handoff_slot_get(slot, NULL) == UV_EINVAL);
  CHECK(handoff_slot_try_put(NULL, &item) == UV_EINVAL &&
        handoff_slot_try_put(slot, NULL) == UV_EINVAL);
  CHECK(handoff_slot_try_get(NULL, &item) == UV_EINVAL &&
        handoff_slot_try_get(slot, NULL) == UV_EINVAL);
  CHECK(handoff_slot_put(&gone, &item) == UV_EINVAL && handoff_slot_get(&gone, &item) == UV_EINVAL);
  CHECK(handoff_slot_peek(NULL, &item) == UV_EINVAL && handoff_slot_peek(slot, NULL) == UV_EINVAL);
  CHECK(handoff_slot_abort(NULL) == 0 && handoff_slot_abort(&gone) == 0);
  CHECK(handoff_slot_stats(NULL, &stats) == UV_EINVAL);
  CHECK(handoff_slot_stats(slot, NULL) == UV_EINVAL);
  stats.size = 0;
  CHECK(handoff_slot_stats(slot, &stats) == UV_EINVAL);
  CHECK(handoff_slot_dump(NULL, text, 1) == UV_EINVAL);
  CHECK(handoff_slot_dump(slot, NULL, 1) == UV_EINVAL);
  CHECK(handoff_slot_bind(NULL, HANDOFF_PRODUCER) == UV_EINVAL);
  CHECK(handoff_port_set_spin(NULL, true) == UV_EINVAL);
  CHECK(handoff_port_init(NULL, &(handoff_port_t){.impl = NULL}) == UV_EINVAL);
  CHECK(handoff_port_init(&harness->loop, NULL) == UV_EINVAL);
  CHECK(handoff_port_close(NULL, NULL) == UV_EINVAL);
  CHECK(handoff_cancel(NULL) == UV_EINVAL && handoff_cancel(&req) == UV_EINVAL);
  CHECK(handoff_port_put(port, &req, slot, &item, NULL) == UV_EINVAL);
  CHECK(handoff_port_get(port, &req, NULL, &item, NULL) == UV_EINVAL);
  CHECK(handoff_port_get(NULL, &req, slot, &item, NULL) == UV_EINVAL);
}

static void run_init(struct harness *harness, struct input *input, size_t slot) {
  unsigned digit = input_digit(input);
  size_t capacity = (digit & 7u) % (REFERENCE_CAPACITY_MAX + 1);
  harness_slot_init(harness, slot, capacity, (digit & 8u) != 0, input_byte(input) % 64 + 1u);
}

static void run_submit(struct harness *harness, struct input *input, size_t slot,
                       handoff_side_t side) {
  uint8_t byte = input_byte(input);
  harness_submit(harness, (byte & 15u) % REFERENCE_WAITERS, slot, side, (byte & 64u) != 0);
}

static void run_call(struct harness *harness, size_t slot, char command) {
  static const char puts[] = "ptyb"; /* in the order of enum harness_variant */
  static const char gets[] = "guzh";
  const char *put = strchr(puts, command);

  if (put != NULL) {
    harness_put(harness, slot, (enum harness_variant)(put - puts));
  } else {
    harness_get(harness, slot, (enum harness_variant)(strchr(gets, command) - gets));
  }
}

static void run_for_slot(struct harness *harness, struct input *input, char command) {
  size_t slot = input_digit(input) % REFERENCE_SLOTS;

  if (command <= 'z') { /* a sign does the same in every state: it would only add files */
    record_state(harness, slot, command);
  }
  switch (command) {
    case 'i':
      run_init(harness, input, slot);
      break;
    case 'x':
      harness_slot_init_invalid(harness, slot, input_digit(input));
      break;
    case 's':
      harness_slot_shut(harness, slot);
      break;
    case 'a':
      harness_slot_abort(harness, slot);
      break;
    case 'd':
      harness_slot_destroy(harness, slot);
      break;
    case 'e':
      harness_peek(harness, slot);
      break;
    case SIGN('='):
      harness_bind(harness, slot, input_digit(input));
      break;
    case SIGN('?'):
      harness_dump(harness, slot, input_byte(input));
      break;
    case 'q':
      run_submit(harness, input, slot, HANDOFF_PRODUCER);
      break;
    case 'r':
      run_submit(harness, input, slot, HANDOFF_CONSUMER);
      break;
    default:
      run_call(harness, slot, command);
      break;
  }
}

static void run_for_port(struct harness *harness, struct input *input, char command) {
  size_t port = input_digit(input) % REFERENCE_PORTS;

  if (command == 'o') {
    harness_port_open(harness, port);
  } else if (command == 'k') {
    harness_port_close(harness, port);
  } else if (command == SIGN('>')) {
    harness_port_set_spin(harness, port, input_digit(input) % 2 != 0);
  } else {
    harness_port_ref(harness, port, command == 'v');
  }
}

static void run(struct harness *harness, struct input *input, char command) {
  switch (command) {
    case 'c':
      harness_cancel(harness, input_digit(input) % REFERENCE_WAITERS);
      break;
    case 'f':
      harness_drain(harness);
      break;
    case 'k':
    case 'o':
    case 'v':
    case 'w':
    case SIGN('>'):
      run_for_port(harness, input, command);
      break;
    case 'l':
      harness_run_once(harness);
      break;
    case 'n':
      call_with_null(harness);
      break;
    case 'j': /* these are line ends */
    case 'm':
      break;
    default:
      if ((command >= 'a' && command <= 'z') || command == SIGN('=') || command == SIGN('?')) {
        run_for_slot(harness, input, command);
      }
      break;
  }
}

static void check_stats(struct harness *harness) {
  size_t i;
  for (i = 0; i < REFERENCE_SLOTS; i++) {
    harness_check_stats(harness, i);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct input input = {.next = data, .end = data + size};
  struct harness *harness = target_alloc(sizeof *harness);
  size_t i;

  harness_init(harness);
  for (i = 0; i < REFERENCE_PORTS; i++) {
    harness_port_open(harness, i);
  }
  for (i = 0; i < COMMANDS_MAX && !input_is_at_end(&input); i++) {
    run(harness, &input, input_command(&input));
    check_stats(harness);
  }
  harness_destroy(harness);
  free(harness);
  return 0;
}

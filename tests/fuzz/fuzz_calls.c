/* fuzz_calls: sequences of calls, one thread and its loop, against the reference.
 *
 * An input is a script (input.h). SLOT is 0 to 2, REQUEST 0 to 11; odd ones go by port 1, even ones by port
 * 0. A REQUEST that is a letter is submitted once more from its callback.
 *
 *   i SLOT CAPACITY SIZE  init, CAPACITY 0 to 4, of items of SIZE 1 to 64 bytes (that one is a whole byte);
 *                         8 more is HANDOFF_DROP_OLDEST: so 9 : ; < are 1 to 4, and 8 is wrong
 *   x SLOT MISTAKE        init with an option that is wrong
 *   s SLOT, a SLOT        shut, abort
 *   d SLOT                destroy
 *   p SLOT, g SLOT        try_put, try_get
 *   t SLOT, u SLOT        put_until, get_until, with a deadline that has passed
 *   y SLOT, z SLOT        the same, with one that comes while the call waits
 *   b SLOT, h SLOT        put, get, if they need not wait, or the other side is bound
 *   e SLOT                peek
 *   = SLOT SIDE           bind, to the only thread; SIDE 0 or 1, others are wrong
 *   ? SLOT SIZE           dump, into SIZE bytes (that one is a whole byte)
 *   o PORT, k PORT        port_init, port_close
 *   v PORT, w PORT        port_ref, port_unref
 *   > PORT LIMIT          port_set_busy_poll, LIMIT 0 to 14 us, 15 is wrong
 *   q SLOT REQUEST        port_put
 *   r SLOT REQUEST        port_get
 *   c REQUEST             cancel
 *   l, f                  one turn of the loop; turns until all has been called back
 *   n                     null pointers for everything
 *
 * All ports but those that the script closes are open from the beginning. After each command the stats of all
 * slots are compared. */

#include <string.h>

#include "input.h"
#include "target.h"
#include "world.h"

#define COMMANDS_MAX 4096

/* A command that is no letter, as input_command() has it. */
#define SIGN(sign) ((char)('a' - 1 + ((sign)&31)))

/* ---------------------------------------------------------------- the states that were seen -- */

/* What is new is a state of a slot together with a command: libFuzzer counts these like branches of the
 * program. So the corpus goes through all states, not only through all code. */
#if defined(FUZZ_EXTRA_COUNTERS)
#define STATES ((REFERENCE_CAPACITY_MAX + 1) * (REFERENCE_CAPACITY_MAX + 1) * 4 * 2 * 2 * 2)

__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t seen[STATES * 32];

static void see(const struct world *world, size_t slot, char command) {
  const struct reference *ref = &world->reference;
  const struct reference_slot *s = &ref->slots[slot];
  size_t putters = reference_waiting(ref, slot, true);
  size_t getters = reference_waiting(ref, slot, false);
  size_t waiting = putters + getters > 3 ? 3 : putters + getters;
  size_t state = s->capacity;

  if (s->is_live) {
    state = state * (REFERENCE_CAPACITY_MAX + 1) + s->count;
    state = state * 4 + waiting;
    state = state * 2 + (putters != 0);
    state = state * 2 + s->is_shut;
    state = state * 2 + (s->is_latest && strchr("abepqty", command) != NULL); /* who can tell */
    seen[state * 32 + (size_t)(command & 31)] = 1;
  }
}
#else
static void see(const struct world *world, size_t slot, char command) {
  (void)world;
  (void)slot;
  (void)command;
}
#endif

/* ------------------------------------------------------------------------------ the commands -- */

static void call_with_null(struct world *world) {
  handoff_slot_t *slot = &world->slots[0];
  handoff_port_t *port = world->ports[0];
  handoff_slot_t gone = {.data = NULL, .impl = NULL};
  handoff_req_t req = {.pending = false};
  handoff_slot_stats_t stats;
  char text[1];
  int item = 0;

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
  CHECK(handoff_slot_dump(NULL, text, 1) == UV_EINVAL);
  CHECK(handoff_slot_dump(slot, NULL, 1) == UV_EINVAL);
  CHECK(handoff_slot_bind(NULL, HANDOFF_PRODUCER) == UV_EINVAL);
  CHECK(handoff_port_set_busy_poll(NULL, 0) == UV_EINVAL);
  CHECK(handoff_port_init(NULL, &(handoff_port_t){.impl = NULL}) == UV_EINVAL);
  CHECK(handoff_port_init(&world->loop, NULL) == UV_EINVAL);
  CHECK(handoff_port_close(NULL, NULL) == UV_EINVAL);
  CHECK(handoff_cancel(NULL) == UV_EINVAL && handoff_cancel(&req) == UV_EINVAL);
  CHECK(handoff_port_put(port, &req, slot, &item, NULL) == UV_EINVAL);
  CHECK(handoff_port_get(port, &req, NULL, &item, NULL) == UV_EINVAL);
  CHECK(handoff_port_get(NULL, &req, slot, &item, NULL) == UV_EINVAL);
}

static void run_init(struct world *world, struct input *input, size_t slot) {
  unsigned digit = input_digit(input);
  size_t capacity = (digit & 7u) % (REFERENCE_CAPACITY_MAX + 1);
  world_slot_init(world, slot, capacity, (digit & 8u) != 0, input_byte(input) % 64 + 1u);
}

static void run_submit(struct world *world, struct input *input, size_t slot, bool is_put) {
  uint8_t byte = input_byte(input);
  world_submit(world, (byte & 15u) % REFERENCE_WAITERS, slot, is_put, (byte & 64u) != 0);
}

static void run_for_slot(struct world *world, struct input *input, char command) {
  size_t slot = input_digit(input) % REFERENCE_SLOTS;

  if (command <= 'z') { /* the signs are for all states alike: that would only be more files */
    see(world, slot, command);
  }
  switch (command) {
    case 'i':
      run_init(world, input, slot);
      break;
    case 'x':
      world_slot_init_wrong(world, slot, input_digit(input));
      break;
    case 's':
      world_slot_shut(world, slot);
      break;
    case 'a':
      world_slot_abort(world, slot);
      break;
    case 'd':
      world_slot_destroy(world, slot);
      break;
    case 'e':
      world_peek(world, slot);
      break;
    case SIGN('='):
      world_bind(world, slot, input_digit(input));
      break;
    case SIGN('?'):
      world_dump(world, slot, input_byte(input));
      break;
    case 'p':
    case 't':
    case 'y':
    case 'b':
      world_put(world, slot,
                WORLD_TRY + (command == 't') + (command == 'y') * 2 + (command == 'b') * 3);
      break;
    case 'g':
    case 'u':
    case 'z':
    case 'h':
      world_get(world, slot,
                WORLD_TRY + (command == 'u') + (command == 'z') * 2 + (command == 'h') * 3);
      break;
    default: /* q, r */
      run_submit(world, input, slot, command == 'q');
      break;
  }
}

static void run_for_port(struct world *world, struct input *input, char command) {
  size_t port = input_digit(input) % REFERENCE_PORTS;

  if (command == 'o') {
    world_port_open(world, port);
  } else if (command == 'k') {
    world_port_close(world, port);
  } else if (command == SIGN('>')) {
    world_port_busy_poll(world, port, input_digit(input));
  } else {
    world_port_ref(world, port, command == 'v');
  }
}

static void run(struct world *world, struct input *input, char command) {
  switch (command) {
    case 'c':
      world_cancel(world, input_digit(input) % REFERENCE_WAITERS);
      break;
    case 'f':
      world_settle(world);
      break;
    case 'k':
    case 'o':
    case 'v':
    case 'w':
    case SIGN('>'):
      run_for_port(world, input, command);
      break;
    case 'l':
      world_turn(world);
      break;
    case 'n':
      call_with_null(world);
      break;
    case 'j': /* these two are the ends of lines */
    case 'm':
      break;
    default:
      if ((command >= 'a' && command <= 'z') || command == SIGN('=') || command == SIGN('?')) {
        run_for_slot(world, input, command);
      }
      break;
  }
}

static void check(struct world *world) {
  size_t i;
  for (i = 0; i < REFERENCE_SLOTS; i++) {
    world_check_stats(world, i);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct input input = {.next = data, .end = data + size};
  struct world *world = target_alloc(sizeof *world);
  size_t i;

  world_init(world);
  for (i = 0; i < REFERENCE_PORTS; i++) {
    world_port_open(world, i);
  }
  for (i = 0; i < COMMANDS_MAX && !input_is_at_end(&input); i++) {
    run(world, &input, input_command(&input));
    check(world);
  }
  world_destroy(world);
  free(world);
  return 0;
}

/* symbols: see symbols.h. */

#include "sched/symbols.h"

#include <stddef.h>
#include <stdio.h>

#include "sched/race.h"
#include "sched/scheduler.h"
#include "slot/slot.h"

#define FIELD(type, field, name) \
  { offsetof(type, field), sizeof(((type *)NULL)->field), name }

typedef struct {
  size_t offset;
  size_t size;
  const char *name;
} field_t;

static const field_t fields[] = {
    FIELD(struct handoff__slot, sides[0].lock.locked, "producer lock"),
    FIELD(struct handoff__slot, sides[0].lock.contenders, "producer lock's contenders"),
    FIELD(struct handoff__slot, sides[0].lock.mutex, "producer mutex"),
    FIELD(struct handoff__slot, sides[1].lock.locked, "consumer lock"),
    FIELD(struct handoff__slot, sides[1].lock.contenders, "consumer lock's contenders"),
    FIELD(struct handoff__slot, sides[1].lock.mutex, "consumer mutex"),
    FIELD(struct handoff__slot, sides[0], "producer side"),
    FIELD(struct handoff__slot, sides[1], "consumer side"),
    FIELD(struct handoff__slot, refs, "reference count"),
    FIELD(struct handoff__slot, parkers[0].is_claimed, "claim of parker 0"),
    FIELD(struct handoff__slot, parkers[0], "parker 0"),
    FIELD(struct handoff__slot, parkers[1].is_claimed, "claim of parker 1"),
    FIELD(struct handoff__slot, parkers[1], "parker 1"),
    FIELD(struct handoff__slot, is_shut, "is_shut"),
};

static const struct handoff__slot *slot;
static char text[48];

void symbols_set_slot(const struct handoff__slot *of) { slot = of; }

static const char *name_in_slot(const unsigned char *address) {
  const size_t offset = (size_t)(address - (const unsigned char *)slot);
  size_t i;

  if (address >= slot->cells) {
    size_t in_cells = (size_t)(address - slot->cells);
    (void)snprintf(text, sizeof text, "cell %zu's %s", in_cells / slot->stride,
                   in_cells % slot->stride >= slot->state_offset ? "state" : "item");
    return text;
  }
  for (i = 0; i < sizeof fields / sizeof fields[0]; i++) {
    if (offset - fields[i].offset < fields[i].size) {
      return fields[i].name;
    }
  }
  return "slot";
}

const char *symbols_name(const void *address) {
  const unsigned char *at = address;
  int owner;

  if (slot != NULL && at >= (const unsigned char *)slot && at < slot->cells_end) {
    return name_in_slot(at);
  }
  owner = race_stack_owner(address);
  if (owner != NONE) {
    (void)snprintf(text, sizeof text, "%s's frame", thread_name(owner));
    return text;
  }
  return race_is_shared(address) ? "port, request or lane" : "";
}

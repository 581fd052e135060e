/* names: what the addresses of a run are called, for who reads its trace. */

#include "sched/names.h"

#include <stdio.h>

#include "base/parker.h"
#include "sched/race.h"
#include "sched/scheduler.h"
#include "slot/ring.h"

static const struct handoff__slot *slot;

void names_begin(const struct handoff__slot *of) { slot = of; }

static const char *name_in_slot(const unsigned char *address) {
  static char name[48];
  int way;

  if (address >= slot->cells && address < slot->cells_end) {
    size_t offset = (size_t)(address - slot->cells);
    (void)snprintf(name, sizeof name, "cell %zu%s", offset / slot->stride,
                   offset % slot->stride >= slot->state_offset ? "" : "'s item");
    return name;
  }
  for (way = HANDOFF_PRODUCER; way <= HANDOFF_CONSUMER; way++) {
    const unsigned char *end = (const unsigned char *)&slot->sides[way];
    if (address >= end && address < end + sizeof slot->sides[way]) {
      size_t offset = (size_t)(address - end);
      (void)snprintf(name, sizeof name, "%s end's %s",
                     way == HANDOFF_PRODUCER ? "putting" : "getting",
                     offset < offsetof(struct handoff__slot_side, lock.wanted)  ? "lock"
                     : offset < offsetof(struct handoff__slot_side, lock.taken) ? "wanted"
                     : offset < offsetof(struct handoff__slot_side, waiters)    ? "word"
                     : offset < offsetof(struct handoff__slot_side, cell)       ? "waiters"
                     : offset < offsetof(struct handoff__slot_side, spin_limit) ? "cell"
                                                                                : "spin");
      return name;
    }
  }
  return address == (const unsigned char *)slot ? "slot" : "slot's head";
}

const char *names_of(const void *address) {
  static char name[48];
  const unsigned char *at = address;
  int owner;

  if (address == NULL) {
    return NULL;
  }
  if (slot != NULL && at >= (const unsigned char *)slot && at <= slot->cells_end) {
    return name_in_slot(at);
  }
  owner = race_owner_of(address);
  if (owner != NOBODY) {
    (void)snprintf(name, sizeof name, "%s's frame", thread_name(owner));
    return name;
  }
  return race_is_shared(address) ? "lot, port or request" : NULL;
}

/* race: see race.h. */

#include "sched/race.h"

#include <stdint.h>
#include <string.h>

#include "sched/scheduler.h"
#include "sched/symbols.h"

#define GRAIN 8u
#define ARENA (RACE_HEAP + THREADS_MAX * RACE_STACK)
#define SYNCS_MAX 255
#define KINDS 4

typedef struct {
  uint16_t of[THREADS_MAX];
} vclock_t;

/* Eight bytes: the last access of each kind by each thread, and which of the bytes it touched. */
typedef struct {
  uint32_t run; /* that this state belongs to; in any other run it counts as zeroed */
  uint8_t sync; /* the clock that was released here, or 0 */
  bool is_poisoned;
  vclock_t when[KINDS];
  uint8_t bytes[KINDS][THREADS_MAX];
} shadow_t;

bool race_is_enabled = true;

static _Alignas(64) unsigned char arena[ARENA];
static shadow_t shadows[ARENA / GRAIN];
static uint32_t run;
static vclock_t now[THREADS_MAX]; /* what happens before each thread's next access */
static vclock_t syncs[SYNCS_MAX + 1];
static unsigned sync_count;
static const void *allowed_stores;

static size_t offset_of(const void *address) { return (uintptr_t)address - (uintptr_t)arena; }

static bool is_in_arena(const void *address) { return offset_of(address) < ARENA; }

unsigned char *race_heap(void) { return arena; }

unsigned char *race_stack(int thread) { return arena + RACE_HEAP + (size_t)thread * RACE_STACK; }

int race_stack_owner(const void *address) {
  size_t offset = offset_of(address);
  return offset < RACE_HEAP || offset >= ARENA ? NONE : (int)((offset - RACE_HEAP) / RACE_STACK);
}

bool race_is_shared(const void *address) {
  return is_in_arena(address) && race_stack_owner(address) != thread_index();
}

void race_begin(void) {
  int i;

  run++;
  sync_count = 0;
  allowed_stores = NULL;
  memset(now, 0, sizeof now);
  for (i = 0; i < THREADS_MAX; i++) {
    now[i].of[i] = 1;
  }
}

static shadow_t *shadow_at(size_t offset) {
  shadow_t *shadow = &shadows[offset / GRAIN];

  if (shadow->run != run) {
    memset(shadow, 0, sizeof *shadow);
    shadow->run = run;
  }
  return shadow;
}

/* A thread whose access of that kind to those bytes does not happen before this one, or NONE. */
static int unordered(const shadow_t *shadow, race_kind_t kind, unsigned bytes, int self) {
  int other;

  for (other = 0; other < THREADS_MAX; other++) {
    if (other != self && shadow->when[kind].of[other] > now[self].of[other] &&
        (shadow->bytes[kind][other] & bytes) != 0) {
      return other;
    }
  }
  return NONE;
}

static void check_order(const shadow_t *shadow, unsigned bytes, const void *address,
                        race_kind_t kind, int self) {
  static const bool conflicts[KINDS][KINDS] = {
      [RACE_READ] = {[RACE_WRITE] = true, [RACE_ATOMIC] = true, [RACE_STORE] = true},
      [RACE_WRITE] = {true, true, true, true},
      [RACE_ATOMIC] = {[RACE_READ] = true, [RACE_WRITE] = true},
      [RACE_STORE] = {[RACE_READ] = true, [RACE_WRITE] = true, [RACE_STORE] = true}};
  int earlier;

  for (earlier = 0; earlier < KINDS; earlier++) {
    int other =
        conflicts[kind][earlier] ? unordered(shadow, (race_kind_t)earlier, bytes, self) : NONE;
    if (other != NONE &&
        !(earlier == RACE_STORE && kind == RACE_STORE && address == allowed_stores)) {
      scheduler_fail("race", "nothing orders the accesses of %s and %s to: %s", thread_name(other),
                     thread_name(self), symbols_name(address));
    }
  }
}

static void access_bytes(shadow_t *shadow, unsigned bytes, const void *address, race_kind_t kind,
                         int self) {
  uint16_t present = now[self].of[self];

  if (race_is_enabled) {
    check_order(shadow, bytes, address, kind, self);
  }
  if (shadow->when[kind].of[self] != present) {
    shadow->when[kind].of[self] = present;
    shadow->bytes[kind][self] = 0;
  }
  shadow->bytes[kind][self] = (uint8_t)(shadow->bytes[kind][self] | bytes);
}

void race_access(const void *address, size_t size, race_kind_t kind) {
  int self = thread_index();
  int owner = race_stack_owner(address);
  size_t offset = offset_of(address);

  if (self == NONE || !is_in_arena(address)) {
    return;
  }
  if (owner != NONE && owner != self && (const unsigned char *)address < thread_depth(owner)) {
    scheduler_fail("frame", "%s accesses a frame from which %s has returned", thread_name(self),
                   thread_name(owner));
  }
  while (size != 0) {
    size_t from = offset % GRAIN;
    size_t length = size < GRAIN - from ? size : GRAIN - from;
    shadow_t *shadow = shadow_at(offset);
    if (shadow->is_poisoned) {
      scheduler_fail("freed", "%s accesses freed memory", thread_name(self));
    }
    access_bytes(shadow, ((1u << length) - 1) << from, address, kind, self);
    offset += length;
    size -= length;
  }
}

void race_allow_stores(const void *address) { allowed_stores = address; }

void race_poison(const void *address, size_t size) {
  size_t offset;

  for (offset = 0; offset < size; offset += GRAIN) {
    shadow_at(offset_of(address) + offset)->is_poisoned = true;
  }
}

/* ---------------------------------------------------------------------------- happens-before -- */

static void join(vclock_t *to, const vclock_t *from) {
  int i;

  for (i = 0; i < THREADS_MAX; i++) {
    to->of[i] = to->of[i] > from->of[i] ? to->of[i] : from->of[i];
  }
}

void race_release(const void *address, bool is_store) {
  int self = thread_index();
  shadow_t *shadow;

  if (self == NONE || !is_in_arena(address)) {
    return;
  }
  shadow = shadow_at(offset_of(address));
  if (shadow->sync == 0) {
    if (sync_count == SYNCS_MAX) {
      scheduler_fail("limit", "more than %d mutexes and atomic objects", SYNCS_MAX);
    }
    shadow->sync = (uint8_t)++sync_count;
    memset(&syncs[shadow->sync], 0, sizeof syncs[0]);
  }
  if (is_store) {
    syncs[shadow->sync] = now[self];
  } else {
    join(&syncs[shadow->sync], &now[self]);
  }
  now[self].of[self]++;
}

void race_acquire(const void *address) {
  int self = thread_index();

  if (self != NONE && is_in_arena(address)) {
    join(&now[self], &syncs[shadow_at(offset_of(address))->sync]);
  }
}

void race_clear(const void *address) {
  if (is_in_arena(address)) {
    memset(&syncs[shadow_at(offset_of(address))->sync], 0, sizeof syncs[0]);
  }
}

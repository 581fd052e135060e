/* race: see race.h. */

#include "sched/race.h"

#include <stdint.h>
#include <string.h>

#include "sched/scheduler.h"
#include "sched/trace.h"

#define GRAIN 8u
#define GROUND (RACE_HEAP + THREADS_MAX * RACE_STACK)
#define SYNCS_MAX 255
#define KINDS 3

typedef struct {
  uint16_t of[THREADS_MAX];
} when_t;

/* Eight bytes, and who touched which of them when, of late. */
typedef struct {
  uint32_t run; /* of which this is the state; another one: nothing has happened yet */
  uint8_t sync; /* what has been released here, or 0 */
  bool is_buried;
  when_t when[KINDS];
  uint8_t bytes[KINDS][THREADS_MAX];
} grain_t;

bool race_is_judged = true;

static _Alignas(64) unsigned char ground[GROUND];
static grain_t grains[GROUND / GRAIN];
static uint32_t run;
static when_t now[THREADS_MAX]; /* what each thread knows of the others */
static when_t syncs[SYNCS_MAX + 1];
static unsigned sync_count;

unsigned char *race_heap(void) { return ground; }

unsigned char *race_stack(int thread) { return ground + RACE_HEAP + (size_t)thread * RACE_STACK; }

static bool is_ground(const void *address) {
  return (uintptr_t)address - (uintptr_t)ground < GROUND;
}

int race_owner_of(const void *address) {
  size_t offset = (uintptr_t)address - (uintptr_t)ground;
  return offset < RACE_HEAP || offset >= GROUND ? NOBODY : (int)((offset - RACE_HEAP) / RACE_STACK);
}

bool race_is_shared(const void *address) {
  return is_ground(address) && race_owner_of(address) != thread_index();
}

void race_begin(void) {
  int i;

  run++;
  sync_count = 0;
  memset(now, 0, sizeof now);
  for (i = 0; i < THREADS_MAX; i++) {
    now[i].of[i] = 1;
  }
}

static grain_t *grain_at(size_t offset) {
  grain_t *grain = &grains[offset / GRAIN];

  if (grain->run != run) {
    memset(grain, 0, sizeof *grain);
    grain->run = run;
  }
  return grain;
}

static size_t offset_of(const void *address) { return (uintptr_t)address - (uintptr_t)ground; }

/* Whether somebody else's access of that kind to those bytes does not happen before the thread's present. */
static int unordered(const grain_t *grain, race_kind_t kind, unsigned bytes, int self) {
  int other;

  for (other = 0; other < THREADS_MAX; other++) {
    if (other != self && grain->when[kind].of[other] > now[self].of[other] &&
        (grain->bytes[kind][other] & bytes) != 0) {
      return other;
    }
  }
  return NOBODY;
}

static void touch(grain_t *grain, unsigned bytes, const void *address, race_kind_t kind, int self) {
  uint16_t present = now[self].of[self];
  int other = unordered(grain, RACE_WRITE, bytes, self);

  if (other == NOBODY && kind != RACE_READ) {
    other = unordered(grain, RACE_READ, bytes, self);
  }
  if (other == NOBODY && kind != RACE_ATOMIC) {
    other = unordered(grain, RACE_ATOMIC, bytes, self);
  }
  if (other != NOBODY && race_is_judged) {
    scheduler_fail("race", "%s touches what %s touched, and nothing orders the two: %s",
                   thread_name(self), thread_name(other), trace_name_of(address));
  }
  if (grain->when[kind].of[self] != present) {
    grain->when[kind].of[self] = present;
    grain->bytes[kind][self] = 0;
  }
  grain->bytes[kind][self] = (uint8_t)(grain->bytes[kind][self] | bytes);
}

void race_touch(const void *address, size_t size, race_kind_t kind) {
  int self = thread_index();
  int owner = race_owner_of(address);
  size_t offset = offset_of(address);

  if (self == NOBODY || !is_ground(address)) {
    return;
  }
  if (owner != NOBODY && owner != self && (const unsigned char *)address < thread_depth(owner)) {
    scheduler_fail("frame", "%s touches a frame that %s has left", thread_name(self),
                   thread_name(owner));
  }
  while (size != 0) {
    size_t from = offset % GRAIN;
    size_t length = size < GRAIN - from ? size : GRAIN - from;
    grain_t *grain = grain_at(offset);
    if (grain->is_buried) {
      scheduler_fail("freed", "%s touches freed memory", thread_name(self));
    }
    touch(grain, ((1u << length) - 1) << from, address, kind, self);
    offset += length;
    size -= length;
  }
}

static void set_buried(const void *address, size_t size, bool is_buried) {
  size_t offset;

  for (offset = 0; offset < size; offset += GRAIN) {
    grain_at(offset_of(address) + offset)->is_buried = is_buried;
  }
}

void race_bury(const void *address, size_t size) { set_buried(address, size, true); }

void race_unearth(const void *address, size_t size) { set_buried(address, size, false); }

/* -------------------------------------------------------------------------- happens-before -- */

static void join(when_t *to, const when_t *from) {
  int i;

  for (i = 0; i < THREADS_MAX; i++) {
    to->of[i] = to->of[i] > from->of[i] ? to->of[i] : from->of[i];
  }
}

void race_release(const void *address, bool is_store) {
  int self = thread_index();
  grain_t *grain;

  if (self == NOBODY || !is_ground(address)) {
    return;
  }
  grain = grain_at(offset_of(address));
  if (grain->sync == 0) {
    if (sync_count == SYNCS_MAX) {
      scheduler_fail("limit", "more locks and atomic words than %d", SYNCS_MAX);
    }
    grain->sync = (uint8_t)++sync_count;
    memset(&syncs[grain->sync], 0, sizeof syncs[0]);
  }
  if (is_store) {
    syncs[grain->sync] = now[self];
  } else {
    join(&syncs[grain->sync], &now[self]);
  }
  now[self].of[self]++;
}

void race_acquire(const void *address) {
  int self = thread_index();

  if (self != NOBODY && is_ground(address)) {
    join(&now[self], &syncs[grain_at(offset_of(address))->sync]);
  }
}

void race_forget(const void *address) {
  if (is_ground(address)) {
    memset(&syncs[grain_at(offset_of(address))->sync], 0, sizeof syncs[0]);
  }
}

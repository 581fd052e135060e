/* shim_tsan: the functions that code compiled with -fsanitize=thread calls at each memory access.
 *
 * They take the place of ThreadSanitizer's runtime. Each atomic access is a step; so is, in some
 * runs, each plain access to memory that other threads can access. Only the functions that the
 * library needs are here: the linker reports any other. */

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "sched/race.h"
#include "sched/scheduler.h"
#include "sched/trace.h"

/* No header declares these functions. */
#define DEFINE(type, name, parameters) \
  type name parameters;                \
  type name parameters

DEFINE(void, __tsan_init, (void)) {}
DEFINE(void, __tsan_func_entry, (void *caller)) { (void)caller; }
DEFINE(void, __tsan_func_exit, (void)) {}

/* ---------------------------------------------------------------------------- plain accesses -- */

static void access_plain(void *address, size_t size, race_kind_t kind) {
  if (scheduler_config.has_plain_steps && race_is_shared(address)) {
    scheduler_step();
    scheduler_record(kind == RACE_READ ? "reads" : "writes", address, TRACE_NO_VALUE);
  }
  race_access(address, size, kind);
}

#define PLAIN(size)                                                                              \
  DEFINE(void, __tsan_read##size, (void *address)) { access_plain(address, size, RACE_READ); }   \
  DEFINE(void, __tsan_write##size, (void *address)) { access_plain(address, size, RACE_WRITE); } \
  DEFINE(void, __tsan_unaligned_read##size, (void *address)) {                                   \
    access_plain(address, size, RACE_READ);                                                      \
  }                                                                                              \
  DEFINE(void, __tsan_unaligned_write##size, (void *address)) {                                  \
    access_plain(address, size, RACE_WRITE);                                                     \
  }

PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)

DEFINE(void, __tsan_read_range, (void *address, size_t size)) {
  access_plain(address, size, RACE_READ);
}
DEFINE(void, __tsan_write_range, (void *address, size_t size)) {
  access_plain(address, size, RACE_WRITE);
}

void *__real_memcpy(void *to, const void *from, size_t size);
DEFINE(void *, __wrap_memcpy, (void *to, const void *from, size_t size)) {
  access_plain((void *)(uintptr_t)from, size, RACE_READ);
  access_plain(to, size, RACE_WRITE);
  return __real_memcpy(to, from, size);
}

/* --------------------------------------------------------------------------- atomic accesses -- */

static int is_acquire(int order) {
  return order != memory_order_relaxed && order != memory_order_release;
}

static int is_release(int order) {
  return order == memory_order_release || order == memory_order_acq_rel ||
         order == memory_order_seq_cst;
}

/* A read-modify-write continues the release sequence of the store that it reads. */
static void order_rmw(void *address, int order) {
  if (is_acquire(order)) {
    race_acquire(address);
  }
  if (is_release(order)) {
    race_release(address, false);
  }
}

static void step(const void *address, size_t size, race_kind_t kind) {
  scheduler_step();
  race_access(address, size, kind);
}

#define RMW(bits, name, verb, change)                                    \
  DEFINE(uint##bits##_t, __tsan_atomic##bits##_##name,                   \
         (uint##bits##_t * address, uint##bits##_t value, int order)) {  \
    uint##bits##_t before;                                               \
    step(address, sizeof(uint##bits##_t), RACE_ATOMIC);                  \
    order_rmw(address, order);                                           \
    before = *address;                                                   \
    *address = (change);                                                 \
    scheduler_record(verb, address, ((uint64_t)before << 8) | *address); \
    return before;                                                       \
  }

#define ATOMIC(bits)                                                                          \
  DEFINE(uint##bits##_t, __tsan_atomic##bits##_load, (uint##bits##_t * address, int order)) { \
    step(address, sizeof(uint##bits##_t), RACE_ATOMIC);                                       \
    if (is_acquire(order)) {                                                                  \
      race_acquire(address);                                                                  \
    }                                                                                         \
    scheduler_record("loads", address, *address);                                             \
    return *address;                                                                          \
  }                                                                                           \
  DEFINE(void, __tsan_atomic##bits##_store,                                                   \
         (uint##bits##_t * address, uint##bits##_t value, int order)) {                       \
    step(address, sizeof(uint##bits##_t), RACE_STORE);                                        \
    race_clear(address);                                                                      \
    if (is_release(order)) {                                                                  \
      race_release(address, true);                                                            \
    }                                                                                         \
    *address = value;                                                                         \
    scheduler_record("stores", address, value);                                               \
  }                                                                                           \
  RMW(bits, exchange, "exchanges", value)                                                     \
  RMW(bits, fetch_or, "ors", (uint##bits##_t)(before | value))                                \
  RMW(bits, fetch_add, "adds to", (uint##bits##_t)(before + value))                           \
  RMW(bits, fetch_sub, "subtracts from", (uint##bits##_t)(before - value))

ATOMIC(8)
ATOMIC(32)
ATOMIC(64)

/* tsan: what the library's code calls where it touches memory, compiled as it is with -fsanitize=thread.
 * We are the runtime instead of ThreadSanitizer's: each atomic access is a step, and so is, in some runs, each plain
 * access to memory that others may see. Only what the library needs is here: the linker says what is missing. */

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "sched/race.h"
#include "sched/scheduler.h"
#include "sched/trace.h"

/* They have no header. */
#define DEFINE(type, name, parameters) \
  type name parameters;                \
  type name parameters

DEFINE(void, __tsan_init, (void)) {}
DEFINE(void, __tsan_func_entry, (void *caller)) { (void)caller; }
DEFINE(void, __tsan_func_exit, (void)) {}

/* ----------------------------------------------------------------------------- plain accesses -- */

static void touch(void *address, size_t size, race_kind_t kind) {
  if (scheduler_mishaps.is_fine && race_is_shared(address)) {
    scheduler_step();
    scheduler_did(kind == RACE_READ ? "reads" : "writes", address, TRACE_NO_VALUE);
  }
  race_touch(address, size, kind);
}

#define PLAIN(size)                                                                               \
  DEFINE(void, __tsan_read##size, (void *address)) { touch(address, size, RACE_READ); }           \
  DEFINE(void, __tsan_write##size, (void *address)) { touch(address, size, RACE_WRITE); }         \
  DEFINE(void, __tsan_unaligned_read##size, (void *address)) { touch(address, size, RACE_READ); } \
  DEFINE(void, __tsan_unaligned_write##size, (void *address)) { touch(address, size, RACE_WRITE); }

PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)

DEFINE(void, __tsan_read_range, (void *address, size_t size)) { touch(address, size, RACE_READ); }
DEFINE(void, __tsan_write_range, (void *address, size_t size)) { touch(address, size, RACE_WRITE); }

void *__real_memcpy(void *to, const void *from, size_t size);
DEFINE(void *, __wrap_memcpy, (void *to, const void *from, size_t size)) {
  touch((void *)(uintptr_t)from, size, RACE_READ);
  touch(to, size, RACE_WRITE);
  return __real_memcpy(to, from, size);
}

/* ---------------------------------------------------------------------------- atomic accesses -- */

static int is_acquire(int order) {
  return order != memory_order_relaxed && order != memory_order_release;
}

static int is_release(int order) {
  return order == memory_order_release || order == memory_order_acq_rel ||
         order == memory_order_seq_cst;
}

/* A change that reads what it changes carries on what was released before it. */
static void order_change(void *address, int order) {
  if (is_acquire(order)) {
    race_acquire(address);
  }
  if (is_release(order)) {
    race_release(address, false);
  }
}

static void step(const void *address, size_t size) {
  scheduler_step();
  race_touch(address, size, RACE_ATOMIC);
}

#define CHANGE(bits, name, verb, change)                                \
  DEFINE(uint##bits##_t, __tsan_atomic##bits##_##name,                  \
         (uint##bits##_t * address, uint##bits##_t value, int order)) { \
    uint##bits##_t before;                                              \
    step(address, sizeof(uint##bits##_t));                              \
    order_change(address, order);                                       \
    before = *address;                                                  \
    *address = (change);                                                \
    scheduler_did(verb, address, ((uint64_t)before << 8) | *address);   \
    return before;                                                      \
  }

#define ATOMIC(bits)                                                                              \
  DEFINE(uint##bits##_t, __tsan_atomic##bits##_load, (uint##bits##_t * address, int order)) {     \
    step(address, sizeof(uint##bits##_t));                                                        \
    if (is_acquire(order)) {                                                                      \
      race_acquire(address);                                                                      \
    }                                                                                             \
    scheduler_did("loads", address, *address);                                                    \
    return *address;                                                                              \
  }                                                                                               \
  DEFINE(void, __tsan_atomic##bits##_store,                                                       \
         (uint##bits##_t * address, uint##bits##_t value, int order)) {                           \
    step(address, sizeof(uint##bits##_t));                                                        \
    race_forget(address);                                                                         \
    if (is_release(order)) {                                                                      \
      race_release(address, true);                                                                \
    }                                                                                             \
    *address = value;                                                                             \
    scheduler_did("stores", address, value);                                                      \
  }                                                                                               \
  CHANGE(bits, exchange, "exchanges", value)                                                      \
  CHANGE(bits, fetch_or, "marks", (uint##bits##_t)(before | value))                               \
  CHANGE(bits, fetch_add, "adds to", (uint##bits##_t)(before + value))                            \
  CHANGE(bits, fetch_sub, "subtracts from", (uint##bits##_t)(before - value))                     \
  DEFINE(uint##bits##_t, __tsan_atomic##bits##_compare_exchange_val,                              \
         (uint##bits##_t * address, uint##bits##_t expected, uint##bits##_t wanted, int order,    \
          int otherwise)) {                                                                       \
    uint##bits##_t before;                                                                        \
    step(address, sizeof(uint##bits##_t));                                                        \
    before = *address;                                                                            \
    if (before == expected) {                                                                     \
      order_change(address, order);                                                               \
      *address = wanted;                                                                          \
    } else if (is_acquire(otherwise)) {                                                           \
      race_acquire(address);                                                                      \
    }                                                                                             \
    scheduler_did("compares", address, ((uint64_t)before << 8) | *address);                       \
    return before;                                                                                \
  }                                                                                               \
  DEFINE(int, __tsan_atomic##bits##_compare_exchange_strong,                                      \
         (uint##bits##_t * address, uint##bits##_t * expected, uint##bits##_t wanted, int order,  \
          int otherwise)) {                                                                       \
    uint##bits##_t before =                                                                       \
        __tsan_atomic##bits##_compare_exchange_val(address, *expected, wanted, order, otherwise); \
    int is_equal = before == *expected;                                                           \
    *expected = before;                                                                           \
    return is_equal;                                                                              \
  }

ATOMIC(8)
ATOMIC(32)
ATOMIC(64)

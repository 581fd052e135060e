/* shim_heap: see shim_heap.h. The linker's --wrap redirects malloc, calloc and free to here. */

#include "sched/shim_heap.h"

#include <stdint.h>
#include <string.h>

#include "sched/race.h"
#include "sched/scheduler.h"
#include "sched/trace.h"

#define ALIGN 64u

typedef struct {
  size_t size;
} head_t;

static size_t used;
static int live;

void shim_heap_begin(void) {
  used = 0;
  live = 0;
}

int shim_heap_live(void) { return live; }

static unsigned char *take(size_t size) {
  head_t *head = (head_t *)(void *)(race_heap() + used);

  size = (size + ALIGN - 1) / ALIGN * ALIGN;
  if (used + ALIGN + size > RACE_HEAP) {
    scheduler_fail("limit", "the heap of a run is too small");
  }
  used += ALIGN + size;
  head->size = size;
  return (unsigned char *)head + ALIGN;
}

void *shim_heap_take(size_t size) { return memset(take(size), 0, size); }

void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size) {
  if (scheduler_injects_failure()) {
    return NULL;
  }
  live++;
  return memset(take(size), 0xa5, size); /* uninitialised, but the same in each replay */
}

void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size) {
  void *block = __wrap_malloc(count * size);
  return block == NULL ? NULL : memset(block, 0, count * size);
}

void __wrap_free(void *block);
void __wrap_free(void *block) {
  size_t size;

  if (block == NULL) {
    return;
  }
  scheduler_step();
  size = ((head_t *)(void *)((unsigned char *)block - ALIGN))->size;
  race_access(block, size, RACE_WRITE);
  race_poison(block, size);
  live--;
  scheduler_record("frees", block, TRACE_NO_VALUE);
}

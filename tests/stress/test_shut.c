/* stress.shut: one thread shuts a slot within a few microseconds of the moment when another starts
 * a call that has to wait: before it looks at the slot, while it spins, while it queues its waiter,
 * as it goes to sleep, and while it sleeps. In some rounds the item or the room that it waits for
 * comes right before the shut. What the call returns must agree with the items.
 *
 * HANDOFF_STRESS=0.1 makes it a million shuts. */

#include <sched.h>

#include "slot/lifecycle.h"
#include "stress/delay_injection.h"

#define SHUTS 100000
/* The call starts up to 5 us into the round and the shut up to 10 us into it, because the caller
 * spins for a few microseconds before it sleeps. */
#define CALL_NS 5000
#define SHUT_NS 10000

#define UNTOUCHED UINT64_MAX

typedef struct race_s {
  handoff_slot_t slot;
  size_t capacity;
  bool puts; /* the caller puts into a full slot; otherwise it gets from an empty one */
  stress_series_t series;
  atomic_bool is_over;
  atomic_size_t arrivals; /* at the barrier */
  /* The caller writes these in a round; the other thread reads them after it. */
  int status;
  uint64_t item;
  uint64_t call_ns;
} race_t;

/* A barrier that two threads leave within a fraction of a microsecond. A thread that slept in it
 * would leave too late for the race. `passes`: how often this thread has been here. */
static void spin_barrier(race_t *race, size_t *passes) {
  size_t expected = 2 * ++*passes;
  size_t attempts = 0;

  (void)atomic_fetch_add(&race->arrivals, 1);
  while (atomic_load(&race->arrivals) < expected) {
    if (++attempts % 256 == 0) {
      (void)sched_yield();
    }
  }
}

static void spin_for(rng_t *rng, uint64_t max_ns) {
  uint64_t end_ns = uv_hrtime() + rng_below(rng, max_ns);
  while (uv_hrtime() < end_ns) {
  }
}

static void run_caller(void *arg) {
  race_t *race = arg;
  rng_t rng = rng_new(3000001);
  size_t passes = 0;

  for (;;) {
    spin_barrier(race, &passes);
    if (atomic_load(&race->is_over)) {
      return;
    }
    spin_for(&rng, CALL_NS);
    race->call_ns = uv_hrtime();
    race->status = race->puts ? handoff_slot_put(&race->slot, &race->item)
                              : handoff_slot_get(&race->slot, &race->item);
    spin_barrier(race, &passes);
  }
}

/* The round's items are `first`, `first` + 1, …, of which `accepted` have been put and the first
 * `delivered` got. The others must be in the slot, and then its end. */
static void check_items(race_t *race, uint64_t first, size_t accepted, size_t delivered) {
  uint64_t item;
  int err;

  while ((err = handoff_slot_try_get(&race->slot, &item)) == 0) {
    CHECK(item == first + delivered);
    delivered++;
  }
  CHECK(err == UV_EOF);
  CHECK(handoff_slot_try_put(&race->slot, &item) == UV_EPIPE);
  CHECK(accepted == delivered);
}

/* Checks what the call returned. `moved`: the status of the item or room that came before the shut,
 * UV_EAGAIN if none did; `item`: that item. */
static void check_round(race_t *race, uint64_t first, int moved, uint64_t item) {
  bool is_done = race->status == 0;

  CHECK(item == first);
  if (race->puts) {
    CHECK(is_done || race->status == UV_EPIPE);
    CHECK(race->item == first + race->capacity);
    CHECK(moved == 0 || !is_done); /* there was no room */
    check_items(race, first, race->capacity + is_done, moved == 0);
  } else {
    CHECK(is_done || race->status == UV_EOF);
    CHECK(is_done == (moved == 0)); /* a shut does not discard an item */
    CHECK(race->item == (is_done ? first : UNTOUCHED));
    check_items(race, first, moved == 0, is_done);
  }
}

static void run_round(race_t *race, rng_t *rng, size_t *passes, uint64_t first) {
  bool moves = rng_one_in(rng, 3);
  size_t filled = race->puts ? race->capacity : 0;
  uint64_t item = first;
  int moved = UV_EAGAIN;
  size_t i;

  for (i = 0; i < filled; i++) {
    uint64_t filler = first + i;
    CHECK(handoff_slot_try_put(&race->slot, &filler) == 0);
  }
  race->item = race->puts ? first + filled : UNTOUCHED;
  spin_barrier(race, passes);
  spin_for(rng, SHUT_NS);
  if (moves) {
    moved = race->puts ? handoff_slot_try_get(&race->slot, &item)
                       : handoff_slot_try_put(&race->slot, &item);
    CHECK(moved == 0 || (moved == UV_EAGAIN && race->capacity == 0));
  }
  handoff_slot_shut(&race->slot);
  spin_barrier(race, passes);
  check_round(race, first, moved, item);
  handoff__slot_reset(&race->slot);
}

static void on_drop(void *item, void *arg) {
  (void)item;
  (void)arg;
  stress_fail(__FILE__, __LINE__, "a finalizer ran, but every round empties the slot");
}

static void run_race(race_t *race) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  rng_t rng = rng_new(3000002);
  uv_thread_t thread;
  size_t passes = 0;
  size_t done = 0;

  options.capacity = race->capacity;
  options.drop = on_drop;
  assert_int_equal(handoff_slot_init(&race->slot, &options), 0);
  race->series = stress_series(SHUTS / 18 + 1);
  assert_int_equal(uv_thread_create(&thread, run_caller, race), 0);
  while (stress_next(&race->series)) {
    run_round(race, &rng, &passes, race->series.done * 8);
    done += race->status == 0;
  }
  atomic_store(&race->is_over, true);
  spin_barrier(race, &passes);
  assert_int_equal(uv_thread_join(&thread), 0);
  handoff_slot_destroy(&race->slot);
  printf("%s at capacity %zu: %zu shuts, %zu calls done\n", race->puts ? "put" : "get",
         race->capacity, race->series.done, done);
}

static void run_capacities(bool puts) {
  size_t capacity;

  for (capacity = 0; capacity <= 2; capacity++) {
    race_t race = {.capacity = capacity, .puts = puts};
    run_race(&race);
  }
}

static void test_a_shut_wakes_getters_with_the_right_status(void **state) {
  (void)state;
  run_capacities(false);
}

static void test_a_shut_wakes_putters_with_the_right_status(void **state) {
  (void)state;
  run_capacities(true);
}

static int set_up(void **state) {
  delay_odds = 0;
  delay_cpus = 2;
  return bounded_set_up(state);
}

/* Delays in the parkers. */
static int set_up_delays(void **state) {
  (void)set_up(state);
  delay_odds = 5;
  return 0;
}

/* Delays in the parkers and in the slot's locks, which are mutexes then. */
static int set_up_delays_on_one_cpu(void **state) {
  (void)set_up_delays(state);
  delay_cpus = 1;
  return 0;
}

#define both(set_up)                                                               \
  cmocka_unit_test_setup(test_a_shut_wakes_getters_with_the_right_status, set_up), \
      cmocka_unit_test_setup(test_a_shut_wakes_putters_with_the_right_status, set_up)

int main(void) {
  const struct CMUnitTest tests[] = {both(set_up), both(set_up_delays),
                                     both(set_up_delays_on_one_cpu)};
  return stress_run("shut", tests);
}

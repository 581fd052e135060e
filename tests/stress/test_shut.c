/* stress.shut: a slot is shut within a few microseconds of the moment when somebody looks whether it has to wait
 * there: before it looks, while it hopes, while it queues, as it goes to sleep, and when it sleeps. In some of the
 * rounds what it waits for comes right before. It must be told what happened, and that must add up.
 *
 * HANDOFF_STRESS=0.1 makes it a million shuts. */

#include <sched.h>
#include <stdatomic.h>

#include "slot/slot.h"
#include "stress/jitter.h"

#define SHUTS 100000
/* The waiter looks up to 5 us after the start; who shuts does so from 5 us before to 10 us after that, for
 * the waiter hopes for some 3 us before it sleeps. */
#define LOOK_NS 5000
#define SHUT_NS 10000

#define UNTOUCHED UINT64_MAX

typedef struct duel_s {
  handoff_slot_t slot;
  size_t capacity;
  bool puts; /* the waiter, into a full slot; else it gets, from an empty one */
  size_t rounds;
  atomic_size_t met;
  /* The waiter writes them in a round, the other one reads them after it. */
  int status;
  uint64_t item;
  uint64_t looked_ns;
} duel_t;

/* A barrier for two that both leave at once, give or take a fraction of a microsecond: one that sleeps would spoil
 * the aim. `times`: how often the caller has been here. */
static void meet(duel_t *duel, size_t *times) {
  size_t everybody = 2 * ++*times;
  size_t tries = 0;

  (void)atomic_fetch_add(&duel->met, 1);
  while (atomic_load(&duel->met) < everybody) {
    if (++tries % 256 == 0) {
      (void)sched_yield();
    }
  }
}

static void pass_time(dice_t *dice, uint64_t most_ns) {
  uint64_t end_ns = uv_hrtime() + dice_below(dice, most_ns);
  while (uv_hrtime() < end_ns) {
  }
}

static void wait_in_it(void *arg) {
  duel_t *duel = arg;
  dice_t dice = dice_new(3000001);
  size_t times = 0;
  size_t round;

  for (round = 0; round < duel->rounds; round++) {
    meet(duel, &times);
    pass_time(&dice, LOOK_NS);
    duel->looked_ns = uv_hrtime();
    duel->status = duel->puts ? handoff_slot_put(&duel->slot, &duel->item)
                              : handoff_slot_get(&duel->slot, &duel->item);
    meet(duel, &times);
    meet(duel, &times); /* the other one adds up */
  }
}

/* The round's items are `first`, `first` + 1, …; so many have been accepted, the first `delivered` of them have been
 * delivered; the rest must be in the slot, and then comes its end. */
static void add_up(duel_t *duel, uint64_t first, size_t accepted, size_t delivered) {
  uint64_t item;
  int err;

  while ((err = handoff_slot_try_get(&duel->slot, &item)) == 0) {
    CHECK(item == first + delivered);
    delivered++;
  }
  CHECK(err == UV_EOF);
  CHECK(handoff_slot_try_put(&duel->slot, &item) == UV_EPIPE);
  CHECK(accepted == delivered);
}

/* Returns: whether the waiter was done before the shut. */
static bool run_round(duel_t *duel, dice_t *dice, size_t *times, uint64_t first,
                      bool *was_waiting) {
  bool helps = dice_hit(dice, 3);
  size_t filled = duel->puts ? duel->capacity : 0;
  uint64_t item = first;
  uint64_t shut_ns;
  int moved = UV_EAGAIN;
  bool is_done;
  size_t i;

  for (i = 0; i < filled; i++) {
    item = first + i;
    CHECK(handoff_slot_try_put(&duel->slot, &item) == 0);
  }
  item = first;
  duel->item = duel->puts ? first + filled : UNTOUCHED;
  meet(duel, times);
  pass_time(dice, SHUT_NS);
  if (helps) {
    moved = duel->puts ? handoff_slot_try_get(&duel->slot, &item)
                       : handoff_slot_try_put(&duel->slot, &item);
  }
  shut_ns = uv_hrtime();
  handoff_slot_shut(&duel->slot);
  meet(duel, times);

  is_done = duel->status == 0;
  *was_waiting = duel->looked_ns < shut_ns;
  CHECK(is_done || duel->status == (duel->puts ? UV_EPIPE : UV_EOF));
  CHECK(moved == 0 || (moved == UV_EAGAIN && (!helps || duel->capacity == 0)));
  CHECK(item == first); /* what was put, or the first that was got */
  if (duel->puts) {
    CHECK(duel->item == first + filled);
    CHECK(moved == 0 || !is_done); /* without room it cannot be */
    add_up(duel, first, filled + is_done, moved == 0);
  } else {
    CHECK(is_done == (moved == 0)); /* an item that is in the slot outlives the shut */
    CHECK(duel->item == (is_done ? first : UNTOUCHED));
    add_up(duel, first, moved == 0, is_done);
  }
  handoff__slot_reset(&duel->slot);
  meet(duel, times);
  return is_done;
}

static void on_drop(void *item, void *arg) {
  (void)item;
  (void)arg;
  dice_fail(__FILE__, __LINE__, "nothing is left to drop");
}

static void run_duel(duel_t *duel) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  dice_t dice = dice_new(3000002);
  uv_thread_t thread;
  size_t times = 0;
  size_t waiting = 0;
  size_t done = 0;
  size_t round;

  options.capacity = duel->capacity;
  options.drop = on_drop;
  assert_int_equal(handoff_slot_init(&duel->slot, &options), 0);
  assert_int_equal(uv_thread_create(&thread, wait_in_it, duel), 0);
  for (round = 0; round < duel->rounds; round++) {
    bool was_waiting;
    done += run_round(duel, &dice, &times, round * 8, &was_waiting);
    waiting += was_waiting;
  }
  assert_int_equal(uv_thread_join(&thread), 0);
  handoff_slot_destroy(&duel->slot);
  printf("%s at capacity %zu: %zu shuts, %zu after the call began; done %zu, told so %zu\n",
         duel->puts ? "put" : "get", duel->capacity, duel->rounds, waiting, done,
         duel->rounds - done);
}

static void run_capacities(bool puts) {
  size_t capacity;

  for (capacity = 0; capacity <= 2; capacity++) {
    duel_t duel = {.capacity = capacity, .puts = puts};
    duel.rounds = dice_scaled(SHUTS) / 12 + 1;
    run_duel(&duel);
  }
}

static void test_shut_meets_getters(void **state) {
  (void)state;
  run_capacities(false);
}

static void test_shut_meets_putters(void **state) {
  (void)state;
  run_capacities(true);
}

static int set_up(void **state) {
  (void)state;
  jitter_odds = 0;
  bounded_start();
  return 0;
}

/* With threads held up wherever they take a lock or let go of it. */
static int set_up_jitter(void **state) {
  (void)set_up(state);
  jitter_odds = 5;
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_shut_meets_getters, set_up),
      cmocka_unit_test_setup(test_shut_meets_putters, set_up),
      cmocka_unit_test_setup(test_shut_meets_getters, set_up_jitter),
      cmocka_unit_test_setup(test_shut_meets_putters, set_up_jitter),
  };
  dice_start();
  return cmocka_run_group_tests_name("stress.shut", tests, NULL, NULL);
}

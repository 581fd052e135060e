/* unit.park: how a thread waits, and until when: never early, and without a trace when in vain. */

#include <stdatomic.h>

#include "base/list.h"
#include "base/parker.h"
#include "lib/bounded.h"
#include "lib/call.h"
#include "lib/queued.h"
#include "slot/slot.h"

#define US_NS UINT64_C(1000)
#define MS_NS UINT64_C(1000000)

static handoff_slot_t slot;

static void set_up(size_t capacity) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  bounded_start();
  options.capacity = capacity;
  assert_int_equal(handoff_slot_init(&slot, &options), 0);
}

/* Gives what must not happen the time to happen. Orders nothing. */
static void pause_ms(uint64_t ms) {
  struct handoff__parker park;
  assert_int_equal(handoff__parker_init(&park), 0);
  assert_false(handoff__parker_wait(&park, uv_hrtime() + ms * MS_NS));
  handoff__parker_destroy(&park);
}

/* ---------------------------------------------------------------------------------- the park -- */

static void a_park_that_was_woken_before_does_not_wait(void **state) {
  struct handoff__parker park;
  (void)state;
  bounded_start();
  assert_int_equal(handoff__parker_init(&park), 0);
  handoff__parker_unpark_locked(&park);
  assert_true(handoff__parker_wait(&park, HANDOFF_NEVER));
  assert_true(handoff__parker_wait(&park, 0)); /* woken beats late */
  handoff__parker_destroy(&park);
}

static void a_park_is_left_at_its_deadline_and_not_before(void **state) {
  static const uint64_t rests_ns[] = {0, 1, 1000, 50000, MS_NS, 3 * MS_NS + 1, 20 * MS_NS};
  struct handoff__parker park;
  size_t i;
  (void)state;
  bounded_start();
  assert_int_equal(handoff__parker_init(&park), 0);
  assert_false(handoff__parker_wait(&park, 0));
  for (i = 0; i < sizeof rests_ns / sizeof rests_ns[0]; i++) {
    uint64_t deadline_ns = uv_hrtime() + rests_ns[i];
    assert_false(handoff__parker_wait(&park, deadline_ns));
    assert_true(uv_hrtime() >= deadline_ns);
  }
  handoff__parker_destroy(&park);
}

static void wake_park(void *arg) { handoff__parker_unpark_locked(arg); }

static void a_wake_comes_through_whatever_the_deadline(void **state) {
  static const uint64_t deadlines_ns[] = {HANDOFF_NEVER, HANDOFF_NEVER - 1, HANDOFF_NEVER / 2};
  unsigned round;
  (void)state;
  bounded_start();
  for (round = 0; round < 300; round++) {
    struct handoff__parker park;
    uv_thread_t thread;
    assert_int_equal(handoff__parker_init(&park), 0);
    assert_int_equal(uv_thread_create(&thread, wake_park, &park), 0);
    assert_true(handoff__parker_wait(&park, deadlines_ns[round % 3]));
    handoff__parker_destroy(&park); /* however far the thread that woke it has got */
    assert_int_equal(uv_thread_join(&thread), 0);
  }
}

static atomic_bool is_woken;

static void signal_park(void *arg) {
  struct handoff__parker *park = arg;
  unsigned i;
  for (i = 0; i < 200; i++) {
    uv_mutex_lock(&park->lock);
    uv_cond_signal(&park->cond);
    uv_mutex_unlock(&park->lock);
    sched_yield();
  }
  atomic_store(&is_woken, true);
  handoff__parker_unpark_locked(park);
}

static void a_signal_without_a_wake_is_slept_through(void **state) {
  unsigned round;
  (void)state;
  bounded_start();
  for (round = 0; round < 20; round++) {
    struct handoff__parker park;
    uv_thread_t thread;
    atomic_store(&is_woken, false);
    assert_int_equal(handoff__parker_init(&park), 0);
    assert_int_equal(uv_thread_create(&thread, signal_park, &park), 0);
    assert_true(handoff__parker_wait(&park, round % 2 == 0 ? HANDOFF_NEVER : HANDOFF_NEVER - 1));
    assert_true(atomic_load(&is_woken));
    assert_int_equal(uv_thread_join(&thread), 0);
    handoff__parker_destroy(&park);
  }
}

/* ------------------------------------------------------------------------- calls with a deadline -- */

static void a_deadline_that_has_passed_still_succeeds_at_once(void **state) {
  uint64_t in = 5;
  uint64_t out = 0;
  (void)state;
  set_up(1);
  assert_int_equal(handoff_slot_put_until(&slot, &in, 0), 0);
  assert_int_equal(handoff_slot_get_until(&slot, &out, 1), 0);
  assert_int_equal(out, 5);
  handoff_slot_destroy(&slot);
}

static void a_deadline_that_has_passed_gives_up_at_once(void **state) {
  uint64_t item = 5;
  (void)state;
  set_up(1);
  assert_int_equal(handoff_slot_get_until(&slot, &item, 0), UV_ETIMEDOUT);
  assert_int_equal(handoff_slot_put(&slot, &item), 0);
  assert_int_equal(handoff_slot_put_until(&slot, &item, 1), UV_ETIMEDOUT);
  assert_int_equal(queued_items(&slot), 1);
  handoff_slot_destroy(&slot);
}

static void a_call_gives_up_at_its_deadline_and_not_before(void **state) {
  static const uint64_t rests_ns[] = {1, 1000, 70000, MS_NS, 5 * MS_NS, 20 * MS_NS};
  size_t i;
  (void)state;
  for (i = 0; i < sizeof rests_ns / sizeof rests_ns[0]; i++) {
    uint64_t item = 5;
    uint64_t deadline_ns;
    set_up(1);
    deadline_ns = uv_hrtime() + rests_ns[i];
    assert_int_equal(handoff_slot_get_until(&slot, &item, deadline_ns), UV_ETIMEDOUT);
    assert_true(uv_hrtime() >= deadline_ns);
    assert_int_equal(item, 5);
    assert_int_equal(handoff_slot_put(&slot, &item), 0);
    deadline_ns = uv_hrtime() + rests_ns[i];
    assert_int_equal(handoff_slot_put_until(&slot, &item, deadline_ns), UV_ETIMEDOUT);
    assert_true(uv_hrtime() >= deadline_ns);
    handoff_slot_destroy(&slot);
  }
}

/* Instants so far off that they overflow what they are added to. */
static void a_far_deadline_waits(void **state) {
  static const uint64_t deadlines_ns[] = {HANDOFF_NEVER, HANDOFF_NEVER - 1, HANDOFF_NEVER / 2 + 1,
                                          HANDOFF_NEVER / 2 - 1};
  size_t i;
  (void)state;
  for (i = 0; i < sizeof deadlines_ns / sizeof deadlines_ns[0]; i++) {
    uint64_t in = 5;
    uint64_t out = 0;
    call_t getter;
    call_t putter;
    set_up(1);
    call_get(&getter, &slot, &out, deadlines_ns[i]);
    queued_await_getters(&slot, 1);
    pause_ms(5);
    assert_int_equal(queued_getters(&slot), 1);
    assert_int_equal(handoff_slot_put(&slot, &in), 0);
    assert_int_equal(call_end(&getter), 0);
    assert_int_equal(out, 5);

    assert_int_equal(handoff_slot_put(&slot, &in), 0);
    in = 6;
    call_put(&putter, &slot, &in, deadlines_ns[i]);
    queued_await_putters(&slot, 1);
    pause_ms(5);
    assert_int_equal(queued_putters(&slot), 1);
    assert_int_equal(handoff_slot_get(&slot, &out), 0);
    assert_int_equal(call_end(&putter), 0);
    assert_int_equal(handoff_slot_get(&slot, &out), 0);
    assert_int_equal(out, 6);
    handoff_slot_destroy(&slot);
  }
}

static void shut_beats_timed_out(void **state) {
  uint64_t item = 5;
  call_t getter;
  (void)state;
  set_up(1);
  call_get(&getter, &slot, &item, uv_hrtime() + 3600000 * MS_NS);
  queued_await_getters(&slot, 1);
  handoff_slot_shut(&slot);
  assert_int_equal(call_end(&getter), UV_EOF);
  assert_int_equal(handoff_slot_get_until(&slot, &item, 0), UV_EOF);
  assert_int_equal(handoff_slot_put_until(&slot, &item, 0), UV_EPIPE);
  handoff_slot_destroy(&slot);
}

/* ------------------------------------------------------------------------------- without a trace -- */

static void a_wait_in_vain_leaves_no_trace(void **state) {
  size_t capacity;
  (void)state;
  for (capacity = 0; capacity <= 2; capacity++) {
    uint64_t in;
    uint64_t out = 0;
    uint64_t i;
    call_t putter;
    set_up(capacity);
    assert_int_equal(handoff_slot_get_until(&slot, &out, uv_hrtime() + MS_NS), UV_ETIMEDOUT);
    assert_int_equal(queued_getters(&slot), 0);
    for (in = 1; in <= capacity; in++) {
      assert_int_equal(handoff_slot_try_put(&slot, &in), 0); /* to the ring, not to who has left */
    }
    in = 99;
    assert_int_equal(handoff_slot_put_until(&slot, &in, uv_hrtime() + MS_NS), UV_ETIMEDOUT);
    assert_int_equal(queued_putters(&slot), 0);
    in = capacity + 1;
    call_put(&putter, &slot, &in, HANDOFF_NEVER);
    queued_await_putters(&slot, 1);
    for (i = 1; i <= capacity + 1; i++) { /* 99 is not among them */
      assert_int_equal(handoff_slot_get(&slot, &out), 0);
      assert_int_equal(out, i);
    }
    assert_int_equal(call_end(&putter), 0);
    assert_int_equal(handoff_slot_try_get(&slot, &out), UV_EAGAIN);
    handoff_slot_destroy(&slot);
  }
}

/* A thread that somebody is about to serve when its time is up has the item, and learns so without a look at
 * the slot. Here the test is the one that serves it, and takes its time. */
static void who_has_been_claimed_has_not_timed_out(void **state) {
  uint64_t out = 0;
  uint64_t rest_ns;
  struct handoff__waiter *waiter;
  call_t getter;
  (void)state;
  set_up(1);
  for (rest_ns = 20 * MS_NS;; rest_ns *= 2) { /* until we are quick enough */
    call_get(&getter, &slot, &out, uv_hrtime() + rest_ns);
    while (queued_getters(&slot) == 0 && uv_hrtime() < getter.deadline_ns) {
      sched_yield();
    }
    handoff__lock_acquire(&slot.impl->sides[HANDOFF_CONSUMER].lock);
    if (!handoff__list_is_empty(&slot.impl->sides[HANDOFF_CONSUMER].waiters)) {
      waiter = handoff__container_of(slot.impl->sides[HANDOFF_CONSUMER].waiters.next,
                                     struct handoff__waiter, link);
      if (handoff__waiter_claim(waiter)) {
        break;
      }
    }
    handoff__lock_release(&slot.impl->sides[HANDOFF_CONSUMER].lock);
    assert_int_equal(call_end(&getter), UV_ETIMEDOUT);
  }
  handoff__list_remove(&waiter->link);
  while (uv_hrtime() < getter.deadline_ns + 5 * MS_NS) {
    sched_yield();
  }
  waiter->queued = false;
  waiter->status = 0;
  *(uint64_t *)waiter->item = 5;
  handoff__lock_release(&slot.impl->sides[HANDOFF_CONSUMER].lock);
  waiter->wake(waiter);
  assert_int_equal(call_end(&getter), 0);
  assert_int_equal(out, 5);
  handoff_slot_destroy(&slot);
}

/* However a hand-off and a deadline race: the item has changed hands if and only if the call says so. */
static void a_call_that_gives_up_has_not_handed_over(void **state) {
  unsigned accepted = 0;
  unsigned round;
  (void)state;
  for (round = 0; round < 300; round++) {
    uint64_t in = 100 + round;
    uint64_t out = 0;
    uint64_t full = 1;
    call_t putter;
    int status;
    set_up(1);
    assert_int_equal(handoff_slot_put(&slot, &full), 0);
    call_put(&putter, &slot, &in, uv_hrtime() + 20000 + US_NS * (round % 100));
    while (uv_hrtime() < putter.deadline_ns + US_NS * (round % 100)) { /* it wakes up about then */
      sched_yield();
    }
    assert_int_equal(handoff_slot_get(&slot, &out), 0);
    assert_int_equal(out, 1);
    status = call_end(&putter);
    if (status == 0) {
      assert_int_equal(handoff_slot_try_get(&slot, &out), 0);
      assert_int_equal(out, 100 + round);
      accepted++;
    } else {
      assert_int_equal(status, UV_ETIMEDOUT);
      assert_true(putter.returned_ns >= putter.deadline_ns);
    }
    assert_int_equal(handoff_slot_try_get(&slot, &out), UV_EAGAIN);
    handoff_slot_destroy(&slot);
  }
  print_message("%u of %u were accepted\n", accepted, round);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_park_that_was_woken_before_does_not_wait),
      cmocka_unit_test(a_park_is_left_at_its_deadline_and_not_before),
      cmocka_unit_test(a_wake_comes_through_whatever_the_deadline),
      cmocka_unit_test(a_signal_without_a_wake_is_slept_through),
      cmocka_unit_test(a_deadline_that_has_passed_still_succeeds_at_once),
      cmocka_unit_test(a_deadline_that_has_passed_gives_up_at_once),
      cmocka_unit_test(a_call_gives_up_at_its_deadline_and_not_before),
      cmocka_unit_test(a_far_deadline_waits),
      cmocka_unit_test(shut_beats_timed_out),
      cmocka_unit_test(a_wait_in_vain_leaves_no_trace),
      cmocka_unit_test(who_has_been_claimed_has_not_timed_out),
      cmocka_unit_test(a_call_that_gives_up_has_not_handed_over),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* unit.slot_blocking: calls that wait: until when, what a call that timed out leaves behind, and
 * handoff_slot_bind, which refuses a call that could never return. */

#include "lib/bounded.h"
#include "lib/call.h"
#include "lib/slot.h"
#include "slot/waitq.h"

static handoff_slot_t slot;

static void set_up(size_t capacity) { slot = slot_new(sizeof(uint64_t), capacity); }

/* ------------------------------------------------------------------------------ the deadline -- */

static void after_its_deadline_a_call_does_what_it_can_do_at_once(void **state) {
  uint64_t in = 5;
  uint64_t out = 0;
  (void)state;
  set_up(1);
  assert_int_equal(handoff_slot_get_until(&slot, &out, 0), UV_ETIMEDOUT);
  assert_int_equal(handoff_slot_put_until(&slot, &in, 0), 0);
  assert_int_equal(handoff_slot_put_until(&slot, &in, 1), UV_ETIMEDOUT);
  assert_int_equal(queued_items(&slot), 1);
  assert_int_equal(handoff_slot_get_until(&slot, &out, 1), 0);
  assert_int_equal(out, 5);
  handoff_slot_destroy(&slot);
}

static void a_call_times_out_at_its_deadline_and_not_before(void **state) {
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
    slot_put_items(&slot, 1, 1);
    deadline_ns = uv_hrtime() + rests_ns[i];
    assert_int_equal(handoff_slot_put_until(&slot, &item, deadline_ns), UV_ETIMEDOUT);
    assert_true(uv_hrtime() >= deadline_ns);
    handoff_slot_destroy(&slot);
  }
}

/* Gives a call that returns too early the time to do so. Orders nothing. */
static void pass_time(void) { assert_int_equal(handoff__parker_sleep(5 * MS_NS), 0); }

/* Deadlines so late that adding the current time overflows. */
static void a_call_waits_for_a_far_deadline(void **state) {
  static const uint64_t deadlines_ns[] = {HANDOFF_NEVER, HANDOFF_NEVER - 1, HANDOFF_NEVER / 2 + 1,
                                          HANDOFF_NEVER / 2 - 1};
  size_t i;
  (void)state;
  for (i = 0; i < sizeof deadlines_ns / sizeof deadlines_ns[0]; i++) {
    uint64_t item = 0;
    call_t call;
    set_up(1);
    call_get(&call, &slot, &item, deadlines_ns[i]);
    queued_await_getters(&slot, 1);
    pass_time();
    assert_int_equal(queued_getters(&slot), 1);
    slot_put_items(&slot, 5, 1);
    assert_int_equal(call_end(&call), 0);
    assert_int_equal(item, 5);

    slot_put_items(&slot, 5, 1);
    item = 6;
    call_put(&call, &slot, &item, deadlines_ns[i]);
    queued_await_putters(&slot, 1);
    pass_time();
    assert_int_equal(queued_putters(&slot), 1);
    slot_get_items(&slot, 5, 1);
    assert_int_equal(call_end(&call), 0);
    slot_get_items(&slot, 6, 1);
    handoff_slot_destroy(&slot);
  }
}

static void a_shut_slot_is_reported_before_a_timeout(void **state) {
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

#if defined(__unix__) && !defined(__ANDROID__)
static void a_cancelled_thread_finishes_its_call(void **state) {
  uint64_t item = 0;
  call_t getter;
  (void)state;
  set_up(1);
  call_get(&getter, &slot, &item, HANDOFF_NEVER);
  queued_await_getters(&slot, 1);
  assert_int_equal(pthread_cancel(getter.thread), 0);
  slot_put_items(&slot, 5, 1);
  assert_int_equal(call_end(&getter), 0);
  assert_int_equal(item, 5);
  handoff_slot_destroy(&slot);
}
#endif

/* ------------------------------------------------------------------ after the wait timed out -- */

static void a_call_that_timed_out_leaves_no_waiter(void **state) {
  size_t capacity;
  (void)state;
  for (capacity = 0; capacity <= 2; capacity++) {
    uint64_t item = 99;
    call_t putter;
    set_up(capacity);
    assert_int_equal(handoff_slot_get_until(&slot, &item, uv_hrtime() + MS_NS), UV_ETIMEDOUT);
    assert_int_equal(queued_getters(&slot), 0);
    slot_put_items(&slot, 1, capacity); /* into the ring */
    assert_int_equal(handoff_slot_put_until(&slot, &item, uv_hrtime() + MS_NS), UV_ETIMEDOUT);
    assert_int_equal(queued_putters(&slot), 0);
    item = capacity + 1;
    call_put(&putter, &slot, &item, HANDOFF_NEVER);
    queued_await_putters(&slot, 1);
    slot_get_items(&slot, 1, capacity + 1); /* 99 is not among them */
    assert_int_equal(call_end(&putter), 0);
    slot_assert_empty(&slot);
    handoff_slot_destroy(&slot);
  }
}

/* If another thread is about to serve a waiter at its deadline, the waiter gets the item, and
 * learns so without accessing the slot. Here the test serves it, and takes its time. */
static void a_claimed_waiter_does_not_time_out(void **state) {
  struct handoff__slot_side *side;
  struct handoff__waiter *waiter;
  uint64_t out = 0;
  uint64_t rest_ns;
  call_t getter;
  (void)state;
  set_up(1);
  side = &slot.impl->sides[HANDOFF_CONSUMER];
  for (rest_ns = 20 * MS_NS;; rest_ns *= 2) { /* until this thread is fast enough */
    call_get(&getter, &slot, &out, uv_hrtime() + rest_ns);
    while (queued_getters(&slot) == 0 && uv_hrtime() < getter.deadline_ns) {
      sched_yield();
    }
    handoff__slot_lock(slot.impl);
    waiter = handoff__waitq_pop(slot.impl, HANDOFF_CONSUMER, 0);
    if (waiter != NULL) {
      break;
    }
    handoff__slot_unlock(slot.impl);
    assert_int_equal(call_end(&getter), UV_ETIMEDOUT);
  }
  while (uv_hrtime() < getter.deadline_ns + 5 * MS_NS) {
    sched_yield(); /* with the locks held */
  }
  *(uint64_t *)waiter->item = 5;
  handoff__slot_unlock(slot.impl);
  waiter->wake(waiter);
  assert_int_equal(call_end(&getter), 0);
  assert_int_equal(out, 5);
  assert_int_equal(side->timeouts, 0);
  handoff_slot_destroy(&slot);
}

/* A transfer races with a deadline. The item is in the slot if and only if the call returned 0. */
static void a_call_that_timed_out_has_not_transferred_its_item(void **state) {
  unsigned round;
  (void)state;
  for (round = 0; round < 300; round++) {
    uint64_t in = 100 + round;
    call_t putter;
    set_up(1);
    slot_put_items(&slot, 1, 1);
    call_put(&putter, &slot, &in, uv_hrtime() + (20 + round % 100) * US_NS);
    while (uv_hrtime() < putter.deadline_ns + round % 100 * US_NS) { /* about when it wakes up */
      sched_yield();
    }
    slot_get_items(&slot, 1, 1);
    if (call_end(&putter) == 0) {
      slot_get_items(&slot, 100 + round, 1);
    } else {
      assert_int_equal(putter.status, UV_ETIMEDOUT);
      assert_true(putter.returned_ns >= putter.deadline_ns);
    }
    slot_assert_empty(&slot);
    handoff_slot_destroy(&slot);
  }
}

/* -------------------------------------------------------------------------------------- bind -- */

static void a_wait_that_only_the_calling_thread_could_end_is_refused(void **state) {
  uint64_t item = 3;
  (void)state;
  set_up(1);
  assert_int_equal(handoff_slot_bind(&slot, HANDOFF_PRODUCER), 0);
  assert_int_equal(handoff_slot_get(&slot, &item), UV_EBUSY);
  assert_int_equal(handoff_slot_get_until(&slot, &item, HANDOFF_NEVER), UV_EBUSY);
  assert_int_equal(handoff_slot_get_until(&slot, &item, 0),
                   UV_ETIMEDOUT); /* would not have waited */
  assert_int_equal(handoff_slot_try_get(&slot, &item), UV_EAGAIN);
  assert_int_equal(item, 3);
  assert_int_equal(handoff_slot_put(&slot, &item), 0); /* need not wait */
  assert_int_equal(handoff_slot_bind(&slot, HANDOFF_CONSUMER), 0);
  assert_int_equal(handoff_slot_put(&slot, &item), UV_EBUSY);
  assert_int_equal(handoff_slot_put_until(&slot, &item, HANDOFF_NEVER), UV_EBUSY);
  assert_int_equal(handoff_slot_get(&slot, &item), 0);
  handoff_slot_shut(&slot);
  assert_int_equal(handoff_slot_put(&slot, &item), UV_EPIPE);
  assert_int_equal(handoff_slot_get(&slot, &item), UV_EOF);
  handoff_slot_destroy(&slot);

  set_up(0);
  assert_int_equal(handoff_slot_bind(&slot, HANDOFF_CONSUMER), 0);
  assert_int_equal(handoff_slot_put(&slot, &item), UV_EBUSY);
  handoff_slot_destroy(&slot);
}

static void bind_consumer(void *arg) {
  (void)arg;
  if (handoff_slot_bind(&slot, HANDOFF_CONSUMER) != 0) {
    abort();
  }
}

static void other_threads_may_wait_and_a_later_bind_moves_the_declaration(void **state) {
  uv_thread_t thread;
  uint64_t got = 0;
  uint64_t item = 4;
  call_t call;
  (void)state;
  set_up(1);
  assert_int_equal(handoff_slot_bind(&slot, HANDOFF_PRODUCER), 0);
  call_get(&call, &slot, &got, HANDOFF_NEVER);
  queued_await_getters(&slot, 1);
  slot_put_items(&slot, 3, 2);
  assert_int_equal(call_end(&call), 0);
  assert_int_equal(got, 3);

  assert_int_equal(handoff_slot_bind(&slot, HANDOFF_CONSUMER), 0);
  assert_int_equal(handoff_slot_put(&slot, &item), UV_EBUSY);
  assert_int_equal(uv_thread_create(&thread, bind_consumer, NULL), 0);
  assert_int_equal(uv_thread_join(&thread), 0);
  call_get(&call, &slot, &got, HANDOFF_NEVER); /* makes room sooner or later */
  assert_int_equal(handoff_slot_put(&slot, &item), 0);
  assert_int_equal(call_end(&call), 0);
  handoff_slot_destroy(&slot);
}

static void bind_refuses_misuse(void **state) {
  (void)state;
  set_up(1);
  assert_int_equal(handoff_slot_bind(NULL, HANDOFF_CONSUMER), UV_EINVAL);
  assert_int_equal(handoff_slot_bind(&slot, (handoff_side_t)2), UV_EINVAL);
  handoff_slot_destroy(&slot);
  assert_int_equal(handoff_slot_bind(&slot, HANDOFF_CONSUMER), UV_EINVAL);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
    bounded_test(after_its_deadline_a_call_does_what_it_can_do_at_once),
    bounded_test(a_call_times_out_at_its_deadline_and_not_before),
    bounded_test(a_call_waits_for_a_far_deadline),
    bounded_test(a_shut_slot_is_reported_before_a_timeout),
#if defined(__unix__) && !defined(__ANDROID__)
    bounded_test(a_cancelled_thread_finishes_its_call),
#endif
    bounded_test(a_call_that_timed_out_leaves_no_waiter),
    bounded_test(a_claimed_waiter_does_not_time_out),
    bounded_test(a_call_that_timed_out_has_not_transferred_its_item),
    bounded_test(a_wait_that_only_the_calling_thread_could_end_is_refused),
    bounded_test(other_threads_may_wait_and_a_later_bind_moves_the_declaration),
    bounded_test(bind_refuses_misuse),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

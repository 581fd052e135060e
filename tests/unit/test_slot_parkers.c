/* unit.slot_parkers: the two parkers that a slot lends to waiting threads, and the references that
 * keep its memory until the last of them has been signalled.
 *
 * The linker replaces three functions (tests/CMakeLists.txt), so that the tests see memory freed,
 * and can stop a waiter after its wait and a waking thread before its signal. */

#include "base/list.h"
#include "lib/bounded.h"
#include "lib/call.h"
#include "lib/slot.h"

#define REFS(slot) atomic_load(&(slot).impl->refs)
#define IS_CLAIMED(slot, side) atomic_load(&(slot).impl->parkers[side].is_claimed)

static handoff_slot_t slot;
static void *allocation; /* of the slot */
static atomic_int freed; /* how often it has been freed */

static atomic_bool stops; /* waiters and waking threads stop */
static uv_sem_t asleep;   /* posted by a waiter under its parker's mutex: it is about to sleep */
static uv_sem_t resume_waiter;
static uv_sem_t signalling; /* posted by a waking thread: it has notified and has yet to signal */
static uv_sem_t resume_waker;
static atomic_uint signals_locked; /* signals sent with the parker's mutex held */

void __real_free(void *block);
void __wrap_free(void *block);
void __wrap_free(void *block) {
  if (block != NULL && block == allocation) {
    (void)atomic_fetch_add(&freed, 1);
  }
  __real_free(block);
}

void __real_uv_cond_wait(uv_cond_t *cond, uv_mutex_t *mutex);
void __wrap_uv_cond_wait(uv_cond_t *cond, uv_mutex_t *mutex);
void __wrap_uv_cond_wait(uv_cond_t *cond, uv_mutex_t *mutex) {
  struct handoff__parker *parker = handoff__container_of(cond, struct handoff__parker, cond);
  const bool is_stopping = atomic_load(&stops);

  if (is_stopping) {
    uv_sem_post(&asleep);
  }
  do {
    __real_uv_cond_wait(cond, mutex);
  } while (is_stopping && !atomic_load(&parker->notified));
  if (is_stopping) {
    uv_sem_wait(&resume_waiter);
  }
}

void __real_uv_cond_signal(uv_cond_t *cond);
void __wrap_uv_cond_signal(uv_cond_t *cond);
void __wrap_uv_cond_signal(uv_cond_t *cond) {
  struct handoff__parker *parker = handoff__container_of(cond, struct handoff__parker, cond);

  if (atomic_load(&stops)) {
    uv_sem_post(&signalling);
    uv_sem_wait(&resume_waker);
  } else if (uv_mutex_trylock(&parker->mutex) != 0) {
    (void)atomic_fetch_add(&signals_locked, 1);
  } else {
    uv_mutex_unlock(&parker->mutex);
  }
  __real_uv_cond_signal(cond);
}

static void set_up(void) {
  atomic_store(&freed, 0);
  atomic_store(&stops, false);
  atomic_store(&signals_locked, 0);
  assert_int_equal(uv_sem_init(&asleep, 0), 0);
  assert_int_equal(uv_sem_init(&resume_waiter, 0), 0);
  assert_int_equal(uv_sem_init(&signalling, 0), 0);
  assert_int_equal(uv_sem_init(&resume_waker, 0), 0);
  slot = slot_new(sizeof(uint64_t), 1);
  allocation = slot.impl->allocation;
}

/* The slot has been destroyed, and no thread is in a call. */
static void tear_down(void) {
  assert_int_equal(atomic_load(&freed), 1);
  uv_sem_destroy(&asleep);
  uv_sem_destroy(&resume_waiter);
  uv_sem_destroy(&signalling);
  uv_sem_destroy(&resume_waker);
}

static void assert_none_is_claimed(void) {
  assert_false(IS_CLAIMED(slot, HANDOFF_PRODUCER));
  assert_false(IS_CLAIMED(slot, HANDOFF_CONSUMER));
  assert_int_equal(REFS(slot), 1);
}

static void each_side_claims_its_own_parker_first(void **state) {
  uint64_t item = 2;
  call_t call;
  (void)state;
  set_up();
  call_get(&call, &slot, &item, HANDOFF_NEVER);
  queued_await_getters(&slot, 1);
  assert_true(IS_CLAIMED(slot, HANDOFF_CONSUMER));
  assert_false(IS_CLAIMED(slot, HANDOFF_PRODUCER));
  assert_int_equal(REFS(slot), 3);
  slot_put_items(&slot, 1, 1);
  assert_int_equal(call_end(&call), 0);
  assert_none_is_claimed();

  slot_put_items(&slot, 1, 1);
  call_put(&call, &slot, &item, HANDOFF_NEVER);
  queued_await_putters(&slot, 1);
  assert_true(IS_CLAIMED(slot, HANDOFF_PRODUCER));
  assert_false(IS_CLAIMED(slot, HANDOFF_CONSUMER));
  slot_get_items(&slot, 1, 1);
  assert_int_equal(call_end(&call), 0);
  assert_none_is_claimed();
  handoff_slot_destroy(&slot);
  tear_down();
}

/* Its parker is gone once it is notified, so it has to be signalled under the mutex. */
static void a_third_waiting_thread_uses_a_parker_on_its_stack(void **state) {
  uint64_t items[3];
  call_t calls[3];
  size_t i;
  (void)state;
  set_up();
  for (i = 0; i < 3; i++) {
    call_get(&calls[i], &slot, &items[i], HANDOFF_NEVER);
    queued_await_getters(&slot, i + 1);
    assert_int_equal(REFS(slot), i == 0 ? 3 : 5);
  }
  assert_true(IS_CLAIMED(slot, HANDOFF_PRODUCER));
  for (i = 0; i < 3; i++) {
    atomic_store(&signals_locked, 0);
    slot_put_items(&slot, 1 + i, 1);
    assert_int_equal(call_end(&calls[i]), 0);
    assert_int_equal(items[i], 1 + i);
  }
  assert_int_equal(atomic_load(&signals_locked), 1);
  assert_none_is_claimed();
  handoff_slot_destroy(&slot);
  tear_down();
}

static void a_wait_that_timed_out_returns_both_references(void **state) {
  uint64_t rest_ns = MS_NS;
  uint64_t item;
  (void)state;
  set_up();
  while (slot.impl->sides[HANDOFF_CONSUMER].timeouts == 0) { /* until this thread has waited */
    assert_int_equal(handoff_slot_get_until(&slot, &item, uv_hrtime() + rest_ns), UV_ETIMEDOUT);
    assert_none_is_claimed();
    rest_ns *= 2;
  }
  handoff_slot_destroy(&slot);
  tear_down();
}

/* A getter that sleeps, and a putter that has notified it and stops before its signal. The test
 * signals instead, and the getter stops after its wait. */
static call_t getter;
static call_t putter;
static uint64_t got;
static uint64_t put;

static void start_stopped_transfer(void) {
  got = 0;
  put = 5;
  atomic_store(&stops, true);
  call_get(&getter, &slot, &got, HANDOFF_NEVER);
  uv_sem_wait(&asleep);
  call_put(&putter, &slot, &put, HANDOFF_NEVER);
  uv_sem_wait(&signalling);
  __real_uv_cond_signal(&slot.impl->parkers[HANDOFF_CONSUMER].parker.cond);
}

static void end_waiter(void) {
  uv_sem_post(&resume_waiter);
  assert_int_equal(call_end(&getter), 0);
  assert_int_equal(got, 5);
}

static void end_waker(void) {
  uv_sem_post(&resume_waker);
  assert_int_equal(call_end(&putter), 0);
}

static void a_parker_is_claimed_again_before_its_signal_which_then_has_no_effect(void **state) {
  uint64_t next = 0;
  call_t second;
  (void)state;
  set_up();
  start_stopped_transfer();
  assert_int_equal(REFS(slot), 3);
  end_waiter();
  assert_false(IS_CLAIMED(slot, HANDOFF_CONSUMER));
  assert_int_equal(REFS(slot), 2);

  atomic_store(&stops, false);
  call_get(&second, &slot, &next, HANDOFF_NEVER);
  queued_await_getters(&slot, 1);
  assert_true(IS_CLAIMED(slot, HANDOFF_CONSUMER));
  assert_false(IS_CLAIMED(slot, HANDOFF_PRODUCER));
  assert_int_equal(REFS(slot), 4);
  end_waker();
  assert_int_equal(REFS(slot), 3);
  slot_put_items(&slot, 6, 1);
  assert_int_equal(call_end(&second), 0);
  assert_int_equal(next, 6);
  handoff_slot_destroy(&slot);
  tear_down();
}

/* The slot's own reference, the waiter's and the waking thread's, dropped in every order. */
static void the_last_reference_frees_the_slot(void **state) {
  static const char *const orders[] = {"swk", "skw", "wsk", "wks", "ksw", "kws"};
  size_t i;
  (void)state;
  for (i = 0; i < sizeof orders / sizeof orders[0]; i++) {
    const char *next;
    set_up();
    start_stopped_transfer();
    for (next = orders[i]; *next != '\0'; next++) {
      assert_int_equal(atomic_load(&freed), 0);
      switch (*next) {
        case 's':
          handoff_slot_destroy(&slot);
          break;
        case 'w':
          end_waiter();
          break;
        default:
          end_waker();
          break;
      }
    }
    tear_down();
  }
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      bounded_test(each_side_claims_its_own_parker_first),
      bounded_test(a_third_waiting_thread_uses_a_parker_on_its_stack),
      bounded_test(a_wait_that_timed_out_returns_both_references),
      bounded_test(a_parker_is_claimed_again_before_its_signal_which_then_has_no_effect),
      bounded_test(the_last_reference_frees_the_slot),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

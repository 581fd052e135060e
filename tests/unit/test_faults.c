/* unit.faults: the n-th request to the system fails, once or from then on. The call returns its
 * error and leaves nothing behind, and a second call succeeds.
 *
 * The linker replaces the functions with the __wrap functions below (tests/CMakeLists.txt). They
 * count what is alive, and fail when told to. */

#include <errno.h>

#include "lane/lane.h"
#include "lib/rig.h"
#include "lib/slot.h"

/* --------------------------------------------------------------------------- fault injection -- */

static _Thread_local unsigned countdown;  /* the call that will fail; 0: none */
static _Thread_local bool all_later_fail; /* the calls after it too */
static _Thread_local int first_error;     /* of the first call that failed; 0: none has */
static atomic_bool conds_fail;            /* every uv_cond_init on any thread */

static atomic_int live; /* allocations, mutexes, condition variables and descriptors */

static bool fails(int error) {
  if (countdown == 0 || --countdown != 0) {
    return false;
  }
  countdown = all_later_fail;
  first_error = first_error == 0 ? error : first_error;
  return true;
}

#define CREATE(type, name, parameters, arguments, failure, has_failed) \
  type __real_##name parameters;                                       \
  type __wrap_##name parameters;                                       \
  type __wrap_##name parameters {                                      \
    type created;                                                      \
    if (fails(failure)) {                                              \
      errno = -(failure);                                              \
      return (type)(has_failed);                                       \
    }                                                                  \
    created = __real_##name arguments;                                 \
    atomic_fetch_add(&live, created != (type)(has_failed));            \
    return created;                                                    \
  }

CREATE(void *, malloc, (size_t size), (size), UV_ENOMEM, NULL)
CREATE(void *, calloc, (size_t count, size_t size), (count, size), UV_ENOMEM, NULL)
CREATE(int, timerfd_create, (int clock, int flags), (clock, flags), UV_EMFILE, -1)

#define INIT(name, parameters, arguments, failure, counts)          \
  int __real_##name parameters;                                     \
  int __wrap_##name parameters;                                     \
  int __wrap_##name parameters {                                    \
    int err = fails(failure) ? (failure) : __real_##name arguments; \
    atomic_fetch_add(&live, (counts) && err == 0);                  \
    return err;                                                     \
  }

INIT(uv_mutex_init, (uv_mutex_t * mutex), (mutex), UV_EAGAIN, 1)
INIT(uv_async_init, (uv_loop_t * loop, uv_async_t *async, uv_async_cb cb), (loop, async, cb),
     UV_ENFILE, 0)
INIT(uv_poll_init, (uv_loop_t * loop, uv_poll_t *poll, int fd), (loop, poll, fd), UV_EPERM, 0)
INIT(uv_timer_init, (uv_loop_t * loop, uv_timer_t *timer), (loop, timer), UV_ENOSYS, 0)

/* A failure takes some time, in which a thread that was created before it could run a callback. */
int __real_uv_thread_create_ex(uv_thread_t *thread, const uv_thread_options_t *options,
                               uv_thread_cb entry, void *arg);
int __wrap_uv_thread_create_ex(uv_thread_t *thread, const uv_thread_options_t *options,
                               uv_thread_cb entry, void *arg);
int __wrap_uv_thread_create_ex(uv_thread_t *thread, const uv_thread_options_t *options,
                               uv_thread_cb entry, void *arg) {
  uint64_t until_ns = uv_hrtime() + MS_NS;
  if (!fails(UV_EAGAIN)) {
    return __real_uv_thread_create_ex(thread, options, entry, arg);
  }
  while (uv_hrtime() < until_ns) {
    sched_yield();
  }
  return UV_EAGAIN;
}

int __real_uv_cond_init(uv_cond_t *cond);
int __wrap_uv_cond_init(uv_cond_t *cond);
int __wrap_uv_cond_init(uv_cond_t *cond) {
  int err = atomic_load(&conds_fail) || fails(UV_ENOMEM) ? UV_ENOMEM : __real_uv_cond_init(cond);
  atomic_fetch_add(&live, err == 0);
  return err;
}

#define DESTROY(name, parameters, arguments, counts) \
  void __real_##name parameters;                     \
  void __wrap_##name parameters;                     \
  void __wrap_##name parameters {                    \
    atomic_fetch_sub(&live, (counts));               \
    __real_##name arguments;                         \
  }

DESTROY(free, (void *memory), (memory), memory != NULL)
DESTROY(uv_mutex_destroy, (uv_mutex_t * mutex), (mutex), 1)
DESTROY(uv_cond_destroy, (uv_cond_t * cond), (cond), 1)

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd) {
  atomic_fetch_sub(&live, 1);
  return __real_close(fd);
}

/* From now on, the n-th call on this thread fails. */
static void arm(unsigned n, bool is_persistent) {
  countdown = n;
  all_later_fail = is_persistent;
  first_error = 0;
}

/* Returns: the error of the first call that failed; 0: none has. */
static int disarm(void) {
  countdown = 0;
  return first_error;
}

/* Calls init(object) with the n-th call failing, n = 1, 2, …, until none fails: then the object
 * exists. Each attempt must return the error and leave nothing behind.
 * Returns: how many calls could fail. */
static unsigned count_faults(int (*init)(void *object), void *object, bool is_persistent) {
  unsigned n;
  for (n = 1;; n++) {
    const int before = atomic_load(&live);
    int expected;
    int err;
    arm(n, is_persistent);
    err = init(object);
    expected = disarm();
    assert_int_equal(err, expected);
    if (err == 0) {
      return n - 1;
    }
    assert_int_equal(atomic_load(&live), before);
  }
}

/* -------------------------------------------------------------------------------------- init -- */

/* One allocation, and two parkers of a mutex and a condition variable. On one CPU the two locks are
 * mutexes. */
static unsigned faults_per_slot(void) { return uv_available_parallelism() > 1 ? 5 : 7; }

static int init_slot(void *object) {
  const handoff_slot_options_t options = handoff_slot_options(100);
  return handoff_slot_init(object, &options);
}

static void a_failed_slot_init_leaves_nothing_behind(void **state) {
  int i;
  (void)state;
  for (i = 0; i < 2; i++) {
    const int before = atomic_load(&live);
    char item[100] = "retried";
    handoff_slot_t slot = {.impl = NULL};
    assert_int_equal(count_faults(init_slot, &slot, i == 1), faults_per_slot());
    assert_int_equal(handoff_slot_put(&slot, item), 0);
    assert_int_equal(handoff_slot_get(&slot, item), 0);
    handoff_slot_destroy(&slot);
    assert_int_equal(atomic_load(&live), before);
  }
}

typedef struct {
  loop_fixture_t *fixture;
  handoff_port_t port;
} port_object_t;

static int init_port(void *object) {
  port_object_t *o = object;
  return handoff_port_init(&o->fixture->loop, &o->port);
}

static void a_failed_port_init_leaves_nothing_behind(void **state) {
  port_object_t object = {.fixture = *state};
  int i;
  for (i = 0; i < 2; i++) {
    const int before = atomic_load(&live);
    assert_int_equal(count_faults(init_port, &object, i == 1), 3);
    assert_int_equal(handoff_port_close(&object.port, NULL), 0);
    assert_int_equal(uv_run(&object.fixture->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(atomic_load(&live), before);
  }
}

static int init_lane(void *object) {
  rig_t *rig = object;
  return handoff_lane_init(&rig->fixture->port, &rig->lane, &rig->options);
}

static void a_failed_lane_init_leaves_nothing_behind(void **state) {
  const unsigned faults = 3 + 5 * faults_per_slot(); /* three allocations and five slots */
  int i;
  for (i = 0; i < 3; i++) {
    rig_t *rig = rig_new(state);
    unsigned count;
    rig->limit = 10;
    rig->options.producer.interval_ns = 1000;
    count = count_faults(init_lane, rig, i == 1);
    if (i == 0) { /* a port's first lane creates its timer source: one call, or two for a timerfd */
      assert_true(count == faults + 1 || count == faults + 2);
    } else {
      assert_int_equal(count, faults);
    }
    rig_start(rig);
    rig_run_until_end(rig);
    rig_assert_end(rig, 0, 10, 10);
    rig_free(rig);
  }
}

/* ----------------------------------------------------------------------------------- threads -- */

static int start_lane(void *object) {
  rig_t *rig = object;
  return handoff_lane_start(&rig->lane);
}

static void a_lane_without_threads_runs_no_callback_and_can_be_started_again(void **state) {
  int i;
  for (i = 0; i < 8; i++) {
    rig_t *rig = rig_new(state);
    rig->limit = 10;
    rig->options.event_capacity = 1;
    rig->options.producer.interval_ns = i / 2 % 2 == 0 ? 0 : 1000;
    rig->options.consumer.interval_ns = i / 4 == 0 ? 0 : 1000;
    rig_init(rig);
    arm(1, true);
    assert_int_equal(handoff_lane_start(&rig->lane), UV_EAGAIN);
    assert_int_equal(handoff_lane_start(&rig->lane), UV_EAGAIN);
    (void)disarm();
    assert_int_equal(handoff_lane_set_interval(&rig->lane, HANDOFF_CONSUMER, 500), 0);
    assert_int_equal(uv_loop_alive(&rig->fixture->loop), 0); /* the lane is not running */
    assert_int_equal(uv_run(&rig->fixture->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(atomic_load(&rig->turns[HANDOFF_PRODUCER]), 0);
    assert_int_equal(rig->ends, 0);
    assert_int_equal(count_faults(start_lane, rig, i % 2 == 1), 2);
    rig_run_until_end(rig);
    rig_assert_end(rig, 0, 10, 10);
    rig_free(rig);
  }
}

static void a_lane_without_threads_can_be_closed(void **state) {
  unsigned n;
  for (n = 1; n <= 2; n++) {
    rig_t *rig = rig_new(state);
    rig_init(rig);
    arm(n, false);
    assert_int_equal(handoff_lane_start(&rig->lane), UV_EAGAIN);
    assert_int_equal(disarm(), UV_EAGAIN);
    handoff_lane_stop(&rig->lane); /* does nothing */
    assert_int_equal(atomic_load(&rig->turns[HANDOFF_PRODUCER]), 0);
    rig_free(rig);
  }
}

/* ------------------------------------------------------------------------------------- waits -- */

/* From now on, threads that wait in that slot need parkers on their stacks. */
static void claim_parkers(handoff_slot_t *slot) {
  atomic_store(&slot->impl->parkers[0].is_claimed, true);
  atomic_store(&slot->impl->parkers[1].is_claimed, true);
}

static uint64_t item;

static int get_until_soon(void *object) {
  int err = handoff_slot_get_until(object, &item, uv_hrtime() + MS_NS);
  return err == UV_ETIMEDOUT ? 0 : err;
}

static int put_until_soon(void *object) {
  int err = handoff_slot_put_until(object, &item, uv_hrtime() + MS_NS);
  return err == UV_ETIMEDOUT ? 0 : err;
}

static void a_wait_without_a_parker_returns_the_error_and_leaves_no_waiter(void **state) {
  int i;
  (void)state;
  for (i = 0; i < 2; i++) {
    handoff_slot_t slot = slot_new(sizeof item, 1);
    item = 4711;
    arm(1, true);
    assert_int_equal(get_until_soon(&slot), 0); /* one of the slot's parkers is free */
    assert_int_equal(disarm(), 0);
    claim_parkers(&slot);
    assert_int_equal(count_faults(get_until_soon, &slot, i == 1), 2);
    slot_assert_empty(&slot);
    assert_int_equal(item, 4711);

    arm(1, true);
    assert_int_equal(handoff_slot_put(&slot, &item), 0); /* does not wait, so it needs no parker */
    assert_int_equal(disarm(), 0);

    assert_int_equal(count_faults(put_until_soon, &slot, i == 1), 2);
    assert_int_equal(queued_putters(&slot), 0);
    assert_int_equal(queued_items(&slot), 1);
    handoff_slot_destroy(&slot);
  }
}

static void a_lane_whose_workers_cannot_wait_ends_with_the_error(void **state) {
  unsigned i;
  unsigned side;
  for (i = 0; i < 60; i++) {
    rig_t *rig = rig_new(state);
    rig->options.capacity = i % 3;
    rig->options.event_capacity = i % 2 == 0 ? 64 : 1;
    rig->options.consumer.interval_ns = i % 5 == 0 ? 3600000 * MS_NS : 0;
    rig_init(rig);
    claim_parkers(&rig->lane.impl->items);
    for (side = 0; side < 2; side++) {
      claim_parkers(&rig->lane.impl->sides[side].credits);
      claim_parkers(&rig->lane.impl->sides[side].completions);
    }
    atomic_store(&conds_fail, true);
    rig_start(rig);
    rig_run_until_end(rig);
    atomic_store(&conds_fail, false);
    assert_int_equal(rig->end_status, UV_ENOMEM);
    rig_free(rig);
  }
}

/* Both workers wait already, the producer for a credit, which comes long before its tick. */
static void on_event_let_conds_fail(rig_t *rig, const handoff_event_t *event) {
  if (event->side == HANDOFF_CONSUMER) {
    queued_await_getters(&rig->lane.impl->sides[HANDOFF_PRODUCER].credits, 1);
    queued_await_getters(&rig->lane.impl->items, 1);
    atomic_store(&conds_fail, true);
  }
}

static void a_worker_that_cannot_wait_for_its_tick_ends_the_lane_with_the_error(void **state) {
  rig_t *rig = rig_new(state);
  rig->options.producer.interval_ns = 80 * MS_NS;
  rig->on_event = on_event_let_conds_fail;
  rig_init(rig);
  rig->lane.impl->advance_ns = 20 * MS_NS;
  rig_start(rig);
  rig_run_until_end(rig);
  atomic_store(&conds_fail, false);
  assert_int_equal(rig->end_status, UV_ENOMEM);
  rig_free(rig);
}

/* The last test: the loop, ports, lanes and their threads are gone. */
static void nothing_is_alive_at_the_end(void **state) {
  (void)state;
  assert_int_equal(atomic_load(&live), 0);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      bounded_test(a_failed_slot_init_leaves_nothing_behind),
      loop_test(a_failed_port_init_leaves_nothing_behind),
      loop_test(a_failed_lane_init_leaves_nothing_behind),
      loop_test(a_lane_without_threads_runs_no_callback_and_can_be_started_again),
      loop_test(a_lane_without_threads_can_be_closed),
      bounded_test(a_wait_without_a_parker_returns_the_error_and_leaves_no_waiter),
      loop_test(a_lane_whose_workers_cannot_wait_ends_with_the_error),
      loop_test(a_worker_that_cannot_wait_for_its_tick_ends_the_lane_with_the_error),
      bounded_test(nothing_is_alive_at_the_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

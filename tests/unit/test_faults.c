/* unit.faults: the n-th thing that the library asks of the system fails, once or from then on: each
 * failure has its code, leaves nothing behind, and trying again works.
 *
 * The linker puts the __wrap functions below in the library's way (tests/CMakeLists.txt). They count
 * what is alive, and fail when told to, on the thread that was told so or on all. */

#include <errno.h>

#include "base/lot.h"
#include "lane/lane.h"
#include "lib/queued.h"
#include "lib/rig.h"

/* ---------------------------------------------------------------------------------- the faults -- */

static _Thread_local unsigned countdown; /* the call that is to fail; 0: none */
static _Thread_local bool for_ever;      /* and those after it */
static _Thread_local int code;           /* of the first one that failed; 0: none has */
static atomic_bool conds_fail;           /* on any thread */

static atomic_int live; /* allocations, mutexes, conditions, descriptors: made less unmade */

static bool fails(int with) {
  if (countdown == 0 || --countdown != 0) {
    return false;
  }
  countdown = for_ever;
  code = code == 0 ? with : code;
  return true;
}

#define MAKER(type, name, parameters, arguments, failure, has_failed) \
  type __real_##name parameters;                                      \
  type __wrap_##name parameters;                                      \
  type __wrap_##name parameters {                                     \
    type made;                                                        \
    if (fails(failure)) {                                             \
      errno = -(failure);                                             \
      return (type)(has_failed);                                      \
    }                                                                 \
    made = __real_##name arguments;                                   \
    atomic_fetch_add(&live, made != (type)(has_failed));              \
    return made;                                                      \
  }

MAKER(void *, malloc, (size_t size), (size), UV_ENOMEM, NULL)
MAKER(void *, calloc, (size_t count, size_t size), (count, size), UV_ENOMEM, NULL)
MAKER(int, timerfd_create, (int clock, int flags), (clock, flags), UV_EMFILE, -1)

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

/* When it fails it takes its time: enough for a thread that has been made before to show itself. */
int __real_uv_thread_create_ex(uv_thread_t *thread, const uv_thread_options_t *options,
                               uv_thread_cb entry, void *arg);
int __wrap_uv_thread_create_ex(uv_thread_t *thread, const uv_thread_options_t *options,
                               uv_thread_cb entry, void *arg);
int __wrap_uv_thread_create_ex(uv_thread_t *thread, const uv_thread_options_t *options,
                               uv_thread_cb entry, void *arg) {
  uint64_t until_ns = uv_hrtime() + 1000000;
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

#define UNMAKER(name, parameters, arguments, counts) \
  void __real_##name parameters;                     \
  void __wrap_##name parameters;                     \
  void __wrap_##name parameters {                    \
    atomic_fetch_sub(&live, (counts));               \
    __real_##name arguments;                         \
  }

UNMAKER(free, (void *memory), (memory), memory != NULL)
UNMAKER(uv_mutex_destroy, (uv_mutex_t * mutex), (mutex), 1)
UNMAKER(uv_cond_destroy, (uv_cond_t * cond), (cond), 1)

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd) {
  atomic_fetch_sub(&live, 1);
  return __real_close(fd);
}

/* The n-th call from here on fails. */
static void arm(unsigned n, bool is_for_ever) {
  countdown = n;
  for_ever = is_for_ever;
  code = 0;
}

/* Returns: what the call that failed had failed with; 0: the n-th call has not come. */
static int disarm(void) {
  countdown = 0;
  return code;
}

/* Runs init(object) with the n-th call failing, n = 1, 2, …, and checks that it says so and leaves
 * nothing behind, until none fails: then the object is made.
 * Returns: how many calls could fail. */
static unsigned try_until_made(int (*init)(void *object), void *object, bool is_for_ever) {
  unsigned n;
  for (n = 1;; n++) {
    int before = atomic_load(&live);
    int err;
    int wanted;
    arm(n, is_for_ever);
    err = init(object);
    wanted = disarm();
    assert_int_equal(err, wanted);
    if (err == 0) {
      return n - 1;
    }
    assert_int_equal(atomic_load(&live), before);
  }
}

/* ------------------------------------------------------------------------------------ the inits -- */

static int init_slot(void *object) {
  const handoff_slot_options_t options = handoff_slot_options(100);
  return handoff_slot_init(object, &options);
}

static void a_slot_that_cannot_be_made_leaves_nothing(void **state) {
  int i;
  (void)state;
  bounded_start();
  for (i = 0; i < 2; i++) {
    int before = atomic_load(&live);
    char item[100] = "retried";
    handoff_slot_t slot = {.impl = NULL};
    assert_int_equal(try_until_made(init_slot, &slot, i == 1),
                     8); /* two of memory, two locks, two parks */
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

static void a_port_that_cannot_be_made_leaves_nothing(void **state) {
  port_object_t object = {.fixture = *state};
  int i;
  for (i = 0; i < 2; i++) {
    int before = atomic_load(&live);
    assert_int_equal(try_until_made(init_port, &object, i == 1), 3);
    assert_int_equal(handoff_port_close(&object.port, NULL), 0);
    assert_int_equal(uv_run(&object.fixture->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(atomic_load(&live), before);
  }
}

static int init_lane(void *object) {
  rig_t *rig = object;
  return handoff_lane_init(&rig->fixture->port, &rig->lane, &rig->options);
}

static void a_lane_that_cannot_be_made_leaves_nothing(void **state) {
  int i;
  for (i = 0; i < 3; i++) {
    rig_t *rig = rig_new(state);
    unsigned calls;
    rig->limit = 10;
    rig->options.producer.interval_ns = 1000;
    calls = try_until_made(init_lane, rig, i == 1);
    if (i == 0) { /* the first lane of a port brings the timer: one call or, with a timerfd, two */
      assert_true(calls >= 41);
    } else {
      assert_true(calls >= 40);
    }
    rig_start(rig);
    rig_run_until_end(rig);
    rig_assert_end(rig, 0, 10, 10);
    rig_free(rig);
  }
}

/* ----------------------------------------------------------------------------------- the threads -- */

static int start_lane(void *object) {
  rig_t *rig = object;
  return handoff_lane_start(&rig->lane);
}

static void a_lane_that_gets_no_thread_runs_no_callback_and_can_be_started_again(void **state) {
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
    assert_int_equal(uv_loop_alive(&rig->fixture->loop), 0); /* it is not running */
    assert_int_equal(uv_run(&rig->fixture->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(atomic_load(&rig->turns[0]), 0);
    assert_int_equal(rig->ends, 0);
    assert_int_equal(try_until_made(start_lane, rig, i % 2 == 1), 2);
    rig_run_until_end(rig);
    rig_assert_end(rig, 0, 10, 10);
    rig_free(rig);
  }
}

static void a_lane_that_got_no_thread_can_be_closed(void **state) {
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

/* ------------------------------------------------------------------------------------ the waits -- */

static handoff_slot_t slot;
static uint64_t item;

#define LOANS_MAX 16

static struct {
  struct handoff__lot *lot;
  struct handoff__parker *park;
} loans[LOANS_MAX];
static unsigned loan_count;

/* Who waits in that slot needs a park of its own. */
static void borrow_all(const handoff_slot_t *of) {
  unsigned i;
  for (i = 0; i < HANDOFF__LOT_PARKS; i++) {
    assert_true(loan_count < LOANS_MAX);
    loans[loan_count].lot = of->impl->lot;
    loans[loan_count].park = handoff__lot_borrow(of->impl->lot, 0);
    assert_non_null(loans[loan_count++].park);
  }
}

static void return_all(void) {
  while (loan_count != 0) {
    loan_count--;
    handoff__lot_let_go(loans[loan_count].lot); /* nobody wakes it */
    handoff__lot_return(loans[loan_count].lot, loans[loan_count].park);
  }
}

static int get_until_soon(void *object) {
  int err = handoff_slot_get_until(object, &item, uv_hrtime() + 1000000);
  return err == UV_ETIMEDOUT ? 0 : err;
}

static int put_until_soon(void *object) {
  int err = handoff_slot_put_until(object, &item, uv_hrtime() + 1000000);
  return err == UV_ETIMEDOUT ? 0 : err;
}

static void a_wait_that_cannot_begin_has_its_code_and_leaves_no_trace(void **state) {
  int i;
  (void)state;
  bounded_start();
  for (i = 0; i < 2; i++) {
    const handoff_slot_options_t options = handoff_slot_options(sizeof item);
    assert_int_equal(handoff_slot_init(&slot, &options), 0);
    item = 4711;
    arm(1, true);
    assert_int_equal(get_until_soon(&slot), 0); /* the slot's own park will do */
    assert_int_equal(disarm(), 0);
    borrow_all(&slot);
    assert_int_equal(try_until_made(get_until_soon, &slot, i == 1), 2);
    assert_int_equal(queued_getters(&slot), 0);
    assert_int_equal(item, 4711);

    arm(1, true);
    assert_int_equal(handoff_slot_put(&slot, &item), 0); /* who need not wait needs nothing */
    assert_int_equal(disarm(), 0);

    assert_int_equal(try_until_made(put_until_soon, &slot, i == 1), 2);
    assert_int_equal(queued_putters(&slot), 0);
    assert_int_equal(queued_items(&slot), 1);
    return_all();
    handoff_slot_destroy(&slot);
  }
}

/* Workers that cannot wait end the lane, and say why. */
static void a_lane_whose_workers_cannot_wait_ends_with_the_code(void **state) {
  unsigned i;
  unsigned way;
  for (i = 0; i < 60; i++) {
    rig_t *rig = rig_new(state);
    rig->options.capacity = i % 3;
    rig->options.event_capacity = i % 2 == 0 ? 64 : 1;
    rig->options.consumer.interval_ns = i % 5 == 0 ? 3600 * UINT64_C(1000000000) : 0;
    rig_init(rig);
    borrow_all(&rig->lane.impl->items);
    for (way = 0; way < 2; way++) {
      borrow_all(&rig->lane.impl->sides[way].gate);
      borrow_all(&rig->lane.impl->sides[way].reports);
    }
    atomic_store(&conds_fail, true);
    rig_start(rig);
    rig_run_until_end(rig);
    atomic_store(&conds_fail, false);
    return_all();
    assert_int_equal(rig->end_status, UV_ENOMEM);
    rig_free(rig);
  }
}

/* Both wait already, the producer at its gate, from which it is then let go long before its tick. */
static void on_event_no_conds(rig_t *rig, const handoff_event_t *event) {
  if (event->side == HANDOFF_CONSUMER) {
    queued_await_getters(&rig->lane.impl->sides[HANDOFF_PRODUCER].gate, 1);
    queued_await_getters(&rig->lane.impl->items, 1);
    atomic_store(&conds_fail, true);
  }
}

static void a_worker_that_cannot_wait_for_its_tick_ends_the_lane_with_the_code(void **state) {
  rig_t *rig = rig_new(state);
  rig->options.producer.interval_ns = 80 * UINT64_C(1000000);
  rig->on_event = on_event_no_conds;
  rig_init(rig);
  rig->lane.impl->lead_ns = 20 * UINT64_C(1000000);
  rig_start(rig);
  rig_run_until_end(rig);
  atomic_store(&conds_fail, false);
  assert_int_equal(rig->end_status, UV_ENOMEM);
  rig_free(rig);
}

/* Last of all: loop, port, lanes and their threads have gone. */
static void nothing_is_left_in_the_end(void **state) {
  (void)state;
  assert_int_equal(atomic_load(&live), 0);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_slot_that_cannot_be_made_leaves_nothing),
      loop_test(a_port_that_cannot_be_made_leaves_nothing),
      loop_test(a_lane_that_cannot_be_made_leaves_nothing),
      loop_test(a_lane_that_gets_no_thread_runs_no_callback_and_can_be_started_again),
      loop_test(a_lane_that_got_no_thread_can_be_closed),
      cmocka_unit_test(a_wait_that_cannot_begin_has_its_code_and_leaves_no_trace),
      loop_test(a_lane_whose_workers_cannot_wait_ends_with_the_code),
      loop_test(a_worker_that_cannot_wait_for_its_tick_ends_the_lane_with_the_code),
      cmocka_unit_test(nothing_is_left_in_the_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

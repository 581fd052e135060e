/* rig: a lane under test. Its producer makes the items 1, 2, 3, …; the rig records what becomes of
 * each item and checks the rules that hold for every event. */

#ifndef TESTS_LIB_RIG_H
#define TESTS_LIB_RIG_H

#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "handoff.h"
#include "lib/bounded.h"
#include "lib/loop.h"

#define RIG_ITEMS 20000

enum { RIG_MADE = 1, RIG_CONSUMED = 2, RIG_DROPPED = 3 };

typedef struct rig_s rig_t;
struct rig_s {
  /* Set by the test before start. */
  handoff_lane_options_t options;
  _Atomic uint64_t limit; /* items to make; then produce returns `past` */
  int past;
  bool knows_last;  /* produce returns HANDOFF_LAST with the last item */
  uint64_t fail_at; /* the item for which consume returns fail_status; 0: none */
  int fail_status;
  void (*on_event)(rig_t *rig, const handoff_event_t *event); /* after the checks; may be NULL */
  void (*on_end)(rig_t *rig, int status);                     /* may be NULL */
  bool is_blocked[2];     /* each turn of the side's callback waits for its semaphore */
  uv_sem_t semaphores[2]; /* valid if is_blocked */

  handoff_lane_t lane;
  loop_fixture_t *fixture;
  uv_thread_t loop_thread;

  /* Any thread. */
  atomic_uchar fate[RIG_ITEMS];
  atomic_uint turns[2]; /* callbacks that have begun */
  atomic_uint made;
  atomic_uint consumed;
  atomic_uint dropped;
  atomic_uint violations; /* that workers saw; cmocka's assertions work on the main thread only */

  /* Loop thread only. */
  bool ignores_events;
  bool is_calling;    /* a library call is in progress: no callback may run */
  unsigned events[2]; /* of this run */
  handoff_event_t last[2];
  uint64_t missed[2];
  unsigned ends;
  int end_status;
  bool has_ended;
  bool is_closed;
};

static inline rig_t *rig_of(handoff_lane_t *lane) { return lane->data; }

static inline void rig_check(rig_t *rig, bool condition) {
  if (!condition) {
    atomic_fetch_add(&rig->violations, 1);
  }
}

/* An item is made once, and then either consumed or dropped, once. */
static inline void rig_record(rig_t *rig, uint64_t number, unsigned char fate) {
  const unsigned char before = fate == RIG_MADE ? 0 : RIG_MADE;
  rig_check(rig, number != 0 && number < RIG_ITEMS &&
                     atomic_exchange(&rig->fate[number], fate) == before);
}

static inline void rig_begin_turn(rig_t *rig, handoff_side_t side) {
  uv_thread_t self = uv_thread_self();

  rig_check(rig, !uv_thread_equal(&self, &rig->loop_thread));
  atomic_fetch_add(&rig->turns[side], 1);
  if (rig->is_blocked[side]) {
    uv_sem_wait(&rig->semaphores[side]);
  }
}

static inline int rig_produce(handoff_lane_t *lane, void *item) {
  rig_t *rig = rig_of(lane);
  uint64_t number = atomic_load(&rig->made) + 1;

  rig_begin_turn(rig, HANDOFF_PRODUCER);
  if (number > rig->limit) {
    return rig->past;
  }
  rig_record(rig, number, RIG_MADE);
  atomic_store(&rig->made, (unsigned)number);
  memcpy(item, &number, sizeof number);
  return rig->knows_last && number == rig->limit ? HANDOFF_LAST : 0;
}

static inline int rig_consume(handoff_lane_t *lane, void *item) {
  rig_t *rig = rig_of(lane);
  uint64_t number;

  memcpy(&number, item, sizeof number);
  rig_record(rig, number, RIG_CONSUMED);
  atomic_fetch_add(&rig->consumed, 1);
  rig_begin_turn(rig, HANDOFF_CONSUMER);
  return rig->fail_at == number ? rig->fail_status : 0;
}

static inline void rig_drop(void *item, void *arg) {
  rig_t *rig = arg;
  uint64_t number;

  memcpy(&number, item, sizeof number);
  rig_check(rig, (uintptr_t)item % _Alignof(max_align_t) == 0);
  rig_record(rig, number, RIG_DROPPED);
  atomic_fetch_add(&rig->dropped, 1);
}

static inline void rig_on_event(handoff_lane_t *lane, const handoff_event_t *event) {
  rig_t *rig = rig_of(lane);
  const handoff_event_t *last = &rig->last[event->side];
  size_t most = rig->options.capacity == 0 ? 1 : rig->options.capacity;

  if (rig->ignores_events) {
    return;
  }
  assert_false(rig->is_calling);
  assert_false(rig->has_ended);
  assert_int_equal(event->size, sizeof *event);
  assert_int_equal(event->number, ++rig->events[event->side]);
  /* The occupancy invariant: 0 <= puts - gets <= capacity. */
  assert_true(rig->events[HANDOFF_CONSUMER] <= rig->events[HANDOFF_PRODUCER]);
  assert_true(rig->events[HANDOFF_PRODUCER] <= rig->events[HANDOFF_CONSUMER] + most);
  assert_true(event->due_ns <= event->begun_ns); /* no turn begins early */
  assert_true(event->begun_ns <= event->done_ns);
  assert_true(event->done_ns <= uv_hrtime());
  assert_true(event->waited_ns <= event->done_ns - event->begun_ns);
  assert_true(event->handoff_ns <= event->done_ns - event->begun_ns);
  if (event->side == HANDOFF_PRODUCER) {
    assert_int_equal(event->handoff_ns, 0);
  }
  if (event->number > 1) {
    assert_true(last->done_ns <= event->begun_ns);
    assert_true(event->due_ns == 0 || last->due_ns < event->due_ns);
  }
  rig->missed[event->side] += event->missed;
  rig->last[event->side] = *event;
  if (rig->on_event != NULL) {
    rig->on_event(rig, event);
  }
}

static inline void rig_on_end(handoff_lane_t *lane, int status) {
  rig_t *rig = rig_of(lane);
  assert_false(rig->is_calling);
  assert_false(rig->has_ended);
  assert_false(rig->is_closed);
  rig->has_ended = true;
  rig->end_status = status;
  rig->ends++;
  if (rig->on_end != NULL) {
    rig->on_end(rig, status);
  }
}

static inline void rig_on_closed(handoff_lane_t *lane) {
  rig_t *rig = rig_of(lane);
  assert_false(rig->is_calling);
  assert_false(rig->is_closed);
  assert_int_equal(handoff_lane_close(lane, NULL), UV_EINVAL);
  rig->is_closed = true;
}

/* ------------------------------------------------------------------ what tests do with a rig -- */

/* An unpaced lane that does not end by itself; rig_init has yet to be called. */
static inline rig_t *rig_new(void **state) {
  rig_t *rig = calloc(1, sizeof *rig);
  assert_non_null(rig);
  rig->fixture = *state;
  rig->loop_thread = uv_thread_self();
  rig->options = handoff_lane_options(sizeof(uint64_t), rig_produce, rig_consume);
  rig->options.on_event = rig_on_event;
  rig->options.on_end = rig_on_end;
  rig->options.drop = rig_drop;
  rig->options.drop_arg = rig;
  rig->limit = RIG_ITEMS - 1;
  rig->past = UV_EOF;
  rig->lane.data = rig;
  return rig;
}

static inline void rig_pace(rig_t *rig, handoff_side_t side, uint64_t interval_ns,
                            handoff_missed_t missed, size_t burst) {
  handoff_side_options_t options = {.interval_ns = interval_ns, .missed = missed, .burst = burst};
  *(side == HANDOFF_PRODUCER ? &rig->options.producer : &rig->options.consumer) = options;
}

/* Before start: from now on, each turn of this side's callback waits for rig_unblock. */
static inline void rig_block(rig_t *rig, handoff_side_t side) {
  assert_int_equal(uv_sem_init(&rig->semaphores[side], 0), 0);
  rig->is_blocked[side] = true;
}

static inline void rig_unblock(rig_t *rig, handoff_side_t side, unsigned turns) {
  while (turns-- != 0) {
    uv_sem_post(&rig->semaphores[side]);
  }
}

static inline void rig_init(rig_t *rig) {
  assert_int_equal(handoff_lane_init(&rig->fixture->port, &rig->lane, &rig->options), 0);
  assert_ptr_equal(rig->lane.data, rig);
  assert_ptr_equal(rig->lane.port, &rig->fixture->port);
}

static inline void rig_start(rig_t *rig) {
  memset(rig->events, 0, sizeof rig->events);
  rig->has_ended = false;
  rig->is_calling = true;
  assert_int_equal(handoff_lane_start(&rig->lane), 0);
  rig->is_calling = false;
}

static inline void rig_init_and_start(rig_t *rig) {
  rig_init(rig);
  rig_start(rig);
}

static inline unsigned rig_event_count(const rig_t *rig) {
  return rig->events[HANDOFF_PRODUCER] + rig->events[HANDOFF_CONSUMER];
}

/* Waits until so many of the side's callbacks have begun. The loop does not run meanwhile. */
static inline void rig_await_turn(rig_t *rig, handoff_side_t side, unsigned count) {
  while (atomic_load(&rig->turns[side]) < count) {
    sched_yield();
  }
}

/* Runs the loop until it has delivered so many of the side's events. */
static inline void rig_run_until_events(rig_t *rig, handoff_side_t side, unsigned count) {
  while (rig->events[side] < count) {
    uv_run(&rig->fixture->loop, UV_RUN_ONCE);
  }
}

/* Runs what the loop can run now, and what that causes. */
static inline void rig_run_pending(rig_t *rig) {
  int i;
  for (i = 0; i < 20; i++) {
    uv_run(&rig->fixture->loop, UV_RUN_NOWAIT);
  }
}

static inline void rig_run_until_end(rig_t *rig) {
  loop_run_until(&rig->fixture->loop, &rig->has_ended);
}

static inline void rig_run_until_closed(rig_t *rig) {
  loop_run_until(&rig->fixture->loop, &rig->is_closed);
}

static inline void rig_assert_end(const rig_t *rig, int status, unsigned puts, unsigned gets) {
  assert_true(rig->has_ended);
  assert_int_equal(rig->end_status, status);
  assert_int_equal(rig->events[HANDOFF_PRODUCER], puts);
  assert_int_equal(rig->events[HANDOFF_CONSUMER], gets);
}

/* A whole run, from init to the end. */
static inline void rig_run(rig_t *rig, int status, unsigned puts, unsigned gets) {
  rig_init_and_start(rig);
  rig_run_until_end(rig);
  rig_assert_end(rig, status, puts, gets);
}

static inline void rig_close(rig_t *rig) {
  rig->is_calling = true;
  assert_int_equal(handoff_lane_close(&rig->lane, rig_on_closed), 0);
  rig->is_calling = false;
}

/* Closes the lane, unless the test has done so, and unblocks its callbacks. Fails unless each item
 * that was made has been consumed or dropped. */
static inline void rig_free(rig_t *rig) {
  int side;
  if (rig->lane.impl != NULL) {
    (void)handoff_lane_close(&rig->lane, rig_on_closed);
  }
  for (side = 0; side < 2; side++) {
    rig_unblock(rig, (handoff_side_t)side, rig->is_blocked[side]);
  }
  rig_run_until_closed(rig);
  for (side = 0; side < 2; side++) {
    if (rig->is_blocked[side]) {
      uv_sem_destroy(&rig->semaphores[side]);
    }
  }
  assert_int_equal(atomic_load(&rig->violations), 0);
  assert_int_equal(atomic_load(&rig->made),
                   atomic_load(&rig->consumed) + atomic_load(&rig->dropped));
  free(rig);
}

#endif /* TESTS_LIB_RIG_H */

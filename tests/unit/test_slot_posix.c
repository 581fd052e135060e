/* unit.slot_posix: what POSIX does to threads while they use a slot: signals, fork and exec,
 * pthread_cancel and real-time priorities. */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>

#include "lib/call.h"
#include "lib/loop.h"
#include "lib/slot.h"

static atomic_uint signals;

static void on_signal(int number) {
  (void)number;
  atomic_fetch_add(&signals, 1);
}

static void interrupt_until(call_t *call, unsigned count) {
  while (atomic_load(&signals) < count) {
    assert_int_equal(pthread_kill(call->thread, SIGUSR1), 0);
    sched_yield();
  }
}

/* Without SA_RESTART, the system calls of the waiting thread return EINTR. */
static void signals_do_not_end_a_wait(void **state) {
  struct sigaction action = {.sa_handler = on_signal};
  handoff_slot_t slot = slot_new(sizeof(uint64_t), 1);
  uint64_t deadline_ns;
  uint64_t item = 0;
  uint64_t sent = 7;
  call_t call;

  (void)state;
  assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
  call_get(&call, &slot, &item, HANDOFF_NEVER);
  queued_await_getters(&slot, 1);
  interrupt_until(&call, 50);
  assert_int_equal(queued_getters(&slot), 1);
  assert_int_equal(handoff_slot_put(&slot, &sent), 0);
  assert_int_equal(call_end(&call), 0);
  assert_int_equal(item, 7);

  deadline_ns = uv_hrtime() + 20 * MS_NS;
  call_get(&call, &slot, &item, deadline_ns);
  while (uv_hrtime() < deadline_ns) {
    (void)pthread_kill(call.thread, SIGUSR1);
    sched_yield();
  }
  assert_int_equal(call_end(&call), UV_ETIMEDOUT);
  assert_true(call.returned_ns >= deadline_ns);
  handoff_slot_destroy(&slot);
}

/* The header allows a forked child to call exec(), also while other threads use slots. */
static void a_forked_child_may_exec_while_a_thread_waits(void **state) {
  handoff_slot_t slot = slot_new(sizeof(uint64_t), 1);
  uint64_t item = 0;
  uint64_t sent = 7;
  call_t call;
  int status;
  pid_t child;

  (void)state;
  call_get(&call, &slot, &item, HANDOFF_NEVER);
  queued_await_getters(&slot, 1);
  child = fork();
  if (child == 0) {
    execlp("true", "true", (char *)NULL);
    _exit(1);
  }
  assert_true(child > 0);
  while (waitpid(child, &status, 0) != child) {
    assert_int_equal(errno, EINTR);
  }
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  assert_int_equal(handoff_slot_put(&slot, &sent), 0);
  assert_int_equal(call_end(&call), 0);
  assert_int_equal(item, 7);
  handoff_slot_destroy(&slot);
}

typedef struct {
  handoff_slot_t *slot;
  atomic_int status; /* of the put; 1: it has not returned */
  bool is_past_cancellation;
} cancelled_put_t;

static void *put_while_cancelled(void *arg) {
  cancelled_put_t *put = arg;
  uint64_t item = 7;
  (void)pthread_cancel(pthread_self()); /* pending from here on */
  atomic_store(&put->status, handoff_slot_put(put->slot, &item));
  pthread_testcancel();
  put->is_past_cancellation = true;
  return NULL;
}

static void on_got(handoff_req_t *req, int status) {
  assert_int_equal(status, 0);
  *(bool *)req->data = true;
}

/* The put wakes the loop under the slot's locks. They would stay locked, and the loop asleep. */
static void a_put_that_wakes_a_loop_is_no_cancellation_point(void **state) {
  loop_fixture_t *fixture = *state;
  handoff_slot_t slot = slot_new(sizeof(uint64_t), 1);
  cancelled_put_t put = {.slot = &slot, .status = 1};
  handoff_req_t req = {.data = NULL};
  uint64_t item = 0;
  bool is_done = false;
  pthread_t thread;
  void *result;

  req.data = &is_done;
  assert_int_equal(handoff_port_get(&fixture->port, &req, &slot, &item, on_got), 0);
  assert_int_equal(pthread_create(&thread, NULL, put_while_cancelled, &put), 0);
  assert_int_equal(pthread_join(thread, &result), 0);
  assert_ptr_equal(result, PTHREAD_CANCELED);
  assert_int_equal(atomic_load(&put.status), 0);
  assert_false(put.is_past_cancellation);
  loop_run_until(&fixture->loop, &is_done);
  assert_int_equal(item, 7);
  handoff_slot_destroy(&slot);
}

#define ITEMS 20000

typedef struct {
  handoff_slot_t *slot;
  handoff_side_t side;
  uint64_t sum;
  bool has_failed;
} worker_t;

static void transfer_items(void *arg) {
  worker_t *self = arg;
  uint64_t number;

  for (number = 1; number <= ITEMS; number++) {
    uint64_t item = number;
    self->has_failed |= self->side == HANDOFF_PRODUCER ? handoff_slot_put(self->slot, &item) != 0
                                                       : handoff_slot_get(self->slot, &item) != 0;
    self->sum += item;
  }
}

/* A waiter for a lock sleeps in between, so that a holder of a lower priority can run. */
static void a_real_time_thread_shares_a_slot_with_an_ordinary_one(void **state) {
  const struct sched_param real_time = {.sched_priority = 1};
  size_t capacity;

  (void)state;
  for (capacity = 0; capacity <= 4; capacity += 2) {
    handoff_slot_t slot = slot_new(sizeof(uint64_t), capacity);
    worker_t sides[2] = {{.slot = &slot, .side = HANDOFF_PRODUCER},
                         {.slot = &slot, .side = HANDOFF_CONSUMER}};
    handoff_slot_stats_t stats = {.size = sizeof stats};
    uv_thread_t threads[2];
    size_t i;

    for (i = 0; i < 2; i++) {
      assert_int_equal(uv_thread_create(&threads[i], transfer_items, &sides[i]), 0);
    }
    if (pthread_setschedparam(threads[1], SCHED_RR, &real_time) != 0) {
      print_message("no permission for real-time priorities: both are ordinary\n");
    }
    for (i = 0; i < 1000; i++) {
      assert_int_equal(handoff_slot_stats(&slot, &stats), 0);
    }
    for (i = 0; i < 2; i++) {
      assert_int_equal(uv_thread_join(&threads[i]), 0);
      assert_false(sides[i].has_failed);
      assert_int_equal(sides[i].sum, (uint64_t)ITEMS * (ITEMS + 1) / 2);
    }
    handoff_slot_destroy(&slot);
  }
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      bounded_test(signals_do_not_end_a_wait),
      bounded_test(a_forked_child_may_exec_while_a_thread_waits),
      loop_test(a_put_that_wakes_a_loop_is_no_cancellation_point),
      bounded_test(a_real_time_thread_shares_a_slot_with_an_ordinary_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

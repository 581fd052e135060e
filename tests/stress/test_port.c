/* stress.port: threads and loops on the same slots. Requests are cancelled, and ports closed, while hand-offs
 * are under way. */

#include "stress/book.h"
#include "stress/dice.h"
#include "stress/ways.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const size_t capacities[] = {0, 1, 2, 16};

/* ----------------------------------------------------------------------------------- a crowd -- */

#define LOOPS_MAX 4
#define THREADS_MAX 8
#define CALLS_MAX 8

typedef struct plan_s {
  size_t capacity;
  size_t putters; /* threads */
  size_t getters; /* threads */
  size_t loops;
  size_t put_calls; /* requests that a loop has under way at once */
  size_t get_calls;
  size_t attempts;    /* of each putter and each loop */
  size_t cancel_odds; /* after each callback, once in so many times */
  size_t close_odds;  /* a loop closes its port, and may then open another */
  size_t shut_odds;
} plan_t;

typedef struct run_s {
  plan_t plan;
  gated_t gated;
  book_t book;
  uv_barrier_t start;
  atomic_size_t putting; /* threads and loops that have not left off */
  atomic_size_t getting;
} run_t;

typedef struct end_s end_t;

/* A request, used over and over. */
typedef struct call_s {
  handoff_req_t req;
  end_t *end;
  item_t item;
  bool is_put;
  int cancelled; /* what handoff_cancel said of it; 1: was not asked */
} call_t;

/* A loop's end of the slot. */
struct end_s {
  run_t *run;
  uv_thread_t thread;
  size_t index; /* among those who put */
  dice_t dice;
  uv_loop_t loop;
  uv_thread_t loop_thread;
  handoff_port_t port;
  call_t calls[CALLS_MAX];
  size_t number; /* of the next attempt */
  size_t pending;
  size_t pending_puts;
  order_t order;
  bool is_calling; /* a call of the library is under way: no callback may come */
  bool is_closing;
  bool is_closed;
  bool has_left_putting;
  bool has_left_getting;
};

static void leave_putting(end_t *end) {
  if (!end->has_left_putting && atomic_fetch_sub(&end->run->putting, 1) == 1) {
    ways_shut(&end->run->gated);
  }
  end->has_left_putting = true;
}

static void leave_getting(end_t *end) {
  if (!end->has_left_getting && atomic_fetch_sub(&end->run->getting, 1) == 1) {
    ways_shut(&end->run->gated); /* or putters might wait for ever */
  }
  end->has_left_getting = true;
}

static void on_call_done(handoff_req_t *req, int status);

static void begin(call_t *call) {
  end_t *end = call->end;
  int err;

  if (call->is_put && end->number == end->run->plan.attempts) {
    if (end->pending_puts == 0) {
      leave_putting(end);
    }
    return;
  }
  end->is_calling = true;
  if (call->is_put) {
    call->item = item_new(end->index, end->number);
    err =
        handoff_port_put(&end->port, &call->req, &end->run->gated.slot, &call->item, on_call_done);
  } else {
    err =
        handoff_port_get(&end->port, &call->req, &end->run->gated.slot, &call->item, on_call_done);
  }
  end->is_calling = false;
  if (end->is_closing) {
    CHECK(err == UV_ECANCELED);
    return;
  }
  CHECK(err == 0);
  call->cancelled = 1;
  end->pending++;
  if (call->is_put) {
    end->number++;
    end->pending_puts++;
  }
}

static void cancel_any(end_t *end) {
  call_t *call =
      &end->calls[dice_below(&end->dice, end->run->plan.put_calls + end->run->plan.get_calls)];
  bool is_pending = call->cancelled != 2;
  int err;

  end->is_calling = true;
  err = handoff_cancel(&call->req);
  end->is_calling = false;
  if (!is_pending) {
    CHECK(err == UV_EINVAL);
  } else if (call->cancelled == 0 || end->is_closing) {
    CHECK(err == UV_EBUSY); /* it has been, and its callback is on its way */
  } else {
    CHECK(err == 0 || err == UV_EBUSY);
    CHECK(call->cancelled == 1 || err == UV_EBUSY); /* once too late, always too late */
    call->cancelled = err;
  }
}

static void on_port_closed(handoff_port_t *port);

static void close_port(end_t *end) {
  end->is_closing = true;
  end->is_calling = true;
  CHECK(handoff_port_close(&end->port, on_port_closed) == 0);
  CHECK(handoff_port_close(&end->port, on_port_closed) == UV_EINVAL);
  end->is_calling = false;
}

static void on_call_done(handoff_req_t *req, int status) {
  call_t *call = req->data;
  end_t *end = call->end;
  uv_thread_t self = uv_thread_self();

  CHECK(uv_thread_equal(&self, &end->loop_thread));
  CHECK(!end->is_calling && !end->is_closed);
  CHECK(call->cancelled != 2); /* once for each request */
  CHECK(req->port == &end->port && req->slot == &end->run->gated.slot);
  switch (call->cancelled) {
    case 0:
      CHECK(status == UV_ECANCELED);
      break;
    case UV_EBUSY:
      CHECK(status != UV_ECANCELED);
      break;
    default:
      CHECK(status != UV_ECANCELED || end->is_closing);
      break;
  }
  call->cancelled = 2;
  end->pending--;
  end->pending_puts -= call->is_put;
  if (status == 0) {
    if (call->is_put) {
      book_accept(&end->run->book, &call->item);
    } else {
      book_deliver(&end->run->book, &end->order, &call->item);
    }
  } else if (status != UV_ECANCELED) {
    CHECK(status == (call->is_put ? UV_EPIPE : UV_EOF));
    CHECK(atomic_load(&end->run->gated.is_shut));
  }

  if (dice_hit(&end->dice, end->run->plan.shut_odds)) {
    ways_shut(&end->run->gated);
  }
  if (!end->is_closing && dice_hit(&end->dice, end->run->plan.close_odds)) {
    close_port(end);
  }
  if (status != UV_EPIPE && status != UV_EOF) {
    begin(call);
  } else if (call->is_put && end->pending_puts == 0) {
    leave_putting(end);
  }
  if (dice_hit(&end->dice, end->run->plan.cancel_odds)) {
    cancel_any(end);
  }
  if (end->pending == 0 && !end->is_closing) {
    close_port(end);
  }
}

static void open_port(end_t *end) {
  size_t i;
  end->is_closing = false;
  end->is_closed = false;
  CHECK(handoff_port_init(&end->loop, &end->port) == 0);
  if (dice_hit(&end->dice, 2)) {
    CHECK(handoff_port_set_busy_poll(&end->port, dice_below(&end->dice, 100000)) == 0);
  }
  for (i = 0; i < end->run->plan.put_calls + end->run->plan.get_calls; i++) {
    begin(&end->calls[i]);
  }
  if (end->pending == 0) {
    close_port(end);
  }
}

static void on_port_closed(handoff_port_t *port) {
  end_t *end = port->data;

  CHECK(!end->is_calling && !end->is_closed && end->is_closing && end->pending == 0);
  end->is_closed = true;
  memset(&end->port, 0xdd, sizeof end->port); /* the memory is ours again */
  end->port.data = end;
  if (!atomic_load(&end->run->gated.is_shut) && !dice_hit(&end->dice, 3)) {
    open_port(end);
  } else {
    leave_putting(end);
    leave_getting(end);
  }
}

static void run_loop(void *arg) {
  end_t *end = arg;
  const plan_t *plan = &end->run->plan;
  size_t i;

  end->loop_thread = uv_thread_self();
  CHECK(uv_loop_init(&end->loop) == 0);
  for (i = 0; i < plan->put_calls + plan->get_calls; i++) {
    end->calls[i].end = end;
    end->calls[i].req.data = &end->calls[i];
    end->calls[i].is_put = i < plan->put_calls;
    end->calls[i].cancelled = 2;
  }
  end->port.data = end;
  (void)uv_barrier_wait(&end->run->start);
  open_port(end);
  if (plan->put_calls == 0) {
    leave_putting(end);
  }
  if (plan->get_calls == 0) {
    leave_getting(end);
  }
  CHECK(uv_run(&end->loop, UV_RUN_DEFAULT) == 0);
  CHECK(end->is_closed && end->pending == 0);
  CHECK(uv_loop_close(&end->loop) == 0);
}

typedef struct actor_s {
  run_t *run;
  uv_thread_t thread;
  size_t index;
  dice_t dice;
} actor_t;

static void run_putter(void *arg) {
  actor_t *self = arg;
  size_t number;
  int err = 0;

  (void)uv_barrier_wait(&self->run->start);
  for (number = 0; number < self->run->plan.attempts && err != UV_EPIPE; number++) {
    item_t item = item_new(self->index, number);
    err = ways_put(&self->run->gated, &self->dice, ANY, &item);
    if (err == 0) {
      book_accept(&self->run->book, &item);
    }
  }
  if (atomic_fetch_sub(&self->run->putting, 1) == 1) {
    ways_shut(&self->run->gated);
  }
}

static void run_getter(void *arg) {
  actor_t *self = arg;
  order_t order = {{0}};
  item_t item;
  int err;

  (void)uv_barrier_wait(&self->run->start);
  while ((err = ways_get(&self->run->gated, &self->dice, ANY, &item)) != UV_EOF) {
    if (err == 0) {
      book_deliver(&self->run->book, &order, &item);
    }
  }
  if (atomic_fetch_sub(&self->run->getting, 1) == 1) {
    ways_shut(&self->run->gated);
  }
}

static size_t execute(const plan_t *plan) {
  static uint64_t stream;
  run_t *run = calloc(1, sizeof *run);
  end_t *ends = calloc(LOOPS_MAX, sizeof *ends);
  size_t threads = plan->putters + plan->getters;
  actor_t actors[THREADS_MAX];
  balance_t balance;
  size_t i;

  CHECK(run != NULL && ends != NULL && threads <= THREADS_MAX && plan->loops <= LOOPS_MAX);
  CHECK(plan->put_calls + plan->get_calls <= CALLS_MAX);
  run->plan = *plan;
  book_init(&run->book, plan->putters + plan->loops, plan->attempts);
  book_slot_init(&run->book, &run->gated.slot, plan->capacity);
  atomic_store(&run->putting, plan->putters + plan->loops);
  atomic_store(&run->getting, plan->getters + plan->loops);
  CHECK(uv_barrier_init(&run->start, (unsigned)(threads + plan->loops)) == 0);
  for (i = 0; i < threads; i++) {
    bool is_putter = i < plan->putters;
    actors[i].run = run;
    actors[i].index = i;
    actors[i].dice = dice_new(++stream);
    CHECK(uv_thread_create(&actors[i].thread, is_putter ? run_putter : run_getter, &actors[i]) ==
          0);
  }
  for (i = 0; i < plan->loops; i++) {
    ends[i].run = run;
    ends[i].index = plan->putters + i;
    ends[i].dice = dice_new(++stream);
    CHECK(uv_thread_create(&ends[i].thread, run_loop, &ends[i]) == 0);
  }
  for (i = 0; i < threads; i++) {
    CHECK(uv_thread_join(&actors[i].thread) == 0);
  }
  for (i = 0; i < plan->loops; i++) {
    CHECK(uv_thread_join(&ends[i].thread) == 0);
  }
  handoff_slot_destroy(&run->gated.slot);
  uv_barrier_destroy(&run->start);
  balance = book_close(&run->book);
  free(ends);
  free(run);
  return balance.accepted;
}

static void test_threads_to_loop(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < COUNT_OF(capacities) * 4; i++) {
    plan_t plan = {.loops = 1, .get_calls = 1 + i / 8, .putters = 1 + i % 3};
    plan.capacity = capacities[i % 4];
    plan.attempts = dice_scaled(3000);
    plan.cancel_odds = i < 4 ? 0 : 7;
    assert_true(execute(&plan) > 0);
  }
}

static void test_loop_to_threads(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < COUNT_OF(capacities) * 4; i++) {
    plan_t plan = {.loops = 1, .put_calls = 1 + i / 4, .getters = 1 + i % 3};
    plan.capacity = capacities[i % 4];
    plan.attempts = dice_scaled(3000);
    plan.cancel_odds = i < 4 ? 0 : 7;
    assert_true(execute(&plan) > 0);
  }
}

/* All kinds at once; both directions; closing, shutting and cancelling at any moment. */
static void test_everything_at_once(void **state) {
  size_t rounds = dice_scaled(300);
  dice_t dice = dice_new(2000001);
  (void)state;
  while (rounds-- != 0) {
    plan_t plan = {.cancel_odds = 5};
    plan.capacity = capacities[dice_below(&dice, COUNT_OF(capacities))];
    plan.putters = dice_below(&dice, 3);
    plan.getters = dice_below(&dice, 3);
    plan.loops = 1 + dice_below(&dice, LOOPS_MAX);
    plan.put_calls = 1 + dice_below(&dice, 4);
    plan.get_calls = 1 + dice_below(&dice, 4);
    plan.attempts = 200;
    plan.close_odds = dice_hit(&dice, 3) ? 0 : 100;
    plan.shut_odds = dice_hit(&dice, 2) ? 0 : 1000;
    (void)execute(&plan);
  }
}

static int set_up(void **state) {
  (void)state;
  bounded_start();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_threads_to_loop, set_up),
      cmocka_unit_test_setup(test_loop_to_threads, set_up),
      cmocka_unit_test_setup(test_everything_at_once, set_up),
  };
  dice_start();
  return cmocka_run_group_tests_name("stress.port", tests, NULL, NULL);
}

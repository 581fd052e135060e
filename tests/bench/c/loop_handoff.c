/* Ours, where one end or both are a loop: a slot and a port.
 *
 *   toloop    a thread puts (handoff_slot_put), a loop gets (handoff_port_get): ns per item
 *   fromloop  a loop puts (handoff_port_put), a thread gets (handoff_slot_get): ns per item
 *   sameloop  a loop puts and gets: ns per item
 *
 * One request at a time, made again in its own callback. Where the other end is a thread's, the callback first does
 * without a request what can be done without waiting, as an application does that wants the most of a turn of its
 * loop; where both are the loop's there is nothing to be had by that. */

#include <handoff.h>
#include <string.h>

#include "course.h"

#define TURN_MAX 64

/* The loop's half of the race. */
struct booth {
  handoff_slot_t slot;
  uv_loop_t loop;
  handoff_port_t port;
  handoff_req_t get;
  handoff_req_t put;
  uint64_t put_item;
  uint64_t got_item;
  uint64_t items;
  uint64_t sum;
  unsigned
      turn_max; /* items that a callback hands over before the loop's other handles get their turn */
  unsigned open; /* directions that have not ended */
};

static void check(int err) {
  if (err != 0) {
    course_fail(1, uv_strerror(err));
  }
}

static void end(struct booth *booth) {
  if (--booth->open == 0) {
    check(handoff_port_close(&booth->port, NULL));
  }
}

static void on_put(handoff_req_t *req, int status) {
  struct booth *booth = req->data;
  unsigned turn;

  check(status);
  for (turn = 0; turn < booth->turn_max && booth->put_item != booth->items; turn++) {
    uint64_t next = booth->put_item + 1;
    int err = handoff_slot_try_put(&booth->slot, &next);
    if (err == UV_EAGAIN) {
      break;
    }
    check(err);
    booth->put_item = next;
  }
  if (booth->put_item == booth->items) {
    end(booth);
    return;
  }
  booth->put_item++;
  check(handoff_port_put(&booth->port, req, &booth->slot, &booth->put_item, on_put));
}

static void on_got(handoff_req_t *req, int status) {
  struct booth *booth = req->data;
  unsigned turn;

  check(status);
  booth->sum += booth->got_item;
  for (turn = 0; turn < booth->turn_max && booth->got_item != booth->items; turn++) {
    int err = handoff_slot_try_get(&booth->slot, &booth->got_item);
    if (err == UV_EAGAIN) {
      break;
    }
    check(err);
    booth->sum += booth->got_item;
  }
  if (booth->got_item == booth->items) {
    end(booth);
    return;
  }
  check(handoff_port_get(&booth->port, req, &booth->slot, &booth->got_item, on_got));
}

static bool is(const char *scenario, const char *name) { return strcmp(scenario, name) == 0; }

static void init(struct booth *booth, const struct course *course) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));

  memset(booth, 0, sizeof *booth);
  options.capacity = course->number;
  check(handoff_slot_init(&booth->slot, &options));
  check(uv_loop_init(&booth->loop));
  booth->get.data = booth;
  booth->put.data = booth;
  booth->items = course->items;
  booth->turn_max = TURN_MAX;
}

static void open_get(struct booth *booth) {
  booth->open++;
  check(handoff_port_get(&booth->port, &booth->get, &booth->slot, &booth->got_item, on_got));
}

static void open_put(struct booth *booth) {
  booth->open++;
  booth->put_item = 1;
  check(handoff_port_put(&booth->port, &booth->put, &booth->slot, &booth->put_item, on_put));
}

static void run_loop(struct runner *self, void (*open)(struct booth *)) {
  struct booth *booth = self->arg;

  check(handoff_port_init(&booth->loop, &booth->port));
  open(booth);
  (void)uv_run(&booth->loop, UV_RUN_DEFAULT);
  self->sum = booth->sum;
}

static void open_both(struct booth *booth) {
  open_get(booth);
  open_put(booth);
}

static void loop_gets(struct runner *self) { run_loop(self, open_get); }
static void loop_puts(struct runner *self) { run_loop(self, open_put); }

static void loop_does_both(struct runner *self) {
  struct booth *booth = self->arg;

  booth->turn_max = 0;
  run_loop(self, open_both);
}

static void thread_puts(struct runner *self) {
  struct booth *booth = self->arg;
  uint64_t item;

  for (item = 1; item <= self->items; item++) {
    check(handoff_slot_put(&booth->slot, &item));
  }
}

static void thread_gets(struct runner *self) {
  struct booth *booth = self->arg;
  uint64_t sum = 0;
  uint64_t item = 0;

  while (item != self->items) {
    check(handoff_slot_get(&booth->slot, &item));
    sum += item;
  }
  self->sum = sum;
}

int main(int argc, char **argv) {
  struct course course = course_read(argc, argv);
  struct booth booth;
  struct runner runners[2] = {{.arg = &booth, .items = course.items},
                              {.arg = &booth, .items = course.items}};
  unsigned count = 2;
  uint64_t ns;

  if (is(course.scenario, "toloop")) {
    runners[0].run = loop_gets;
    runners[1].run = thread_puts;
  } else if (is(course.scenario, "fromloop")) {
    runners[0].run = loop_puts;
    runners[1].run = thread_gets;
  } else if (is(course.scenario, "sameloop")) {
    runners[0].run = loop_does_both;
    count = 1;
  } else {
    course_fail(COURSE_UNKNOWN, "no such scenario");
  }
  init(&booth, &course);
  ns = course_run(runners, count);
  check(uv_loop_close(&booth.loop));
  course_check(runners[0].sum + runners[1].sum, course.items);
  course_report(ns, course.items);
  return 0;
}

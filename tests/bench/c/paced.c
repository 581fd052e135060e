/* Ours: what a paced lane costs. Both sides at an interval of NUMBER ms, events on; prints the CPU time, of
 * both workers and the loop together, in ns per hand-off.
 *
 *   paced  ITEMS hand-offs; the first one, which starts the threads, is not counted */

#include <handoff.h>
#include <string.h>

#include "course.h"

struct work {
  uint64_t items;
  uint64_t produced; /* producer only */
  uint64_t sum;      /* consumer only */
  uint64_t begun_ns; /* loop only: the CPU time so far, as of the first hand-off */
  uint64_t ended_ns;
};

static int produce(handoff_lane_t *lane, void *item) {
  struct work *work = lane->data;

  work->produced++;
  memcpy(item, &work->produced, sizeof work->produced);
  return work->produced == work->items ? HANDOFF_LAST : 0;
}

static int consume(handoff_lane_t *lane, void *item) {
  struct work *work = lane->data;
  uint64_t number;

  memcpy(&number, item, sizeof number);
  work->sum += number;
  return 0;
}

static void on_event(handoff_lane_t *lane, const handoff_event_t *event) {
  struct work *work = lane->data;

  if (event->side == HANDOFF_CONSUMER) {
    work->ended_ns = course_cpu_ns();
    work->begun_ns = event->number == 1 ? work->ended_ns : work->begun_ns;
  }
}

static void on_end(handoff_lane_t *lane, int status) {
  handoff_port_t *port = lane->port;

  if (status != 0 || handoff_lane_close(lane, NULL) != 0 || handoff_port_close(port, NULL) != 0) {
    course_fail(1, "the lane did not end well");
  }
}

int main(int argc, char **argv) {
  struct course course = course_read(argc, argv);
  struct work work = {.items = course.items + 1};
  uv_loop_t loop;
  handoff_port_t port;
  handoff_lane_t lane;
  handoff_lane_options_t options = handoff_lane_options(sizeof(uint64_t), produce, consume);

  if (strcmp(course.scenario, "paced") != 0) {
    course_fail(COURSE_UNKNOWN, "no such scenario");
  }
  options.on_event = on_event;
  options.on_end = on_end;
  options.producer.interval_ns = course.number * 1000000;
  options.consumer.interval_ns = course.number * 1000000;
  lane.data = &work;
  if (uv_loop_init(&loop) != 0 || handoff_port_init(&loop, &port) != 0 ||
      handoff_lane_init(&port, &lane, &options) != 0 || handoff_lane_start(&lane) != 0) {
    course_fail(1, "the lane did not start");
  }
  (void)uv_run(&loop, UV_RUN_DEFAULT);
  (void)uv_loop_close(&loop);
  course_check(work.sum, work.items);
  course_report(work.ended_ns - work.begun_ns, course.items);
  return 0;
}

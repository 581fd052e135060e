/* handoff: a lane whose two sides are paced at NUMBER ms, with events. Prints the CPU time of both
 * workers and the loop, in ns per transfer, over ITEMS transfers. One more transfer comes first and
 * is not counted, because it starts the threads. */

#include <handoff.h>
#include <string.h>

#include "harness.h"

struct work {
  uint64_t items;
  uint64_t produced;     /* producer only */
  uint64_t sum;          /* consumer only */
  uint64_t start_cpu_ns; /* loop only, as is the next: at the first transfer */
  uint64_t end_cpu_ns;
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
    work->end_cpu_ns = harness_cpu_ns();
    work->start_cpu_ns = event->number == 1 ? work->end_cpu_ns : work->start_cpu_ns;
  }
}

static void on_end(handoff_lane_t *lane, int status) {
  harness_check(status);
  harness_check(handoff_port_close(lane->port, NULL));
}

int main(int argc, char **argv) {
  struct harness_args args = harness_parse(argc, argv);
  struct work work = {.items = args.items + 1};
  uv_loop_t loop;
  handoff_port_t port;
  handoff_lane_t lane;
  handoff_lane_options_t options = handoff_lane_options(sizeof(uint64_t), produce, consume);

  if (!harness_is(&args, "paced")) {
    harness_unsupported();
  }
  options.on_event = on_event;
  options.on_end = on_end;
  options.producer.interval_ns = args.number * 1000000;
  options.consumer.interval_ns = args.number * 1000000;
  lane.data = &work;
  harness_check(uv_loop_init(&loop));
  harness_check(handoff_port_init(&loop, &port));
  harness_check(handoff_lane_init(&port, &lane, &options));
  harness_check(handoff_lane_start(&lane));
  (void)uv_run(&loop, UV_RUN_DEFAULT);
  harness_check(uv_loop_close(&loop));
  harness_check_sum(work.sum, work.items);
  harness_print(work.end_cpu_ns - work.start_cpu_ns, args.items);
  return 0;
}

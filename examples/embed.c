#include <handoff.h>
#include <stdio.h>

static int produce(handoff_lane_t *lane, void *item) { /* runs on the producer's thread */
  int *count = lane->data;
  return (*(int *)item = ++*count) == 5 ? HANDOFF_LAST : 0;
}

static int consume(handoff_lane_t *lane, void *item) { return 0; } /* on the consumer's thread */

static void on_event(handoff_lane_t *lane, const handoff_event_t *event) { /* on your loop */
  printf("%s: %d\n", event->side == HANDOFF_PRODUCER ? "Producer" : "Consumer", (int)event->number);
}

int main(void) {
  uv_loop_t loop;
  handoff_port_t port;
  handoff_lane_t lane = {.data = &(int){0}};
  handoff_lane_options_t options = handoff_lane_options(sizeof(int), produce, consume);
  options.on_event = on_event;
  options.producer.interval_ns = 100000000; /* 100 ms: ten items per second */

  return uv_loop_init(&loop) || handoff_port_init(&loop, &port) ||
         handoff_lane_init(&port, &lane, &options) || handoff_lane_start(&lane) ||
         uv_run(&loop, UV_RUN_DEFAULT) ||   /* until the lane has ended */
         handoff_port_close(&port, NULL) || /* closes the lane too */
         uv_run(&loop, UV_RUN_DEFAULT) || uv_loop_close(&loop);
}

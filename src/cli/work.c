/* work: see work.h. Worker threads, but for init and close. */

#include "work.h"

#include <string.h>

/* One worker counts, others only look: no need for a locked instruction. */
static uint64_t count(atomic_uint_fast64_t *counter) {
  uint64_t n = atomic_load_explicit(counter, memory_order_relaxed) + 1;
  atomic_store_explicit(counter, n, memory_order_relaxed);
  return n;
}

static bool is_all_produced(struct work *work) {
  return work->options->has_count &&
         atomic_load_explicit(&work->produced, memory_order_relaxed) == work->options->count;
}

/* ------------------------------------------------------------------------------- the counter -- */

static int produce_number(handoff_lane_t *lane, void *item) {
  struct work *work = lane->data;
  uint64_t number;

  if (is_all_produced(work)) {
    return UV_EOF;
  }
  number = count(&work->produced);
  memcpy(item, &number, sizeof number);
  return is_all_produced(work) ? HANDOFF_LAST : 0;
}

static int consume_number(handoff_lane_t *lane, void *item) {
  struct work *work = lane->data;
  uint64_t number;

  memcpy(&number, item, sizeof number);
  return number == count(&work->consumed) ? 0 : UV_EPROTO; /* each once, in order, or it is a bug */
}

/* --------------------------------------------------------------------------------- the lines -- */

static int produce_line(handoff_lane_t *lane, void *item) {
  struct work *work = lane->data;
  struct line line;
  int err = is_all_produced(work) ? UV_EOF : source_next(&work->source, &line);

  if (err != 0) {
    work->source_error = err == UV_EOF ? 0 : err;
    return err;
  }
  (void)count(&work->produced);
  line.is_last_read = line.is_last_read || is_all_produced(work);
  memcpy(item, &line, sizeof line);
  return is_all_produced(work) ? HANDOFF_LAST : 0;
}

static int consume_line(handoff_lane_t *lane, void *item) {
  struct work *work = lane->data;
  struct line line;
  int err;

  memcpy(&line, item, sizeof line);
  err = sink_put(&work->sink, line.data, line.size);
  if (err == 0 && (work->is_flushed || line.is_last_read)) {
    err = sink_flush(&work->sink);
  }
  line_done(&line);
  if (err != 0) {
    work->sink_error = err;
    source_interrupt(&work->source); /* or the producer would wait on for input that nobody wants */
    return err;
  }
  (void)count(&work->consumed);
  return 0;
}

static void drop_line(void *item, void *arg) {
  struct work *work = arg;
  struct line line;

  memcpy(&line, item, sizeof line);
  source_drop(&work->source, &line);
}

/* ---------------------------------------------------------------------------------- the work -- */

int work_init(struct work *work, const struct options *options) {
  const uint64_t *interval_ns = options->interval_ns;

  work->options = options;
  work->source_name = options->source != NULL && strcmp(options->source, "-") == 0
                          ? "standard input"
                          : options->source;
  work->is_flushed = interval_ns[HANDOFF_PRODUCER] != 0 || interval_ns[HANDOFF_CONSUMER] != 0;
  atomic_init(&work->produced, 0);
  atomic_init(&work->consumed, 0);
  work->source_error = 0;
  work->sink_error = 0;
  sink_init(&work->sink, -1);
  return options->source == NULL ? 0
                                 : source_open(&work->source, options->source, options->delimiter);
}

static handoff_side_options_t side_options(const struct options *options, handoff_side_t side) {
  return (handoff_side_options_t){
      .interval_ns = options->interval_ns[side], .missed = options->late, .burst = options->burst};
}

handoff_lane_options_t work_lane_options(struct work *work) {
  const struct options *options = work->options;
  bool is_counter = options->source == NULL;
  handoff_lane_options_t lane =
      is_counter ? handoff_lane_options(sizeof(uint64_t), produce_number, consume_number)
                 : handoff_lane_options(sizeof(struct line), produce_line, consume_line);

  lane.name = is_counter ? "counter" : options->source;
  lane.drop = is_counter ? NULL : drop_line;
  lane.drop_arg = work;
  lane.capacity = options->capacity;
  lane.event_capacity = WORK_EVENTS;
  lane.coalesce_ns = 1000000;
  lane.producer = side_options(options, HANDOFF_PRODUCER);
  lane.consumer = side_options(options, HANDOFF_CONSUMER);
  return lane;
}

void work_interrupt(struct work *work) {
  if (work->options->source != NULL) {
    source_interrupt(&work->source);
  }
}

void work_close(struct work *work) {
  if (work->options->source != NULL) {
    source_close(&work->source);
  }
}

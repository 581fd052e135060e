/* lane_callbacks: see lane_callbacks.h. */

#include "lane_callbacks.h"

#include <string.h>

#define COALESCE_NS ((uint64_t)1000 * 1000)

/* Only one thread writes each counter, so no atomic read-modify-write is needed. */
static uint64_t increment(atomic_uint_fast64_t *counter) {
  uint64_t n = atomic_load_explicit(counter, memory_order_relaxed) + 1;
  atomic_store_explicit(counter, n, memory_order_relaxed);
  return n;
}

/* A limit of no time is a count of no items. */
static bool is_all_produced(struct lane_callbacks *callbacks) {
  const struct options *options = callbacks->options;

  return (options->has_limit && options->limit_ns == 0) ||
         (options->has_count &&
          atomic_load_explicit(&callbacks->produced, memory_order_relaxed) == options->count);
}

/* ----------------------------------------------------------------------------------- counter -- */

static int produce_number(handoff_lane_t *lane, void *item) {
  struct lane_callbacks *callbacks = lane->data;
  uint64_t number;

  if (is_all_produced(callbacks)) {
    return UV_EOF;
  }
  number = increment(&callbacks->produced);
  memcpy(item, &number, sizeof number);
  return is_all_produced(callbacks) ? HANDOFF_LAST : 0;
}

/* Fails if a number is missing, repeated or out of order, which would be a bug in the library. */
static int consume_number(handoff_lane_t *lane, void *item) {
  struct lane_callbacks *callbacks = lane->data;
  uint64_t number;

  memcpy(&number, item, sizeof number);
  return number == increment(&callbacks->consumed) ? 0 : UV_EPROTO;
}

/* ------------------------------------------------------------------------------------- lines -- */

static int produce_line(handoff_lane_t *lane, void *item) {
  struct lane_callbacks *callbacks = lane->data;
  struct line line;
  int err = is_all_produced(callbacks) ? UV_EOF : line_reader_next(&callbacks->reader, &line);

  if (err != 0) {
    callbacks->read_error = err == UV_EOF ? 0 : err;
    return err;
  }
  (void)increment(&callbacks->produced);
  line.is_last_buffered = line.is_last_buffered || is_all_produced(callbacks);
  memcpy(item, &line, sizeof line);
  return is_all_produced(callbacks) ? HANDOFF_LAST : 0;
}

/* Flushes the writer when the next line may take a while: then this line must be visible now. */
static int consume_line(handoff_lane_t *lane, void *item) {
  struct lane_callbacks *callbacks = lane->data;
  struct line line;
  int err;

  memcpy(&line, item, sizeof line);
  err = line_writer_append(&callbacks->writer, line.data, line.size);
  if (err == 0 && (callbacks->flushes_each_line || line.is_last_buffered)) {
    err = line_writer_flush(&callbacks->writer);
  }
  line_release(&line);
  if (err != 0) {
    callbacks->write_error = err;
    line_reader_interrupt(&callbacks->reader); /* The producer may be waiting for input. */
  }
  return err;
}

static void discard_line(void *item, void *arg) {
  struct lane_callbacks *callbacks = arg;
  struct line line;

  memcpy(&line, item, sizeof line);
  line_reader_discard(&callbacks->reader, &line);
}

/* --------------------------------------------------------------------------------- lifecycle -- */

int lane_callbacks_init(struct lane_callbacks *callbacks, const struct options *options) {
  const uint64_t *interval_ns = options->interval_ns;
  const char *source = options->source;

  callbacks->options = options;
  callbacks->source_name = source != NULL && strcmp(source, "-") == 0 ? "standard input" : source;
  callbacks->flushes_each_line =
      interval_ns[HANDOFF_PRODUCER] != 0 || interval_ns[HANDOFF_CONSUMER] != 0;
  atomic_init(&callbacks->produced, 0);
  atomic_init(&callbacks->consumed, 0);
  callbacks->read_error = 0;
  callbacks->write_error = 0;
  line_writer_init(&callbacks->writer, options->delimiter);
  return source == NULL ? 0 : line_reader_open(&callbacks->reader, source, options->delimiter);
}

void lane_callbacks_close(struct lane_callbacks *callbacks) {
  if (callbacks->options->source != NULL) {
    line_reader_close(&callbacks->reader);
  }
}

static handoff_side_options_t side_options(const struct options *options, handoff_side_t side) {
  return (handoff_side_options_t){.interval_ns = options->interval_ns[side],
                                  .missed = options->missed,
                                  .burst = options->burst};
}

handoff_lane_options_t lane_callbacks_options(struct lane_callbacks *callbacks) {
  const struct options *options = callbacks->options;
  bool is_counter = options->source == NULL;
  handoff_lane_options_t lane =
      is_counter ? handoff_lane_options(sizeof(uint64_t), produce_number, consume_number)
                 : handoff_lane_options(sizeof(struct line), produce_line, consume_line);

  lane.name = is_counter ? "counter" : options->source;
  lane.drop = is_counter ? NULL : discard_line;
  lane.drop_arg = callbacks;
  lane.capacity = options->capacity;
  lane.event_capacity = LANE_CALLBACKS_EVENTS;
  lane.coalesce_ns = COALESCE_NS;
  lane.producer = side_options(options, HANDOFF_PRODUCER);
  lane.consumer = side_options(options, HANDOFF_CONSUMER);
  return lane;
}

void lane_callbacks_interrupt(struct lane_callbacks *callbacks) {
  if (callbacks->options->source != NULL) {
    line_reader_interrupt(&callbacks->reader);
  }
}

void lane_callbacks_cancel(struct lane_callbacks *callbacks) {
  stream_cancel(&callbacks->writer.stream);
  if (callbacks->options->source != NULL) {
    stream_cancel(&callbacks->reader.stream);
  }
}

bool lane_callbacks_is_complete(const struct lane_callbacks *callbacks, uint64_t items) {
  const struct options *options = callbacks->options;

  return (options->has_count && items == options->count) ||
         (options->source != NULL && atomic_load(&callbacks->reader.has_ended) &&
          items == atomic_load(&callbacks->produced));
}

void lane_callbacks_give_back(struct lane_callbacks *callbacks) {
  if (callbacks->options->source != NULL) {
    line_reader_give_back(&callbacks->reader, atomic_load(&callbacks->writer.bytes));
  }
}

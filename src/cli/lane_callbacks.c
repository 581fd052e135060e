/* lane_callbacks: see lane_callbacks.h. */

#include "lane_callbacks.h"

#include <string.h>

#define COALESCE_NS ((uint64_t)1000 * 1000)
/* How long output may wait for more, if lines are processed in batches. */
#define FLUSH_NS ((uint64_t)50 * 1000)
/* A late tick still runs if it is late by less than this, even with a shorter interval. */
#define LATE_MAX_NS ((uint64_t)4 * 1000 * 1000)

/* Only one thread writes each counter, so no atomic read-modify-write is needed. */
static uint64_t add(atomic_uint_fast64_t *counter, uint64_t n) {
  n += atomic_load_explicit(counter, memory_order_relaxed);
  atomic_store_explicit(counter, n, memory_order_relaxed);
  return n;
}

static bool is_all_produced(struct lane_callbacks *callbacks) {
  return atomic_load_explicit(&callbacks->produced, memory_order_relaxed) == callbacks->produce_max;
}

/* ----------------------------------------------------------------------------------- counter -- */

static int produce_number(handoff_lane_t *lane, void *item) {
  struct lane_callbacks *callbacks = lane->data;
  uint64_t number;

  if (is_all_produced(callbacks)) {
    return UV_EOF;
  }
  number = add(&callbacks->produced, 1);
  memcpy(item, &number, sizeof number);
  return is_all_produced(callbacks) ? HANDOFF_LAST : 0;
}

/* Fails if a number is missing, repeated or out of order, which would be a bug in the library. */
static int consume_number(handoff_lane_t *lane, void *item) {
  struct lane_callbacks *callbacks = lane->data;
  uint64_t number;

  memcpy(&number, item, sizeof number);
  return number == add(&callbacks->consumed, 1) ? 0 : UV_EPROTO;
}

/* ------------------------------------------------------------------------------------- lines -- */

/* Gets the next line, and measures how long a paced run waits for the source. */
static int next_line(struct lane_callbacks *callbacks, struct line *line) {
  uint64_t begun_ns;
  int err;

  if (callbacks->interval_ns == 0 || !callbacks->needs_read) {
    err = line_reader_next(&callbacks->reader, line);
  } else {
    begun_ns = uv_hrtime();
    err = line_reader_next(&callbacks->reader, line);
    (void)add(&callbacks->read_ns, uv_hrtime() - begun_ns);
  }
  if (err == 0) {
    callbacks->needs_read = line->is_last_buffered;
    if (callbacks->has_limit) {
      byte_limit_add(&callbacks->limit, line->size);
    }
  }
  return err;
}

static int produce_line(handoff_lane_t *lane, void *item) {
  struct lane_callbacks *callbacks = lane->data;
  struct line line;
  int err = is_all_produced(callbacks) ? UV_EOF : next_line(callbacks, &line);

  if (err != 0) {
    callbacks->read_error = err == UV_EOF ? 0 : err;
    return err;
  }
  (void)add(&callbacks->produced, 1);
  line.is_last_buffered = line.is_last_buffered || is_all_produced(callbacks);
  memcpy(item, &line, sizeof line);
  return is_all_produced(callbacks) ? HANDOFF_LAST : 0;
}

/* A write costs ticks by as much as it lasts longer than an interval. */
static void measure_write(struct lane_callbacks *callbacks, uint64_t took_ns) {
  const uint64_t allowed_ns = callbacks->flush_ns == 0 ? callbacks->interval_ns : LATE_MAX_NS;

  if (took_ns > allowed_ns) {
    (void)add(&callbacks->slow_ns, took_ns - allowed_ns);
  }
}

/* Writes the line. The writer is flushed when the next line may take a while, because then this one
 * must be visible now; and when it has held output for flush_ns. */
static int write_line(struct lane_callbacks *callbacks, const struct line *line) {
  const bool is_paced = callbacks->interval_ns != 0;
  const uint64_t begun_ns = is_paced ? uv_hrtime() : 0;
  int err = line_writer_append(&callbacks->writer, line->data, line->size);

  if (err != 0) {
    return err;
  }
  if (line->is_last_buffered ||
      (is_paced && begun_ns - callbacks->flushed_ns >= callbacks->flush_ns)) {
    err = line_writer_flush(&callbacks->writer);
    callbacks->flushed_ns = begun_ns;
    if (is_paced) {
      measure_write(callbacks, uv_hrtime() - begun_ns);
    }
  }
  return err;
}

static int consume_line(handoff_lane_t *lane, void *item) {
  struct lane_callbacks *callbacks = lane->data;
  struct line line;
  int err;

  memcpy(&line, item, sizeof line);
  err = write_line(callbacks, &line);
  line_release(&line);
  if (err != 0) {
    callbacks->write_error = err;
    lane_callbacks_interrupt(callbacks); /* The producer may be waiting for input. */
    return err;
  }
  if (callbacks->has_limit) {
    byte_limit_remove(&callbacks->limit, line.size);
  }
  return 0;
}

static void discard_line(void *item, void *arg) {
  struct lane_callbacks *callbacks = arg;
  struct line line;

  memcpy(&line, item, sizeof line);
  line_reader_discard(&callbacks->reader, &line);
}

/* --------------------------------------------------------------------------------- lifecycle -- */

static int open_source(struct lane_callbacks *callbacks, const struct options *options) {
  int err = line_reader_open(&callbacks->reader, options->source, options->delimiter);

  if (err == 0 && options->queued_bytes != SIZE_MAX) {
    err = byte_limit_init(&callbacks->limit, options->queued_bytes);
    callbacks->has_limit = err == 0;
    if (err != 0) {
      line_reader_close(&callbacks->reader);
    }
  }
  return err;
}

/* A limit of no time is a count of no items. */
static uint64_t count_max(const struct options *options) {
  if (options->has_limit && options->limit_ns == 0) {
    return 0;
  }
  return options->has_count ? options->count : UINT64_MAX;
}

int lane_callbacks_init(struct lane_callbacks *callbacks, const struct options *options) {
  const uint64_t count = count_max(options);
  const char *source = options->source;

  callbacks->options = options;
  callbacks->source_name = source != NULL && strcmp(source, "-") == 0 ? "standard input" : source;
  callbacks->has_limit = false;
  callbacks->interval_ns = options_interval_ns(options);
  callbacks->flush_ns = callbacks->interval_ns > OPTIONS_BATCH_INTERVAL_NS ? 0 : FLUSH_NS;
  callbacks->produce_max =
      options->start_burst != 0 && options->start_burst < count ? options->start_burst : count;
  callbacks->needs_read = true;
  callbacks->flushed_ns = 0;
  atomic_init(&callbacks->read_ns, 0);
  atomic_init(&callbacks->slow_ns, 0);
  atomic_init(&callbacks->produced, 0);
  atomic_init(&callbacks->consumed, 0);
  callbacks->read_error = 0;
  callbacks->write_error = 0;
  line_writer_init(&callbacks->writer, options->delimiter);
  return source == NULL ? 0 : open_source(callbacks, options);
}

void lane_callbacks_close(struct lane_callbacks *callbacks) {
  if (callbacks->options->source != NULL) {
    line_reader_close(&callbacks->reader);
  }
  if (callbacks->has_limit) {
    byte_limit_destroy(&callbacks->limit);
  }
}

static handoff_side_options_t side_options(const struct options *options, handoff_side_t side) {
  return (handoff_side_options_t){
      .interval_ns = options->start_burst != 0 ? 0 : options->interval_ns[side],
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
  if (callbacks->has_limit) {
    byte_limit_end(&callbacks->limit);
  }
}

bool lane_callbacks_start_pacing(struct lane_callbacks *callbacks, handoff_lane_t *lane) {
  const struct options *options = callbacks->options;

  if (options->start_burst == 0 || callbacks->produce_max != options->start_burst ||
      !is_all_produced(callbacks)) {
    return false;
  }
  callbacks->produce_max = count_max(options);
  (void)handoff_lane_set_interval(lane, HANDOFF_PRODUCER, options->interval_ns[HANDOFF_PRODUCER]);
  (void)handoff_lane_set_interval(lane, HANDOFF_CONSUMER, options->interval_ns[HANDOFF_CONSUMER]);
  return callbacks->produce_max != options->start_burst;
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

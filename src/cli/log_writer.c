/* log_writer: see log_writer.h. */

#include "log_writer.h"

#include <stdlib.h>
#include <string.h>

#include "units.h"

struct batch {
  const char *text;
  size_t size;
};

/* The writing thread. It ends when `batches` is shut. */
static void write_batches(void *arg) {
  struct log_writer *log = arg;
  struct batch batch;
  int err = 0;

  while (err == 0 && handoff_slot_get(&log->batches, &batch) == 0) {
    struct log_result result;
    result.err = stream_write(&log->stream, batch.text, batch.size, &result.written);
    err = handoff_slot_put(&log->results, &result);
  }
}

static int init_slots(struct log_writer *log) {
  handoff_slot_options_t batches = handoff_slot_options(sizeof(struct batch));
  handoff_slot_options_t results = handoff_slot_options(sizeof(struct log_result));
  int err = handoff_slot_init(&log->batches, &batches);

  if (err != 0) {
    return err;
  }
  err = handoff_slot_init(&log->results, &results);
  if (err != 0) {
    handoff_slot_destroy(&log->batches);
  }
  return err;
}

int log_writer_init(struct log_writer *log, handoff_port_t *port, int fd,
                    void (*on_written)(struct log_writer *, int err, size_t written)) {
  uv_thread_options_t options = {.flags = UV_THREAD_HAS_STACK_SIZE,
                                 .stack_size = (size_t)256 * 1024};
  int err = init_slots(log);

  if (err != 0) {
    return err;
  }
  log->port = port;
  stream_init(&log->stream, fd);
  log->on_written = on_written;
  handoff_req_init(&log->req);
  log->req.data = log;
  log->has_failed = false;
  log->is_writing = false;
  log->filling = 0;
  log->filled = 0;
  log->consumed[0] = 0;
  log->consumed[1] = 0;
  log->items = 0;
  err = uv_thread_create_ex(&log->thread, &options, write_batches, log);
  if (err != 0) {
    handoff_slot_destroy(&log->results);
    handoff_slot_destroy(&log->batches);
  }
  return err;
}

static void write_batch(struct log_writer *log);

/* The consumer's whole lines in the first bytes of a batch. */
static uint64_t count_consumed(const char *text, size_t size) {
  const char *const end = text + size;
  const char *found;
  uint64_t n = 0;

  while (text != end && (found = memchr(text, '\n', (size_t)(end - text))) != NULL) {
    n += text[0] == 'C';
    text = found + 1;
  }
  return n;
}

static void on_result(handoff_req_t *req, int status) {
  struct log_writer *log = req->data;
  const struct log_result result = log->result; /* The next request may overwrite the field. */
  const unsigned batch = !log->filling;

  (void)status; /* 0: `results` is never shut and the request never cancelled. */
  log->is_writing = false;
  log->items +=
      result.err == 0 ? log->consumed[batch] : count_consumed(log->buffers[batch], result.written);
  log->consumed[batch] = 0;
  if (result.err != 0) {
    log->has_failed = true;
    log->filled = 0;
  } else if (log->filled != 0) {
    write_batch(log);
  }
  log->on_written(log, result.err, result.written);
}

static void write_batch(struct log_writer *log) {
  struct batch batch = {log->buffers[log->filling], log->filled};

  log->is_writing = true;
  log->filling = !log->filling;
  log->filled = 0;
  /* Neither call can fail: no other batch is outstanding, so the slot has room and the request is
   * not pending. */
  if (handoff_slot_try_put(&log->batches, &batch) != 0 ||
      handoff_port_get(log->port, &log->req, &log->results, &log->result, on_result) != 0) {
    abort();
  }
}

void log_writer_add(struct log_writer *log, const char *text, size_t size) {
  if (log->has_failed) {
    return;
  }
  if (size > LOG_WRITER_SIZE - log->filled) {
    abort(); /* The caller broke the requirement. */
  }
  memcpy(log->buffers[log->filling] + log->filled, text, size);
  log->filled += size;
  if (!log->is_writing) {
    write_batch(log);
  }
}

/* Without printf, which would take a quarter of the time of an unpaced transfer. */
void log_writer_add_event(struct log_writer *log, const handoff_event_t *event) {
  static const char *const sides[] = {"Producer: ", "Consumer: "};
  size_t size = strlen(sides[event->side]);
  char text[LOG_WRITER_EVENT_SIZE];

  memcpy(text, sides[event->side], size);
  size += units_print_count(text + size, event->number);
  text[size++] = '\n';
  log->consumed[log->filling] += event->side == HANDOFF_CONSUMER; /* Adding may swap buffers. */
  log_writer_add(log, text, size);
}

bool log_writer_is_full(const struct log_writer *log) {
  return log->filled > LOG_WRITER_SIZE - LOG_WRITER_RESERVE;
}

bool log_writer_is_idle(const struct log_writer *log) {
  return !log->is_writing && log->filled == 0;
}

void log_writer_cancel(struct log_writer *log) { stream_cancel(&log->stream); }

void log_writer_close(struct log_writer *log) {
  handoff_slot_shut(&log->batches);
  (void)uv_thread_join(&log->thread);
  handoff_slot_destroy(&log->results);
  handoff_slot_destroy(&log->batches);
}

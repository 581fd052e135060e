/* log: see log.h. */

#include "log.h"

#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "units.h"

struct batch {
  const char *text;
  size_t size;
};

/* The log's thread. It ends when `batches` is shut. */
static void write_batches(void *arg) {
  struct log *log = arg;
  struct batch batch;
  int err = 0;

  while (err == 0 && handoff_slot_get(&log->batches, &batch) == 0) {
    int result = output_write(log->fd, batch.text, batch.size);
    err = handoff_slot_put(&log->results, &result);
  }
}

static int init_slots(struct log *log) {
  handoff_slot_options_t batches = handoff_slot_options(sizeof(struct batch));
  handoff_slot_options_t results = handoff_slot_options(sizeof(int));
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

int log_init(struct log *log, handoff_port_t *port, int fd,
             void (*on_written)(struct log *, int err)) {
  uv_thread_options_t options = {.flags = UV_THREAD_HAS_STACK_SIZE,
                                 .stack_size = (size_t)256 * 1024};
  int err = init_slots(log);

  if (err != 0) {
    return err;
  }
  log->port = port;
  log->fd = fd;
  log->on_written = on_written;
  log->req.is_pending = false;
  log->has_failed = false;
  log->is_writing = false;
  log->filling = 0;
  log->filled = 0;
  err = uv_thread_create_ex(&log->thread, &options, write_batches, log);
  if (err != 0) {
    handoff_slot_destroy(&log->results);
    handoff_slot_destroy(&log->batches);
  }
  return err;
}

static void write_filled(struct log *log);

static void on_result(handoff_req_t *req, int status) {
  struct log *log = req->data;
  int result = log->result; /* the next batch may write it while we are still here */

  (void)status; /* `results` is never shut and the request never cancelled */
  log->is_writing = false;
  if (result != 0) {
    log->has_failed = true;
    log->filled = 0;
  } else if (log->filled != 0) {
    write_filled(log);
  }
  log->on_written(log, result);
}

static void write_filled(struct log *log) {
  struct batch batch = {log->buffers[log->filling], log->filled};

  log->is_writing = true;
  log->filling = !log->filling;
  log->filled = 0;
  log->req.data = log;
  /* Neither can fail: with one batch outstanding the slot has room, and the request is free. */
  if (handoff_slot_try_put(&log->batches, &batch) != 0 ||
      handoff_port_get(log->port, &log->req, &log->results, &log->result, on_result) != 0) {
    abort();
  }
}

void log_add(struct log *log, const char *text, size_t size) {
  if (log->has_failed) {
    return;
  }
  if (size > LOG_SIZE - log->filled) {
    abort(); /* it was to fit */
  }
  memcpy(log->buffers[log->filling] + log->filled, text, size);
  log->filled += size;
  if (!log->is_writing) {
    write_filled(log);
  }
}

/* Without printf, which would take a quarter of the whole time of an unpaced hand-off. */
void log_add_event(struct log *log, const handoff_event_t *event) {
  static const char *const sides[] = {"Producer: ", "Consumer: "};
  size_t size = strlen(sides[event->side]);
  char text[LOG_EVENT_SIZE];

  memcpy(text, sides[event->side], size);
  size += units_print_count(text + size, event->number);
  text[size++] = '\n';
  log_add(log, text, size);
}

bool log_is_full(const struct log *log) { return log->filled > LOG_SIZE - LOG_RESERVE; }

bool log_is_idle(const struct log *log) { return !log->is_writing && log->filled == 0; }

void log_close(struct log *log) {
  handoff_slot_shut(&log->batches);
  (void)uv_thread_join(&log->thread);
  handoff_slot_destroy(&log->results);
  handoff_slot_destroy(&log->batches);
}

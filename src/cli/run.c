/* run: see run.h. Loop thread only.
 *
 * The way to the end, whatever the reason: the lane is closed, its workers finish the item in hand;
 * what sink and logs still hold is written; then every handle is closed and the loop has nothing
 * left to do. If a signal began it, it may take GRACE_MS and no longer: a writer may be stuck. */

#include "run.h"

#include <stdlib.h>
#include <unistd.h>

#include "descriptors.h"
#include "log.h"
#include "output.h"
#include "signals.h"
#include "tell.h"

#define GRACE_MS 75
#define MS_NS ((uint64_t)1000 * 1000)
/* Descriptors that uv_loop_init takes. It would abort where there are too few for what its signals
 * need. */
#define LOOP_DESCRIPTORS 8

/* A lane that is held because its log is full is released when it is closed. Then all that waits
 * comes at once: what is in the slots, what has been taken out of them, what waits to be put in,
 * and of each worker the item in hand. */
_Static_assert(LOG_RESERVE >= (size_t)2 * (WORK_EVENTS + 3) * LOG_EVENT_SIZE, "a log's reserve");

struct run {
  const struct options *options;
  struct work *work;
  const char *output_name;
  struct ending ending;
  uv_loop_t loop;
  handoff_port_t port;
  handoff_lane_t lane;
  struct signals signals;
  uv_timer_t limit; /* --for */
  uint64_t limit_ns;
  uv_timer_t grace;
  bool is_closing;     /* the lane */
  bool is_lane_closed; /* what is left is being written */
  bool has_output;
  bool has_log;
  struct log output; /* the counter's log; with a SOURCE, what the sink left */
  struct log log;    /* with a SOURCE and -v: of hand-offs, on stderr */
  struct tell tell;
  bool has_signals;
};

static struct run *run_of(const handoff_lane_t *lane) {
  const struct work *work = lane->data;
  return work->data;
}

/* -------------------------------------------------------------------------------- the ending -- */

/* Only the first error counts. */
static void fail(struct run *r, int err, const char *what) {
  if (r->ending.error == 0) {
    r->ending.error = err;
    r->ending.what = what;
  }
}

static void close_all(struct run *r) {
  uv_close((uv_handle_t *)&r->limit, NULL);
  uv_close((uv_handle_t *)&r->grace, NULL);
  if (r->has_output) {
    log_close(&r->output);
  }
  if (r->has_log) {
    log_close(&r->log);
  }
  if (r->has_signals) {
    signals_close(&r->signals); /* once no thread is left but this, and perhaps the answer's */
  }
  (void)handoff_port_close(&r->port, NULL);
}

static void close_if_written(struct run *r) {
  if (r->is_lane_closed && log_is_idle(&r->output) && (!r->has_log || log_is_idle(&r->log))) {
    close_all(r);
  }
}

static void on_lane_closed(handoff_lane_t *lane) {
  struct run *r = run_of(lane);
  struct sink *sink = &r->work->sink;

  r->is_lane_closed = true;
  if (r->work->sink_error == 0 && sink->filled != 0) {
    log_add(&r->output, sink->buffer, sink->filled);
  }
  close_if_written(r);
}

static void close_lane(struct run *r) {
  if (!r->is_closing) {
    r->is_closing = true;
    work_interrupt(r->work);
    (void)handoff_lane_close(&r->lane, on_lane_closed);
  }
}

static void on_lane_end(handoff_lane_t *lane, int status) {
  struct run *r = run_of(lane);

  r->tell.ended_ns = uv_hrtime();
  if (r->work->sink_error != 0) {
    fail(r, r->work->sink_error, r->output_name);
  } else if (r->work->source_error != 0) {
    fail(r, r->work->source_error, r->work->source_name);
  } else if (status != 0 && status != UV_ECANCELED) {
    fail(r, status, "the hand-off failed");
  }
  close_lane(r);
}

static void on_grace_over(uv_timer_t *timer) {
  struct run *r = timer->data;

  tell_at_end(&r->tell);
  signals_die_of(r->ending.signal);
}

static void on_end_signal(struct signals *signals, int signum) {
  struct run *r = signals->data;

  if (r->ending.signal != 0) {
    signals_die_of(signum);
  }
  r->ending.signal = signum;
  r->tell.killed_ns = uv_hrtime();
  (void)uv_timer_start(&r->grace, on_grace_over, GRACE_MS, 0);
  close_lane(r);
}

static void on_ask_signal(struct signals *signals) {
  struct run *r = signals->data;
  tell_now(&r->tell);
}

static void on_limit(uv_timer_t *timer) {
  struct run *r = timer->data;
  uint64_t now_ns = uv_hrtime();

  if (now_ns < r->limit_ns) { /* it has just been set, or was up to a millisecond early */
    (void)uv_timer_start(timer, on_limit, (r->limit_ns - now_ns) / MS_NS + 1, 0);
  } else {
    close_lane(r);
  }
}

/* ----------------------------------------------------------------------------------- the log -- */

static void on_written(struct log *log, int err) {
  struct run *r = log->data;

  if (err != 0) {
    fail(r, err, log == &r->output ? r->output_name : "standard error");
    close_lane(r);
  } else if (!r->is_lane_closed && !log_is_full(log)) {
    handoff_lane_resume(&r->lane);
  }
  close_if_written(r);
}

static void on_event(handoff_lane_t *lane, const handoff_event_t *event) {
  struct run *r = run_of(lane);
  struct log *log = r->has_log ? &r->log : &r->output;

  stats_add(&r->tell.stats, event);
  if (!r->has_log && (r->options->source != NULL || r->options->verbosity == OPTIONS_QUIET)) {
    return;
  }
  log_add_event(log, event);
  if (log_is_full(log)) {
    handoff_lane_pause(lane);
  }
}

/* --------------------------------------------------------------------------------- the start -- */

static int start_log(struct run *r, struct log *log, int fd, bool *has_log) {
  int err = log_init(log, &r->port, fd, on_written);
  log->data = r;
  *has_log = err == 0;
  return err;
}

static int start_logs(struct run *r, int output_fd) {
  int err = start_log(r, &r->output, output_fd, &r->has_output);

  if (err == 0 && r->options->source != NULL && r->options->verbosity == OPTIONS_VERBOSE) {
    err = start_log(r, &r->log, STDERR_FILENO, &r->has_log);
  }
  return err;
}

static int init_lane(struct run *r) {
  handoff_lane_options_t lane = work_lane_options(r->work);

  lane.on_end = on_lane_end;
  lane.on_event = tell_needs_events(&r->tell) ? on_event : NULL;
  return handoff_lane_init(&r->port, &r->lane, &lane);
}

/* From here on the loop runs to the end by itself. Until signals are ours, once all memory has been
 * taken, they end the process, and what is in the output is left there. */
static void start(struct run *r, int output_fd) {
  const char *what = r->output_name;
  int err = start_logs(r, output_fd);

  if (err == 0) {
    err = init_lane(r);
  }
  if (err != 0) {
    fail(r, err, "cannot start");
    close_all(r);
    return;
  }
  signals_start(&r->signals, &r->loop, on_end_signal, on_ask_signal);
  r->has_signals = true;
  err = r->options->output == NULL ? 0 : output_empty(output_fd);
  if (err == 0) {
    what = "cannot start";
    err = handoff_lane_start(&r->lane);
  }
  if (err != 0) {
    fail(r, err, what);
    close_lane(r);
    return;
  }
  r->tell.stats.started_ns = uv_hrtime(); /* not before: starting a thread may take its time */
  if (r->options->has_limit) {
    r->limit_ns = r->tell.stats.started_ns + r->options->limit_ns;
    on_limit(&r->limit);
  }
}

static void init_handles(struct run *r) {
  /* None of them can fail. */
  (void)uv_timer_init(&r->loop, &r->limit);
  (void)uv_timer_init(&r->loop, &r->grace);
  r->limit.data = r;
  r->grace.data = r;
  r->signals.data = r;
}

static void run_loop(struct run *r, int output_fd) {
  init_handles(r);
  start(r, output_fd);
  (void)uv_run(&r->loop, UV_RUN_DEFAULT);
  tell_at_end(&r->tell);
}

/* Returns: UV_E* when it has not even begun. */
static int init_and_run(struct run *r, int output_fd) {
  int err = descriptors_need(LOOP_DESCRIPTORS);

  if (err == 0) {
    err = uv_loop_init(&r->loop);
  }
  if (err != 0) {
    return err;
  }
  err = handoff_port_init(&r->loop, &r->port);
  if (err == 0) {
    run_loop(r, output_fd);
  }
  (void)uv_loop_close(&r->loop);
  return err;
}

struct ending run(struct work *work, int output_fd, const char *output_name) {
  struct run *r = calloc(1, sizeof *r);
  struct ending ending = {UV_ENOMEM, "cannot start", 0};
  int err;

  if (r == NULL) {
    return ending;
  }
  r->options = work->options;
  r->work = work;
  r->output_name = output_name;
  work->data = r;
  r->lane.data = work;
  err = tell_init(&r->tell, work);
  if (err == 0) {
    err = init_and_run(r, output_fd);
  }
  if (err != 0) {
    fail(r, err, "cannot start");
  }
  ending = r->ending;
  if (tell_close(&r->tell)) {
    free(r);
  }
  return ending;
}

/* run: see run.h. Loop thread only.
 *
 * Every run ends the same way. The lane is closed, and each worker finishes its current item. What
 * the line writer and the logs still hold is written. Then every handle is closed, and the loop
 * ends because nothing keeps it alive. A writer may be stuck. So GRACE_MS after a signal the writes
 * are cancelled, and what they have written is counted.
 *
 * Standard error never ends a run: a log that fails is discarded, and the data goes on. */

#include "run.h"

#include <stdlib.h>
#include <unistd.h>

#include "fds.h"
#include "hangup_watch.h"
#include "log_writer.h"
#include "reporter.h"
#include "signals.h"

#define GRACE_MS 50
/* Cancelling is repeated this often and for so long. A thread needs so long only if the machine is
 * very busy, or if the system call cannot be interrupted, as on a network file system. */
#define CANCEL_MS 5
#define CANCELS_MAX 1000
/* The time that a run has to end by itself after its output's reader has gone. It does if the
 * reader had read all there was. */
#define HANGUP_MS 50
#define MS_NS ((uint64_t)1000 * 1000)
/* Descriptors that uv_loop_init opens. It aborts if there are too few for its signal pipe. */
#define LOOP_DESCRIPTORS 8

/* Closing a lane that was paused for a full log resumes it. Then every event that waits is
 * delivered at once: those in the completion queues, those already taken out of them, those about
 * to be put in, and one for each worker's current item. All of them must fit into the log. */
_Static_assert(LOG_WRITER_RESERVE >=
                   (size_t)2 * (LANE_CALLBACKS_EVENTS + 3) * LOG_WRITER_EVENT_SIZE,
               "the log's reserve holds all waiting events");

struct run {
  const struct options *options;
  struct lane_callbacks *callbacks;
  const char *output_name;
  struct run_result result;
  uv_loop_t loop;
  handoff_port_t port;
  handoff_lane_t lane;
  struct signals signals;
  bool has_signals;
  uv_timer_t limit; /* --for */
  uint64_t limit_ns;
  uv_timer_t grace;
  unsigned cancels;
  uv_timer_t hangup;
  struct hangup_watch watch;
  bool has_watch;
  bool is_closing;          /* the lane */
  bool is_lane_closed;      /* only the writers are still busy */
  struct log_writer output; /* the counter's log; with a SOURCE, the line writer's last lines */
  bool has_output;
  struct log_writer log; /* with a SOURCE and -v: the log on standard error */
  bool has_log;
  uint64_t number_offset; /* items of the burst of --burst-start, which was a run of its own */
  struct reporter reporter;
};

static struct run *run_of(const handoff_lane_t *lane) {
  const struct lane_callbacks *callbacks = lane->data;
  return callbacks->data;
}

static bool writes_items(const struct options *options) {
  return options->source != NULL || options->verbosity != OPTIONS_QUIET;
}

/* ----------------------------------------------------------------------------------- the end -- */

/* Records the first error and ignores later ones. */
static void record_error(struct run *run, int err, const char *what) {
  if (run->result.error == 0) {
    run->result.error = err;
    run->result.what = what;
  }
}

static void close_all(struct run *run) {
  uv_close((uv_handle_t *)&run->limit, NULL);
  uv_close((uv_handle_t *)&run->grace, NULL);
  uv_close((uv_handle_t *)&run->hangup, NULL);
  if (run->has_watch) {
    hangup_watch_close(&run->watch);
  }
  reporter_stop(&run->reporter);
  if (run->has_output) {
    log_writer_close(&run->output);
  }
  if (run->has_log) {
    log_writer_close(&run->log);
  }
  if (run->has_signals) {
    signals_close(&run->signals);
  }
  (void)handoff_port_close(&run->port, NULL);
}

static void close_all_if_written(struct run *run) {
  if (run->is_lane_closed && log_writer_is_idle(&run->output) &&
      (!run->has_log || log_writer_is_idle(&run->log))) {
    close_all(run);
  }
}

/* The consumer has ended, so the loop may write what the line writer still holds. */
static void on_lane_closed(handoff_lane_t *lane) {
  struct run *run = run_of(lane);
  struct line_writer *writer = &run->callbacks->writer;

  run->is_lane_closed = true;
  if (run->callbacks->write_error == 0 && writer->filled != 0) {
    log_writer_add(&run->output, writer->buffer, writer->filled);
  }
  close_all_if_written(run);
}

static void close_lane(struct run *run) {
  if (!run->is_closing) {
    run->is_closing = true;
    lane_callbacks_interrupt(run->callbacks);
    (void)handoff_lane_close(&run->lane, on_lane_closed);
  }
}

/* Ends the process now, although threads still run. */
static _Noreturn void end_process(struct run *run, int signum) {
  lane_callbacks_give_back(run->callbacks);
  signals_raise_default(signum);
}

static void on_grace_over(uv_timer_t *timer) {
  struct run *run = timer->data;

  if (run->cancels++ == CANCELS_MAX) {
    (void)reporter_finish(&run->reporter, false);
    end_process(run, run->result.signal);
  }
  lane_callbacks_cancel(run->callbacks);
  log_writer_cancel(&run->output);
  if (run->has_log) {
    log_writer_cancel(&run->log);
  }
}

/* The process will die of the signal, within bounded time. */
static void end_by_signal(struct run *run, int signum) {
  if (run->result.signal != 0) {
    return;
  }
  run->result.signal = signum;
  run->reporter.signal = signum;
  run->reporter.signaled_ns = uv_hrtime();
  (void)uv_timer_start(&run->grace, on_grace_over, GRACE_MS, CANCEL_MS);
  close_lane(run);
}

static void on_end_signal(struct signals *signals, int signum) {
  struct run *run = signals->data;

  if (run->result.signal != 0) {
    end_process(run, signum);
  }
  end_by_signal(run, signum);
}

/* A reader that has gone ends the process silently, as SIGPIPE does. */
static void on_output_error(struct run *run, int err) {
  if (err == UV_EPIPE) {
    end_by_signal(run, SIGPIPE);
  } else if (err != UV_ECANCELED) {
    record_error(run, err, run->output_name);
  }
}

static void on_hangup_over(uv_timer_t *timer) {
  struct run *run = timer->data;

  if (!run->is_closing &&
      !lane_callbacks_is_complete(run->callbacks, reporter_items(&run->reporter))) {
    end_by_signal(run, SIGPIPE);
  }
}

static void on_hangup(struct hangup_watch *watch) {
  struct run *run = watch->data;
  (void)uv_timer_start(&run->hangup, on_hangup_over, HANGUP_MS, 0);
}

static void on_lane_end(handoff_lane_t *lane, int status) {
  struct run *run = run_of(lane);
  struct lane_callbacks *callbacks = run->callbacks;

  if (status == 0 && !run->is_closing && lane_callbacks_start_pacing(callbacks, lane)) {
    status = handoff_lane_start(lane);
    if (status == 0) {
      run->number_offset = callbacks->options->start_burst;
      return;
    }
  }
  run->reporter.ended_ns = uv_hrtime();
  if (callbacks->write_error != 0) {
    on_output_error(run, callbacks->write_error);
  } else if (callbacks->read_error != 0) {
    record_error(run, callbacks->read_error, callbacks->source_name);
  } else if (status != 0 && status != UV_ECANCELED) {
    record_error(run, status, "the transfer failed");
  }
  close_lane(run);
}

static void on_info_signal(struct signals *signals) {
  struct run *run = signals->data;
  reporter_print(&run->reporter);
}

/* Closes the lane at the limit. The timer may fire up to a millisecond early; then it is set
 * again. The first call sets it. */
static void on_limit(uv_timer_t *timer) {
  struct run *run = timer->data;
  uint64_t now_ns = uv_hrtime();

  if (now_ns < run->limit_ns) {
    (void)uv_timer_start(timer, on_limit, (run->limit_ns - now_ns) / MS_NS + 1, 0);
  } else {
    close_lane(run);
  }
}

/* ----------------------------------------------------------------------------------- the log -- */

static void on_output_written(struct log_writer *log, int err, size_t written) {
  struct run *run = log->data;

  if (run->is_lane_closed && run->options->source != NULL) {
    line_writer_count(&run->callbacks->writer, written);
  }
  if (err != 0) {
    on_output_error(run, err);
    close_lane(run);
  } else if (!run->is_lane_closed && !log_writer_is_full(log)) {
    handoff_lane_resume(&run->lane);
    reporter_on_resume(&run->reporter);
  }
  close_all_if_written(run);
}

static void on_log_written(struct log_writer *log, int err, size_t written) {
  struct run *run = log->data;

  (void)written;
  if (err != 0 && err != UV_ECANCELED) {
    run->result.stderr_error = err;
  }
  if (!run->is_lane_closed && !log_writer_is_full(log)) {
    handoff_lane_resume(&run->lane);
    reporter_on_resume(&run->reporter);
  }
  close_all_if_written(run);
}

static void on_event(handoff_lane_t *lane, const handoff_event_t *event) {
  struct run *run = run_of(lane);
  struct log_writer *log = run->has_log ? &run->log : &run->output;
  handoff_event_t numbered = *event;

  stats_add(&run->reporter.stats, event);
  if (!run->has_log && (run->options->source != NULL || !writes_items(run->options))) {
    return;
  }
  numbered.number += run->number_offset;
  log_writer_add_event(log, &numbered);
  if (log_writer_is_full(log)) {
    handoff_lane_pause(lane);
    reporter_on_pause(&run->reporter);
  }
}

/* --------------------------------------------------------------------------------- the start -- */

static int start_logs(struct run *run, int output_fd) {
  const struct options *options = run->options;
  int err = log_writer_init(&run->output, &run->port, output_fd, on_output_written);

  run->output.data = run;
  run->has_output = err == 0;
  if (err == 0 && options->source != NULL && options->verbosity == OPTIONS_VERBOSE) {
    err = log_writer_init(&run->log, &run->port, STDERR_FILENO, on_log_written);
    run->log.data = run;
    run->has_log = err == 0;
  }
  return err;
}

static int start_watch(struct run *run, int output_fd) {
  int err;

  if (!writes_items(run->options) || !fds_has_reader_process(output_fd)) {
    return 0;
  }
  err = hangup_watch_start(&run->watch, &run->loop, output_fd, on_hangup);
  run->watch.data = run;
  run->has_watch = err == 0;
  return err;
}

static int init_lane(struct run *run) {
  handoff_lane_options_t options = lane_callbacks_options(run->callbacks);

  options.on_end = on_lane_end;
  options.on_event = reporter_needs_events(&run->reporter) ? on_event : NULL;
  return handoff_lane_init(&run->port, &run->lane, &options);
}

/* Truncates the output and starts the lane. Both come last, after all memory has been allocated:
 * an error or a signal before that leaves the output file as it was. */
static int start_lane(struct run *run, int output_fd, const char **what) {
  int err = run->options->output == NULL ? 0 : fds_truncate(output_fd);

  if (err != 0) {
    *what = run->output_name;
    return err;
  }
  *what = "cannot start";
  err = handoff_lane_start(&run->lane);
  if (err == 0) {
    /* Read the clock now, because creating the threads may take a while. */
    run->reporter.stats.started_ns = uv_hrtime();
  }
  return err;
}

/* Starts the run, or closes everything. In both cases the loop then runs to the end by itself. */
static void start(struct run *run, int output_fd) {
  const char *what;
  int err = start_logs(run, output_fd);

  if (err == 0) {
    err = start_watch(run, output_fd);
  }
  if (err == 0) {
    err = init_lane(run);
  }
  if (err != 0) {
    record_error(run, err, "cannot start");
    close_all(run);
    return;
  }
  signals_start(&run->signals, &run->loop, on_end_signal, on_info_signal);
  run->has_signals = true;
  err = start_lane(run, output_fd, &what);
  if (err != 0) {
    record_error(run, err, what);
    close_lane(run);
    return;
  }
  if (run->options->has_limit) {
    run->limit_ns = run->reporter.stats.started_ns + run->options->limit_ns;
    on_limit(&run->limit);
  }
}

static void run_loop(struct run *run, int output_fd) {
  int err;

  (void)uv_timer_init(&run->loop, &run->limit);
  (void)uv_timer_init(&run->loop, &run->grace);
  (void)uv_timer_init(&run->loop, &run->hangup);
  run->limit.data = run;
  run->grace.data = run;
  run->hangup.data = run;
  run->signals.data = run;
  reporter_start(&run->reporter, &run->loop);
  if (run->options->source == NULL && writes_items(run->options)) {
    run->reporter.log = &run->output;
  }
  start(run, output_fd);
  (void)uv_run(&run->loop, UV_RUN_DEFAULT);
  lane_callbacks_give_back(run->callbacks);
  err = reporter_finish(&run->reporter, run->result.error == 0 && run->result.signal == 0);
  if (err != 0) {
    run->result.stderr_error = err;
  }
}

/* Returns: UV_E* if the loop could not be created. */
static int init_and_run(struct run *run, int output_fd) {
  int err = fds_check_available(LOOP_DESCRIPTORS);

  if (err == 0) {
    err = uv_loop_init(&run->loop);
  }
  if (err != 0) {
    return err;
  }
  err = handoff_port_init(&run->loop, &run->port);
  if (err == 0) {
    run_loop(run, output_fd);
  }
  (void)uv_loop_close(&run->loop);
  return err;
}

struct run_result run_lane(struct lane_callbacks *callbacks, int output_fd,
                           const char *output_name) {
  struct run_result result = {UV_ENOMEM, "cannot start", 0, 0};
  struct run *run = calloc(1, sizeof *run);
  int err;

  if (run == NULL) {
    return result;
  }
  run->options = callbacks->options;
  run->callbacks = callbacks;
  run->output_name = output_name;
  callbacks->data = run;
  run->lane.data = callbacks;
  err = reporter_init(&run->reporter, callbacks);
  if (err == 0) {
    err = init_and_run(run, output_fd);
  }
  if (err != 0) {
    record_error(run, err, "cannot start");
  }
  result = run->result;
  if (reporter_close(&run->reporter)) {
    free(run);
  }
  return result;
}

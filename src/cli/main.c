/* main: from the command line to the exit status.
 *
 * Errors of the input and output files are found before anything starts. The output file is not
 * created before the input has been opened. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fds.h"
#include "help.h"
#include "options.h"
#include "run.h"
#include "signals.h"

#define EXIT_USAGE 2
#define EXIT_IO 3
#define STDOUT_NAME "standard output"
/* System calls refuse longer names. */
#define SUBJECT_MAX 4096
#define MESSAGE_SIZE (SUBJECT_MAX + 512)

/* Prints "handoff: SUBJECT: REASON" as one line. Control characters in a file name become '?'. A
 * subject that is too long is cut, so that the reason is never lost. `reason` may be NULL. */
static void print_error(const char *subject, const char *reason) {
  char text[MESSAGE_SIZE];
  int size = snprintf(text, sizeof text, "handoff: %.*s%s%s", SUBJECT_MAX, subject,
                      reason == NULL ? "" : ": ", reason == NULL ? "" : reason);
  int i;

  for (i = 0; i < size; i++) {
    if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) {
      text[i] = '?';
    }
  }
  if (size > 0) {
    text[size] = '\n';
    (void)fds_write(STDERR_FILENO, text, (size_t)size + 1); /* There is no place for its error. */
  }
}

static const char *describe_error(int err) {
  switch (err) {
    case UV_EISDIR:
      return "is a directory";
    case UV_EAGAIN:
      return "resource temporarily unavailable; the process limit (ulimit -u) may be too low";
    default:
      return uv_strerror(err);
  }
}

/* Prints the error, followed by the hint unless it is NULL, and returns the exit status. A reader
 * that has closed the pipe ends the process silently, as SIGPIPE does. */
static int exit_status_of(const char *subject, int err, const char *hint) {
  char reason[256];

  if (err == UV_EPIPE) {
    signals_raise_default(SIGPIPE);
  }
  (void)snprintf(reason, sizeof reason, "%s%s%s%s", describe_error(err),
                 hint == NULL ? "" : "; did you mean ", hint == NULL ? "" : hint,
                 hint == NULL ? "" : "?");
  print_error(subject, reason);
  return EXIT_IO;
}

static int print_text(const char *text) {
  int err = fds_write(STDOUT_FILENO, text, strlen(text));
  return err == 0 ? EXIT_SUCCESS : exit_status_of(STDOUT_NAME, err, NULL);
}

static bool is_same_file(int a, int b) {
  struct stat of_a;
  struct stat of_b;

  return fstat(a, &of_a) == 0 && fstat(b, &of_b) == 0 && S_ISREG(of_a.st_mode) &&
         of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

/* Opens the file without truncating it. Returns: the descriptor; UV_E*. */
static int open_output(const char *path) {
  int fd = path == NULL ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  return fd == -1 ? uv_translate_sys_error(errno) : fd;
}

/* close(2) may report that earlier writes failed. */
static int close_output(int fd) {
  return close(fd) == -1 && errno != EINTR ? uv_translate_sys_error(errno) : 0;
}

static int run_into(struct lane_callbacks *callbacks, int output_fd, const char *output_name) {
  struct run_result result = run_lane(callbacks, output_fd, output_name);
  int err = close_output(output_fd);

  if (result.error != 0) {
    return exit_status_of(result.what, result.error, NULL);
  }
  if (err != 0) {
    return exit_status_of(output_name, err, NULL);
  }
  if (result.signal != 0) {
    signals_raise_default(result.signal);
  }
  if (result.stderr_error != 0) {
    print_error("standard error", uv_strerror(result.stderr_error));
    return EXIT_IO;
  }
  return EXIT_SUCCESS;
}

static int run_callbacks(struct lane_callbacks *callbacks, const struct options *options) {
  const char *output_name = options->output == NULL ? STDOUT_NAME : options->output;
  int output_fd = open_output(options->output);

  if (output_fd < 0) {
    return exit_status_of(output_name, output_fd, NULL);
  }
  if (options->source != NULL && is_same_file(callbacks->reader.stream.fd, output_fd)) {
    print_error(output_name, "input and output are the same file; choose another output");
    return EXIT_IO;
  }
  stream_init(&callbacks->writer.stream, output_fd);
  return run_into(callbacks, output_fd, output_name);
}

static int run_options(const struct options *options) {
  struct lane_callbacks *callbacks = malloc(sizeof *callbacks);
  int status;
  int err;

  if (callbacks == NULL) {
    return exit_status_of("cannot start", UV_ENOMEM, NULL);
  }
  err = lane_callbacks_init(callbacks, options);
  if (err != 0) {
    status = exit_status_of(callbacks->source_name, err,
                            err == UV_ENOENT ? options_source_hint(options) : NULL);
  } else {
    status = run_callbacks(callbacks, options);
    lane_callbacks_close(callbacks);
  }
  free(callbacks);
  return status;
}

int main(int argc, char **argv) {
  char text[OPTIONS_MESSAGE_SIZE];
  struct options options;

  signals_init();
  if (fds_open_standard() != 0) {
    return EXIT_IO;
  }
  if (options_parse(&options, argc, argv, text, sizeof text) != 0) {
    print_error(text, NULL);
    return EXIT_USAGE;
  }
  switch (options.action) {
    case OPTIONS_HELP:
      return print_text(help_text());
    case OPTIONS_VERSION:
      help_version(text, sizeof text);
      return print_text(text);
    case OPTIONS_RUN:
      break;
  }
  return run_options(&options);
}

/* main: from the command line to the exit status.
 *
 * What can be wrong with the input and output files is found out before anything is started, and
 * the output is not touched before the input has proved good. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptors.h"
#include "help.h"
#include "options.h"
#include "output.h"
#include "run.h"
#include "signals.h"

#define EXIT_USAGE 2
#define EXIT_FAULT 3
#define STDOUT_NAME "standard output"
/* No name that a system call takes is longer. */
#define COMPLAINT_WHAT_MAX 4096
#define COMPLAINT_SIZE (COMPLAINT_WHAT_MAX + 512)

/* One line, whatever a file is called: control bytes as '?', and cut rather than the reason left
 * out. */
static void complain(const char *what, const char *why) {
  char text[COMPLAINT_SIZE];
  int size = snprintf(text, sizeof text, "handoff: %.*s%s%s", COMPLAINT_WHAT_MAX, what,
                      why == NULL ? "" : ": ", why == NULL ? "" : why);
  int i;

  for (i = 0; i < size; i++) {
    if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) {
      text[i] = '?';
    }
  }
  if (size > 0) {
    text[size] = '\n';
    output_say(text, (size_t)size + 1);
  }
}

static int fault(const char *what, int err) {
  const char *hint = err == UV_EAGAIN ? "; is the limit on processes reached (ulimit -u)?" : "";
  char why[128];

  if (err == UV_EPIPE) { /* the reader went away: as quiet as SIGPIPE */
    signals_die_of(SIGPIPE);
  }
  (void)snprintf(why, sizeof why, "%s%s", uv_strerror(err), hint);
  complain(what, why);
  return EXIT_FAULT;
}

static int print(const char *text) {
  int err = output_write(STDOUT_FILENO, text, strlen(text));
  return err == 0 ? EXIT_SUCCESS : fault(STDOUT_NAME, err);
}

static bool is_same_file(int a, int b) {
  struct stat of_a;
  struct stat of_b;
  return fstat(a, &of_a) == 0 && fstat(b, &of_b) == 0 && S_ISREG(of_a.st_mode) &&
         of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

/* Opens the file, without emptying it yet. Returns: the descriptor; UV_E*. */
static int open_output(const char *path) {
  int fd = path == NULL ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  return fd == -1 ? uv_translate_sys_error(errno) : fd;
}

/* What could not be written may turn out only now. */
static int close_output(int fd) {
  return close(fd) == -1 && errno != EINTR ? uv_translate_sys_error(errno) : 0;
}

static int run_into(struct work *work, int output_fd, const char *output_name) {
  struct ending ending = run(work, output_fd, output_name);
  int err = close_output(output_fd);

  if (ending.error != 0) {
    return fault(ending.what, ending.error);
  }
  if (err != 0) {
    return fault(output_name, err);
  }
  if (ending.signal != 0) {
    signals_die_of(ending.signal);
  }
  return EXIT_SUCCESS;
}

static int run_work(struct work *work, const struct options *options) {
  const char *output_name = options->output == NULL ? STDOUT_NAME : options->output;
  int output_fd = open_output(options->output);

  if (output_fd < 0) {
    return fault(output_name, output_fd);
  }
  if (options->source != NULL && is_same_file(work->source.fd, output_fd)) {
    complain(output_name, "input and output are the same file; write to another one");
    return EXIT_FAULT;
  }
  work->sink.fd = output_fd;
  return run_into(work, output_fd, output_name);
}

static int run_options(const struct options *options) {
  struct work *work = malloc(sizeof *work);
  int status;
  int err;

  if (work == NULL) {
    return fault("cannot start", UV_ENOMEM);
  }
  err = work_init(work, options);
  if (err != 0) {
    status = fault(work->source_name, err);
  } else {
    status = run_work(work, options);
    work_close(work);
  }
  free(work);
  return status;
}

int main(int argc, char **argv) {
  char text[OPTIONS_MESSAGE_SIZE];
  struct options options;
  int err;

  signals_init();
  err = descriptors_fill_standard();

  if (err != 0) {
    return EXIT_FAULT;
  }
  if (options_parse(&options, argc, argv, text, sizeof text) != 0) {
    complain(text, NULL);
    return EXIT_USAGE;
  }
  switch (options.action) {
    case OPTIONS_HELP:
      return print(help_text());
    case OPTIONS_VERSION:
      help_version(text, sizeof text);
      return print(text);
    case OPTIONS_RUN:
      break;
  }
  if (options.source != NULL && strcmp(options.source, "-") == 0 && isatty(STDIN_FILENO)) {
    complain("-", "standard input is a terminal; name a file, or pipe lines in: seq 3 | handoff -");
    return EXIT_USAGE;
  }
  return run_options(&options);
}

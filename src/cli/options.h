/* options: parses the command line into a struct.
 *
 * No output, no exit, and no file is opened. argv is not changed, and the strings in the struct
 * point into it. Only getopt's globals are used, and each call resets them: one thread at a time.
 * Rules that involve several options (the intervals) are applied here, so readers of the struct
 * need not know them. */

#ifndef HANDOFF_CLI_OPTIONS_H
#define HANDOFF_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "handoff.h"

/* Holds any message. A shorter buffer gets the beginning. */
#define OPTIONS_MESSAGE_SIZE 512

/* Lines that are unpaced, or paced by this interval or a shorter one, are processed in batches. */
#define OPTIONS_BATCH_INTERVAL_NS ((uint64_t)50 * 1000)
/* The default capacity for them, and a limit for long lines. */
#define OPTIONS_BATCH_CAPACITY ((size_t)4096)
#define OPTIONS_BATCH_BYTES ((size_t)256 * 1024)

typedef enum { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_VERSION } options_action_t;
typedef enum { OPTIONS_STATS_NONE, OPTIONS_STATS_TEXT, OPTIONS_STATS_JSON } options_stats_t;
typedef enum { OPTIONS_QUIET, OPTIONS_NORMAL, OPTIONS_VERBOSE } options_verbosity_t;

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): grouped by meaning */
struct options {
  options_action_t action; /* unless it is OPTIONS_RUN, the other fields mean nothing */
  const char *source;      /* NULL: the counter; "-": standard input; else a file name */
  const char *output;      /* NULL: standard output, also for `-o -`; else a file name */
  char delimiter;          /* ends an item: '\n' or '\0' */
  uint64_t interval_ns[2]; /* by handoff_side_t; 0: unpaced */
  handoff_missed_t missed; /* of both sides */
  size_t burst;            /* for HANDOFF_MISSED_BURST, else 1 */
  uint64_t start_burst;    /* items that are transferred before pacing starts */
  size_t capacity;         /* 0 to HANDOFF_CAPACITY_MAX */
  size_t queued_bytes;     /* of lines, that may be queued; SIZE_MAX: any number */
  bool has_count;
  uint64_t count; /* items to consume, possibly 0 */
  bool has_limit;
  uint64_t limit_ns; /* of the whole run; 0: it ends at once */
  options_stats_t stats;
  uint64_t stats_every_ns; /* 0: only at the end */
  options_verbosity_t verbosity;
};

/* Parses the command line. -h and -V end the parsing: later words are ignored.
 *
 * Returns: 0; UV_EINVAL: options is unchanged, and the message says in one line, without a newline
 *          or the program's name, which option is wrong, its value, and what to use instead. */
int options_parse(struct options *options, int argc, char **argv, char *message, size_t size);

/* Returns: the interval of the slower side; 0: both are unpaced. */
uint64_t options_interval_ns(const struct options *options);

/* Returns: the option that was probably meant if the SOURCE does not exist, or NULL. `--stats text`
 * takes "text" for the SOURCE, because an optional value needs a '='. */
const char *options_source_hint(const struct options *options);

#endif /* HANDOFF_CLI_OPTIONS_H */

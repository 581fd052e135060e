/* options: the command line, read into a struct.
 *
 * Pure: no output, no exit, no file is looked at, argv is neither changed nor kept in another
 * order; the strings in the struct are argv's own. Only getopt's globals are used, and reset by
 * every call, so it may be called again and again, from one thread at a time. What a flag means
 * that depends on another (the intervals) is settled here: readers of the struct need not know. */

#ifndef HANDOFF_CLI_OPTIONS_H
#define HANDOFF_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "handoff.h"

/* A buffer of this size holds any message; a shorter one gets the beginning. */
#define OPTIONS_MESSAGE_SIZE 512

typedef enum { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_VERSION } options_action_t;
typedef enum { OPTIONS_STATS_NONE, OPTIONS_STATS_TEXT, OPTIONS_STATS_JSON } options_stats_t;
typedef enum { OPTIONS_QUIET, OPTIONS_NORMAL, OPTIONS_VERBOSE } options_verbosity_t;

struct options {
  options_action_t action; /* unless it is OPTIONS_RUN the rest says nothing */
  const char *source;      /* NULL: the counter; "-": standard input; else a file's name */
  const char *output;      /* NULL: standard output (`-o -` too); else a file's name */
  char delimiter;          /* ends an item: '\n' or '\0' */
  uint64_t interval_ns[2]; /* by handoff_side_t; 0: not paced */
  handoff_missed_t late;   /* of both sides */
  size_t burst;            /* for HANDOFF_MISSED_BURST, else 1 */
  size_t capacity;         /* 0 to HANDOFF_CAPACITY_MAX */
  bool has_count;
  uint64_t count; /* items to consume; 0: none */
  bool has_limit;
  uint64_t limit_ns; /* of the whole run; 0: it ends at once */
  options_stats_t stats;
  options_verbosity_t verbosity;
};

/* Reads the command line. -h and -V end the reading: what follows them is not looked at.
 * Returns: 0; UV_EINVAL, and then options is untouched and message says in one line, without a
 *          newline or the program's name, which flag is wrong, its value, and what would do. */
int options_parse(struct options *options, int argc, char **argv, char *message, size_t size);

#endif /* HANDOFF_CLI_OPTIONS_H */

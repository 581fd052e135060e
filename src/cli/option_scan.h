/* option_scan: knows which options exist, and scans a command line for them.
 *
 * Words come in the order of argv, and argv is not changed. The scan uses getopt's globals and
 * resets them, so only one scan may be in progress. What an option's value means is up to
 * options.c. */

#ifndef HANDOFF_CLI_OPTION_SCAN_H
#define HANDOFF_CLI_OPTION_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#define OPTION_SCAN_NAME_SIZE 24
#define OPTION_SCAN_QUOTED_SIZE 80

/* The key of an option that has a letter is that letter. */
enum {
  OPTION_SCAN_OPERAND = 1, /* a word that is not an option */
  OPTION_SCAN_REST = 2,    /* a word after `--` */
  OPTION_SCAN_PRODUCE_EVERY = 256,
  OPTION_SCAN_CONSUME_EVERY,
  OPTION_SCAN_LATE,
  OPTION_SCAN_BURST_START,
  OPTION_SCAN_FOR,
  OPTION_SCAN_STATS,
  OPTION_SCAN_STATS_EVERY
};

struct option_scan {
  int argc;
  char **argv;
  bool is_in_rest;                  /* the scan is behind `--` or at the end */
  int key;                          /* readable: of the current word */
  const char *value;                /* readable: the option's value or NULL; or the operand */
  char name[OPTION_SCAN_NAME_SIZE]; /* readable: the option as typed, but spelled out */
};

void option_scan_init(struct option_scan *scan, int argc, char **argv);

/* Moves to the next word.
 *
 * Returns: 0; UV_EOF after the last word; UV_EINVAL: the message says in one line which option is
 *          wrong and what to use instead, and the scan is over. */
int option_scan_next(struct option_scan *scan, char *message, size_t size);

/* Example values for an option, to be used in messages. */
const char *option_scan_example(int key);

/* Puts the text into double quotes. Control characters become '?', and a long text is cut, so that
 * a message is one line and cannot control the terminal. `quoted` has OPTION_SCAN_QUOTED_SIZE
 * bytes.
 *
 * Returns: quoted. */
const char *option_scan_quote(const char *text, char *quoted);

#endif /* HANDOFF_CLI_OPTION_SCAN_H */

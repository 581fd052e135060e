/* flags: which flags there are, walking a command line by them, and refusing what is none.
 *
 * Words come in the order in which argv has them, and argv is left as it is. The walk uses
 * getopt's globals and resets them when it begins: one walk at a time. What a flag's value means
 * is not known here; options.c reads it. */

#ifndef HANDOFF_CLI_FLAGS_H
#define HANDOFF_CLI_FLAGS_H

#include <stdbool.h>
#include <stddef.h>

#define FLAGS_NAME_SIZE 24
#define FLAGS_QUOTED_SIZE 80

/* The key of a flag that has a letter is the letter. */
enum {
  FLAGS_OPERAND = 1, /* a word that is no flag */
  FLAGS_REST = 2,    /* a word after `--` */
  FLAGS_PRODUCE_EVERY = 256,
  FLAGS_CONSUME_EVERY,
  FLAGS_LATE,
  FLAGS_FOR,
  FLAGS_STATS
};

typedef struct {
  int argc;
  char **argv;
  bool ended;                 /* `--` or the end has been passed */
  int key;                    /* readable: of the word in hand */
  const char *value;          /* readable: the flag's value, NULL for none; or the operand */
  char name[FLAGS_NAME_SIZE]; /* readable: the flag as typed, but not abbreviated */
} flags_t;

void flags_begin(flags_t *flags, int argc, char **argv);

/* Goes to the next word.
 * Returns: 0; UV_EOF: there are no more; UV_EINVAL: message says in a line which flag is wrong and
 *          what would do, and the walk is over. */
int flags_next(flags_t *flags, char *message, size_t size);

/* What would do as a value of the flag. */
const char *flags_example(int key);

/* Puts the text in quotes, fit for one line of a terminal: control bytes as '?', and cut when it
 * is long. quoted has FLAGS_QUOTED_SIZE bytes and is what is returned. */
const char *flags_quote(const char *text, char *quoted);

#endif /* HANDOFF_CLI_FLAGS_H */

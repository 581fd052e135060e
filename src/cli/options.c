/* options: see options.h.
 *
 * The parser takes the words in order and only gathers what was said, each value refused at once
 * when it is bad; settle() then decides what it means as a whole, because a flag may stand before
 * or after the SOURCE that changes its meaning. */

#include "options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <uv.h>

#include "flags.h"
#include "units.h"

#define SECOND_NS UINT64_C(1000000000)

typedef struct {
  struct options options;
  bool has_interval[2]; /* by handoff_side_t: its own flag was there, and set options.interval_ns */
  uint64_t every_ns;    /* -e or -r, the last of them */
  bool source_is_rest;  /* SOURCE stood after `--` */
  bool is_command;      /* surplus is a `-- CMD` */
  const char *surplus;  /* the first operand after SOURCE */
  flags_t flags;        /* its name, key and value: of the word in hand */
  char *message;
  size_t size;
} parser_t;

__attribute__((format(printf, 2, 3))) static int refuse(parser_t *parser, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(parser->message, parser->size, format, args);
  va_end(args);
  return UV_EINVAL;
}

/* Refuses the value of the flag in hand. say may be NULL when why says enough. */
static int refuse_value(parser_t *parser, const char *value, const char *why, const char *say) {
  char quoted[FLAGS_QUOTED_SIZE];
  return refuse(parser, "%s %s: %s%s%s", parser->flags.name, flags_quote(value, quoted), why,
                say == NULL ? "" : "; say ", say == NULL ? "" : say);
}

static int take_duration(parser_t *parser, const char *value, uint64_t *ns) {
  const char *why;
  int code = units_duration(value, ns, &why);
  if (code == 0) {
    return 0;
  }
  return refuse_value(parser, value, why,
                      code == UV_ERANGE ? NULL : flags_example(parser->flags.key));
}

static int take_rate(parser_t *parser, const char *value, uint64_t *period_ns) {
  const char *why;
  char say[FLAGS_QUOTED_SIZE];
  int code = units_rate(value, period_ns, &why);
  if (code == 0) {
    return 0;
  }
  if (code == UV_ERANGE) {
    return refuse_value(parser, value, why, NULL);
  }
  if (value[0] == '\0' || value[strspn(value, "0123456789.")] != '\0' || strlen(value) > 20) {
    return refuse_value(parser, value, why, flags_example('r'));
  }
  snprintf(say, sizeof say, "%s/s", value); /* the user's own number */
  return refuse_value(parser, value, why, say);
}

static int take_count(parser_t *parser, const char *value, uint64_t max, uint64_t *n) {
  const char *why;
  char say[FLAGS_QUOTED_SIZE];
  int code = units_count(value, 0, max, n, &why);
  if (code == 0) {
    return 0;
  }
  if (code == UV_EINVAL) {
    return refuse_value(parser, value, why, flags_example(parser->flags.key));
  }
  snprintf(say, sizeof say, "at most %llu", (unsigned long long)max);
  return refuse_value(parser, value, why, say);
}

static int take_capacity(parser_t *parser, const char *value) {
  uint64_t capacity = 0;
  int code = take_count(parser, value, HANDOFF_CAPACITY_MAX, &capacity);
  parser->options.capacity = (size_t)capacity;
  return code;
}

static int take_late(parser_t *parser, const char *value) {
  struct options *options = &parser->options;
  uint64_t burst = 1;
  const char *why;
  if (strcmp(value, "skip") == 0) {
    options->late = HANDOFF_MISSED_SKIP;
  } else if (strcmp(value, "shift") == 0) {
    options->late = HANDOFF_MISSED_SHIFT;
  } else if (strcmp(value, "burst") == 0) {
    return refuse_value(parser, value, "lacks its number", "burst=4");
  } else if (strncmp(value, "burst=", 6) != 0) {
    return refuse_value(parser, value, "no such policy", flags_example(FLAGS_LATE));
  } else if (units_count(value + 6, 1, HANDOFF_CAPACITY_MAX, &burst, &why) != 0) {
    return refuse_value(parser, value, why, "burst=1 to burst=1048576");
  } else {
    options->late = HANDOFF_MISSED_BURST;
  }
  options->burst = (size_t)burst;
  return 0;
}

static int take_stats(parser_t *parser, const char *value) {
  if (value == NULL || strcmp(value, "text") == 0) {
    parser->options.stats = OPTIONS_STATS_TEXT;
  } else if (strcmp(value, "json") == 0) {
    parser->options.stats = OPTIONS_STATS_JSON;
  } else {
    return refuse_value(parser, value, "no such form", flags_example(FLAGS_STATS));
  }
  return 0;
}

static int take_output(parser_t *parser, const char *value) {
  if (value[0] == '\0') {
    return refuse_value(parser, value, "empty", flags_example('o'));
  }
  parser->options.output = strcmp(value, "-") == 0 ? NULL : value;
  return 0;
}

/* What is wrong with an operand is left for settle(): -h may follow, and then nothing is. */
static int take_operand(parser_t *parser, const char *operand, bool is_rest) {
  if (parser->options.source == NULL) {
    parser->options.source = operand;
    parser->source_is_rest = is_rest;
  } else if (parser->surplus == NULL) {
    parser->surplus = operand;
    parser->is_command = is_rest && (!parser->source_is_rest || strcmp(operand, "--") == 0);
  }
  return 0;
}

static int take_word(parser_t *parser) {
  struct options *options = &parser->options;
  const char *value = parser->flags.value;
  switch (parser->flags.key) {
    case FLAGS_OPERAND:
    case FLAGS_REST:
      return take_operand(parser, value, parser->flags.key == FLAGS_REST);
    case 'e':
      return take_duration(parser, value, &parser->every_ns);
    case 'r':
      return take_rate(parser, value, &parser->every_ns);
    case FLAGS_PRODUCE_EVERY:
      parser->has_interval[HANDOFF_PRODUCER] = true;
      return take_duration(parser, value, &options->interval_ns[HANDOFF_PRODUCER]);
    case FLAGS_CONSUME_EVERY:
      parser->has_interval[HANDOFF_CONSUMER] = true;
      return take_duration(parser, value, &options->interval_ns[HANDOFF_CONSUMER]);
    case FLAGS_LATE:
      return take_late(parser, value);
    case 'c':
      return take_capacity(parser, value);
    case 'n':
      options->has_count = true;
      return take_count(parser, value, UINT64_MAX, &options->count);
    case FLAGS_FOR:
      options->has_limit = true;
      return take_duration(parser, value, &options->limit_ns);
    case '0':
      options->delimiter = '\0';
      return 0;
    case 'o':
      return take_output(parser, value);
    case FLAGS_STATS:
      return take_stats(parser, value);
    case 'q':
      options->verbosity = OPTIONS_QUIET;
      return 0;
    case 'v':
      options->verbosity = OPTIONS_VERBOSE;
      return 0;
    case 'h':
      options->action = OPTIONS_HELP;
      return 0;
    default: /* 'V' */
      options->action = OPTIONS_VERSION;
      return 0;
  }
}

static int settle(parser_t *parser) {
  struct options *options = &parser->options;
  char quoted[FLAGS_QUOTED_SIZE];
  if (options->source != NULL && options->source[0] == '\0') {
    return refuse(parser, "SOURCE '': empty; say - for standard input, or a file's name");
  }
  if (parser->is_command) {
    return refuse(parser,
                  "-- CMD: one command per line is not built yet; pipe to xargs %s -n 1 CMD",
                  options->delimiter == '\n' ? "-d '\\n'" : "-0");
  }
  if (parser->surplus != NULL) {
    return refuse(parser, "%s: a second SOURCE; for several say cat FILES | handoff -",
                  flags_quote(parser->surplus, quoted));
  }
  if (options->source == NULL && options->delimiter == '\0') {
    return refuse(parser,
                  "-0, --null: there is no input to split; name a SOURCE, or - for standard input");
  }
  /* With a SOURCE the consumer sets the pace: the producer reads on while the slot lets it. */
  if (!parser->has_interval[HANDOFF_CONSUMER]) {
    options->interval_ns[HANDOFF_CONSUMER] = parser->every_ns;
  }
  if (!parser->has_interval[HANDOFF_PRODUCER]) {
    options->interval_ns[HANDOFF_PRODUCER] = options->source == NULL ? parser->every_ns : 0;
  }
  return 0;
}

int options_parse(struct options *options, int argc, char **argv, char *message, size_t size) {
  parser_t parser = {
      .options = {.delimiter = '\n',
                  .late = HANDOFF_MISSED_SKIP,
                  .burst = 1,
                  .capacity = 1,
                  .verbosity = OPTIONS_NORMAL},
      .every_ns = SECOND_NS,
      .message = message,
      .size = size,
  };
  int code;
  flags_begin(&parser.flags, argc, argv);
  do {
    code = flags_next(&parser.flags, message, size);
    if (code == 0) {
      code = take_word(&parser);
    }
  } while (code == 0 && parser.options.action == OPTIONS_RUN);
  if (code == UV_EOF) {
    code = settle(&parser);
  }
  if (code == 0) {
    *options = parser.options;
  }
  return code;
}

/* options: see options.h.
 *
 * The parser reads the words in order and refuses a bad value at once. Rules that involve several
 * options are applied at the end, because an option may come before or after the SOURCE that
 * changes its meaning. */

#include "options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <uv.h>

#include "option_scan.h"
#include "units.h"

#define SECOND_NS UINT64_C(1000000000)
#define TRY_SIZE 80 /* holds a suggested value */

struct parser {
  struct options options;
  bool has_interval[2];      /* by handoff_side_t: the side's own option set options.interval_ns */
  bool has_late;             /* --late */
  bool has_capacity;         /* -c */
  bool is_rate;              /* the last of -e and -r is -r */
  bool is_bucket_full;       /* --burst-start */
  uint64_t every_ns;         /* the last of -e and -r */
  bool is_source_in_rest;    /* SOURCE came after `--` */
  bool is_surplus_a_command; /* it is the CMD of `-- CMD` */
  const char *surplus;       /* the first operand after SOURCE */
  struct option_scan scan;   /* its name, key and value are of the current word */
  char *message;
  size_t size;
};

/* ---------------------------------------------------------------------------------- messages -- */

__attribute__((format(printf, 2, 3))) static int refuse(struct parser *parser, const char *format,
                                                        ...) {
  va_list args;

  va_start(args, format);
  vsnprintf(parser->message, parser->size, format, args);
  va_end(args);
  return UV_EINVAL;
}

/* Refuses the current option's value. `try` is what to use instead; NULL if `why` says so. */
static int refuse_value(struct parser *parser, const char *value, const char *why,
                        const char *try) {
  char quoted[OPTION_SCAN_QUOTED_SIZE];

  return refuse(parser, "%s: %s %s%s%s", parser->scan.name, option_scan_quote(value, quoted), why,
                try == NULL ? "" : "; try ", try == NULL ? "" : try);
}

/* Writes 1e9 as 1000000000, and 1e3/s as 1000/s. Returns whether it fits. */
static bool expand_exponent(const char *value, char *plain) {
  size_t digits = strspn(value, "0123456789");
  const char *rest = value + digits;
  size_t zeros = 0;

  if (digits == 0 || (*rest != 'e' && *rest != 'E') || rest[1] < '0' || rest[1] > '9') {
    return false;
  }
  for (rest++; *rest >= '0' && *rest <= '9' && zeros < TRY_SIZE; rest++) {
    zeros = zeros * 10 + (size_t)(*rest - '0');
  }
  if (digits + zeros + strlen(rest) >= TRY_SIZE) {
    return false;
  }
  memcpy(plain, value, digits);
  memset(plain + digits, '0', zeros);
  memcpy(plain + digits + zeros, rest, strlen(rest) + 1);
  return true;
}

static int refuse_exponent(struct parser *parser, const char *value, const char *plain) {
  char quoted[OPTION_SCAN_QUOTED_SIZE];

  return refuse(parser, "%s: %s has an exponent; write %s", parser->scan.name,
                option_scan_quote(value, quoted), plain);
}

/* ------------------------------------------------------------------------------------ values -- */

static int parse_duration(struct parser *parser, const char *value, uint64_t *ns) {
  char plain[TRY_SIZE];
  const char *why;
  const char *unused;
  uint64_t plain_ns;
  int code = units_duration(value, ns, &why);

  if (code == 0) {
    return 0;
  }
  if (expand_exponent(value, plain) && units_duration(plain, &plain_ns, &unused) == 0) {
    return refuse_exponent(parser, value, plain);
  }
  return refuse_value(parser, value, why,
                      code == UV_ERANGE ? NULL : option_scan_example(parser->scan.key));
}

static int parse_rate(struct parser *parser, const char *value, uint64_t *period_ns) {
  char plain[TRY_SIZE];
  const char *why;
  const char *unused;
  uint64_t plain_ns;
  int code = units_rate(value, period_ns, &why);

  if (code == 0) {
    return 0;
  }
  if (code == UV_ERANGE) {
    return refuse_value(parser, value, why, NULL);
  }
  if (expand_exponent(value, plain) && units_rate(plain, &plain_ns, &unused) == 0) {
    return refuse_exponent(parser, value, plain);
  }
  if (value[0] == '\0' || value[strspn(value, "0123456789.")] != '\0' || strlen(value) > 20) {
    return refuse_value(parser, value, why, option_scan_example('r'));
  }
  snprintf(plain, sizeof plain, "%s/s", value); /* a number that only lacks its unit */
  return refuse_value(parser, value, why, plain);
}

static int parse_count(struct parser *parser, const char *value, uint64_t max, uint64_t *n) {
  char plain[TRY_SIZE];
  char quoted[OPTION_SCAN_QUOTED_SIZE];
  const char *why;
  const char *unused;
  uint64_t plain_n;
  int code = units_count(value, 0, max, n, &why);

  if (code == 0) {
    return 0;
  }
  if (code == UV_ERANGE) {
    return refuse(parser, "%s: %s %s; the maximum is %llu", parser->scan.name,
                  option_scan_quote(value, quoted), why, (unsigned long long)max);
  }
  if (expand_exponent(value, plain) && units_count(plain, 0, max, &plain_n, &unused) == 0) {
    return refuse_exponent(parser, value, plain);
  }
  return refuse_value(parser, value, why, option_scan_example(parser->scan.key));
}

static int parse_capacity(struct parser *parser, const char *value) {
  uint64_t capacity = 0;
  int code = parse_count(parser, value, HANDOFF_CAPACITY_MAX, &capacity);

  parser->has_capacity = true;
  parser->options.capacity = (size_t)capacity;
  return code;
}

static int parse_missed(struct parser *parser, const char *value) {
  struct options *options = &parser->options;
  uint64_t burst = 1;
  const char *why;

  parser->has_late = true;
  if (strcmp(value, "skip") == 0) {
    options->missed = HANDOFF_MISSED_SKIP;
  } else if (strcmp(value, "shift") == 0) {
    options->missed = HANDOFF_MISSED_SHIFT;
  } else if (strcmp(value, "burst") == 0) {
    return refuse_value(parser, value, "needs a number", "burst=4");
  } else if (strncmp(value, "burst=", 6) != 0) {
    return refuse_value(parser, value, "is not a policy", option_scan_example(OPTION_SCAN_LATE));
  } else if (units_count(value + 6, 1, HANDOFF_CAPACITY_MAX, &burst, &why) != 0) {
    return refuse_value(parser, value, value[6] == '\0' ? "needs a number" : why,
                        "burst=1 to burst=1048576");
  } else {
    options->missed = HANDOFF_MISSED_BURST;
  }
  options->burst = (size_t)burst;
  return 0;
}

static int parse_stats(struct parser *parser, const char *value) {
  if (value == NULL || strcmp(value, "text") == 0) {
    parser->options.stats = OPTIONS_STATS_TEXT;
  } else if (strcmp(value, "json") == 0) {
    parser->options.stats = OPTIONS_STATS_JSON;
  } else {
    return refuse_value(parser, value, "is not a format", option_scan_example(OPTION_SCAN_STATS));
  }
  return 0;
}

/* The periodic statistics are those of --stats, so they come at the end too. */
static int parse_stats_every(struct parser *parser, const char *value) {
  struct options *options = &parser->options;
  int code = parse_duration(parser, value, &options->stats_every_ns);

  if (code == 0 && options->stats_every_ns == 0) {
    return refuse_value(parser, value, "must be above 0", option_scan_example('e'));
  }
  if (options->stats == OPTIONS_STATS_NONE) {
    options->stats = OPTIONS_STATS_TEXT;
  }
  return code;
}

static int parse_output(struct parser *parser, const char *value) {
  if (value[0] == '\0') {
    return refuse_value(parser, value, "is empty", option_scan_example('o'));
  }
  parser->options.output = strcmp(value, "-") == 0 ? NULL : value;
  return 0;
}

/* ------------------------------------------------------------------------------------- words -- */

/* Bad operands are refused only at the end, because -h may follow them. */
static int parse_operand(struct parser *parser, const char *operand, bool is_rest) {
  if (parser->options.source == NULL) {
    parser->options.source = operand;
    parser->is_source_in_rest = is_rest;
  } else if (parser->surplus == NULL) {
    parser->surplus = operand;
    parser->is_surplus_a_command =
        is_rest && (!parser->is_source_in_rest || strcmp(operand, "--") == 0);
  }
  return 0;
}

static int parse_word(struct parser *parser) {
  struct options *options = &parser->options;
  const char *value = parser->scan.value;

  switch (parser->scan.key) {
    case OPTION_SCAN_OPERAND:
    case OPTION_SCAN_REST:
      return parse_operand(parser, value, parser->scan.key == OPTION_SCAN_REST);
    case 'e':
      parser->is_rate = false;
      return parse_duration(parser, value, &parser->every_ns);
    case 'r':
      parser->is_rate = true;
      return parse_rate(parser, value, &parser->every_ns);
    case OPTION_SCAN_PRODUCE_EVERY:
      parser->has_interval[HANDOFF_PRODUCER] = true;
      return parse_duration(parser, value, &options->interval_ns[HANDOFF_PRODUCER]);
    case OPTION_SCAN_CONSUME_EVERY:
      parser->has_interval[HANDOFF_CONSUMER] = true;
      return parse_duration(parser, value, &options->interval_ns[HANDOFF_CONSUMER]);
    case OPTION_SCAN_LATE:
      return parse_missed(parser, value);
    case OPTION_SCAN_BURST_START:
      parser->is_bucket_full = true;
      return 0;
    case 'c':
      return parse_capacity(parser, value);
    case 'n':
      options->has_count = true;
      return parse_count(parser, value, UINT64_MAX, &options->count);
    case OPTION_SCAN_FOR:
      options->has_limit = true;
      return parse_duration(parser, value, &options->limit_ns);
    case '0':
      options->delimiter = '\0';
      return 0;
    case 'o':
      return parse_output(parser, value);
    case OPTION_SCAN_STATS:
      return parse_stats(parser, value);
    case OPTION_SCAN_STATS_EVERY:
      return parse_stats_every(parser, value);
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

/* --------------------------------------------------------------------------------- the whole -- */

static int check(struct parser *parser) {
  const struct options *options = &parser->options;
  const char *hint = options_source_hint(options);
  char quoted[OPTION_SCAN_QUOTED_SIZE];

  if (options->source != NULL && options->source[0] == '\0') {
    return refuse(parser, "SOURCE: the name is empty; try a file name, or - for standard input");
  }
  if (parser->is_surplus_a_command) {
    return refuse(parser, "-- CMD: handoff does not run commands; pipe to xargs %s -n 1 CMD",
                  options->delimiter == '\n' ? "-d '\\n'" : "-0");
  }
  if (parser->surplus != NULL) {
    option_scan_quote(parser->surplus, quoted);
    return hint != NULL
               ? refuse(parser, "%s: there can be only one SOURCE; did you mean %s?", quoted, hint)
               : refuse(parser, "%s: there can be only one SOURCE; try cat FILES | handoff -",
                        quoted);
  }
  if (options->source == NULL && options->delimiter == '\0') {
    return refuse(parser, "-0, --null: needs a SOURCE; try a file name, or - for standard input");
  }
  if (parser->is_bucket_full && options->missed != HANDOFF_MISSED_BURST) {
    return refuse(parser, "--burst-start: needs a bucket to fill; try --late burst=4");
  }
  return 0;
}

/* With a SOURCE the consumer sets the pace, and the producer reads ahead while there is room. */
static void resolve_intervals(struct parser *parser) {
  struct options *options = &parser->options;

  if (!parser->has_interval[HANDOFF_CONSUMER]) {
    options->interval_ns[HANDOFF_CONSUMER] = parser->every_ns;
  }
  if (!parser->has_interval[HANDOFF_PRODUCER]) {
    options->interval_ns[HANDOFF_PRODUCER] = options->source == NULL ? parser->every_ns : 0;
  }
}

/* Applies the defaults that depend on other options. A rate is a limit, so a late item delays the
 * later ones. An interval is a grid. */
static void resolve_defaults(struct parser *parser) {
  struct options *options = &parser->options;
  const uint64_t interval_ns = options_interval_ns(options);

  if (!parser->has_late && parser->is_rate) {
    options->missed = HANDOFF_MISSED_SHIFT;
  }
  if (parser->is_bucket_full && interval_ns != 0) {
    options->start_burst = options->burst - 1; /* The first tick is for one more. */
  }
  if (!parser->has_capacity && options->source != NULL &&
      interval_ns <= OPTIONS_BATCH_INTERVAL_NS) {
    options->capacity = OPTIONS_BATCH_CAPACITY;
    options->queued_bytes = OPTIONS_BATCH_BYTES;
  }
}

int options_parse(struct options *options, int argc, char **argv, char *message, size_t size) {
  struct parser parser = {
      .options = {.delimiter = '\n',
                  .missed = HANDOFF_MISSED_SKIP,
                  .burst = 1,
                  .capacity = 1,
                  .queued_bytes = SIZE_MAX,
                  .verbosity = OPTIONS_NORMAL},
      .every_ns = SECOND_NS,
      .message = message,
      .size = size,
  };
  int code;

  option_scan_init(&parser.scan, argc, argv);
  do {
    code = option_scan_next(&parser.scan, message, size);
    if (code == 0) {
      code = parse_word(&parser);
    }
  } while (code == 0 && parser.options.action == OPTIONS_RUN);
  if (code == UV_EOF) {
    code = check(&parser);
    resolve_intervals(&parser);
    resolve_defaults(&parser);
  }
  if (code == 0) {
    *options = parser.options;
  }
  return code;
}

uint64_t options_interval_ns(const struct options *options) {
  const uint64_t producer_ns = options->interval_ns[HANDOFF_PRODUCER];
  const uint64_t consumer_ns = options->interval_ns[HANDOFF_CONSUMER];

  return producer_ns > consumer_ns ? producer_ns : consumer_ns;
}

const char *options_source_hint(const struct options *options) {
  if (options->stats == OPTIONS_STATS_NONE || options->source == NULL) {
    return NULL;
  }
  if (strcmp(options->source, "text") == 0) {
    return "--stats=text";
  }
  return strcmp(options->source, "json") == 0 ? "--stats=json" : NULL;
}

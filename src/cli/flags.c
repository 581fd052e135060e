/* flags: see flags.h.
 *
 * getopt_long does the walking. The '-' that its list of letters begins with makes it return an
 * operand as option 1 instead of moving it to the end, and so `SOURCE -- CMD` can be told from
 * `SOURCE CMD`; the ':' after that keeps it quiet and tells a missing value from an unknown flag.
 * Every refusal is worded here, from optopt and the word that getopt stopped at. */

#include "flags.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <uv.h>

static const char letters[] = "-:e:r:c:n:0o:qvhV";

static const struct option table[] = {
    {"every", required_argument, NULL, 'e'},
    {"rate", required_argument, NULL, 'r'},
    {"produce-every", required_argument, NULL, FLAGS_PRODUCE_EVERY},
    {"consume-every", required_argument, NULL, FLAGS_CONSUME_EVERY},
    {"late", required_argument, NULL, FLAGS_LATE},
    {"capacity", required_argument, NULL, 'c'},
    {"count", required_argument, NULL, 'n'},
    {"for", required_argument, NULL, FLAGS_FOR},
    {"null", no_argument, NULL, '0'},
    {"output", required_argument, NULL, 'o'},
    {"stats", optional_argument, NULL, FLAGS_STATS},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

const char *flags_example(int key) {
  switch (key) {
    case 'r':
      return "10/s, 100/m or 5/15s";
    case 'c':
      return "0 to 1048576";
    case 'n':
      return "100";
    case 'o':
      return "out.txt, or - for standard output";
    case FLAGS_LATE:
      return "skip, shift or burst=4";
    case FLAGS_STATS:
      return "--stats=text or --stats=json";
    default:
      return "5s, 250ms or 1m30s";
  }
}

const char *flags_quote(const char *text, char *quoted) {
  const size_t room = FLAGS_QUOTED_SIZE - sizeof "'...'";
  size_t length = strlen(text);
  size_t shown = length;
  size_t i;
  if (length > room) {
    shown = room;
    while (shown > 0 && ((unsigned char)text[shown] & 0xc0) == 0x80) {
      shown--; /* whole UTF-8 */
    }
  }
  for (i = 0; i < shown; i++) {
    bool is_control = (unsigned char)text[i] < ' ' || text[i] == 0x7f;
    quoted[i + 1] = '?';
    if (!is_control) {
      quoted[i + 1] = text[i];
    }
  }
  quoted[0] = '\'';
  snprintf(quoted + shown + 1, FLAGS_QUOTED_SIZE - shown - 1, shown < length ? "...'" : "'");
  return quoted;
}

static const struct option *find(int key) {
  const struct option *option;
  for (option = table; option->name != NULL; option++) {
    if (option->val == key) {
      return option;
    }
  }
  return NULL;
}

/* How many letters must be added, dropped or changed to make one of the other: Levenshtein's
 * distance. Each row of his matrix replaces the one before it. */
static size_t distance(const char *typed, size_t length, const char *name) {
  size_t row[FLAGS_NAME_SIZE];
  size_t columns = strlen(name);
  size_t i;
  size_t j;
  for (j = 0; j <= columns; j++) {
    row[j] = j;
  }
  for (i = 1; i <= length; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (j = 1; j <= columns; j++) {
      size_t best = diagonal + (typed[i - 1] != name[j - 1]);
      diagonal = row[j];
      if (row[j] + 1 < best) {
        best = row[j] + 1;
      }
      if (row[j - 1] + 1 < best) {
        best = row[j - 1] + 1;
      }
      row[j] = best;
    }
  }
  return row[columns];
}

/* word is `--typed` or `--typed=value`, and getopt knows no such flag, or more than one. */
static void refuse_long(const char *word, char *message, size_t size) {
  char quoted[FLAGS_QUOTED_SIZE];
  char matches[256] = "";
  size_t used = 0;
  size_t length = strcspn(word + 2, "=");
  size_t least = length > 3 ? 3 : 2; /* the distance that is too far */
  const struct option *closest = NULL;
  const struct option *option;
  for (option = table; option->name != NULL; option++) {
    size_t far = distance(word + 2, length, option->name);
    if (far < least) {
      least = far;
      closest = option;
    }
    if (used < sizeof matches && strncmp(option->name, word + 2, length) == 0) {
      used += (size_t)snprintf(matches + used, sizeof matches - used, "%s--%s",
                               used == 0 ? "" : ", ", option->name);
    }
  }
  flags_quote(word, quoted);
  if (used > 0) {
    snprintf(message, size, "%s: ambiguous; it may be %s", quoted, matches);
  } else if (closest != NULL) {
    snprintf(message, size, "%s: no such flag; say --%s", quoted, closest->name);
  } else {
    snprintf(message, size, "%s: no such flag; see --help", quoted);
  }
}

static void refuse_letter(int letter, char *message, size_t size) {
  int other = letter ^ 0x20; /* the same letter, large or small */
  unsigned char byte = (unsigned char)letter;
  if (byte <= ' ' || byte > '~') {
    snprintf(message, size, "-\\%03o: no such flag; see --help", (unsigned)byte);
  } else if (find(other) != NULL) {
    snprintf(message, size, "-%c: no such flag; say -%c, or see --help", letter, other);
  } else {
    snprintf(message, size, "-%c: no such flag; see --help", letter);
  }
}

static void set_name(flags_t *flags, const struct option *option, bool is_long) {
  if (is_long) {
    snprintf(flags->name, sizeof flags->name, "--%s", option->name);
  } else {
    snprintf(flags->name, sizeof flags->name, "-%c", option->val);
  }
}

/* `-every 5s`, which getopt takes for `-e very`. */
static const struct option *single_dash(const flags_t *flags) {
  const char *word = flags->argv[optind - 1];
  const struct option *option;
  if (optarg == NULL || optarg != word + 2) {
    return NULL;
  }
  for (option = table; option->name != NULL; option++) {
    if (strcmp(option->name, word + 1) == 0) {
      return option;
    }
  }
  return NULL;
}

void flags_begin(flags_t *flags, int argc, char **argv) {
  memset(flags, 0, sizeof *flags);
  flags->argc = argc;
  flags->argv = argv;
  opterr = 0;
#if defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__)
  optind = 1;
  optreset = 1;
#else
  optind = 0; /* glibc and musl: start afresh, also in the midst of -abc */
#endif
}

int flags_next(flags_t *flags, char *message, size_t size) {
  const struct option *option;
  const char *word;
  int index = -1; /* stays so unless the flag was a long one */
  int key = flags->ended ? -1 : getopt_long(flags->argc, flags->argv, letters, table, &index);
  if (key == -1) {
    flags->ended = true;
    if (optind >= flags->argc) {
      return UV_EOF;
    }
    flags->key = FLAGS_REST;
    flags->value = flags->argv[optind++];
    return 0;
  }
  word = optind > 0 && optind <= flags->argc ? flags->argv[optind - 1] : "";
  option = find(key == '?' || key == ':' ? optopt : key);
  if (key == FLAGS_OPERAND) {
    flags->key = key;
    flags->value = optarg;
    return 0;
  }
  if (key == '?' && option != NULL) {
    set_name(flags, option, true);
    snprintf(message, size, "%s: takes no value; say just %s", flags->name, flags->name);
    return UV_EINVAL;
  }
  if (key == '?' && optopt != 0) {
    refuse_letter(optopt, message, size);
    return UV_EINVAL;
  }
  if (key == '?') {
    refuse_long(word, message, size);
    return UV_EINVAL;
  }
  if (key == ':') {
    set_name(flags, option, strncmp(word, "--", 2) == 0);
    snprintf(message, size, "%s: needs a value; say %s", flags->name, flags_example(option->val));
    return UV_EINVAL;
  }
  if (single_dash(flags) != NULL) {
    snprintf(message, size, "%s: a long flag has two dashes; say -%s", word, word);
    return UV_EINVAL;
  }
  set_name(flags, option, index != -1);
  flags->key = key;
  flags->value = optarg;
  return 0;
}

/* option_scan: see option_scan.h.
 *
 * getopt_long finds the words. Its short options begin with "-:". The '-' makes it return an
 * operand as option 1 instead of moving it to the end, so that `SOURCE -- CMD` differs from
 * `SOURCE CMD`. The ':' keeps it silent, and distinguishes a missing value from an unknown option.
 * The messages are written here, from optopt and the word at which getopt stopped. */

#include "option_scan.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <uv.h>

static const char letters[] = "-:e:r:c:n:0o:qvhV";

static const struct option table[] = {
    {"every", required_argument, NULL, 'e'},
    {"rate", required_argument, NULL, 'r'},
    {"produce-every", required_argument, NULL, OPTION_SCAN_PRODUCE_EVERY},
    {"consume-every", required_argument, NULL, OPTION_SCAN_CONSUME_EVERY},
    {"late", required_argument, NULL, OPTION_SCAN_LATE},
    {"burst-start", no_argument, NULL, OPTION_SCAN_BURST_START},
    {"capacity", required_argument, NULL, 'c'},
    {"count", required_argument, NULL, 'n'},
    {"for", required_argument, NULL, OPTION_SCAN_FOR},
    {"null", no_argument, NULL, '0'},
    {"output", required_argument, NULL, 'o'},
    {"stats", optional_argument, NULL, OPTION_SCAN_STATS},
    {"stats-every", required_argument, NULL, OPTION_SCAN_STATS_EVERY},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

const char *option_scan_example(int key) {
  switch (key) {
    case 'r':
      return "10/s, 100/m or 5/15s";
    case 'c':
      return "0 to 1048576";
    case 'n':
      return "100";
    case 'o':
      return "out.txt, or - for standard output";
    case OPTION_SCAN_LATE:
      return "skip, shift or burst=4";
    case OPTION_SCAN_STATS:
      return "--stats=text or --stats=json";
    default:
      return "5s, 250ms or 1m30s";
  }
}

/* ----------------------------------------------------------------------------------- quoting -- */

/* How many bytes of a text of this length fit into `max`, without cutting a UTF-8 character. */
static size_t cut(const char *text, size_t length, size_t max) {
  if (length <= max) {
    return length;
  }
  while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80) {
    max--;
  }
  return max;
}

static void copy_printable(char *copy, const char *text, size_t length) {
  size_t i;

  for (i = 0; i < length; i++) {
    copy[i] = '?';
    if ((unsigned char)text[i] >= ' ' && text[i] != 0x7f) {
      copy[i] = text[i];
    }
  }
}

const char *option_scan_quote(const char *text, char *quoted) {
  size_t length = strlen(text);
  size_t shown = cut(text, length, OPTION_SCAN_QUOTED_SIZE - sizeof "\"...\"");

  quoted[0] = '"';
  copy_printable(quoted + 1, text, shown);
  snprintf(quoted + shown + 1, OPTION_SCAN_QUOTED_SIZE - shown - 1,
           shown < length ? "...\"" : "\"");
  return quoted;
}

/* ---------------------------------------------------------------------------------- messages -- */

static const struct option *find(int key) {
  const struct option *option;

  for (option = table; option->name != NULL; option++) {
    if (option->val == key) {
      return option;
    }
  }
  return NULL;
}

/* The Levenshtein distance: how many letters to add, remove or change to turn `typed` into `name`.
 * One row of the matrix at a time (Wagner and Fischer, 1974). */
static size_t edit_distance(const char *typed, size_t length, const char *name) {
  size_t row[OPTION_SCAN_NAME_SIZE];
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

/* Returns: the option that was probably meant, or NULL. */
static const struct option *find_closest(const char *typed, size_t length) {
  size_t least = length > 3 ? 3 : 2; /* a distance of that much is too far */
  const struct option *closest = NULL;
  const struct option *option;

  for (option = table; option->name != NULL; option++) {
    size_t distance = edit_distance(typed, length, option->name);
    if (distance < least) {
      least = distance;
      closest = option;
    }
  }
  return closest;
}

/* Lists the options that begin with what was typed. */
static void list_matches(const char *typed, size_t length, char *matches, size_t size) {
  const struct option *option;
  size_t used = 0;

  matches[0] = '\0';
  for (option = table; option->name != NULL && used < size; option++) {
    if (strncmp(option->name, typed, length) == 0) {
      used += (size_t)snprintf(matches + used, size - used, "%s--%s", used == 0 ? "" : ", ",
                               option->name);
    }
  }
}

/* The word is `--typed` or `--typed=value`, and getopt found no such option, or several. */
static void refuse_long(const char *word, char *message, size_t size) {
  size_t length = strcspn(word, "=");
  size_t shown = cut(word, length, OPTION_SCAN_QUOTED_SIZE - 1);
  const struct option *closest = find_closest(word + 2, length - 2);
  char name[OPTION_SCAN_QUOTED_SIZE];
  char matches[256];

  copy_printable(name, word, shown);
  name[shown] = '\0';
  list_matches(word + 2, length - 2, matches, sizeof matches);
  if (matches[0] != '\0') {
    snprintf(message, size, "%s: ambiguous option; did you mean one of %s?", name, matches);
  } else if (closest != NULL) {
    snprintf(message, size, "%s: unknown option; did you mean --%s?", name, closest->name);
  } else {
    snprintf(message, size, "%s: unknown option; try --help", name);
  }
}

static void refuse_letter(int letter, char *message, size_t size) {
  int other = letter ^ 0x20; /* the same letter in the other case */
  unsigned char byte = (unsigned char)letter;

  if (byte <= ' ' || byte > '~') {
    snprintf(message, size, "-\\%03o: unknown option; try --help", (unsigned)byte);
  } else if (find(other) != NULL) {
    snprintf(message, size, "-%c: unknown option; did you mean -%c?", letter, other);
  } else {
    snprintf(message, size, "-%c: unknown option; try --help", letter);
  }
}

static void set_name(struct option_scan *scan, const struct option *option, bool is_long) {
  if (is_long) {
    snprintf(scan->name, sizeof scan->name, "--%s", option->name);
  } else {
    snprintf(scan->name, sizeof scan->name, "-%c", option->val);
  }
}

/* Writes the message for getopt's result '?' (unknown, or an unwanted value) or ':' (no value). */
static void refuse(struct option_scan *scan, int key, const char *word, char *message,
                   size_t size) {
  const struct option *option = find(optopt);

  if (key == ':') {
    set_name(scan, option, strncmp(word, "--", 2) == 0);
    snprintf(message, size, "%s: needs a value; try %s", scan->name,
             option_scan_example(option->val));
  } else if (option != NULL) {
    set_name(scan, option, true);
    snprintf(message, size, "%s: takes no value", scan->name);
  } else if (optopt != 0) {
    refuse_letter(optopt, message, size);
  } else {
    refuse_long(word, message, size);
  }
}

/* ---------------------------------------------------------------------------------- the scan -- */

/* Whether the word is `-every`, which getopt takes for `-e very`. */
static bool is_long_with_one_dash(const char *word) {
  const struct option *option;

  if (optarg == NULL || optarg != word + 2) {
    return false;
  }
  for (option = table; option->name != NULL; option++) {
    if (strcmp(option->name, word + 1) == 0) {
      return true;
    }
  }
  return false;
}

void option_scan_init(struct option_scan *scan, int argc, char **argv) {
  memset(scan, 0, sizeof *scan);
  scan->argc = argc;
  scan->argv = argv;
  opterr = 0;
#if defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__)
  optind = 1;
  optreset = 1;
#else
  optind = 0; /* glibc and musl: restart, even in the middle of `-abc` */
#endif
}

int option_scan_next(struct option_scan *scan, char *message, size_t size) {
  const char *word;
  int index = -1; /* set by getopt for a long option only */
  int key = scan->is_in_rest ? -1 : getopt_long(scan->argc, scan->argv, letters, table, &index);

  if (key == -1) {
    scan->is_in_rest = true;
    if (optind >= scan->argc) {
      return UV_EOF;
    }
    scan->key = OPTION_SCAN_REST;
    scan->value = scan->argv[optind++];
    return 0;
  }
  word = optind > 0 && optind <= scan->argc ? scan->argv[optind - 1] : "";
  if (key == '?' || key == ':') {
    refuse(scan, key, word, message, size);
    return UV_EINVAL;
  }
  if (key != OPTION_SCAN_OPERAND) {
    if (is_long_with_one_dash(word)) {
      snprintf(message, size, "%s: unknown option; did you mean -%s?", word, word);
      return UV_EINVAL;
    }
    set_name(scan, find(key), index != -1);
  }
  scan->key = key;
  scan->value = optarg;
  return 0;
}

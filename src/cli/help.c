/* help: see help.h.
 *
 * Examples come first: most people want one line that works and will change a number in it. Kept
 * below 4,095 characters, the longest string that C11 promises. */

#include "help.h"

#include <stdio.h>

#include <uv.h>

#include "handoff.h"

static const char text_of_help[] =
    "handoff: one item changes hands at a time, at the pace you set.\n"
    "\n"
    "  handoff                             count, once a second: Producer: 1,\n"
    "                                      Consumer: 1, Producer: 2, ... until Ctrl-C\n"
    "  handoff --rate 10/s urls.txt        the lines of a file, ten a second\n"
    "  tail -f app.log | handoff -e 1s -   each line when its turn comes\n"
    "  handoff -r 5/m jobs | xargs -d '\\n' -n 1 ./run\n"
    "                                      start five jobs a minute\n"
    "  find . -type f -print0 | handoff -0 -r 100/s - | xargs -0 -n 1 md5sum\n"
    "                                      any file name, spaces and all\n"
    "  handoff -e 10ms -n 500 --stats >/dev/null\n"
    "                                      how punctual is this machine?\n"
    "\n"
    "Usage: handoff [OPTIONS]              the counter\n"
    "       handoff [OPTIONS] SOURCE       the lines of SOURCE, a file, or - for\n"
    "                                      standard input, to standard output\n"
    "\n"
    "Pace\n"
    "  -e, --every DUR          one item every DUR (1s); 0 is as fast as can be\n"
    "  -r, --rate N/UNIT        the same as a rate: 10/s, 100/m, 5/15s\n"
    "      --produce-every DUR  the interval of the producer alone\n"
    "      --consume-every DUR  the interval of the consumer alone\n"
    "      --late skip          default: stay on the grid, miss what has passed\n"
    "      --late shift         move the grid: never less than DUR between two\n"
    "      --late burst=N       catch up, at most N at once\n"
    "  -c, --capacity N         items that may wait between the two (1); 0: none,\n"
    "                           each goes straight from hand to hand\n"
    "  In the counter -e and -r pace both sides; with a SOURCE only the consumer, and\n"
    "  the producer reads on as soon as there is room.\n"
    "\n"
    "End\n"
    "  -n, --count N            stop after N items\n"
    "      --for DUR            stop after DUR\n"
    "\n"
    "Input and output\n"
    "  -0, --null               items end in NUL, not in newline\n"
    "  -o, --output FILE        write there, not to standard output\n"
    "      --stats[=text|json]  at the end, on standard error: rates and lateness\n"
    "  -v, --verbose            with a SOURCE: log each hand-off on standard error\n"
    "  -q, --quiet              no log\n"
    "  -h, --help               this text\n"
    "  -V, --version            the versions of handoff and libuv\n"
    "\n"
    "Durations  250ms, 1.5s, 1m30s; units ns us ms s m h; a number alone is seconds.\n"
    "Signals    INT, TERM, HUP: finish the item in hand and end; a second one ends at\n"
    "           once. USR1: statistics so far, and on it goes.\n"
    "Exit       0 done; 2 usage; 3 input or output failed; 128+n ended by signal n.\n";

const char *help_text(void) { return text_of_help; }

void help_version(char *text, size_t size) {
  snprintf(text, size, "handoff %s (libuv %s)\n", handoff_version(), uv_version_string());
}

/* help: see help.h.
 *
 * Examples come first, because most readers want a line that works and will change a number in it.
 * The string stays below 4,095 characters, the longest literal that C11 guarantees. */

#include "help.h"

#include <stdio.h>

#include <uv.h>

#include "handoff.h"

static const char text_of_help[] =
    "handoff: passes items on one at a time, at a steady pace or below a rate limit.\n"
    "  -e DUR paces on a grid: a late item is followed by the next one on time.\n"
    "  -r N/UNIT limits the rate: a late item delays the later ones (throttle).\n"
    "\n"
    "  handoff                             count, once a second: Producer: 1,\n"
    "                                      Consumer: 1, Producer: 2, ... until Ctrl-C\n"
    "  handoff --rate 10/s urls.txt        throttle a file to ten lines a second\n"
    "  tail -f app.log | handoff -e 1s -   one line of live input each second\n"
    "  find . -type f -print0 | handoff -0 -r 100/s - >names\n"
    "                                      any file name, even with a newline in it\n"
    "  handoff -e 10ms -n 500 --stats >/dev/null\n"
    "                                      measure how punctual this machine is\n"
    "\n"
    "Usage: handoff [OPTIONS]              print a counter\n"
    "       handoff [OPTIONS] SOURCE       copy lines from SOURCE, a file or - for\n"
    "                                      standard input, to standard output\n"
    "\n"
    "Pacing\n"
    "  -e, --every DUR          one item every DUR (default 1s); 0: unthrottled\n"
    "  -r, --rate N/UNIT        at most this rate: 10/s, 100/m, 5/15s, 1/d\n"
    "      --produce-every DUR  the interval of the producer alone\n"
    "      --consume-every DUR  the interval of the consumer alone\n"
    "      --late skip          skip missed ticks, stay on the grid (default with -e)\n"
    "      --late shift         delay the later ticks (default with -r)\n"
    "      --late burst=N       run up to N missed ticks back to back\n"
    "      --burst-start        with burst=N: the first N items at once\n"
    "  -c, --capacity N         items the queue holds: more is faster. Default 1, and\n"
    "                           4096 for lines that are unpaced or above 20000/s;\n"
    "                           0: no queue, the sides meet for each item\n"
    "  Without SOURCE, -e and -r pace both sides. With SOURCE, they pace only the\n"
    "  consumer, and the producer reads ahead while the queue has room.\n"
    "\n"
    "End\n"
    "  -n, --count N            stop after N items\n"
    "      --for DUR            stop after DUR\n"
    "\n"
    "Input and output\n"
    "  -0, --null               items end in NUL instead of newline\n"
    "  -o, --output FILE        write to FILE instead of standard output\n"
    "      --stats[=text|json]  at the end, print statistics to standard error\n"
    "      --stats-every DUR    print them every DUR too\n"
    "  -v, --verbose            with SOURCE: log each transfer to standard error\n"
    "  -q, --quiet              no log, and no line when the pace was not achieved\n"
    "  -h, --help               print this help\n"
    "  -V, --version            print the versions of handoff and libuv\n"
    "\n"
    "Durations  250ms, 1.5s, 1m30s; units ns us ms s m h d; a bare number is seconds.\n"
    "Signals    INT, TERM, HUP: finish the current item and end; a second one ends at\n"
    "           once. USR1: print the statistics so far and continue.\n"
    "Exit       0 done; 2 usage; 3 input or output failed; 128+n ended by signal n.\n";

const char *help_text(void) { return text_of_help; }

void help_version(char *text, size_t size) {
  snprintf(text, size, "handoff %s (libuv %s)\n", handoff_version(), uv_version_string());
}

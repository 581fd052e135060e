/* help: the texts of --help and --version. They are only returned here; main.c writes them.
 *
 * Each line of the help has at most 80 columns, and each option appears in it. */

#ifndef HANDOFF_CLI_HELP_H
#define HANDOFF_CLI_HELP_H

#include <stddef.h>

/* The text of --help. It ends in a newline. */
const char *help_text(void);

/* Formats the line of --version, with the version of libuv that is linked at run time. */
void help_version(char *text, size_t size);

#endif /* HANDOFF_CLI_HELP_H */

/* help: what --help and --version say.
 *
 * Texts only: main writes them. Every line of the help fits 80 columns, and every flag is in it. */

#ifndef HANDOFF_CLI_HELP_H
#define HANDOFF_CLI_HELP_H

#include <stddef.h>

/* The text of --help, ending in a newline. */
const char *help_text(void);

/* Writes the line of --version, with its newline: of handoff, and of libuv as it runs. */
void help_version(char *text, size_t size);

#endif /* HANDOFF_CLI_HELP_H */

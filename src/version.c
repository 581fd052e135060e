/* version: the release that is linked, which may not be the one whose header was compiled. */

#include "handoff.h"

const char *handoff_version(void) { return HANDOFF_VERSION; }

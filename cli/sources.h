/* sources.h - the captures and interfaces of a command line, opened. */
#ifndef MT_CLI_SOURCES_H
#define MT_CLI_SOURCES_H

#include "capture/merge.h"
#include "cli/options.h"

enum { MT_INTERFACES_MAX = 64 };

/* Open all of -r or -i into m, in their order. 0, or an exit code after
 * having said what is wrong. */
int mt_sources_open(struct mt_merge *m, const struct mt_options *o);

#endif

/* sources.h - the captures and interfaces of a command line, opened. */
#ifndef MT_CLI_SOURCES_H
#define MT_CLI_SOURCES_H

#include "capture/merge.h"
#include "cli/options.h"
#include "cli/peek.h"

enum { MT_INTERFACES_MAX = 64 };

/* Open all of -i into m, in their order. 0, or an exit code after having said
 * what is wrong. */
int mt_sources_open(struct mt_merge *m, const struct mt_options *o);

/* The same for one capture of -r, whose first bytes were looked at. */
int mt_sources_open_peeked(struct mt_merge *m, const struct mt_options *o,
                           struct mt_peek *peek, const char *path);

#endif

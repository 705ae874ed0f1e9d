/* wait.h - sleeping until there is something to do. */
#ifndef MT_CLI_WAIT_H
#define MT_CLI_WAIT_H

#include "capture/merge.h"

/**
 * Until a source that had nothing has something, also_fd (-1: none) is
 * readable, a signal came, or timeout_ms have passed: then true.
 */
bool mt_wait_for_sources(const struct mt_merge *m, int also_fd, int timeout_ms);

#endif

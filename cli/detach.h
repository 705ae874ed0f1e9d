/**
 * detach.h - going on in the background once everything is open.
 *
 *     int rc;
 *     if (mt_detach(&rc))
 *         return rc;              // the one in front: it is running, or why
 * not open everything; on failure say so and return
 *     mt_detach_ready("mesh.db.log", rights);
 *     run
 *
 * The one in front waits until the other is ready, so that what goes wrong is
 * said on the terminal and by the exit code. The one behind has a session of
 * its own: it outlives the terminal and the ssh connection.
 */
#ifndef MT_CLI_DETACH_H
#define MT_CLI_DETACH_H

#include <stdbool.h>

#include "cli/rights.h"

/* True in the one in front, with its exit code. False in the one behind, or
 * in the only one where it could not be made: then *rc is not 0, and it was
 * said. */
bool mt_detach(int *rc);

/* Behind, all is open: messages go to this file from now on; it belongs to who
 * the tap becomes, as its database does (rights may be NULL). Elsewhere nothing
 * happens. False: it cannot be written, which was said. */
bool mt_detach_ready(const char *log, const struct mt_rights *rights);

#endif

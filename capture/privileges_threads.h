/**
 * privileges_threads.h - does any thread still have capabilities? Private to
 * the privileges.
 */
#ifndef MT_CAPTURE_PRIVILEGES_THREADS_H
#define MT_CAPTURE_PRIVILEGES_THREADS_H

#include <stdbool.h>

#include "base/span.h"

/* Of the text of /proc/self/task/TID/status: no capability in any set but the
 * bounding one. False, too, where the text does not say so. */
bool mt_privileges_none(struct mt_span status);

/* Of every thread of this process. 0; -EBUSY: one has; -errno of reading
 * /proc, which has to be there. */
int mt_privileges_threads(void);

#endif

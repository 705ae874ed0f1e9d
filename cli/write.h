/* write.h - where base/out.h's bytes go: a FILE. */
#ifndef MT_CLI_WRITE_H
#define MT_CLI_WRITE_H

#include <stdio.h>

#include "base/span.h"

/* A sink of base/out.h; arg is the FILE. 0 or -errno. */
int mt_write_file(void *arg, struct mt_span bytes);

#endif

/* write.h - whole writes to standard output, signals or not. */
#ifndef MT_CLI_WRITE_H
#define MT_CLI_WRITE_H

#include <stdio.h>

#include "base/span.h"

/* A sink of base/out.h; arg is the FILE. 0 or -errno. An interrupted write
 * goes on: the second interruption ends the program by itself. */
int mt_write_file(void *arg, struct mt_span bytes);

#endif

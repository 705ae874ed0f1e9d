/* graph.h - a row of numbers as one line of blocks. */
#ifndef MT_TUI_GRAPH_H
#define MT_TUI_GRAPH_H

#include "base/buf.h"

/**
 * Append one character a value, as high as it is beside the highest: nothing
 * is a blank, the least of something the lowest block. Values below 0 count
 * as 0.
 */
void mt_put_graph(struct mt_buf *b, const double *values, size_t count);

#endif

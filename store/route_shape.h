/**
 * route_shape.h - what one segment of a path looks like (private to route).
 */
#ifndef MT_STORE_ROUTE_SHAPE_H
#define MT_STORE_ROUTE_SHAPE_H

#include "base/buf.h"

/* Append a segment, or the placeholder for what it looks like. Returns true
 * if there is a placeholder in it. */
bool mt_route_shape(struct mt_span segment, struct mt_buf *out);

#endif

/**
 * link.h - the link types of capture files (LINKTYPE_ numbers).
 *
 *     if (!mt_link_is_known(item.packet.link_type))
 *         warn("link type %u (%s) is not decoded", ..., mt_link_name(...));
 */
#ifndef MT_CAPTURE_LINK_H
#define MT_CAPTURE_LINK_H

#include <stdbool.h>
#include <stdint.h>

/* Can mt_layers_next() look into frames of this type? */
bool mt_link_is_known(uint16_t link_type);

/* Its name, "EN10MB"; "unknown" for a number that nobody has named. */
const char *mt_link_name(uint16_t link_type);

#endif

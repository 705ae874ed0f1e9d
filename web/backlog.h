/* backlog.h - bytes that wait for a client, up to a ceiling; behind it, a count
 * of what is lost. */
#ifndef MT_WEB_BACKLOG_H
#define MT_WEB_BACKLOG_H

#include <stdbool.h>

#include "base/span.h"

struct mt_web_backlog {
    uint8_t *ptr;
    size_t begin, len, cap, max;
    uint64_t lost; /* events that found no room, not yet told */
};

void mt_web_backlog_free(struct mt_web_backlog *b);

/* One event, whole or not at all; before it, that some were lost. Returns
 * whether it fits; where not, it is counted. */
bool mt_web_backlog_add(struct mt_web_backlog *b, struct mt_span event);

/* Tell what was lost, if there is room by now. */
void mt_web_backlog_tell(struct mt_web_backlog *b);

/* Half of it is free: there is room for some events. */
bool mt_web_backlog_has_room(const struct mt_web_backlog *b);

size_t mt_web_backlog_take(struct mt_web_backlog *b, char *to, size_t size);

#endif

#include "tui/history.h"

#include <string.h>

void mt_history_add(struct mt_history *h, const char *line)
{
    size_t n = strlen(line);
    h->at = h->count;
    if (n == 0 || n >= MT_HISTORY_BYTES ||
        (h->count > 0 && strcmp(h->lines[h->count - 1], line) == 0))
        return;
    if (h->count == MT_HISTORY_LINES)
        memmove(h->lines[0], h->lines[1], --h->count * sizeof h->lines[0]);
    memcpy(h->lines[h->count++], line, n + 1);
    h->at = h->count;
}

void mt_history_step(struct mt_history *h, int by, struct mt_edit *e)
{
    if (by < 0 ? h->at == 0 : h->at == h->count)
        return;
    if (h->at == h->count)
        memcpy(h->typed, e->text, sizeof h->typed);
    h->at = by < 0 ? h->at - 1 : h->at + 1;
    mt_edit_set(e, h->at == h->count ? h->typed : h->lines[h->at]);
}

/* each_open.h - private to cli/each*.c: what has begun and not ended, once. */
#ifndef MT_CLI_EACH_OPEN_H
#define MT_CLI_EACH_OPEN_H

#include "cli/each.h"
#include "cli/view.h"

enum {
    MT_EACH_OPEN_MAX = 4096, /* told and remembered; then the oldest again */
    MT_EACH_OPEN_LINES = 20, /* of one look at a database */
};

struct mt_each_open {
    struct {
        uint64_t conn, stream;
    } told[MT_EACH_OPEN_MAX];
    uint32_t count, next;
    int64_t looked_ns; /* at a database */
};

/* Of a live tap: told when it is first seen to be open. */
void mt_each_open_tell(struct mt_each_open *o, struct mt_each *each,
                       const struct mt_exchange *x, int64_t now_ns);

/* Of a database, once a second at most: what has not been told yet, oldest
 * first, and the number of those for which a look has no line. Returns 0 or a
 * code of mt_store_rc. */
int mt_each_open_look(struct mt_each_open *o, struct mt_each *each,
                      const struct mt_view *v, int64_t now_ns);

#endif

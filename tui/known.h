/**
 * known.h - private to tui/: names that a database has given, for completion.
 *
 *     mt_known_note(&known, snapshot);            // what is on the screen
 *     rc = mt_known_ask(&known, store, wall_ns);  // the database itself
 *
 * The first of each field are kept, the least used are missing.
 */
#ifndef MT_TUI_KNOWN_H
#define MT_TUI_KNOWN_H

#include "store/filter.h"
#include "tui/snapshot.h"

enum {
    MT_KNOWN_MAX = 1024,
    MT_KNOWN_FIELD_MAX = 250, /* of one field */
    MT_KNOWN_BYTES = 96,      /* longer ones are not kept */
};

struct mt_known {
    char list[MT_KNOWN_MAX][MT_KNOWN_BYTES];
    uint8_t field[MT_KNOWN_MAX]; /* enum mt_filter_field */
    size_t count;
    uint16_t of[MT_FILTER_FIELD_COUNT];
};

void mt_known_add(struct mt_known *k, unsigned field, struct mt_span name);
void mt_known_merge(struct mt_known *k, const struct mt_known *from);
void mt_known_note(struct mt_known *k, const struct mt_snapshot *a);

/* Services, methods, routes and operations of all that is there; hosts and
 * statuses of the newest rows. What takes too long is left out. 0, or
 * MT_STORE_ENOMEM. */
int mt_known_ask(struct mt_known *k, struct mt_store *s, int64_t wall_ns);

#endif

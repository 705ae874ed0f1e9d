/**
 * changes.h - what differs between a window and the one before it.
 *
 *     struct mt_changes c;
 *     rc = mt_query_changes(s, &ask, &c);
 *     for (size_t i = 0; i < c.count; i++)
 *         mt_put_change(&buf, &c.list[i], &style);
 *         // "cart GET /cart/{id}: success 99.8 % → 91.2 %"
 *     mt_changes_free(&c);
 *
 * Services and routes, each by what the same question answers of both windows.
 * A change is told where there were requests enough to tell it from chance, and
 * where it is large enough to matter; of a service only where none of its
 * routes shows the same. What got worse stands first: success, then latency,
 * then rate, each by what it does to requests.
 */
#ifndef MT_STORE_CHANGES_H
#define MT_STORE_CHANGES_H

#include "store/column.h"
#include "store/query.h"

enum { MT_CHANGES_MAX = 100 };

/* X(NAME, key of both rows, "in words"), what matters most first */
#define MT_CHANGES(X)                      \
    X(SUCCESS, "success_ratio", "success") \
    X(LATENCY, "latency_p95_ns", "p95")    \
    X(RATE, "requests_per_s", "requests per second")

enum mt_change_kind {
#define X(name, key, text) MT_CHANGE_##name,
    MT_CHANGES(X)
#undef X
        MT_CHANGE_COUNT
};

const char *mt_change_key(unsigned kind);

struct mt_change {
    enum mt_change_kind kind;
    bool route;    /* else of the whole service */
    bool worse;    /* of a rate: there are fewer */
    double weight; /* requests, or seconds of waiting, a second */
    const struct mt_row *was, *is; /* NULL: there was, or is, none */
};

struct mt_changes {
    struct mt_change list[MT_CHANGES_MAX];
    size_t count;
    size_t more;                /* beyond the list */
    struct mt_coverage was, is; /* the windows, of the services' answers */
    struct mt_answer services[2], routes[2]; /* what the rows are of */
};

/**
 * The window of `ask` beside the one before it, of the same length. Where
 * nothing lies before it (all of a database was asked for), its second half
 * beside its first: `was` and `is` say which. Under half a minute rows are
 * read; else the border between the two is one of cells. 0 or a code; free it,
 * also after a code.
 */
int mt_query_changes(struct mt_store *s, const struct mt_ask *ask,
                     struct mt_changes *c);
void mt_changes_free(struct mt_changes *c);

/* The comparison alone, out of both answers of one question; adds to c.
 * Borrowed as long as c. 0 or MT_STORE_ENOMEM. */
int mt_changes_compare(struct mt_changes *c, const struct mt_answer *was,
                       const struct mt_answer *is, bool routes);
/* After all of them: without what a route says as well, most important first.
 */
void mt_changes_order(struct mt_changes *c);

/* In words, as above. */
void mt_put_change(struct mt_buf *b, const struct mt_change *c,
                   const struct mt_value_style *style);

#endif

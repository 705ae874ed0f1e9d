/**
 * params.h - the parameters of a request, out of the query of its address.
 *
 *     struct mt_web_params p;
 *     if (mt_web_params_parse(&p, query, MT_WEB_WINDOW, memory, size, &why) <
 * 0) answer(&why);
 *
 * A pure function of its bytes. What is not known, is given twice, cannot be
 * read or is out of its range is told, with the parameter's name: nothing is
 * guessed. Times are checked here and read when "now" is known.
 */
#ifndef MT_WEB_PARAMS_H
#define MT_WEB_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "web/problem.h"

/* X(NAME, "name", kind, member, least, most) */
#define MT_WEB_PARAMS(X)                                            \
    X(SINCE, "since", TIME, since, 0, 0)                            \
    X(UNTIL, "until", TIME, until, 0, 0)                            \
    X(WINDOW, "window", DURATION, window_ns, 1, INT64_MAX)          \
    X(FILTER, "filter", TEXT, filter, 0, 0)                         \
    X(LIMIT, "limit", NUMBER, limit, 1, MT_WEB_ROWS_MAX)            \
    X(SORT, "sort", TEXT, sort, 0, 0)                               \
    X(BUCKET, "bucket", DURATION, bucket_ns, 1000000000, INT64_MAX) \
    X(ENTRY, "entry", FLAG, entry, 0, 0)                            \
    X(TREND, "trend", FLAG, trend, 0, 0)                            \
    X(BY, "by", BY, by, 0, 0)                                       \
    X(FOCUS, "focus", TEXT, focus, 0, 0)                            \
    X(DEPTH, "depth", NUMBER, depth, 1, 16)                         \
    X(NODES, "nodes", NUMBER, nodes, 1, 1000)                       \
    X(ORDER, "order", ORDER, order, 0, 0)                           \
    X(AFTER, "after", NUMBER, after, 1, INT64_MAX)                  \
    X(LAST_EVENT_ID, "last_event_id", TEXT, last_event_id, 0, 0)

enum mt_web_param {
#define X(name, text, kind, member, least, most) MT_WEB_P_##name,
    MT_WEB_PARAMS(X)
#undef X
        MT_WEB_PARAM_COUNT
};

#define MT_WEB_BIT(name) (UINT32_C(1) << MT_WEB_P_##name)

/* What most answers take. */
#define MT_WEB_WINDOW                                             \
    (MT_WEB_BIT(SINCE) | MT_WEB_BIT(UNTIL) | MT_WEB_BIT(WINDOW) | \
     MT_WEB_BIT(FILTER))
#define MT_WEB_TABLE (MT_WEB_WINDOW | MT_WEB_BIT(LIMIT) | MT_WEB_BIT(SORT))

enum mt_web_by { MT_WEB_BY_METHOD, MT_WEB_BY_ENDPOINT, MT_WEB_BY_NONE };
enum mt_web_order { MT_WEB_NEWEST, MT_WEB_OLDEST, MT_WEB_SLOWEST };

struct mt_web_params {
    uint32_t given; /* MT_WEB_BIT */
    struct mt_span since, until, filter, sort, focus, last_event_id;
    uint64_t window_ns, bucket_ns; /* 0: not given */
    uint64_t limit, depth, nodes, after;
    uint64_t by, order; /* enum mt_web_by, mt_web_order */
    uint64_t entry, trend;
};

static inline bool mt_web_given(const struct mt_web_params *p, uint32_t bit)
{
    return (p->given & bit) != 0;
}

/* Texts are in memory, which has room for as many bytes as the query has.
 * 0, or -1 with *why. */
int mt_web_params_parse(struct mt_web_params *p, struct mt_span query,
                        uint32_t allowed, uint8_t *memory,
                        struct mt_web_problem *why);

/* The next name=value of a query, decoded into memory as above: 1, 0 after the
 * last, or -1: a % without two hexadecimal digits, or a NUL. */
int mt_web_query_next(struct mt_span *query, uint8_t **memory,
                      struct mt_span *name, struct mt_span *value);

const char *mt_web_param_name(unsigned param);

#endif

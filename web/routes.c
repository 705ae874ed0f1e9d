/* Every path of the API: a row each. docs/openapi.json describes the same, and
 * a test compares them. */
#include "web/answer.h"

#define T MT_WEB_TABLE
#define W MT_WEB_WINDOW
#define B(name) MT_WEB_BIT(name)

const struct mt_web_route mt_web_routes[] = {
    {"", "index", 0, false, mt_web_index},
    {"summary", "summary", W, true, mt_web_summary},
    {"series", "series", W | B(BUCKET) | B(ENTRY), true, mt_web_series},
    {"services", "services", T | B(TREND), true, mt_web_services},
    {"routes", "routes", T | B(BY), true, mt_web_routes_table},
    {"edges", "edges", T | B(FOCUS) | B(DEPTH) | B(NODES), true, mt_web_edges},
    {"policy", "policy", T, true, mt_web_policy},
    {"changes", "changes", W | B(LIMIT), true, mt_web_changes},
    {"exchanges", "exchanges", W | B(LIMIT) | B(ORDER) | B(AFTER), true,
     mt_web_exchanges},
    {"exchange/{id}", "exchange", 0, false, mt_web_exchange},
    {"trace/{id}", "trace", 0, false, mt_web_trace},
    {"captures", "captures", W, true, mt_web_captures},
    {"open", "open", B(LIMIT), false, mt_web_open_requests},
    {"filter", "filter", B(FILTER), false, mt_web_filter_help},
    {"columns", "columns", 0, false, mt_web_columns},
    {"openapi.json", "openapi", 0, false, mt_web_openapi},
    {"stream", "stream", B(FILTER) | B(LAST_EVENT_ID), false, NULL},
};

const size_t mt_web_routes_count =
    sizeof mt_web_routes / sizeof mt_web_routes[0];

const struct mt_web_route mt_web_metrics = {"metrics", "metrics", 0, false,
                                            mt_web_write_metrics};

const struct mt_web_route mt_web_readyz = {"readyz", "readyz", 0, false,
                                           mt_web_ready};

/* All of both, but where the pattern says {id}: at the end, one segment. */
static bool fits(const char *pattern, struct mt_span path, struct mt_span *id)
{
    struct mt_span p = mt_span_str(pattern);
    size_t brace = mt_span_find(p, '{');
    *id = (struct mt_span){.ptr = path.ptr, .len = 0};
    if (brace == p.len)
        return mt_span_eq(p, path);
    p.len = brace;
    if (!mt_span_starts(path, p))
        return false;
    (void)mt_span_take(&path, p.len);
    *id = path;
    return path.len > 0 && mt_span_find(path, '/') == path.len;
}

const struct mt_web_route *mt_web_route_find(struct mt_span path,
                                             struct mt_span *id)
{
    for (size_t i = 0; i < mt_web_routes_count; i++)
        if (fits(mt_web_routes[i].path, path, id))
            return &mt_web_routes[i];
    return NULL;
}

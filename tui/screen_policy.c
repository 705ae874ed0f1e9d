/* 5 Policy: what a proxy does for its routes, and what its budgets and breakers
 * are at; below a route, the endpoints of its service. A tap enforces nothing:
 * of its rows there are none. */
#include <string.h>

#include "store/proxy_state.h"
#include "tui/screen_routes.h"

const struct mt_screen_class mt_screen_class_policy = {
    .name = "Policy",
    .unit = "routes",
    .topic = MT_TOPIC_POLICY,
    .drilled_topic = MT_TOPIC_POLICY,
    .opens = MT_SCREEN_ENDPOINTS,
    .columns = &mt_screen_policy,
    .arrange = mt_routes_arrange,
    .term = mt_routes_term,
    .empty = "Retries and time-outs of each route, once a proxy writes into "
             "this database (meshtop proxy). A tap only watches: nothing here "
             "yet.",
};

/* ---- endpoints ---- */

/* Of the services that the filter leaves. */
static bool is_asked(const struct mt_snapshot *a, const char *service)
{
    for (size_t i = 0; i < a->rows.count; i++)
        if (strcmp(a->rows.rows[i].server, service) == 0)
            return true;
    return false;
}

static bool arrange_endpoints(const struct mt_snapshot *a, bool failing_only,
                              struct mt_lines *lines)
{
    const struct mt_proxies *p = &a->proxies;
    if (!mt_lines_reserve(lines, p->endpoints_count))
        return false;
    for (size_t i = 0; i < p->endpoints_count; i++) {
        const struct mt_endpoint_row *e = &p->endpoints[i];
        if (!is_asked(a, e->is.service))
            continue;
        bool fails = e->life == MT_PROXY_LIVE && /* else it is not known */
                     e->is.state != MT_ENDPOINT_CLOSED;
        if (failing_only && !fails) {
            lines->hidden++;
            continue;
        }
        uint64_t key = mt_key_add_text(MT_KEY_BASIS, e->is.service);
        key = mt_key_add_text(key, e->is.endpoint);
        key = mt_key_add(key, &e->writer, sizeof e->writer);
        lines->list[lines->count++] = (struct mt_line){.row = e, .key = key};
    }
    return true;
}

static void term_endpoint(const void *row, struct mt_buf *out)
{
    const struct mt_endpoint_row *e = row;
    mt_put_term(out, "svc", e->is.service);
    mt_put_term(out, "endpoint", e->is.endpoint);
}

const struct mt_screen_class mt_screen_class_endpoints = {
    .name = "Endpoints",
    .unit = "endpoints",
    .topic = MT_TOPIC_POLICY,
    .drilled_topic = MT_TOPIC_POLICY,
    .opens = MT_SCREEN_TAIL,
    .columns = &mt_screen_endpoints,
    .arrange = arrange_endpoints,
    .term = term_endpoint,
    .empty = "No proxy has told of the endpoints of this service: it wrote "
             "with an older meshtop, or another one has taken its place.",
};

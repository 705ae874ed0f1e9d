/* What a proxy does for each route. Each request that went well had exactly
 * one try that did: tries need no rows of their own here. */
#include <stdio.h>
#include <string.h>

#include "base/rc.h"
#include "store/column_json.h"
#include "store/filter.h"
#include "web/table.h"

static const char proxied[] = "observer=proxy_request";

static void put_double(struct mt_out *o, const char *key, double v,
                       enum mt_unit unit)
{
    const struct mt_value value = {.unit = unit, .known = true, .number = v};
    mt_web_key(o, key);
    if (v < 0)
        mt_out_str(o, "null");
    else
        mt_figure_put(o, &value);
}

static void put_tries(struct mt_out *o, const struct mt_row *row)
{
    const struct mt_counts *n = &row->counts;
    uint64_t good = n->ok + n->client_error;
    uint64_t judged = good + n->failure + n->retries;
    put_double(o, ",tries_per_s",
               (double)(n->exchanges + n->retries) / row->seconds,
               MT_UNIT_RATE);
    put_double(o, ",tries_success_ratio",
               judged > 0 ? (double)good / (double)judged : -1, MT_UNIT_RATIO);
}

static bool is_of(const struct mt_row *endpoint, const struct mt_row *route)
{
    return endpoint->server_id == route->server_id &&
           strcmp(endpoint->route, route->route) == 0 &&
           strcmp(endpoint->method, route->method) == 0 &&
           endpoint->endpoint[0] != '\0';
}

static void put_more(struct mt_web_question *q, void *arg,
                     const struct mt_row *row)
{
    const struct mt_answer *endpoints = arg;
    bool first = true;
    put_tries(q->out, row);
    mt_out_str(q->out, ",\"endpoints\":[");
    for (size_t i = 0; i < endpoints->count; i++) {
        const struct mt_row *e = &endpoints->rows[i];
        if (!is_of(e, row))
            continue;
        mt_out_str(q->out, first ? "{" : ",{");
        first = false;
        mt_web_text(q->out, "endpoint", e->endpoint);
        mt_out_char(q->out, ',');
        mt_row_json_members(q->out, &mt_screen_summary, e);
        mt_out_char(q->out, '}');
    }
    mt_out_char(q->out, ']');
}

/* Requests of proxies alone, of those that the filter lets through. */
static int narrow(struct mt_web_question *q, struct mt_filter **narrowed)
{
    char text[MT_FILTER_TEXT_MAX + sizeof proxied + 8];
    struct mt_filter_error error;
    const struct mt_time_ref ref = {q->now_ns, q->site->offset_s(q->now_ns)};
    int n = snprintf(
        text, sizeof text, q->filter != NULL ? "(%.*s) and %s" : "%.*s%s",
        (int)q->params->filter.len,
        q->params->filter.len > 0 ? (const char *)q->params->filter.ptr : "",
        proxied);
    int rc = n > 0 && (size_t)n < sizeof text
                 ? mt_filter_new(narrowed, mt_span_str(text), &ref, &error)
                 : MT_EPROTO;
    if (rc == 0)
        return 0;
    if (rc == MT_ELIMIT)
        return MT_STORE_ENOMEM;
    return mt_web_problem(&q->problem, MT_WEB_FILTER, "filter",
                          "it is too long together with %s", proxied);
}

static int ask_both(struct mt_web_question *q, struct mt_answer *routes,
                    struct mt_answer *endpoints)
{
    q->ask.by_method = true;
    int rc = mt_query_routes(q->store, &q->ask, routes);
    q->ask.by_endpoint = true;
    if (rc == 0)
        rc = mt_query_routes(q->store, &q->ask, endpoints);
    return rc == 0 ? mt_web_sort(q, &mt_screen_policy, routes) : rc;
}

int mt_web_policy(struct mt_web_question *q)
{
    char command[MT_WEB_COMMAND_BYTES];
    struct mt_answer routes = {0}, endpoints = {0};
    struct mt_filter *narrowed = NULL;
    int rc = narrow(q, &narrowed);
    q->ask.filter = narrowed;
    if (rc == 0)
        rc = ask_both(q, &routes, &endpoints);
    if (rc == 0) {
        mt_web_command_put(
            q,
            &(struct mt_web_command){.verb = "routes",
                                     .limit = mt_web_command_limit(q),
                                     .and_also = proxied},
            command);
        mt_web_begin(q, command, &routes.coverage);
        mt_web_put_table(q, &(struct mt_web_table){&mt_screen_policy, &routes,
                                                   put_more, &endpoints});
        mt_out_str(q->out, "}\n");
    }
    mt_answer_free(&routes);
    mt_answer_free(&endpoints);
    mt_filter_free(narrowed);
    return rc;
}

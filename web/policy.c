/* What proxies do for each route, and what their breakers and budgets are at.
 */
#include <string.h>

#include "store/column_json.h"
#include "store/proxy_state.h"
#include "web/table.h"

static bool is_of(const struct mt_row *endpoint, const struct mt_row *route)
{
    return endpoint->server_id == route->server_id &&
           endpoint->observer == MT_OBSERVER_PROXY_REQUEST &&
           strcmp(endpoint->route, route->route) == 0 &&
           strcmp(endpoint->method, route->method) == 0 &&
           endpoint->endpoint[0] != '\0';
}

/* Which endpoints answered: requests, each once, whatever came before. */
static void put_endpoints(struct mt_web_question *q, void *arg,
                          const struct mt_row *row)
{
    const struct mt_answer *endpoints = arg;
    bool first = true;
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

static void put_command(struct mt_web_question *q, const char *key,
                        const char *options)
{
    char command[MT_WEB_COMMAND_BYTES];
    mt_web_command_put(q,
                       &(struct mt_web_command){.verb = "policy",
                                                .options = options,
                                                .windowless = true},
                       command);
    mt_web_text(q->out, key, command);
}

/* Of every service, now: neither window nor filter has a part in it. Where
 * nothing is live, there is none. */
static void put_state(struct mt_web_question *q, struct mt_proxies *p)
{
    struct mt_out *o = q->out;
    if (q->site->settled)
        mt_proxies_free(p);
    mt_out_str(o, ",\"breakers\":[");
    for (size_t i = 0; i < p->endpoints_count; i++) {
        mt_out_str(o, i > 0 ? ",\n" : "\n");
        mt_row_json(o, &mt_screen_endpoints, &p->endpoints[i]);
    }
    mt_out_str(o, "],\"budgets\":[");
    for (size_t i = 0; i < p->budgets_count; i++) {
        mt_out_str(o, i > 0 ? ",\n" : "\n");
        mt_row_json(o, &mt_screen_budgets, &p->budgets[i]);
    }
    mt_out_char(o, ']');
    put_command(q, ",breakers_command", " --by endpoint");
    put_command(q, ",budgets_command", " --by budget");
    mt_web_flag(o, ",state_complete", !p->more);
}

static int ask(struct mt_web_question *q, struct mt_answer *routes,
               struct mt_answer *endpoints, struct mt_proxies *proxies)
{
    int rc =
        mt_query_policy(q->store, &q->ask, q->site->wall_ns(), routes, proxies);
    q->ask.by_method = q->ask.by_endpoint = true;
    if (rc == 0)
        rc = mt_query_routes(q->store, &q->ask, endpoints);
    return rc == 0 ? mt_web_sort(q, &mt_screen_policy, routes) : rc;
}

int mt_web_policy(struct mt_web_question *q)
{
    char command[MT_WEB_COMMAND_BYTES];
    struct mt_answer routes = {0}, endpoints = {0};
    struct mt_proxies proxies = {0};
    int rc = ask(q, &routes, &endpoints, &proxies);
    if (rc == 0) {
        mt_web_command_put(
            q,
            &(struct mt_web_command){.verb = "policy",
                                     .limit = mt_web_command_limit(q)},
            command);
        mt_web_begin(q, command, &routes.coverage);
        mt_web_put_table(q, &(struct mt_web_table){&mt_screen_policy, &routes,
                                                   put_endpoints, &endpoints});
        put_state(q, &proxies);
        mt_out_str(q->out, "}\n");
    }
    mt_answer_free(&routes);
    mt_answer_free(&endpoints);
    mt_proxies_free(&proxies);
    return rc;
}

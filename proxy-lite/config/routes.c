/* `routes:`: a row of route_keys for each thing that a route can do. */
#include "proxy-lite/config/parts.h"

/* ---- listeners of a route ---- */

static bool listener_bit(struct mt_config_reader *r, const struct mt_node *n,
                         uint64_t *bits)
{
    const char *names[MT_POLICY_LISTENERS_MAX];
    char copies[MT_POLICY_LISTENERS_MAX][MT_SHOWN_BYTES + 1];
    uint32_t count = r->policy->listeners_count;
    for (uint32_t i = 0; i < count; i++) {
        struct mt_span name = r->policy->listeners[i]->name;
        if (n->kind == MT_NODE_SCALAR && mt_span_eq(name, n->text)) {
            *bits |= (uint64_t)1 << i;
            return true;
        }
        memcpy(copies[i], mt_show(name).text, sizeof copies[i]);
        names[i] = copies[i];
    }
    const char *meant = mt_suggest(n->text, names, count);
    if (meant != NULL)
        MT_WRONG(r, n, "there is no listener '%s'; did you mean '%s'?",
                 mt_show(n->text).text, meant);
    else
        MT_WRONG(r, n, "there is no listener '%s'; add it to 'listeners'",
                 mt_show(n->text).text);
    return false;
}

static void read_listener_names(MT_READ_ARGS)
{
    uint64_t bits = 0;
    (void)key;
    for (const struct mt_node *i = mt_config_first(n); i != NULL;
         i = mt_config_next(n, i))
        (void)listener_bit(r, i, &bits);
    ((struct mt_policy_route *)out)->listeners = bits;
}

const struct mt_config_type mt_type_listener_names = {
    .name = "listener-names",
    .wanted = "the name of a listener, or a list of them",
    .kinds = MT_NODE_SCALAR | MT_NODE_LIST,
    .read = read_listener_names,
    .scalar = "{\"type\":\"string\"}",
    .item = &mt_type_name};

/* ---- the whole ---- */

static const struct mt_config_key route_keys[] = {
    {"name", &mt_type_name, "What rows and screens call it.",
     offsetof(struct mt_policy_route, name), 0},
    {"listeners", &mt_type_listener_names, "Where it counts; everywhere.", 0,
     0},
    {"match", &mt_type_match,
     "What it takes; everything. The most specific route wins: exact path, "
     "pattern, longest prefix, method, most headers, most query parameters, "
     "first in the file.",
     0, 0},
    {"to", &mt_type_split, "A service, or several with weights.", 0, 0},
    {"redirect", &mt_type_redirect, "Send the client elsewhere.", 0, 0},
    {"respond", &mt_type_respond, "Answer at once.", 0, 0},
    {"sticky", &mt_type_sticky, "The same client, the same service.", 0, 0},
    {"rewrite", &mt_type_rewrite, "Another host or path for the service.", 0,
     0},
    {"request_headers", &mt_type_edits, "What the service gets.",
     offsetof(struct mt_policy_route, request_headers), 0},
    {"response_headers", &mt_type_edits, "What the client gets.",
     offsetof(struct mt_policy_route, response_headers), 0},
    {"timeout", &mt_type_timeout,
     "Up to the response's header, retries included; 15s.",
     offsetof(struct mt_policy_route, timeout_ns), 0},
    {"stream_idle_timeout", &mt_type_timeout,
     "Without a byte in either direction; 5m.",
     offsetof(struct mt_policy_route, stream_idle_timeout_ns), 0},
    {"retry", &mt_type_retry, "When it is tried again; never.", 0, 0},
    {"mirror", NULL, "A copy to another service.", 0, MT_KEY_NOT_YET},
    {"fault", NULL, "Delays and errors on purpose.", 0, MT_KEY_NOT_YET},
    {"rate_limit", NULL, "So many a second.", 0, MT_KEY_NOT_YET},
};

static const struct mt_config_type type_route = {
    .name = "route",
    .wanted = "a route such as {match: {path: /cart/*}, to: cart}",
    .kinds = MT_NODE_MAP,
    MT_CONFIG_KEYS(route_keys)};

struct mt_policy_route *mt_config_add_route(struct mt_config_reader *r,
                                            const struct mt_node *n)
{
    struct mt_policy_route *route = mt_policy_add_route(r->policy);
    if (route == NULL)
        mt_config_too_many(r, n, "routes", MT_POLICY_ROUTES_MAX,
                           r->policy->routes_count);
    else
        route->line = n->line;
    return route;
}

/* Without a service there is nothing to change, or to try again. */
static void check_needs_service(struct mt_config_reader *r,
                                const struct mt_node *n)
{
    static const char *const keys[] = {"sticky",
                                       "rewrite",
                                       "request_headers",
                                       "timeout",
                                       "stream_idle_timeout",
                                       "retry"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const struct mt_node *value = mt_node_get(n, keys[i]);
        if (value != NULL)
            MT_WRONG(r, value, "'%s' does nothing without 'to'; leave it out",
                     keys[i]);
    }
}

void mt_config_check_route(struct mt_config_reader *r, const struct mt_node *n,
                           const struct mt_policy_route *route)
{
    bool prefix = route->rewrite.path_how == MT_PATH_REPLACE_PREFIX ||
                  route->redirect.to.path_how == MT_PATH_REPLACE_PREFIX;
    for (uint32_t i = 0; prefix && i < route->matches_count; i++) {
        unsigned how = route->matches[i].path_how;
        if (how != MT_PATH_PREFIX && how != MT_PATH_ANY) {
            MT_WRONG(r, n,
                     "a prefix is replaced, but not every match has one; "
                     "match a path such as /cart/*");
            break;
        }
    }
    if (route->timeout_ns != 0 && route->per_try_timeout_ns > route->timeout_ns)
        MT_WRONG(r, n,
                 "the time-out of one try is longer than the route's; "
                 "shorten it, or lengthen 'timeout'");
    for (uint32_t i = 0; route->name.len > 0 && i < route->index; i++)
        if (mt_span_eq(r->policy->routes[i]->name, route->name)) {
            MT_WRONG(r, n, "the route '%s' stands already at line %u",
                     mt_show(route->name).text,
                     (unsigned)r->policy->routes[i]->line);
            break;
        }
}

static void one_route(struct mt_config_reader *r, const struct mt_node *n)
{
    static const char *const actions[] = {"to", "redirect", "respond", NULL};
    struct mt_policy_route *route = mt_config_add_route(r, n);
    if (route == NULL)
        return;
    if (mt_config_one_of(r, n, actions) == 0)
        MT_WRONG(r, n,
                 "the route does nothing; give 'to', 'redirect' or "
                 "'respond'");
    (void)mt_config_read_keys(r, &type_route, n, route);
    if (mt_node_get(n, "to") == NULL)
        check_needs_service(r, n);
    const struct mt_node *sticky = mt_node_get(n, "sticky");
    if (sticky != NULL && route->to.count == 1)
        MT_WRONG(r, sticky,
                 "'sticky' does nothing with one service; leave it "
                 "out");
    mt_config_check_route(r, n, route);
}

static void read_routes(MT_READ_ARGS)
{
    (void)out;
    for (const struct mt_node *i = n->first; i != NULL && !r->no_memory;
         i = i->next)
        if (mt_config_fits(r, key->type->item, key->name, i))
            one_route(r, i);
}

const struct mt_config_type mt_type_routes = {
    .name = "routes",
    .wanted = "a list of routes, each such as {match: {path: /cart/*}, to: "
              "cart}",
    .kinds = MT_NODE_LIST,
    .read = read_routes,
    .item = &type_route};

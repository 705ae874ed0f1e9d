/* `routes:` and what they do: a row of route_keys for each action. */
#include "proxy-lite/config/parts.h"

#include "base/rc.h"
#include "base/text.h"

#define ARGS                                                     \
    struct mt_config_reader *r, const struct mt_config_key *key, \
        const struct mt_node *n, void *out

/* ---- to: one service, or several by weight ---- */

static bool one_backend(struct mt_config_reader *r, const struct mt_node *name,
                        const struct mt_node *weight, void *out)
{
    struct mt_policy_backend *b = out;
    uint64_t v;
    b->service = mt_config_service(r, name);
    if (weight->kind != MT_NODE_SCALAR || mt_parse_u64(weight->text, &v) != 0 ||
        v > MT_POLICY_WEIGHT_MAX) {
        MT_WRONG(r, weight, "'%s' is no weight; write a number from 0 to %d",
                 mt_show(weight->text).text, MT_POLICY_WEIGHT_MAX);
        return false;
    }
    b->weight = (uint32_t)v;
    return b->service != MT_POLICY_NONE;
}

static bool whole(struct mt_config_reader *r, const struct mt_node *n,
                  void *out)
{
    struct mt_policy_backend *b = out;
    b->service = mt_config_service(r, n);
    b->weight = 1;
    return b->service != MT_POLICY_NONE;
}

static void read_to(ARGS)
{
    struct mt_policy_split *s = &((struct mt_policy_route *)out)->to;
    (void)key;
    if (n->count / 2 > MT_POLICY_SPLIT_MAX) {
        MT_WRONG(r, n, "more than %d services share it", MT_POLICY_SPLIT_MAX);
        return;
    }
    uint32_t before = r->problems->count + r->problems->more;
    s->list = n->kind == MT_NODE_SCALAR
                  ? mt_config_each(r, n, sizeof *s->list, whole, &s->count)
                  : mt_config_each_pair(r, n, sizeof *s->list, one_backend,
                                        &s->count);
    for (uint32_t i = 0; i < s->count; i++)
        s->total += s->list[i].weight;
    if (s->total == 0 && before == r->problems->count + r->problems->more)
        MT_WRONG(r, n, "no service gets anything; give one of them a weight");
}

const struct mt_config_type mt_type_split = {
    .name = "to",
    .wanted = "a service, or several with weights such as {v1: 90, v2: 10}",
    .kinds = MT_NODE_SCALAR | MT_NODE_MAP,
    .read = read_to,
    .scalar = "{\"type\":\"string\"}",
    .item = &mt_type_number};

/* ---- sticky ---- */

static void read_sticky_name(ARGS)
{
    struct mt_policy_split *s = out;
    if (!mt_is_token(n->text)) {
        mt_config_unfit(r, key->name, key->type, n);
        return;
    }
    s->sticky = (uint8_t)key->offset;
    s->sticky_name = s->sticky == MT_STICKY_HEADER
                         ? mt_config_copy_lower(r, n->text)
                         : mt_config_copy(r, n->text);
}

static const struct mt_config_type type_token = {
    .name = "token",
    .wanted = "a name without spaces",
    .kinds = MT_NODE_SCALAR,
    .read = read_sticky_name,
    .scalar = "{\"type\":\"string\"}"};

static const struct mt_config_key sticky_keys[] = {
    {"cookie", &type_token, "A cookie, which new clients are given.",
     MT_STICKY_COOKIE, 0},
    {"header", &type_token, "A header field that clients send.",
     MT_STICKY_HEADER, 0},
};

static void read_sticky(ARGS)
{
    static const char *const ways[] = {"cookie", "header", NULL};
    if (n->count == 0)
        mt_config_unfit(r, key->name, key->type, n);
    else if (mt_config_one_of(r, n, ways) <= 1)
        (void)mt_config_read_keys(r, key->type, n,
                                  &((struct mt_policy_route *)out)->to);
}

const struct mt_config_type mt_type_sticky = {
    .name = "sticky",
    .wanted = "{cookie: NAME} or {header: NAME}",
    .kinds = MT_NODE_MAP,
    .read = read_sticky,
    MT_CONFIG_KEYS(sticky_keys)};

/* ---- rewrite and redirect ---- */

/* At key->offset a struct mt_policy_rewrite. */
static void read_new_path(struct mt_config_reader *r,
                          const struct mt_config_key *key,
                          const struct mt_node *n, unsigned how, void *out)
{
    struct mt_policy_rewrite *w = (void *)((uint8_t *)out + key->offset);
    if (!mt_is_path(n->text)) {
        mt_config_unfit(r, key->name, key->type, n);
        return;
    }
    w->path = mt_config_copy(r, n->text);
    w->path_how = (uint8_t)how;
}

static void read_whole_path(ARGS)
{
    read_new_path(r, key, n, MT_PATH_REPLACE_ALL, out);
}

static void read_prefix(ARGS)
{
    read_new_path(r, key, n, MT_PATH_REPLACE_PREFIX, out);
}

static const struct mt_config_type type_whole_path = {
    .name = "new-path",
    .wanted = "a path such as /cart, without a query",
    .kinds = MT_NODE_SCALAR,
    .read = read_whole_path,
    .scalar = "{\"type\":\"string\",\"pattern\":\"^/\"}"};

static const struct mt_config_type type_prefix = {
    .name = "new-prefix",
    .wanted = "a path such as /, which replaces the prefix that matched",
    .kinds = MT_NODE_SCALAR,
    .read = read_prefix,
    .scalar = "{\"type\":\"string\",\"pattern\":\"^/\"}"};

static const char *const path_ways[] = {"path", "prefix", NULL};

static const struct mt_config_key rewrite_keys[] = {
    {"host", &mt_type_host, "Host or :authority of what goes on.",
     offsetof(struct mt_policy_rewrite, host), 0},
    {"path", &type_whole_path, "Instead of the whole path.", 0, 0},
    {"prefix", &type_prefix, "Instead of the prefix that matched.", 0, 0},
};

static void read_rewrite(ARGS)
{
    (void)mt_config_one_of(r, n, path_ways);
    (void)mt_config_read_keys(r, key->type, n,
                              &((struct mt_policy_route *)out)->rewrite);
}

const struct mt_config_type mt_type_rewrite = {
    .name = "rewrite",
    .wanted = "what changes, such as {prefix: /}",
    .kinds = MT_NODE_MAP,
    .read = read_rewrite,
    MT_CONFIG_KEYS(rewrite_keys)};

static void read_redirect_status(ARGS)
{
    static const char *const known[] = {"301", "302", "303",
                                        "307", "308", NULL};
    uint64_t status = 0;
    if (mt_word_index(known, n->text) < 0)
        mt_config_unfit(r, key->name, key->type, n);
    else if (mt_parse_u64(n->text, &status) == 0)
        ((struct mt_policy_redirect *)out)->status = (uint16_t)status;
}

static const struct mt_config_type type_redirect_status = {
    .name = "redirect-status",
    .wanted = "301, 302, 303, 307 or 308",
    .kinds = MT_NODE_SCALAR,
    .read = read_redirect_status,
    .scalar = "{\"enum\":[301,302,303,307,308]}"};

static void read_scheme(ARGS)
{
    static const char *const known[] = {"http", "https", NULL};
    if (mt_word_index(known, n->text) < 0)
        mt_config_unfit(r, key->name, key->type, n);
    else
        ((struct mt_policy_redirect *)out)->scheme = mt_config_copy(r, n->text);
}

static const struct mt_config_type type_scheme = {
    .name = "scheme",
    .wanted = "http or https",
    .kinds = MT_NODE_SCALAR,
    .read = read_scheme,
    .scalar = "{\"enum\":[\"http\",\"https\"]}"};

static const struct mt_config_key redirect_keys[] = {
    {"scheme", &type_scheme, "http or https; as asked.", 0, 0},
    {"host", &mt_type_host, "Where to; as asked.",
     offsetof(struct mt_policy_redirect, to.host), 0},
    {"port", &mt_type_port,
     "The scheme's own where one is given, else the listener's.",
     offsetof(struct mt_policy_redirect, port), 0},
    {"path", &type_whole_path, "Instead of the whole path.",
     offsetof(struct mt_policy_redirect, to), 0},
    {"prefix", &type_prefix, "Instead of the prefix that matched.",
     offsetof(struct mt_policy_redirect, to), 0},
    {"status", &type_redirect_status, "302.", 0, 0},
};

static void read_redirect(ARGS)
{
    struct mt_policy_route *route = out;
    route->action = MT_ACTION_REDIRECT;
    route->redirect.status = 302;
    (void)mt_config_one_of(r, n, path_ways);
    (void)mt_config_read_keys(r, key->type, n, &route->redirect);
    if (n->count == 0)
        MT_WRONG(r, n,
                 "a redirect to where it came from; change something, "
                 "such as {scheme: https}");
}

const struct mt_config_type mt_type_redirect = {
    .name = "redirect",
    .wanted = "what changes, such as {scheme: https}",
    .kinds = MT_NODE_MAP,
    .read = read_redirect,
    MT_CONFIG_KEYS(redirect_keys)};

/* ---- respond ---- */

static bool status_of(struct mt_span text, uint16_t *status)
{
    uint64_t v;
    if (mt_parse_u64(text, &v) != 0 || v < 200 || v > 599)
        return false;
    *status = (uint16_t)v;
    return true;
}

static void read_status(ARGS)
{
    if (!status_of(n->text, &((struct mt_policy_respond *)out)->status))
        mt_config_unfit(r, key->name, key->type, n);
}

#define STATUS_SCHEMA "{\"type\":\"integer\",\"minimum\":200,\"maximum\":599}"

static const struct mt_config_type type_status = {
    .name = "status",
    .wanted = "a status from 200 to 599",
    .kinds = MT_NODE_SCALAR,
    .read = read_status,
    .scalar = STATUS_SCHEMA};

static void read_content_type(ARGS)
{
    if (mt_is_field_value(n->text) && n->text.len > 0)
        ((struct mt_policy_respond *)out)->content_type =
            mt_config_copy(r, n->text);
    else
        mt_config_unfit(r, key->name, key->type, n);
}

static const struct mt_config_type type_content_type = {
    .name = "content-type",
    .wanted = "a media type such as text/plain",
    .kinds = MT_NODE_SCALAR,
    .read = read_content_type,
    .scalar = "{\"type\":\"string\"}"};

static const struct mt_config_key respond_keys[] = {
    {"status", &type_status, "From 200 to 599.", 0, MT_KEY_REQUIRED},
    {"content_type", &type_content_type, "text/plain; charset=utf-8.", 0, 0},
    {"body", &mt_type_text, "Its content; none.",
     offsetof(struct mt_policy_respond, body), 0},
};

static void read_respond(ARGS)
{
    struct mt_policy_route *route = out;
    route->action = MT_ACTION_RESPOND;
    route->respond.content_type = MT_SPAN("text/plain; charset=utf-8");
    if (n->kind == MT_NODE_MAP)
        (void)mt_config_read_keys(r, key->type, n, &route->respond);
    else if (!status_of(n->text, &route->respond.status))
        mt_config_unfit(r, key->name, key->type, n);
}

const struct mt_config_type mt_type_respond = {
    .name = "respond",
    .wanted = "a status such as 404, or {status: 200, body: ok}",
    .kinds = MT_NODE_SCALAR | MT_NODE_MAP,
    .read = read_respond,
    .scalar = STATUS_SCHEMA,
    MT_CONFIG_KEYS(respond_keys)};

/* ---- header fields ---- */

/* They belong to the connection, or say how long the message is: the proxy's
 * own affair (RFC 9110 section 7.6.1). */
static bool is_ours(struct mt_span lower)
{
    static const char *const names[] = {
        "connection", "content-length",    "host",
        "keep-alive", "proxy-connection",  "te",
        "trailer",    "transfer-encoding", "upgrade",
        NULL};
    return mt_word_index(names, lower) >= 0;
}

static bool edited_name(struct mt_config_reader *r, const struct mt_node *n,
                        struct mt_span *out)
{
    if (n->kind != MT_NODE_SCALAR || !mt_is_token(n->text)) {
        MT_WRONG(r, n, "'%s' is no name of a header field",
                 mt_show(n->text).text);
        return false;
    }
    *out = mt_config_copy_lower(r, n->text);
    if (!is_ours(*out))
        return true;
    MT_WRONG(r, n,
             "'%s' is the proxy's own to set; for the host, write "
             "'rewrite'",
             mt_show(n->text).text);
    return false;
}

bool mt_config_edit(struct mt_config_reader *r, const struct mt_node *name,
                    const struct mt_node *value, struct mt_policy_field *out)
{
    if (!edited_name(r, name, &out->name))
        return false;
    if (value->kind != MT_NODE_SCALAR || !mt_is_field_value(value->text)) {
        MT_WRONG(r, value,
                 "'%s' is no value of a header field: one line, "
                 "without spaces around",
                 mt_show(value->text).text);
        return false;
    }
    out->value = mt_config_copy(r, value->text);
    return true;
}

static bool one_edit(struct mt_config_reader *r, const struct mt_node *name,
                     const struct mt_node *value, void *out)
{
    return mt_config_edit(r, name, value, out);
}

static bool one_removal(struct mt_config_reader *r, const struct mt_node *n,
                        void *out)
{
    return edited_name(r, n, out);
}

static void read_set(ARGS)
{
    struct mt_policy_edits *e = out;
    (void)key;
    e->set = mt_config_each_pair(r, n, sizeof *e->set, one_edit, &e->set_count);
}

static void read_add(ARGS)
{
    struct mt_policy_edits *e = out;
    (void)key;
    e->add = mt_config_each_pair(r, n, sizeof *e->add, one_edit, &e->add_count);
}

static void read_remove(ARGS)
{
    struct mt_policy_edits *e = out;
    (void)key;
    e->remove =
        mt_config_each(r, n, sizeof *e->remove, one_removal, &e->remove_count);
}

static const struct mt_config_type type_set = {
    .name = "header-set",
    .wanted = "names with values, such as {x-env: prod}",
    .kinds = MT_NODE_MAP,
    .read = read_set,
    .item = &mt_type_text};

static const struct mt_config_type type_add = {
    .name = "header-add",
    .wanted = "names with values, such as {x-env: prod}",
    .kinds = MT_NODE_MAP,
    .read = read_add,
    .item = &mt_type_text};

static const struct mt_config_type type_remove = {
    .name = "header-remove",
    .wanted = "names such as [x-debug]",
    .kinds = MT_NODE_SCALAR | MT_NODE_LIST,
    .read = read_remove,
    .scalar = "{\"type\":\"string\"}",
    .item = &mt_type_text};

static const struct mt_config_key edits_keys[] = {
    {"set", &type_set, "Instead of what is there.", 0, 0},
    {"add", &type_add, "Beside what is there.", 0, 0},
    {"remove", &type_remove, "All of these names.", 0, 0},
};

const struct mt_config_type mt_type_edits = {
    .name = "header-edits",
    .wanted = "what changes, such as {set: {x-env: prod}, remove: [x-debug]}",
    .kinds = MT_NODE_MAP,
    .read = mt_config_read_map,
    MT_CONFIG_KEYS(edits_keys)};

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

static void read_listener_names(ARGS)
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
        MT_WRONG(r, n, "more than %d routes, or no memory for them",
                 MT_POLICY_ROUTES_MAX);
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

static void read_routes(ARGS)
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

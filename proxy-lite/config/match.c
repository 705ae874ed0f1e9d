/* `match:` of a route: a row of match_keys for each thing that is matched. */
#include "proxy-lite/config/parts.h"

#include "proxy-lite/policy/match.h"

/* A match, first, and the hosts that stand in it. */
struct match_draft {
    struct mt_policy_match match;
    const struct mt_policy_host *hosts;
    uint32_t hosts_count;
};

/* ---- host, method ---- */

bool mt_config_host(struct mt_config_reader *r, const struct mt_node *n,
                    struct mt_policy_host *out)
{
    struct mt_span s = n->text;
    if (n->kind != MT_NODE_SCALAR || !mt_is_host(s, true)) {
        MT_WRONG(r, n,
                 "'%s' is no host; write api.example or *.example, without a "
                 "port",
                 mt_show(s).text);
        return false;
    }
    out->suffix = s.ptr[0] == '*';
    if (out->suffix)
        (void)mt_span_take(&s, 1);
    out->text = mt_config_copy_lower(r, s);
    return true;
}

static bool one_host(struct mt_config_reader *r, const struct mt_node *n,
                     void *out)
{
    return mt_config_host(r, n, out);
}

static void read_hosts(MT_READ_ARGS)
{
    struct match_draft *d = out;
    (void)key;
    d->hosts =
        mt_config_each(r, n, sizeof *d->hosts, one_host, &d->hosts_count);
}

static const struct mt_config_type type_hosts = {
    .name = "hosts",
    .wanted = "a host such as api.example or *.example, or a list of them",
    .kinds = MT_NODE_SCALAR | MT_NODE_LIST,
    .read = read_hosts,
    .scalar = "{\"type\":\"string\"}",
    .item = &mt_type_host};

bool mt_config_method(struct mt_config_reader *r, const struct mt_node *n,
                      struct mt_span *out)
{
    bool lower = false;
    for (size_t i = 0; i < n->text.len; i++)
        lower |= n->text.ptr[i] >= 'a' && n->text.ptr[i] <= 'z';
    if (n->kind != MT_NODE_SCALAR || !mt_is_token(n->text) || lower) {
        MT_WRONG(r, n, "'%s' is no method; write it as GET, in capitals",
                 mt_show(n->text).text);
        return false;
    }
    *out = mt_config_copy(r, n->text);
    return true;
}

static bool one_method(struct mt_config_reader *r, const struct mt_node *n,
                       void *out)
{
    return mt_config_method(r, n, out);
}

static void read_methods(MT_READ_ARGS)
{
    struct mt_policy_match *m = &((struct match_draft *)out)->match;
    (void)key;
    m->methods =
        mt_config_each(r, n, sizeof *m->methods, one_method, &m->methods_count);
}

static const struct mt_config_type type_methods = {
    .name = "methods",
    .wanted = "a method such as GET, or a list of them",
    .kinds = MT_NODE_SCALAR | MT_NODE_LIST,
    .read = read_methods,
    .scalar = "{\"type\":\"string\",\"pattern\":\"^[A-Z]\"}",
    .item = &mt_type_text};

/* ---- path ---- */

void mt_config_path(struct mt_config_reader *r, const struct mt_node *n,
                    unsigned how, struct mt_policy_match *m)
{
    struct mt_span s = n->text;
    if (how == MT_PATH_REGEX) {
        m->path_regex = mt_config_regex(r, n);
        if (m->path_regex == NULL)
            return;
    } else if (!mt_is_path(s)) {
        if (!mt_config_unencoded(r, n))
            MT_WRONG(r, n, "'%s' is no path; it begins with / and has no query",
                     mt_show(s).text);
        return;
    }
    while (how == MT_PATH_PREFIX && s.len > 0 && s.ptr[s.len - 1] == '/')
        s.len--;
    m->path_how = (uint8_t)how;
    m->path = mt_config_copy(r, s);
}

/* `/cart` is that path, `/cart/` + `*` all that is below it. */
static void short_path(struct mt_config_reader *r, const struct mt_node *n,
                       struct mt_policy_match *m)
{
    struct mt_node inner = *n;
    size_t star = mt_span_find(n->text, '*');
    unsigned how = MT_PATH_EXACT;
    if (star + 1 == n->text.len && star > 0 && n->text.ptr[star - 1] == '/') {
        how = MT_PATH_PREFIX;
        inner.text.len--;
    } else if (star < n->text.len) {
        MT_WRONG(r, n,
                 "'%s': a * stands only as /* at the end; else write {regex: "
                 "...}",
                 mt_show(n->text).text);
        return;
    }
    mt_config_path(r, &inner, how, m);
}

static void read_path_how(MT_READ_ARGS)
{
    mt_config_path(r, n, (unsigned)key->offset, out);
}

static const struct mt_config_type type_path_text = {
    .name = "path-text",
    .wanted = "a path such as /cart",
    .kinds = MT_NODE_SCALAR,
    .read = read_path_how,
    .scalar = "{\"type\":\"string\"}"};

static const struct mt_config_key path_keys[] = {
    {"exact", &type_path_text, "This path alone.", MT_PATH_EXACT, 0},
    {"prefix", &type_path_text,
     "This path and what is below it: /a takes /a/b, not /ab.", MT_PATH_PREFIX,
     0},
    {"regex", &type_path_text, "PCRE2, over the whole path.", MT_PATH_REGEX, 0},
};

static void read_path(MT_READ_ARGS)
{
    static const char *const ways[] = {"exact", "prefix", "regex", NULL};
    struct mt_policy_match *m = &((struct match_draft *)out)->match;
    if (n->kind == MT_NODE_SCALAR)
        short_path(r, n, m);
    else if (mt_config_one_of(r, n, ways) <= 1)
        (void)mt_config_read_keys(r, key->type, n, m);
}

static const struct mt_config_type type_path = {
    .name = "path-match",
    .wanted = "a path such as /cart or /cart/*, or {regex: ...}",
    .kinds = MT_NODE_SCALAR | MT_NODE_MAP,
    .read = read_path,
    .scalar = "{\"type\":\"string\",\"pattern\":\"^/\"}",
    MT_CONFIG_KEYS(path_keys)};

/* ---- gRPC ---- */

static bool is_grpc_word(const struct mt_node *n)
{
    if (n == NULL)
        return true;
    bool good = n->text.len > 0;
    for (size_t i = 0; good && i < n->text.len; i++)
        good = n->text.ptr[i] > 0x20 && n->text.ptr[i] < 0x7f &&
               n->text.ptr[i] != '/';
    return good;
}

/* "/package.Service/Method", "/package.Service" and all below, or any. */
void mt_config_grpc(struct mt_config_reader *r, const struct mt_node *service,
                    const struct mt_node *method, struct mt_policy_match *m)
{
    uint8_t bytes[512];
    struct mt_buf path = mt_buf_of(bytes, sizeof bytes);
    const struct mt_node *bad = !is_grpc_word(service)  ? service
                                : !is_grpc_word(method) ? method
                                                        : NULL;
    if (bad != NULL) {
        MT_WRONG(r, bad,
                 "'%s' is no name of gRPC; write package.Service, "
                 "or Method alone",
                 mt_show(bad->text).text);
        return;
    }
    m->grpc = true;
    if (service != NULL) {
        mt_put_char(&path, '/');
        mt_put_span(&path, service->text);
    }
    if (service != NULL && method != NULL)
        mt_put_char(&path, '/');
    if (method != NULL)
        mt_put_span(&path, method->text);
    if (path.full) {
        MT_WRONG(r, service != NULL ? service : method,
                 "the name is longer than 500 bytes");
        return;
    }
    if (service == NULL)
        m->path_how = method != NULL ? MT_PATH_GRPC_METHOD : MT_PATH_ANY;
    else
        m->path_how = method != NULL ? MT_PATH_EXACT : MT_PATH_PREFIX;
    m->path = mt_config_copy(r, mt_buf_span(&path));
}

static void read_nothing(MT_READ_ARGS)
{
    (void)r;
    (void)key;
    (void)n;
    (void)out;
}

static const struct mt_config_type type_grpc_name = {
    .name = "grpc-name",
    .wanted = "a name of gRPC such as shop.Cart",
    .kinds = MT_NODE_SCALAR,
    .read = read_nothing,
    .scalar = "{\"type\":\"string\"}"};

static const struct mt_config_key grpc_keys[] = {
    {"service", &type_grpc_name, "Its package and name: shop.Cart.", 0, 0},
    {"method", &type_grpc_name, "One of its methods, or of any service's.", 0,
     0},
};

/* `shop.Cart` or `shop.Cart/Add`. */
static void short_grpc(struct mt_config_reader *r, const struct mt_node *n,
                       struct mt_policy_match *m)
{
    struct mt_node service = *n, method = *n;
    size_t slash = mt_span_find(n->text, '/');
    service.text.len = slash;
    if (slash == n->text.len) {
        mt_config_grpc(r, &service, NULL, m);
        return;
    }
    (void)mt_span_take(&method.text, slash + 1);
    mt_config_grpc(r, &service, &method, m);
}

static void read_grpc(MT_READ_ARGS)
{
    struct mt_policy_match *m = &((struct match_draft *)out)->match;
    if (n->kind == MT_NODE_SCALAR) {
        short_grpc(r, n, m);
        return;
    }
    uint32_t before = r->problems->count + r->problems->more;
    (void)mt_config_read_keys(r, key->type, n, m);
    if (before == r->problems->count + r->problems->more)
        mt_config_grpc(r, mt_node_get(n, "service"), mt_node_get(n, "method"),
                       m);
}

static const struct mt_config_type type_grpc = {
    .name = "grpc-match",
    .wanted = "a gRPC service such as shop.Cart, or shop.Cart/Add",
    .kinds = MT_NODE_SCALAR | MT_NODE_MAP,
    .read = read_grpc,
    .scalar = "{\"type\":\"string\"}",
    MT_CONFIG_KEYS(grpc_keys)};

/* ---- the whole ---- */

static const struct mt_config_key match_keys[] = {
    {"host", &type_hosts, "Host or :authority: one, or any of several.", 0, 0},
    {"path", &type_path, "/cart is that path, /cart/* all below it.", 0, 0},
    {"method", &type_methods, "One, or any of several.", 0, 0},
    {"header", &mt_type_header_matches, "All of them must hold.", 0, 0},
    {"query", &mt_type_query_matches,
     "Parameters, decoded; all of them must hold.", 0, 0},
    {"grpc", &type_grpc, "Calls of a gRPC service or method.", 0, 0},
};

static const struct mt_config_type type_one_match = {
    .name = "one-match",
    .wanted = "what is matched, such as {path: /cart/*}",
    .kinds = MT_NODE_MAP,
    .read = read_nothing,
    MT_CONFIG_KEYS(match_keys)};

/* Hosts stand in a match, and belong to a route. */
static void take_hosts(struct mt_config_reader *r, const struct mt_node *n,
                       const struct match_draft *d,
                       struct mt_policy_route *route, bool first)
{
    if (first) {
        route->hosts = d->hosts;
        route->hosts_count = d->hosts_count;
        return;
    }
    bool same = d->hosts_count == route->hosts_count;
    for (uint32_t i = 0; same && i < d->hosts_count; i++)
        same = d->hosts[i].suffix == route->hosts[i].suffix &&
               mt_span_eq(d->hosts[i].text, route->hosts[i].text);
    if (!same)
        MT_WRONG(r, n,
                 "the matches of one route have the same hosts; write another "
                 "route");
}

static void read_matches(MT_READ_ARGS)
{
    static const char *const paths[] = {"path", "grpc", NULL};
    struct mt_policy_route *route = out;
    struct mt_policy_match *list =
        mt_config_alloc(r, mt_config_count(n), sizeof *list);
    if (list == NULL)
        return;
    for (const struct mt_node *i = mt_config_first(n); i != NULL;
         i = mt_config_next(n, i)) {
        struct match_draft d = {.match = {.path_how = MT_PATH_ANY}};
        if (!mt_config_fits(r, &type_one_match, key->name, i))
            continue;
        (void)mt_config_one_of(r, i, paths);
        (void)mt_config_read_keys(r, &type_one_match, i, &d);
        take_hosts(r, i, &d, route, route->matches_count == 0);
        list[route->matches_count++] = d.match;
    }
    route->matches = list;
}

const struct mt_config_type mt_type_match = {
    .name = "match",
    .wanted = "what is matched, such as {path: /cart/*}, or a list of them",
    .kinds = MT_NODE_LIST | MT_NODE_MAP,
    .read = read_matches,
    .item = &type_one_match,
    MT_CONFIG_KEYS(match_keys)};

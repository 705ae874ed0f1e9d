/* `kind: HTTPRoute` and `kind: GRPCRoute` of the Gateway API, v1: each rule is
 * a route. https://gateway-api.sigs.k8s.io/reference/spec/
 *
 * A backend's service is the one named `NAME:PORT`, else `NAME`; a parent's
 * sectionName or port is a listener. Metadata and status describe, and change
 * nothing. */
#include <stdio.h>

#include "base/text.h"
#include "proxy-lite/config/parts.h"
#include "proxy-lite/policy/retry.h"

#define ARGS                                                     \
    struct mt_config_reader *r, const struct mt_config_key *key, \
        const struct mt_node *n, void *out

static void read_nothing(ARGS)
{
    (void)r;
    (void)key;
    (void)n;
    (void)out;
}

/* Says something to people, or is read together with its neighbour. */
static const struct mt_config_type type_any = {
    .name = "any",
    .wanted = "any value",
    .kinds = MT_NODE_SCALAR | MT_NODE_LIST | MT_NODE_MAP,
    .read = read_nothing};

static const struct mt_config_type type_word = {.name = "word",
                                                .wanted = "a text",
                                                .kinds = MT_NODE_SCALAR,
                                                .read = read_nothing};

/* Each item of a list by its keys, into the same struct. */
static void read_each(ARGS)
{
    for (const struct mt_node *i = n->first; i != NULL; i = i->next)
        if (mt_config_fits(r, key->type->item, key->name, i))
            (void)mt_config_read_keys(r, key->type->item, i, out);
}

static bool is(const struct mt_node *n, const char *word)
{
    return n != NULL && n->kind == MT_NODE_SCALAR &&
           mt_span_eq(n->text, mt_span_str(word));
}

static bool is_text(const struct mt_node *n)
{
    return n != NULL && n->kind == MT_NODE_SCALAR;
}

/* The index of `type: WORD` in words, 0 where it is not given; -1: reported. */
static int type_of(struct mt_config_reader *r, const struct mt_node *map,
                   const char *const *words, const char *wanted)
{
    const struct mt_node *n = mt_node_get(map, "type");
    if (n == NULL)
        return 0;
    int i = is_text(n) ? mt_word_index(words, n->text) : -1;
    if (i < 0)
        MT_WRONG(r, n, "'type' is '%s'; it wants %s", mt_show(n->text).text,
                 wanted);
    return i;
}

/* ---- matches ---- */

static const struct mt_config_key path_keys[] = {
    {"type", &type_word, "Exact, PathPrefix or RegularExpression.", 0, 0},
    {"value", &type_word, "The path.", 0, 0},
};

static void read_path(ARGS)
{
    static const char *const types[] = {"PathPrefix", "Exact",
                                        "RegularExpression", NULL};
    static const unsigned ways[] = {MT_PATH_PREFIX, MT_PATH_EXACT,
                                    MT_PATH_REGEX};
    const struct mt_node *value = mt_node_get(n, "value");
    const struct mt_node root = {.kind = MT_NODE_SCALAR,
                                 .text = MT_SPAN("/"),
                                 .line = n->line,
                                 .column = n->column};
    (void)mt_config_read_keys(r, key->type, n, NULL);
    int type = type_of(r, n, types, "Exact, PathPrefix or RegularExpression");
    if (type < 0 || (value != NULL && !is_text(value)))
        return;
    (void)mt_config_path(r, value != NULL ? value : &root, ways[type], out);
}

static const struct mt_config_type type_path = {
    .name = "k8s-path",
    .wanted = "{type: PathPrefix, value: /cart}",
    .kinds = MT_NODE_MAP,
    .read = read_path,
    MT_CONFIG_KEYS(path_keys)};

static const struct mt_config_key field_keys[] = {
    {"type", &type_word, "Exact or RegularExpression.", 0, 0},
    {"name", &type_word, "Its name.", 0, MT_KEY_REQUIRED},
    {"value", &type_word, "Its value.", 0, MT_KEY_REQUIRED},
};

static const struct mt_config_type type_field = {
    .name = "k8s-field",
    .wanted = "{name: x-canary, value: \"1\"}",
    .kinds = MT_NODE_MAP,
    MT_CONFIG_KEYS(field_keys)};

static bool one_field(struct mt_config_reader *r, const struct mt_node *n,
                      void *out)
{
    static const char *const types[] = {"Exact", "RegularExpression", NULL};
    static const unsigned ways[] = {MT_COMPARE_EXACT, MT_COMPARE_REGEX};
    if (!mt_config_fits(r, &type_field, "a match", n))
        return false;
    (void)mt_config_read_keys(r, &type_field, n, NULL);
    int type = type_of(r, n, types, "Exact or RegularExpression");
    const struct mt_node *name = mt_node_get(n, "name");
    const struct mt_node *value = mt_node_get(n, "value");
    return type >= 0 && is_text(name) && is_text(value) &&
           mt_config_field(r, name, value, ways[type], out);
}

static bool one_header(struct mt_config_reader *r, const struct mt_node *n,
                       void *out)
{
    struct mt_policy_field_match *m = out;
    if (!one_field(r, n, out))
        return false;
    if (!mt_is_token(m->name)) {
        MT_WRONG(r, n, "'%s' is no name of a header field",
                 mt_show(m->name).text);
        return false;
    }
    m->name = mt_config_copy_lower(r, m->name);
    return true;
}

static void read_headers(ARGS)
{
    struct mt_policy_match *m = out;
    (void)key;
    m->headers =
        mt_config_each(r, n, sizeof *m->headers, one_header, &m->headers_count);
}

static void read_query(ARGS)
{
    struct mt_policy_match *m = out;
    (void)key;
    m->query =
        mt_config_each(r, n, sizeof *m->query, one_field, &m->query_count);
}

static const struct mt_config_type type_headers = {
    .name = "k8s-headers",
    .wanted = "a list of {name: ..., value: ...}",
    .kinds = MT_NODE_LIST,
    .read = read_headers,
    .item = &type_field};

static const struct mt_config_type type_query = {
    .name = "k8s-query",
    .wanted = "a list of {name: ..., value: ...}",
    .kinds = MT_NODE_LIST,
    .read = read_query,
    .item = &type_field};

static void read_method(ARGS)
{
    struct mt_policy_match *m = out;
    struct mt_span *one = mt_config_alloc(r, 1, sizeof *one);
    (void)key;
    if (one == NULL || !mt_config_method(r, n, one))
        return;
    m->methods = one;
    m->methods_count = 1;
}

static const struct mt_config_type type_method = {.name = "k8s-method",
                                                  .wanted =
                                                      "a method such as GET",
                                                  .kinds = MT_NODE_SCALAR,
                                                  .read = read_method};

static const struct mt_config_key match_keys[] = {
    {"path", &type_path, "", 0, 0},
    {"headers", &type_headers, "", 0, 0},
    {"queryParams", &type_query, "", 0, 0},
    {"method", &type_method, "", 0, 0},
};

static const struct mt_config_type type_one_match = {
    .name = "k8s-match",
    .wanted = "what is matched, such as {path: {value: /cart}}",
    .kinds = MT_NODE_MAP,
    MT_CONFIG_KEYS(match_keys)};

static const struct mt_config_key grpc_method_keys[] = {
    {"type", &type_word, "Exact.", 0, 0},
    {"service", &type_word, "", 0, 0},
    {"method", &type_word, "", 0, 0},
};

static void read_grpc_method(ARGS)
{
    static const char *const types[] = {"Exact", NULL};
    const struct mt_node *service = mt_node_get(n, "service");
    const struct mt_node *method = mt_node_get(n, "method");
    (void)mt_config_read_keys(r, key->type, n, NULL);
    if (type_of(r, n, types, "Exact") < 0 ||
        (service != NULL && !is_text(service)) ||
        (method != NULL && !is_text(method)))
        return;
    (void)mt_config_grpc(r, service, method, out);
}

static const struct mt_config_type type_grpc_method = {
    .name = "k8s-grpc-method",
    .wanted = "{service: shop.Cart, method: Add}",
    .kinds = MT_NODE_MAP,
    .read = read_grpc_method,
    MT_CONFIG_KEYS(grpc_method_keys)};

static const struct mt_config_key grpc_match_keys[] = {
    {"method", &type_grpc_method, "", 0, 0},
    {"headers", &type_headers, "", 0, 0},
};

static const struct mt_config_type type_one_grpc_match = {
    .name = "k8s-grpc-match",
    .wanted = "what is matched, such as {method: {service: shop.Cart}}",
    .kinds = MT_NODE_MAP,
    MT_CONFIG_KEYS(grpc_match_keys)};

static void read_matches(ARGS)
{
    struct mt_policy_route *route = out;
    bool grpc = key->type->item == &type_one_grpc_match;
    struct mt_policy_match *list = mt_config_alloc(r, n->count, sizeof *list);
    for (const struct mt_node *i = n->first; i != NULL && list != NULL;
         i = i->next) {
        struct mt_policy_match *m = &list[route->matches_count];
        m->path_how = MT_PATH_ANY;
        m->grpc = grpc;
        if (!mt_config_fits(r, key->type->item, key->name, i))
            continue;
        (void)mt_config_read_keys(r, key->type->item, i, m);
        route->matches_count++;
    }
    route->matches = list;
}

static const struct mt_config_type type_matches = {.name = "k8s-matches",
                                                   .wanted =
                                                       "a list of matches",
                                                   .kinds = MT_NODE_LIST,
                                                   .read = read_matches,
                                                   .item = &type_one_match};

static const struct mt_config_type type_grpc_matches = {
    .name = "k8s-grpc-matches",
    .wanted = "a list of matches",
    .kinds = MT_NODE_LIST,
    .read = read_matches,
    .item = &type_one_grpc_match};

/* ---- filters: a row each ---- */

static bool one_edit(struct mt_config_reader *r, const struct mt_node *n,
                     void *out)
{
    if (!mt_config_fits(r, &type_field, "a header", n))
        return false;
    (void)mt_config_read_keys(r, &type_field, n, NULL);
    const struct mt_node *name = mt_node_get(n, "name");
    const struct mt_node *value = mt_node_get(n, "value");
    return name != NULL && value != NULL && mt_config_edit(r, name, value, out);
}

static bool one_removal(struct mt_config_reader *r, const struct mt_node *n,
                        void *out)
{
    struct mt_policy_field f;
    const struct mt_node nothing = {.kind = MT_NODE_SCALAR};
    if (!mt_config_edit(r, n, &nothing, &f))
        return false;
    *(struct mt_span *)out = f.name;
    return true;
}

static void read_set(ARGS)
{
    struct mt_policy_edits *e = out;
    (void)key;
    e->set = mt_config_each(r, n, sizeof *e->set, one_edit, &e->set_count);
}

static void read_add(ARGS)
{
    struct mt_policy_edits *e = out;
    (void)key;
    e->add = mt_config_each(r, n, sizeof *e->add, one_edit, &e->add_count);
}

static void read_remove(ARGS)
{
    struct mt_policy_edits *e = out;
    (void)key;
    e->remove =
        mt_config_each(r, n, sizeof *e->remove, one_removal, &e->remove_count);
}

#define EDITS(name_, read_)                                   \
    {                                                         \
        .name = (name_), .wanted = "a list of header fields", \
        .kinds = MT_NODE_LIST, .read = (read_)                \
    }

static const struct mt_config_type type_set = EDITS("k8s-set", read_set);
static const struct mt_config_type type_add = EDITS("k8s-add", read_add);
static const struct mt_config_type type_remove =
    EDITS("k8s-remove", read_remove);

static const struct mt_config_key edits_keys[] = {
    {"set", &type_set, "", 0, 0},
    {"add", &type_add, "", 0, 0},
    {"remove", &type_remove, "", 0, 0},
};

static const struct mt_config_type type_edits = {
    .name = "k8s-edits",
    .wanted = "{set: [{name: ..., value: ...}]}",
    .kinds = MT_NODE_MAP,
    .read = mt_config_read_map,
    MT_CONFIG_KEYS(edits_keys)};

static void read_new_path(struct mt_config_reader *r, const struct mt_node *n,
                          unsigned how, struct mt_policy_rewrite *w)
{
    if (!mt_is_path(n->text) &&
        !(how == MT_PATH_REPLACE_PREFIX && n->text.len == 0)) {
        MT_WRONG(r, n, "'%s' is no path; it begins with / and has no query",
                 mt_show(n->text).text);
        return;
    }
    w->path = mt_config_copy(r, n->text);
    w->path_how = (uint8_t)how;
}

static const struct mt_config_key new_path_keys[] = {
    {"type", &type_word, "", 0, MT_KEY_REQUIRED},
    {"replaceFullPath", &type_word, "", 0, 0},
    {"replacePrefixMatch", &type_word, "", 0, 0},
};

/* At key->offset a struct mt_policy_rewrite. */
static void read_rewritten_path(ARGS)
{
    static const char *const types[] = {"ReplaceFullPath", "ReplacePrefixMatch",
                                        NULL};
    static const char *const keys[] = {"replaceFullPath", "replacePrefixMatch"};
    static const unsigned ways[] = {MT_PATH_REPLACE_ALL,
                                    MT_PATH_REPLACE_PREFIX};
    (void)mt_config_read_keys(r, key->type, n, NULL);
    int type = type_of(r, n, types, "ReplaceFullPath or ReplacePrefixMatch");
    if (type < 0)
        return;
    const struct mt_node *value = mt_node_get(n, keys[type]);
    if (!is_text(value))
        MT_WRONG(r, n, "'%s' is missing", keys[type]);
    else
        read_new_path(r, value, ways[type],
                      (void *)((uint8_t *)out + key->offset));
}

static const struct mt_config_type type_rewritten_path = {
    .name = "k8s-new-path",
    .wanted = "{type: ReplacePrefixMatch, replacePrefixMatch: /}",
    .kinds = MT_NODE_MAP,
    .read = read_rewritten_path,
    MT_CONFIG_KEYS(new_path_keys)};

static const struct mt_config_key rewrite_keys[] = {
    {"hostname", &mt_type_host, "", offsetof(struct mt_policy_rewrite, host),
     0},
    {"path", &type_rewritten_path, "", 0, 0},
};

static const struct mt_config_type type_rewrite = {
    .name = "k8s-rewrite",
    .wanted = "{hostname: ..., path: ...}",
    .kinds = MT_NODE_MAP,
    .read = mt_config_read_map,
    MT_CONFIG_KEYS(rewrite_keys)};

static void read_status(ARGS)
{
    static const char *const known[] = {"301", "302", "303",
                                        "307", "308", NULL};
    uint64_t status;
    if (mt_word_index(known, n->text) < 0)
        mt_config_unfit(r, key->name, key->type, n);
    else if (mt_parse_u64(n->text, &status) == 0)
        ((struct mt_policy_redirect *)out)->status = (uint16_t)status;
}

static const struct mt_config_type type_status = {
    .name = "k8s-redirect-status",
    .wanted = "301, 302, 303, 307 or 308",
    .kinds = MT_NODE_SCALAR,
    .read = read_status};

static void read_scheme(ARGS)
{
    if (is(n, "http") || is(n, "https"))
        ((struct mt_policy_redirect *)out)->scheme = mt_config_copy(r, n->text);
    else
        mt_config_unfit(r, key->name, key->type, n);
}

static const struct mt_config_type type_scheme = {.name = "k8s-scheme",
                                                  .wanted = "http or https",
                                                  .kinds = MT_NODE_SCALAR,
                                                  .read = read_scheme};

static const struct mt_config_key redirect_keys[] = {
    {"scheme", &type_scheme, "", 0, 0},
    {"hostname", &mt_type_host, "",
     offsetof(struct mt_policy_redirect, to.host), 0},
    {"path", &type_rewritten_path, "", offsetof(struct mt_policy_redirect, to),
     0},
    {"port", &mt_type_port, "", offsetof(struct mt_policy_redirect, port), 0},
    {"statusCode", &type_status, "", 0, 0},
};

static void read_redirect(ARGS)
{
    struct mt_policy_route *route = out;
    route->action = MT_ACTION_REDIRECT;
    route->redirect.status = 302;
    (void)mt_config_read_keys(r, key->type, n, &route->redirect);
}

static const struct mt_config_type type_redirect = {
    .name = "k8s-redirect",
    .wanted = "{scheme: https}",
    .kinds = MT_NODE_MAP,
    .read = read_redirect,
    MT_CONFIG_KEYS(redirect_keys)};

static const struct mt_config_key filter_keys[] = {
    {"type", &type_word, "", 0, MT_KEY_REQUIRED},
    {"requestHeaderModifier", &type_edits, "",
     offsetof(struct mt_policy_route, request_headers), 0},
    {"responseHeaderModifier", &type_edits, "",
     offsetof(struct mt_policy_route, response_headers), 0},
    {"requestRedirect", &type_redirect, "", 0, 0},
    {"urlRewrite", &type_rewrite, "", offsetof(struct mt_policy_route, rewrite),
     0},
    {"requestMirror", NULL, "", 0, MT_KEY_NOT_YET},
    {"cors", NULL, "", 0, MT_KEY_NOT_YET},
    {"extensionRef", NULL, "", 0, MT_KEY_NOT_YET},
};

static const struct mt_config_type type_filter = {
    .name = "k8s-filter",
    .wanted = "{type: URLRewrite, urlRewrite: ...}",
    .kinds = MT_NODE_MAP,
    MT_CONFIG_KEYS(filter_keys)};

/* `type` says which of the keys is there. */
static void check_filter(struct mt_config_reader *r, const struct mt_node *n)
{
    static const char *const types[] = {"RequestHeaderModifier",
                                        "ResponseHeaderModifier",
                                        "RequestRedirect", "URLRewrite", NULL};
    static const char *const keys[] = {"requestHeaderModifier",
                                       "responseHeaderModifier",
                                       "requestRedirect", "urlRewrite"};
    int type = type_of(r, n, types,
                       "RequestHeaderModifier, ResponseHeaderModifier, "
                       "RequestRedirect or URLRewrite");
    if (type >= 0 && mt_node_get(n, "type") != NULL &&
        mt_node_get(n, keys[type]) == NULL)
        MT_WRONG(r, n, "'%s' is missing", keys[type]);
}

static void read_filters(ARGS)
{
    for (const struct mt_node *i = n->first; i != NULL; i = i->next) {
        if (!mt_config_fits(r, key->type->item, key->name, i))
            continue;
        (void)mt_config_read_keys(r, key->type->item, i, out);
        check_filter(r, i);
    }
}

static const struct mt_config_type type_filters = {.name = "k8s-filters",
                                                   .wanted =
                                                       "a list of filters",
                                                   .kinds = MT_NODE_LIST,
                                                   .read = read_filters,
                                                   .item = &type_filter};

/* ---- backends ---- */

static const struct mt_config_key backend_keys[] = {
    {"name", &type_word, "", 0, MT_KEY_REQUIRED},
    {"port", &type_word, "", 0, 0},
    {"weight", &mt_type_number, "", offsetof(struct mt_policy_backend, weight),
     0},
    {"kind", &type_word, "", 0, 0},
    {"group", &type_any, "", 0, 0},
    {"namespace", &type_any, "", 0, 0},
    {"filters", NULL, "", 0, MT_KEY_NOT_YET},
};

static const struct mt_config_type type_backend = {
    .name = "k8s-backend",
    .wanted = "{name: cart, port: 8080}",
    .kinds = MT_NODE_MAP,
    MT_CONFIG_KEYS(backend_keys)};

/* `cart:8080`, else `cart`. */
static uint32_t backend_service(struct mt_config_reader *r,
                                const struct mt_node *name,
                                const struct mt_node *port)
{
    uint8_t bytes[280];
    struct mt_buf both = mt_buf_of(bytes, sizeof bytes);
    if (is_text(port)) {
        mt_put_span(&both, name->text);
        mt_put_char(&both, ':');
        mt_put_span(&both, port->text);
        const struct mt_policy_service *s =
            mt_policy_find_service(r->policy, mt_buf_span(&both));
        if (s != NULL && !both.full)
            return s->index;
    }
    return mt_config_service(r, name);
}

static bool one_backend(struct mt_config_reader *r, const struct mt_node *n,
                        void *out)
{
    struct mt_policy_backend *b = out;
    b->weight = 1;
    if (!mt_config_fits(r, &type_backend, "a backend", n))
        return false;
    (void)mt_config_read_keys(r, &type_backend, n, b);
    const struct mt_node *kind = mt_node_get(n, "kind");
    const struct mt_node *name = mt_node_get(n, "name");
    if (kind != NULL && !is(kind, "Service"))
        MT_WRONG(r, kind, "a backend is a Service here");
    if (!is_text(name))
        return false;
    b->service = backend_service(r, name, mt_node_get(n, "port"));
    return b->service != MT_POLICY_NONE;
}

static void read_backends(ARGS)
{
    struct mt_policy_split *s = &((struct mt_policy_route *)out)->to;
    (void)key;
    if (n->count > MT_POLICY_SPLIT_MAX) {
        MT_WRONG(r, n, "more than %d services share it", MT_POLICY_SPLIT_MAX);
        return;
    }
    s->list = mt_config_each(r, n, sizeof *s->list, one_backend, &s->count);
    for (uint32_t i = 0; i < s->count; i++)
        s->total += s->list[i].weight;
}

static const struct mt_config_type type_backends = {
    .name = "k8s-backends",
    .wanted = "a list of {name: ..., port: ...}",
    .kinds = MT_NODE_LIST,
    .read = read_backends,
    .item = &type_backend};

/* ---- time-outs and retries ---- */

static const struct mt_config_key timeout_keys[] = {
    {"request", &mt_type_timeout, "",
     offsetof(struct mt_policy_route, timeout_ns), 0},
    {"backendRequest", &mt_type_timeout, "",
     offsetof(struct mt_policy_route, per_try_timeout_ns), 0},
};

static const struct mt_config_type type_timeouts = {
    .name = "k8s-timeouts",
    .wanted = "{request: 2s, backendRequest: 300ms}",
    .kinds = MT_NODE_MAP,
    .read = mt_config_read_map,
    MT_CONFIG_KEYS(timeout_keys)};

static void read_codes(ARGS)
{
    struct mt_policy_retry *p = out;
    (void)key;
    for (const struct mt_node *i = n->first; i != NULL; i = i->next) {
        uint64_t status;
        if (is_text(i) && mt_parse_u64(i->text, &status) == 0 &&
            status >= 400 && status <= 599)
            mt_retry_add_status(p, (unsigned)status);
        else
            MT_WRONG(r, i, "'%s' is no status from 400 to 599",
                     mt_show(i->text).text);
    }
}

static const struct mt_config_type type_codes = {
    .name = "k8s-codes",
    .wanted = "statuses such as [502, 503]",
    .kinds = MT_NODE_LIST,
    .read = read_codes};

static const struct mt_config_key retry_keys[] = {
    {"codes", &type_codes, "", 0, 0},
    {"attempts", &mt_type_count, "", offsetof(struct mt_policy_retry, attempts),
     0},
    {"backoff", &mt_type_duration, "",
     offsetof(struct mt_policy_retry, backoff_min_ns), 0},
};

/* Without being asked, also where nothing was sent (GEP-1731). */
static void read_retry(ARGS)
{
    struct mt_policy_retry *p = mt_config_alloc(r, 1, sizeof *p);
    if (p == NULL)
        return;
    mt_policy_retry_defaults(p);
    p->on = 1u << MT_RETRY_ON_CONNECT_FAILURE;
    (void)mt_config_read_keys(r, key->type, n, p);
    if (p->backoff_max_ns < p->backoff_min_ns)
        p->backoff_max_ns = p->backoff_min_ns;
    ((struct mt_policy_route *)out)->retry = p;
}

static const struct mt_config_type type_retry = {
    .name = "k8s-retry",
    .wanted = "{codes: [503], attempts: 2}",
    .kinds = MT_NODE_MAP,
    .read = read_retry,
    MT_CONFIG_KEYS(retry_keys)};

/* ---- rules ---- */

#define RULE_KEYS(matches_)                                            \
    {"name", &type_word, "", 0, 0}, {"matches", (matches_), "", 0, 0}, \
        {"filters", &type_filters, "", 0, 0},                          \
        {"backendRefs", &type_backends, "", 0, 0},                     \
        {"timeouts", &type_timeouts, "", 0, 0},                        \
        {"retry", &type_retry, "", 0, 0},                              \
        {"sessionPersistence", NULL, "", 0, MT_KEY_NOT_YET},

static const struct mt_config_key rule_keys[] = {RULE_KEYS(&type_matches)};
static const struct mt_config_key grpc_rule_keys[] = {
    RULE_KEYS(&type_grpc_matches)};

static const struct mt_config_type type_rule = {
    .name = "k8s-rule",
    .wanted = "{matches: [...], backendRefs: [...]}",
    .kinds = MT_NODE_MAP,
    MT_CONFIG_KEYS(rule_keys)};

static const struct mt_config_type type_grpc_rule = {
    .name = "k8s-grpc-rule",
    .wanted = "{matches: [...], backendRefs: [...]}",
    .kinds = MT_NODE_MAP,
    MT_CONFIG_KEYS(grpc_rule_keys)};

/* What all rules of a document share. */
struct document {
    struct mt_span name;
    const struct mt_policy_host *hosts;
    uint32_t hosts_count;
    uint64_t listeners;
    uint32_t rules; /* so far */
};

/* NAME for the first rule, NAME/RULE or NAME/2 for others. */
static struct mt_span rule_name(struct mt_config_reader *r,
                                const struct document *d,
                                const struct mt_node *given)
{
    uint8_t bytes[MT_SHOWN_BYTES * 2 + 16];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    mt_put_str(&b, mt_show(d->name).text);
    if (is_text(given)) {
        mt_put_char(&b, '/');
        mt_put_str(&b, mt_show(given->text).text);
    } else if (d->rules > 1) {
        mt_put_char(&b, '/');
        mt_put_decimal(&b, d->rules);
    }
    return mt_config_copy(r, mt_buf_span(&b));
}

static void one_rule(struct mt_config_reader *r,
                     const struct mt_config_type *type, const struct mt_node *n,
                     struct document *d)
{
    static const struct mt_policy_match any_call = {.path_how = MT_PATH_ANY,
                                                    .grpc = true};
    struct mt_policy_route *route = mt_config_add_route(r, n);
    if (route == NULL)
        return;
    d->rules++;
    route->name = rule_name(r, d, mt_node_get(n, "name"));
    route->hosts = d->hosts;
    route->hosts_count = d->hosts_count;
    route->listeners = d->listeners;
    (void)mt_config_read_keys(r, type, n, route);
    if (type == &type_grpc_rule && route->matches_count == 0) {
        route->matches = &any_call;
        route->matches_count = 1;
    }
    if (route->action == MT_ACTION_TO && mt_node_get(n, "backendRefs") == NULL)
        MT_WRONG(r, n, "the rule sends requests nowhere; give 'backendRefs'");
    else if (route->action == MT_ACTION_TO && route->to.total == 0 &&
             r->problems->count == 0)
        MT_WRONG(r, n, "no backend gets anything; give one of them a weight");
    mt_config_check_route(r, n, route);
}

static void read_rules(ARGS)
{
    struct document *d = out;
    for (const struct mt_node *i = n->first; i != NULL && !r->no_memory;
         i = i->next)
        if (mt_config_fits(r, key->type->item, key->name, i))
            one_rule(r, key->type->item, i, d);
}

/* ---- hostnames, parents ---- */

static bool one_host(struct mt_config_reader *r, const struct mt_node *n,
                     void *out)
{
    return mt_config_host(r, n, out);
}

static void read_hosts(ARGS)
{
    struct document *d = out;
    (void)key;
    d->hosts =
        mt_config_each(r, n, sizeof *d->hosts, one_host, &d->hosts_count);
}

static const struct mt_config_type type_hosts = {
    .name = "k8s-hosts",
    .wanted = "hosts such as [api.example, \"*.example\"]",
    .kinds = MT_NODE_LIST,
    .read = read_hosts};

/* Reads into a route that is thrown away, for its bits. */
static void read_section(ARGS)
{
    struct document *d = out;
    struct mt_policy_route route = {.listeners = 0};
    const struct mt_config_key as_names = {.name = key->name,
                                           .type = &mt_type_listener_names};
    mt_type_listener_names.read(r, &as_names, n, &route);
    d->listeners |= route.listeners;
}

static const struct mt_config_type type_section = {.name = "k8s-section",
                                                   .wanted =
                                                       "the name of a listener",
                                                   .kinds = MT_NODE_SCALAR,
                                                   .read = read_section};

static void read_parent_port(ARGS)
{
    struct document *d = out;
    uint64_t bits = 0, port = 0;
    if (mt_parse_u64(n->text, &port) != 0) {
        mt_config_unfit(r, key->name, key->type, n);
        return;
    }
    for (uint32_t i = 0; i < r->policy->listeners_count; i++)
        if (r->policy->listeners[i]->port == port)
            bits |= (uint64_t)1 << i;
    if (bits == 0)
        MT_WRONG(r, n, "no listener has the port %s", mt_show(n->text).text);
    d->listeners |= bits;
}

static const struct mt_config_type type_parent_port = {
    .name = "k8s-parent-port",
    .wanted = "the port of a listener",
    .kinds = MT_NODE_SCALAR,
    .read = read_parent_port};

static const struct mt_config_key parent_keys[] = {
    {"name", &type_word, "", 0, MT_KEY_REQUIRED},
    {"sectionName", &type_section, "", 0, 0},
    {"port", &type_parent_port, "", 0, 0},
    {"kind", &type_word, "", 0, 0},
    {"group", &type_any, "", 0, 0},
    {"namespace", &type_any, "", 0, 0},
};

static const struct mt_config_type type_parent = {.name = "k8s-parent",
                                                  .wanted = "{name: ...}",
                                                  .kinds = MT_NODE_MAP,
                                                  MT_CONFIG_KEYS(parent_keys)};

static void read_parents(ARGS)
{
    struct document *d = out;
    d->listeners = 0;
    read_each(r, key, n, out);
    if (d->listeners == 0)
        d->listeners = UINT64_MAX; /* of the gateway as a whole */
}

static const struct mt_config_type type_parents = {.name = "k8s-parents",
                                                   .wanted =
                                                       "a list of {name: ...}",
                                                   .kinds = MT_NODE_LIST,
                                                   .read = read_parents,
                                                   .item = &type_parent};

/* ---- documents ---- */

#define RULES(name_, item_)                                                  \
    {                                                                        \
        .name = (name_), .wanted = "a list of rules", .kinds = MT_NODE_LIST, \
        .read = read_rules, .item = (item_)                                  \
    }

static const struct mt_config_type type_rules = RULES("k8s-rules", &type_rule);
static const struct mt_config_type type_grpc_rules =
    RULES("k8s-grpc-rules", &type_grpc_rule);

static const struct mt_config_key spec_keys[] = {
    {"parentRefs", &type_parents, "", 0, 0},
    {"hostnames", &type_hosts, "", 0, 0},
    {"rules", &type_rules, "", 0, MT_KEY_REQUIRED},
};

static const struct mt_config_key grpc_spec_keys[] = {
    {"parentRefs", &type_parents, "", 0, 0},
    {"hostnames", &type_hosts, "", 0, 0},
    {"rules", &type_grpc_rules, "", 0, MT_KEY_REQUIRED},
};

#define SPEC(name_, keys_)                                                 \
    {                                                                      \
        .name = (name_), .wanted = "{rules: [...]}", .kinds = MT_NODE_MAP, \
        .read = mt_config_read_map, MT_CONFIG_KEYS(keys_)                  \
    }

static const struct mt_config_type type_spec = SPEC("k8s-spec", spec_keys);
static const struct mt_config_type type_grpc_spec =
    SPEC("k8s-grpc-spec", grpc_spec_keys);

static void read_metadata(ARGS)
{
    const struct mt_node *name = mt_node_get(n, "name");
    (void)key;
    if (name == NULL)
        MT_WRONG(r, n, "'name' is missing");
    else if (is_text(name) && mt_config_name(r, name))
        ((struct document *)out)->name = mt_config_copy(r, name->text);
}

static const struct mt_config_type type_metadata = {.name = "k8s-metadata",
                                                    .wanted = "{name: ...}",
                                                    .kinds = MT_NODE_MAP,
                                                    .read = read_metadata};

#define DOCUMENT_KEYS(spec_)                                  \
    {"apiVersion", &type_word, "", 0, MT_KEY_REQUIRED},       \
        {"kind", &type_word, "", 0, MT_KEY_REQUIRED},         \
        {"metadata", &type_metadata, "", 0, MT_KEY_REQUIRED}, \
        {"spec", (spec_), "", 0, MT_KEY_REQUIRED},            \
        {"status", &type_any, "", 0, 0},

static const struct mt_config_key document_keys[] = {DOCUMENT_KEYS(&type_spec)};
static const struct mt_config_key grpc_document_keys[] = {
    DOCUMENT_KEYS(&type_grpc_spec)};

static void read_document(ARGS)
{
    struct document d = {.listeners = UINT64_MAX};
    const struct mt_node *version = mt_node_get(n, "apiVersion");
    (void)out;
    if (is_text(version) &&
        !mt_span_starts(version->text, MT_SPAN("gateway.networking.k8s.io/v1")))
        MT_WRONG(r, version,
                 "'apiVersion' is '%s'; gateway.networking.k8s.io/v1 is read",
                 mt_show(version->text).text);
    (void)mt_config_read_keys(r, key->type, n, &d);
}

const struct mt_config_type mt_type_httproute = {.name = "HTTPRoute",
                                                 .wanted = "an HTTPRoute",
                                                 .kinds = MT_NODE_MAP,
                                                 .read = read_document,
                                                 MT_CONFIG_KEYS(document_keys)};

const struct mt_config_type mt_type_grpcroute = {
    .name = "GRPCRoute",
    .wanted = "a GRPCRoute",
    .kinds = MT_NODE_MAP,
    .read = read_document,
    MT_CONFIG_KEYS(grpc_document_keys)};

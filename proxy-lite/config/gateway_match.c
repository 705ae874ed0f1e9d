/* `matches:` of a rule. */
#include "proxy-lite/config/gateway.h"

/* ---- matches ---- */

static const struct mt_config_key path_keys[] = {
    {"type", &mt_gateway_word, "Exact, PathPrefix or RegularExpression.", 0, 0},
    {"value", &mt_gateway_word, "The path.", 0, 0},
};

static void read_path(MT_READ_ARGS)
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
    int type =
        mt_gateway_type(r, n, types, "Exact, PathPrefix or RegularExpression");
    if (type < 0 || (value != NULL && !mt_gateway_is_text(value)))
        return;
    mt_config_path(r, value != NULL ? value : &root, ways[type], out);
}

static const struct mt_config_type type_path = {
    .name = "k8s-path",
    .wanted = "{type: PathPrefix, value: /cart}",
    .kinds = MT_NODE_MAP,
    .read = read_path,
    MT_CONFIG_KEYS(path_keys)};

static const struct mt_config_key field_keys[] = {
    {"type", &mt_gateway_word, "Exact or RegularExpression.", 0, 0},
    {"name", &mt_gateway_word, "Its name.", 0, MT_KEY_REQUIRED},
    {"value", &mt_gateway_word, "Its value.", 0, MT_KEY_REQUIRED},
};

const struct mt_config_type mt_gateway_field = {
    .name = "k8s-field",
    .wanted = "{name: x-canary, value: \"1\"}",
    .kinds = MT_NODE_MAP,
    MT_CONFIG_KEYS(field_keys)};

static bool one_field(struct mt_config_reader *r, const struct mt_node *n,
                      void *out)
{
    static const char *const types[] = {"Exact", "RegularExpression", NULL};
    static const unsigned ways[] = {MT_COMPARE_EXACT, MT_COMPARE_REGEX};
    if (!mt_config_fits(r, &mt_gateway_field, "a match", n))
        return false;
    (void)mt_config_read_keys(r, &mt_gateway_field, n, NULL);
    int type = mt_gateway_type(r, n, types, "Exact or RegularExpression");
    const struct mt_node *name = mt_node_get(n, "name");
    const struct mt_node *value = mt_node_get(n, "value");
    return type >= 0 && mt_gateway_is_text(name) && mt_gateway_is_text(value) &&
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

static void read_headers(MT_READ_ARGS)
{
    struct mt_policy_match *m = out;
    (void)key;
    m->headers =
        mt_config_each(r, n, sizeof *m->headers, one_header, &m->headers_count);
}

static void read_query(MT_READ_ARGS)
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
    .item = &mt_gateway_field};

static const struct mt_config_type type_query = {
    .name = "k8s-query",
    .wanted = "a list of {name: ..., value: ...}",
    .kinds = MT_NODE_LIST,
    .read = read_query,
    .item = &mt_gateway_field};

static void read_method(MT_READ_ARGS)
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
    {"type", &mt_gateway_word, "Exact.", 0, 0},
    {"service", &mt_gateway_word, "", 0, 0},
    {"method", &mt_gateway_word, "", 0, 0},
};

static void read_grpc_method(MT_READ_ARGS)
{
    static const char *const types[] = {"Exact", NULL};
    const struct mt_node *service = mt_node_get(n, "service");
    const struct mt_node *method = mt_node_get(n, "method");
    (void)mt_config_read_keys(r, key->type, n, NULL);
    if (mt_gateway_type(r, n, types, "Exact") < 0 ||
        (service != NULL && !mt_gateway_is_text(service)) ||
        (method != NULL && !mt_gateway_is_text(method)))
        return;
    mt_config_grpc(r, service, method, out);
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

static void read_matches(MT_READ_ARGS)
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

const struct mt_config_type mt_gateway_matches = {.name = "k8s-matches",
                                                  .wanted = "a list of matches",
                                                  .kinds = MT_NODE_LIST,
                                                  .read = read_matches,
                                                  .item = &type_one_match};

const struct mt_config_type mt_gateway_grpc_matches = {
    .name = "k8s-grpc-matches",
    .wanted = "a list of matches",
    .kinds = MT_NODE_LIST,
    .read = read_matches,
    .item = &type_one_grpc_match};

/* `kind: HTTPRoute` and `kind: GRPCRoute` of the Gateway API, v1: each rule is
 * a route. https://gateway-api.sigs.k8s.io/reference/spec/
 *
 * A backend's service is the one named `NAME:PORT`, else `NAME`; a parent's
 * sectionName or port is a listener. Metadata and status describe, and change
 * nothing. */
#include "base/text.h"
#include "proxy-lite/config/gateway.h"

/* Each item of a list by its keys, into the same struct. */
static void read_each(MT_READ_ARGS)
{
    for (const struct mt_node *i = n->first; i != NULL; i = i->next)
        if (mt_config_fits(r, key->type->item, key->name, i))
            (void)mt_config_read_keys(r, key->type->item, i, out);
}

/* ---- rules ---- */

#define RULE_KEYS(matches_)                                                  \
    {"name", &mt_gateway_word, "", 0, 0}, {"matches", (matches_), "", 0, 0}, \
        {"filters", &mt_gateway_filters, "", 0, 0},                          \
        {"backendRefs", &mt_gateway_backends, "", 0, 0},                     \
        {"timeouts", &mt_gateway_timeouts, "", 0, 0},                        \
        {"retry", &mt_gateway_retry, "", 0, 0},                              \
        {"sessionPersistence", NULL, "", 0, MT_KEY_NOT_YET},

static const struct mt_config_key rule_keys[] = {
    RULE_KEYS(&mt_gateway_matches)};
static const struct mt_config_key grpc_rule_keys[] = {
    RULE_KEYS(&mt_gateway_grpc_matches)};

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
    if (mt_gateway_is_text(given)) {
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

static void read_rules(MT_READ_ARGS)
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

static void read_hosts(MT_READ_ARGS)
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
static void read_section(MT_READ_ARGS)
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

static void read_parent_port(MT_READ_ARGS)
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
    {"name", &mt_gateway_word, "", 0, MT_KEY_REQUIRED},
    {"sectionName", &type_section, "", 0, 0},
    {"port", &type_parent_port, "", 0, 0},
    {"kind", &mt_gateway_word, "", 0, 0},
    {"group", &mt_gateway_any, "", 0, 0},
    {"namespace", &mt_gateway_any, "", 0, 0},
};

static const struct mt_config_type type_parent = {.name = "k8s-parent",
                                                  .wanted = "{name: ...}",
                                                  .kinds = MT_NODE_MAP,
                                                  MT_CONFIG_KEYS(parent_keys)};

static void read_parents(MT_READ_ARGS)
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

static void read_metadata(MT_READ_ARGS)
{
    const struct mt_node *name = mt_node_get(n, "name");
    (void)key;
    if (name == NULL)
        MT_WRONG(r, n, "'name' is missing");
    else if (mt_gateway_is_text(name) && mt_config_name(r, name))
        ((struct document *)out)->name = mt_config_copy(r, name->text);
}

static const struct mt_config_type type_metadata = {.name = "k8s-metadata",
                                                    .wanted = "{name: ...}",
                                                    .kinds = MT_NODE_MAP,
                                                    .read = read_metadata};

#define DOCUMENT_KEYS(spec_)                                  \
    {"apiVersion", &mt_gateway_word, "", 0, MT_KEY_REQUIRED}, \
        {"kind", &mt_gateway_word, "", 0, MT_KEY_REQUIRED},   \
        {"metadata", &type_metadata, "", 0, MT_KEY_REQUIRED}, \
        {"spec", (spec_), "", 0, MT_KEY_REQUIRED},            \
        {"status", &mt_gateway_any, "", 0, 0},

static const struct mt_config_key document_keys[] = {DOCUMENT_KEYS(&type_spec)};
static const struct mt_config_key grpc_document_keys[] = {
    DOCUMENT_KEYS(&type_grpc_spec)};

static void read_document(MT_READ_ARGS)
{
    struct document d = {.listeners = UINT64_MAX};
    const struct mt_node *version = mt_node_get(n, "apiVersion");
    (void)out;
    if (mt_gateway_is_text(version) &&
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

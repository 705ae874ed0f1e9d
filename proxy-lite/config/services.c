/* `services:` and `listeners:`. */
#include "proxy-lite/config/parts.h"

#include "base/rc.h"
#include "base/text.h"
#include "base/text_addr.h"
#include "proxy-lite/policy/balance.h"

/* ---- endpoints ---- */

static bool endpoint(struct mt_config_reader *r, const struct mt_node *n,
                     struct mt_policy_endpoint *out)
{
    if (n->kind != MT_NODE_SCALAR || !mt_parse_endpoint(n->text, out)) {
        MT_WRONG(r, n,
                 "'%s' is no endpoint; write 10.0.0.5:8080, "
                 "\"[fd00::1]:8080\" or cart.internal:8080",
                 mt_show(n->text).text);
        return false;
    }
    out->host = mt_config_copy(r, out->host);
    return true;
}

static bool one_endpoint(struct mt_config_reader *r, const struct mt_node *n,
                         void *out)
{
    return endpoint(r, n, out);
}

static void twins(struct mt_config_reader *r, const struct mt_node *n,
                  const struct mt_policy_service *s)
{
    for (uint32_t i = 0; i < s->endpoints_count; i++)
        for (uint32_t k = 0; k < i; k++) {
            const struct mt_policy_endpoint *a = &s->endpoints[i],
                                            *b = &s->endpoints[k];
            if (a->port == b->port && mt_span_eq(a->host, b->host)) {
                MT_WRONG(r, n, "the endpoint %s:%u is given twice",
                         mt_show(a->host).text, (unsigned)a->port);
                return;
            }
        }
}

static void read_endpoints(MT_READ_ARGS)
{
    struct mt_policy_service *s = out;
    (void)key;
    if (mt_config_count(n) == 0 ||
        mt_config_count(n) > MT_POLICY_ENDPOINTS_MAX) {
        MT_WRONG(r, n, "a service has 1 to %d endpoints",
                 MT_POLICY_ENDPOINTS_MAX);
        return;
    }
    s->endpoints = mt_config_each(r, n, sizeof *s->endpoints, one_endpoint,
                                  &s->endpoints_count);
    twins(r, n, s);
}

static const struct mt_config_type type_endpoint = {
    .name = "endpoint",
    .wanted = "an endpoint such as 10.0.0.5:8080",
    .kinds = MT_NODE_SCALAR,
    .scalar = "{\"type\":\"string\",\"pattern\":\":[0-9]+$\"}"};

static const struct mt_config_type type_endpoints = {
    .name = "endpoints",
    .wanted = "endpoints such as [10.0.0.5:8080, 10.0.0.6:8080]",
    .kinds = MT_NODE_SCALAR | MT_NODE_LIST,
    .read = read_endpoints,
    .scalar = "{\"type\":\"string\",\"pattern\":\":[0-9]+$\"}",
    .item = &type_endpoint};

static void read_dns(MT_READ_ARGS)
{
    struct mt_policy_service *s = out;
    struct mt_policy_endpoint *one = mt_config_alloc(r, 1, sizeof *one);
    if (one == NULL || !endpoint(r, n, one))
        return;
    if (!mt_ip_is_none(one->ip)) {
        MT_WRONG(r, n, "'%s' is an address; it wants a name, or 'endpoints'",
                 mt_show(n->text).text);
        return;
    }
    (void)key;
    s->endpoints = one;
    s->endpoints_count = 1;
    s->every_address = true;
}

static const struct mt_config_type type_dns = {
    .name = "dns",
    .wanted = "a name with a port, such as cart.internal:8080",
    .kinds = MT_NODE_SCALAR,
    .read = read_dns,
    .scalar = "{\"type\":\"string\",\"pattern\":\":[0-9]+$\"}"};

/* ---- how it is spoken to ---- */

static const char *const protocols[] = {
#define X(name, word, help) word,
    MT_POLICY_PROTOCOLS(X)
#undef X
        NULL};

static const struct mt_config_type type_protocol = {.name = "protocol",
                                                    .wanted =
                                                        "auto, http1 or h2",
                                                    .kinds = MT_NODE_SCALAR,
                                                    .read = mt_config_read_word,
                                                    .words = protocols};

static const char *const balances[] = {
#define X(name, function, word, help) word,
    MT_BALANCES(X)
#undef X
        NULL};

static void read_balance(MT_READ_ARGS)
{
    static const char *const not_yet[] = {"ring-hash", "maglev", NULL};
    if (mt_word_index(not_yet, n->text) >= 0)
        MT_WRONG(r, n,
                 "'%s' does not work yet; write p2c-ewma, "
                 "least-request, round-robin or random",
                 mt_show(n->text).text);
    else
        mt_config_read_word(r, key, n, out);
}

static const struct mt_config_type type_balance = {
    .name = "balance",
    .wanted = "p2c-ewma, least-request, round-robin or random",
    .kinds = MT_NODE_SCALAR,
    .read = read_balance,
    .words = balances};

/* ---- breaker and limits ---- */

static const struct mt_config_key breaker_keys[] = {
    {"consecutive", &mt_type_number,
     "Failures in a row that put an endpoint out; 7. 0: do not count them.",
     offsetof(struct mt_policy_breaker, consecutive), 0},
    {"success", &mt_type_percent,
     "At least so many of 10 s succeed; 80%. 0: do not judge them.",
     offsetof(struct mt_policy_breaker, success_percent), 0},
    {"min_requests", &mt_type_count,
     "In 10 s, before their success is judged; 5.",
     offsetof(struct mt_policy_breaker, min_requests), 0},
    {"out", &mt_type_range,
     "How long it is out the first time, and at most; 1s..60s.",
     offsetof(struct mt_policy_breaker, out_min_ns), 0},
    {"max_out", &mt_type_percent,
     "Of the service's endpoints that may be out at once; 50%.",
     offsetof(struct mt_policy_breaker, max_out_percent), 0},
};

static void read_breaker(MT_READ_ARGS)
{
    struct mt_policy_service *s = out;
    if (n->kind == MT_NODE_MAP) {
        (void)mt_config_read_keys(r, key->type, n, &s->breaker);
    } else if (mt_span_eq(n->text, MT_SPAN("off")) ||
               mt_span_eq(n->text, MT_SPAN("false"))) {
        s->breaker.consecutive = 0;
        s->breaker.success_percent = 0;
    } else {
        mt_config_unfit(r, key->name, key->type, n);
    }
}

static const struct mt_config_type type_breaker = {
    .name = "breaker",
    .wanted = "off, or what differs, such as {consecutive: 5}",
    .kinds = MT_NODE_SCALAR | MT_NODE_MAP,
    .read = read_breaker,
    .scalar = "{\"enum\":[\"off\",false]}",
    MT_CONFIG_KEYS(breaker_keys)};

static const struct mt_config_key limit_keys[] = {
    {"connections", &mt_type_count, "To all of its endpoints; 1024.",
     offsetof(struct mt_policy_limits, connections), 0},
    {"pending", &mt_type_number, "Requests waiting for a connection; 1024.",
     offsetof(struct mt_policy_limits, pending), 0},
    {"requests", &mt_type_count, "Requests that run; 1024.",
     offsetof(struct mt_policy_limits, requests), 0},
};

static const struct mt_config_type type_limits = {
    .name = "limits",
    .wanted = "what differs, such as {requests: 100}",
    .kinds = MT_NODE_MAP,
    .read = mt_config_read_map,
    MT_CONFIG_KEYS(limit_keys)};

/* ---- services ---- */

static const struct mt_config_key service_keys[] = {
    {"endpoints", &type_endpoints, "Its addresses and ports.", 0, 0},
    {"dns", &type_dns, "A name, each of whose addresses is an endpoint.", 0, 0},
    {"protocol", &type_protocol,
     "auto is HTTP/1.1, and HTTP/2 for gRPC; http1; h2 with prior knowledge.",
     offsetof(struct mt_policy_service, protocol), 0},
    {"balance", &type_balance,
     "Which endpoint gets a request: p2c-ewma, by latency and running "
     "requests; least-request; round-robin; random.",
     offsetof(struct mt_policy_service, balance), 0},
    {"breaker", &type_breaker, "When an endpoint is left alone for a while.", 0,
     0},
    {"limits", &type_limits, "Above them: 503, with the reason.",
     offsetof(struct mt_policy_service, limits), 0},
    {"connect_timeout", &mt_type_duration, "To one endpoint; 1s.",
     offsetof(struct mt_policy_service, connect_timeout_ns), 0},
    {"requests_per_connection", &mt_type_number,
     "After so many a connection to it is closed; 0: as many as come.",
     offsetof(struct mt_policy_service, requests_per_connection), 0},
    {"health_check", NULL, "Ask the endpoints how they are.", 0,
     MT_KEY_NOT_YET},
    {"slow_start", NULL, "Little traffic for an endpoint that is new.", 0,
     MT_KEY_NOT_YET},
    {"tls", NULL, "Encrypt towards it.", 0, MT_KEY_NOT_YET},
};

static const struct mt_config_type type_service = {
    .name = "service",
    .wanted = "endpoints such as 10.0.0.5:8080, or {endpoints: [...]}",
    .kinds = MT_NODE_SCALAR | MT_NODE_LIST | MT_NODE_MAP,
    .scalar = "{\"type\":\"string\",\"pattern\":\":[0-9]+$\"}",
    .item = &type_endpoint,
    MT_CONFIG_KEYS(service_keys)};

/* False: there is no room for another one. */
static bool one_service(struct mt_config_reader *r, const struct mt_node *name,
                        const struct mt_node *n)
{
    static const char *const places[] = {"endpoints", "dns", NULL};
    if (!mt_config_name(r, name))
        return true;
    struct mt_policy_service *s = mt_policy_add_service(r->policy);
    if (s == NULL) {
        mt_config_too_many(r, name, "services", MT_POLICY_SERVICES_MAX,
                           r->policy->services_count);
        return false;
    }
    s->name = mt_config_copy(r, name->text);
    s->line = name->line;
    if (!mt_config_fits(r, &type_service, mt_show(name->text).text, n))
        return true;
    if (n->kind != MT_NODE_MAP) {
        read_endpoints(r, NULL, n, s);
        return true;
    }
    if (mt_config_one_of(r, n, places) == 0)
        MT_WRONG(r, name, "'%s' has no endpoints; give 'endpoints' or 'dns'",
                 mt_show(name->text).text);
    (void)mt_config_read_keys(r, &type_service, n, s);
    return true;
}

static void read_services(MT_READ_ARGS)
{
    (void)key;
    (void)out;
    if (!mt_config_no_twins(r, n))
        return;
    for (const struct mt_node *k = n->first; k != NULL; k = k->next->next)
        if (!one_service(r, k, k->next))
            return;
}

const struct mt_config_type mt_type_services = {
    .name = "services",
    .wanted = "names with endpoints, such as cart: 10.0.0.5:8080",
    .kinds = MT_NODE_MAP,
    .read = read_services,
    .item = &type_service};

/* ---- listeners ---- */

/* `127.0.0.1:8080`, `[::1]:8080`; a port alone is of 127.0.0.1. */
static void read_address(MT_READ_ARGS)
{
    struct mt_policy_listener *l = out;
    struct mt_policy_endpoint e = {.port = 0};
    uint64_t port;
    if (mt_parse_u64(n->text, &port) == 0 && port > 0 && port <= UINT16_MAX) {
        e.host = MT_SPAN("127.0.0.1");
        e.port = (uint16_t)port;
        (void)mt_parse_ip(e.host, e.ip);
    } else if (!mt_parse_endpoint(n->text, &e) ||
               (mt_ip_is_none(e.ip) && !mt_span_eq(e.host, MT_SPAN("::")))) {
        mt_config_unfit(r, key->name, key->type, n);
        return;
    }
    l->host = mt_config_copy(r, e.host);
    l->port = e.port;
    memcpy(l->ip, e.ip, sizeof l->ip);
}

static const struct mt_config_type type_address = {
    .name = "address",
    .wanted = "an IP address with a port, such as 127.0.0.1:8080; 8080 alone "
              "is of 127.0.0.1",
    .kinds = MT_NODE_SCALAR,
    .read = read_address,
    .scalar = "{\"anyOf\":[{\"type\":\"integer\",\"minimum\":1,\"maximum\":"
              "65535},{\"type\":\"string\",\"pattern\":\"[0-9]+$\"}]}"};

static void read_service_name(MT_READ_ARGS)
{
    uint32_t service = mt_config_service(r, n);
    memcpy((uint8_t *)out + key->offset, &service, sizeof service);
}

static const struct mt_config_type type_service_name = {
    .name = "service-name",
    .wanted = "the name of a service",
    .kinds = MT_NODE_SCALAR,
    .read = read_service_name,
    .scalar = "{\"type\":\"string\"}"};

static const struct mt_config_key listener_keys[] = {
    {"name", &mt_type_name, "What routes call it.",
     offsetof(struct mt_policy_listener, name), MT_KEY_REQUIRED},
    {"address", &type_address,
     "Where it listens. HTTP/1.1 and HTTP/2 are told apart by their bytes.", 0,
     MT_KEY_REQUIRED},
    {"tcp", &type_service_name,
     "The service that gets what is not HTTP, byte by byte; without it such a "
     "connection is refused.",
     offsetof(struct mt_policy_listener, tcp), 0},
    {"tcp_idle_timeout", &mt_type_timeout,
     "Of such a connection, without a byte; 1h.",
     offsetof(struct mt_policy_listener, tcp_idle_timeout_ns), 0},
    {"header_timeout", &mt_type_timeout, "For a request's header; 10s.",
     offsetof(struct mt_policy_listener, header_timeout_ns), 0},
    {"idle_timeout", &mt_type_timeout, "Of a connection without requests; 60s.",
     offsetof(struct mt_policy_listener, idle_timeout_ns), 0},
    {"detect_timeout", &mt_type_timeout,
     "With tcp: so long a silent client may be one that speaks HTTP; 200ms. "
     "none: everything is for tcp, whatever it looks like.",
     offsetof(struct mt_policy_listener, detect_timeout_ns), 0},
    {"tls", NULL, "Its certificate and key.", 0, MT_KEY_NOT_YET},
};

static const struct mt_config_type type_listener = {
    .name = "listener",
    .wanted = "a listener such as {name: edge, address: \"127.0.0.1:8080\"}",
    .kinds = MT_NODE_MAP,
    MT_CONFIG_KEYS(listener_keys)};

static void check_listener(struct mt_config_reader *r, const struct mt_node *n,
                           const struct mt_policy_listener *l)
{
    for (uint32_t i = 0; i + 1 < r->policy->listeners_count; i++) {
        const struct mt_policy_listener *other = r->policy->listeners[i];
        if (l->name.len > 0 && mt_span_eq(other->name, l->name))
            MT_WRONG(r, n, "the listener '%s' stands already at line %u",
                     mt_show(l->name).text, (unsigned)other->line);
        if (l->port != 0 && other->port == l->port &&
            memcmp(other->ip, l->ip, sizeof l->ip) == 0)
            MT_WRONG(r, n, "the listener at line %u has this address already",
                     (unsigned)other->line);
    }
}

static void read_listeners(MT_READ_ARGS)
{
    (void)out;
    for (const struct mt_node *i = n->first; i != NULL; i = i->next) {
        if (!mt_config_fits(r, key->type->item, key->name, i))
            continue;
        struct mt_policy_listener *l = mt_policy_add_listener(r->policy);
        if (l == NULL) {
            mt_config_too_many(r, i, "listeners", MT_POLICY_LISTENERS_MAX,
                               r->policy->listeners_count);
            return;
        }
        l->line = i->line;
        (void)mt_config_read_keys(r, key->type->item, i, l);
        check_listener(r, i, l);
    }
}

const struct mt_config_type mt_type_listeners = {
    .name = "listeners",
    .wanted = "a list of listeners, each {name: ..., address: ...}",
    .kinds = MT_NODE_LIST,
    .read = read_listeners,
    .item = &type_listener};

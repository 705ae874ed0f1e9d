/* `backendRefs:`, `timeouts:` and `retry:` of a rule. */
#include "base/rc.h"
#include "base/text.h"
#include "proxy-lite/config/gateway.h"
#include "proxy-lite/policy/retry.h"

/* ---- backends ---- */

static const struct mt_config_key backend_keys[] = {
    {"name", &mt_gateway_word, "", 0, MT_KEY_REQUIRED},
    {"port", &mt_gateway_word, "", 0, 0},
    {"weight", &mt_type_number, "", offsetof(struct mt_policy_backend, weight),
     0},
    {"kind", &mt_gateway_word, "", 0, 0},
    {"group", &mt_gateway_any, "", 0, 0},
    {"namespace", &mt_gateway_any, "", 0, 0},
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
    if (mt_gateway_is_text(port)) {
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
    if (kind != NULL && !mt_gateway_is(kind, "Service"))
        MT_WRONG(r, kind, "a backend is a Service here");
    if (!mt_gateway_is_text(name))
        return false;
    b->service = backend_service(r, name, mt_node_get(n, "port"));
    return b->service != MT_POLICY_NONE;
}

static void read_backends(MT_READ_ARGS)
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

const struct mt_config_type mt_gateway_backends = {
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

const struct mt_config_type mt_gateway_timeouts = {
    .name = "k8s-timeouts",
    .wanted = "{request: 2s, backendRequest: 300ms}",
    .kinds = MT_NODE_MAP,
    .read = mt_config_read_map,
    MT_CONFIG_KEYS(timeout_keys)};

static void read_codes(MT_READ_ARGS)
{
    struct mt_policy_retry *p = out;
    (void)key;
    for (const struct mt_node *i = n->first; i != NULL; i = i->next) {
        uint64_t status;
        if (mt_gateway_is_text(i) && mt_parse_u64(i->text, &status) == 0 &&
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
static void read_retry(MT_READ_ARGS)
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

const struct mt_config_type mt_gateway_retry = {
    .name = "k8s-retry",
    .wanted = "{codes: [503], attempts: 2}",
    .kinds = MT_NODE_MAP,
    .read = read_retry,
    MT_CONFIG_KEYS(retry_keys)};

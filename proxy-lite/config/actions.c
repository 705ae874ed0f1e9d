/* What a route does: where to, how changed, or what is answered. */
#include "base/rc.h"
#include "base/text.h"
#include "proxy-lite/config/parts.h"

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

static void read_to(MT_READ_ARGS)
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

static void read_sticky_name(MT_READ_ARGS)
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

static void read_sticky(MT_READ_ARGS)
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
        if (!mt_config_unencoded(r, n))
            mt_config_unfit(r, key->name, key->type, n);
        return;
    }
    w->path = mt_config_copy(r, n->text);
    w->path_how = (uint8_t)how;
}

static void read_whole_path(MT_READ_ARGS)
{
    read_new_path(r, key, n, MT_PATH_REPLACE_ALL, out);
}

static void read_prefix(MT_READ_ARGS)
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

static void read_rewrite(MT_READ_ARGS)
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

static void read_redirect_status(MT_READ_ARGS)
{
    static const char *const known[] = {"301", "302", "303",
                                        "307", "308", NULL};
    uint64_t status = 0;
    if (mt_word_index(known, n->text) < 0)
        mt_config_unfit(r, key->name, key->type, n);
    else if (mt_parse_u64(n->text, &status) == 0)
        ((struct mt_policy_redirect *)out)->status = (uint16_t)status;
}

const struct mt_config_type mt_type_redirect_status = {
    .name = "redirect-status",
    .wanted = "301, 302, 303, 307 or 308",
    .kinds = MT_NODE_SCALAR,
    .read = read_redirect_status,
    .scalar = "{\"enum\":[301,302,303,307,308]}"};

static void read_scheme(MT_READ_ARGS)
{
    static const char *const known[] = {"http", "https", NULL};
    if (mt_word_index(known, n->text) < 0)
        mt_config_unfit(r, key->name, key->type, n);
    else
        ((struct mt_policy_redirect *)out)->scheme = mt_config_copy(r, n->text);
}

const struct mt_config_type mt_type_scheme = {
    .name = "scheme",
    .wanted = "http or https",
    .kinds = MT_NODE_SCALAR,
    .read = read_scheme,
    .scalar = "{\"enum\":[\"http\",\"https\"]}"};

static const struct mt_config_key redirect_keys[] = {
    {"scheme", &mt_type_scheme, "http or https; as asked.", 0, 0},
    {"host", &mt_type_host, "Where to; as asked.",
     offsetof(struct mt_policy_redirect, to.host), 0},
    {"port", &mt_type_port,
     "The scheme's own where one is given, else the listener's.",
     offsetof(struct mt_policy_redirect, port), 0},
    {"path", &type_whole_path, "Instead of the whole path.",
     offsetof(struct mt_policy_redirect, to), 0},
    {"prefix", &type_prefix, "Instead of the prefix that matched.",
     offsetof(struct mt_policy_redirect, to), 0},
    {"status", &mt_type_redirect_status, "302.", 0, 0},
};

static void read_redirect(MT_READ_ARGS)
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

static void read_status(MT_READ_ARGS)
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

static void read_content_type(MT_READ_ARGS)
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

/* RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5. */
static void check_body(struct mt_config_reader *r, const struct mt_node *n,
                       const struct mt_policy_respond *p)
{
    bool empty = p->status == 204 || p->status == 205 || p->status == 304;
    if (empty && p->body.len > 0)
        MT_WRONG(r, n,
                 "a response of status %u has no body; leave `body` out, or "
                 "answer with another status",
                 p->status);
}

static void read_respond(MT_READ_ARGS)
{
    struct mt_policy_route *route = out;
    route->action = MT_ACTION_RESPOND;
    route->respond.content_type = MT_SPAN("text/plain; charset=utf-8");
    if (n->kind == MT_NODE_MAP) {
        (void)mt_config_read_keys(r, key->type, n, &route->respond);
        check_body(r, n, &route->respond);
    } else if (!status_of(n->text, &route->respond.status)) {
        mt_config_unfit(r, key->name, key->type, n);
    }
}

const struct mt_config_type mt_type_respond = {
    .name = "respond",
    .wanted = "a status such as 404, or {status: 200, body: ok}",
    .kinds = MT_NODE_SCALAR | MT_NODE_MAP,
    .read = read_respond,
    .scalar = STATUS_SCHEMA,
    MT_CONFIG_KEYS(respond_keys)};

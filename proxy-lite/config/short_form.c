/* A mesh in words of the command line: LISTEN=ENDPOINT[*WEIGHT][,...]. */
#include "base/rc.h"
#include "base/text.h"
#include "base/text_addr.h"
#include "proxy-lite/config/config.h"
#include "proxy-lite/config/parts.h"

struct word {
    struct mt_config_reader *r;
    struct mt_span text;
    uint32_t number; /* from 1 */
};

/* A piece of the word as a node, which knows where it stands. */
static struct mt_node node_at(const struct word *w, struct mt_span piece)
{
    return (struct mt_node){.kind = MT_NODE_SCALAR,
                            .text = piece,
                            .line = w->number,
                            .column = (uint32_t)(piece.ptr - w->text.ptr) + 1};
}

static struct mt_span take_until(struct mt_span *rest, uint8_t end)
{
    struct mt_span head = mt_span_take(rest, mt_span_find(*rest, end));
    if (rest->len > 0)
        (void)mt_span_take(rest, 1);
    return head;
}

bool mt_config_is_word(const char *word)
{
    struct mt_span s = mt_span_str(word);
    size_t equals = mt_span_find(s, '=');
    struct mt_span head = {s.ptr, equals};
    return equals < s.len && equals > 0 &&
           mt_span_find(head, '/') == head.len &&
           head.ptr[head.len - 1] >= '0' && head.ptr[head.len - 1] <= '9';
}

/* ---- what listens ---- */

static bool listener(struct word *w, struct mt_span where)
{
    struct mt_node n = node_at(w, where);
    struct mt_policy_endpoint e = {.port = 0};
    uint64_t port;
    if (mt_parse_u64(where, &port) == 0 && port > 0 && port <= UINT16_MAX) {
        e.host = MT_SPAN("127.0.0.1");
        e.port = (uint16_t)port;
        (void)mt_parse_ip(e.host, e.ip);
    } else if (mt_parse_ip_port(where, e.ip, &e.port) != 0 || e.port == 0 ||
               !mt_parse_endpoint(where, &e)) {
        MT_WRONG(w->r, &n,
                 "'%s' is no address to listen on; write 8080, 0.0.0.0:8080 "
                 "or [::]:8080",
                 mt_show(where).text);
        return false;
    }
    for (uint32_t i = 0; i < w->r->policy->listeners_count; i++) {
        const struct mt_policy_listener *other = w->r->policy->listeners[i];
        if (other->port == e.port &&
            memcmp(other->ip, e.ip, sizeof e.ip) == 0) {
            MT_WRONG(w->r, &n, "'%s' listens already; give each once",
                     mt_show(where).text);
            return false;
        }
    }
    struct mt_policy_listener *l = mt_policy_add_listener(w->r->policy);
    if (l == NULL) {
        MT_WRONG(w->r, &n, "more than %d listeners", MT_POLICY_LISTENERS_MAX);
        return false;
    }
    l->name = mt_config_copy(w->r, where);
    l->host = mt_config_copy(w->r, e.host);
    l->port = e.port;
    l->line = w->number;
    memcpy(l->ip, e.ip, sizeof l->ip);
    return true;
}

/* ---- where it goes ---- */

struct target {
    struct mt_policy_endpoint endpoint;
    struct mt_span text;
    uint32_t weight;
    bool weighted;
};

static bool one_target(struct word *w, struct mt_span piece, struct target *t)
{
    struct mt_node n = node_at(w, piece);
    uint64_t weight = 1;
    t->text = take_until(&piece, '*');
    t->weighted = t->text.len < n.text.len;
    if (!mt_parse_endpoint(t->text, &t->endpoint)) {
        MT_WRONG(w->r, &n,
                 "'%s' is no endpoint; write localhost:3000 or 10.0.0.5:80",
                 mt_show(t->text).text);
        return false;
    }
    if (t->weighted &&
        (mt_parse_u64(piece, &weight) != 0 || weight > MT_POLICY_WEIGHT_MAX)) {
        n = node_at(w, piece);
        MT_WRONG(w->r, &n, "'%s' is no weight; write a number, as v1:3001*90",
                 mt_show(piece).text);
        return false;
    }
    t->weight = (uint32_t)weight;
    return true;
}

static uint32_t targets(struct word *w, struct mt_span rest,
                        struct target list[MT_POLICY_SPLIT_MAX])
{
    uint32_t n = 0;
    do {
        if (n == MT_POLICY_SPLIT_MAX) {
            struct mt_node at = node_at(w, rest);
            MT_WRONG(w->r, &at, "more than %d endpoints; write a file",
                     MT_POLICY_SPLIT_MAX);
            return 0;
        }
        bool last = mt_span_find(rest, ',') == rest.len;
        if (!one_target(w, take_until(&rest, ','), &list[n]))
            return 0;
        n++;
        if (last)
            return n;
    } while (true);
}

/* The service of that name, made if it is new. */
static struct mt_policy_service *service(struct word *w, struct mt_span name)
{
    const struct mt_policy_service *known =
        mt_policy_find_service(w->r->policy, name);
    if (known != NULL)
        return w->r->policy->services[known->index];
    struct mt_policy_service *s = mt_policy_add_service(w->r->policy);
    if (s == NULL) {
        w->r->no_memory = true;
        return NULL;
    }
    s->name = mt_config_copy(w->r, name);
    s->line = w->number;
    return s;
}

static void endpoints(struct word *w, struct mt_policy_service *s,
                      const struct target *list, uint32_t n)
{
    struct mt_policy_endpoint *all = mt_config_alloc(w->r, n, sizeof *all);
    if (all == NULL || s->endpoints_count > 0)
        return;
    for (uint32_t i = 0; i < n; i++) {
        all[i] = list[i].endpoint;
        all[i].host = mt_config_copy(w->r, list[i].endpoint.host);
    }
    s->endpoints = all;
    s->endpoints_count = n;
}

/* Without weights one service, called what was written; with them one each. */
static void route(struct word *w, const struct target *list, uint32_t n,
                  struct mt_span whole)
{
    struct mt_policy_route *r = mt_policy_add_route(w->r->policy);
    struct mt_policy_backend *b = mt_config_alloc(w->r, n, sizeof *b);
    bool weighted = false;
    for (uint32_t i = 0; i < n; i++)
        weighted |= list[i].weighted;
    uint32_t services = weighted ? n : 1;
    for (uint32_t i = 0; i < services; i++) {
        struct mt_policy_service *s =
            service(w, weighted ? list[i].text : whole);
        if (s == NULL || b == NULL || r == NULL)
            return;
        endpoints(w, s, &list[i], weighted ? 1 : n);
        b[i] =
            (struct mt_policy_backend){s->index, weighted ? list[i].weight : 1};
        r->to.total += b[i].weight;
    }
    uint32_t listener = w->r->policy->listeners_count - 1;
    r->to.list = b;
    r->to.count = services;
    r->listeners = (uint64_t)1 << listener;
    r->name = w->r->policy->listeners[listener]->name;
    r->line = w->number;
}

/* All that comes in there goes to the one service, byte by byte. */
static void pass_on(struct word *w)
{
    const struct mt_policy *p = w->r->policy;
    struct mt_policy_listener *l = p->listeners[p->listeners_count - 1];
    const struct mt_policy_split *to = &p->routes[p->routes_count - 1]->to;
    struct mt_node at = node_at(w, w->text);
    if (to->count != 1) {
        MT_WRONG(w->r, &at,
                 "'tcp:' goes to one service; leave the weights out");
        return;
    }
    l->tcp = to->list[0].service;
    l->detect_timeout_ns = 0;
}

static void read_word(struct word *w)
{
    struct target list[MT_POLICY_SPLIT_MAX];
    struct mt_span rest = w->text;
    bool tcp = mt_span_starts(rest, MT_SPAN("tcp:"));
    if (tcp)
        (void)mt_span_take(&rest, strlen("tcp:"));
    struct mt_span where = take_until(&rest, '=');
    if (where.ptr + where.len == w->text.ptr + w->text.len) {
        struct mt_node n = node_at(w, where);
        MT_WRONG(w->r, &n, "'%s' has no '='; write 8080=localhost:3000",
                 mt_show(where).text);
        return;
    }
    if (!listener(w, where))
        return;
    uint32_t n = targets(w, rest, list);
    uint32_t before = w->r->problems->count;
    if (n == 0)
        return;
    route(w, list, n, rest);
    if (tcp && !w->r->no_memory && before == w->r->problems->count)
        pass_on(w);
    const struct mt_policy *p = w->r->policy;
    if (!w->r->no_memory && before == w->r->problems->count &&
        p->routes[p->routes_count - 1]->to.total == 0) {
        struct mt_node at = node_at(w, rest);
        MT_WRONG(w->r, &at, "every weight is 0; give one of them more");
    }
}

struct mt_policy *mt_config_read_words(const char *const *words, size_t count,
                                       struct mt_config_problems *problems)
{
    struct mt_config_reader r = {.problems = problems};
    problems->count = problems->more = 0;
    r.policy = mt_policy_new();
    if (r.policy == NULL) {
        mt_config_problem(problems, 1, 1, "no memory");
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        struct word w = {
            .r = &r, .text = mt_span_str(words[i]), .number = (uint32_t)i + 1};
        read_word(&w);
    }
    return mt_config_finish(&r);
}

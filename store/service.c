#include "store/service.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "store/open.h"

enum { ADDR_BYTES = 18, TEXT_MAX = 320, IP_BYTES = 16 };

static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

static bool is_v4(const struct mt_addr *a)
{
    return memcmp(a->ip, v4_prefix, sizeof v4_prefix) == 0;
}

static bool has_prefix(const uint8_t *ip, const uint8_t *prefix, unsigned bits)
{
    if (memcmp(ip, prefix, bits / 8) != 0)
        return false;
    unsigned rest = bits % 8;
    return rest == 0 ||
           (ip[bits / 8] >> (8 - rest)) == (prefix[bits / 8] >> (8 - rest));
}

/* Addresses that are not the internet's: RFC 1918, 1122, 3927, 6598, 4193,
 * 4291. */
static bool is_private(const struct mt_addr *a)
{
    static const struct {
        uint8_t prefix[4];
        uint8_t bits;
    } v4[] = {{{0}, 8},        {{10}, 8},        {{127}, 8},
              {{100, 64}, 10}, {{169, 254}, 16}, {{172, 16}, 12},
              {{192, 168}, 16}};
    if (is_v4(a)) {
        for (size_t i = 0; i < sizeof v4 / sizeof v4[0]; i++)
            if (has_prefix(a->ip + 12, v4[i].prefix, v4[i].bits))
                return true;
        return false;
    }
    static const uint8_t ula[1] = {0xfc}, link[2] = {0xfe, 0x80};
    static const uint8_t low[15] = {0};
    return has_prefix(a->ip, ula, 7) || has_prefix(a->ip, link, 10) ||
           (memcmp(a->ip, low, sizeof low) == 0 && a->ip[15] <= 1);
}

static void ip_text(const struct mt_addr *a, char text[INET6_ADDRSTRLEN])
{
    const char *done =
        is_v4(a) ? inet_ntop(AF_INET, a->ip + 12, text, INET6_ADDRSTRLEN)
                 : inet_ntop(AF_INET6, a->ip, text, INET6_ADDRSTRLEN);
    assert(done != NULL);
}

static int addr_text(const struct mt_addr *a, char *text, size_t size)
{
    char ip[INET6_ADDRSTRLEN];
    ip_text(a, ip);
    return snprintf(text, size, is_v4(a) ? "%s:%u" : "[%s]:%u", ip,
                    (unsigned)a->port);
}

static struct mt_span ip_bytes(const struct mt_addr *a)
{
    return (struct mt_span){.ptr = a->ip, .len = IP_BYTES};
}

static struct mt_span addr_bytes(const struct mt_addr *a,
                                 uint8_t out[ADDR_BYTES])
{
    memcpy(out, a->ip, IP_BYTES);
    out[16] = (uint8_t)(a->port >> 8);
    out[17] = (uint8_t)a->port;
    return (struct mt_span){.ptr = out, .len = ADDR_BYTES};
}

/* --- the table --- */

static uint32_t find_key(const struct mt_services *s, struct mt_span key)
{
    return mt_intern_find(&s->keys, key);
}

/* A service of this key, made if it is new; other at the bounds. */
static uint32_t make(struct mt_services *s, struct mt_span key,
                     const struct mt_service *like)
{
    uint32_t at = find_key(s, key);
    if (at != MT_INTERN_NONE)
        return at;
    struct mt_span name;
    if (s->keys.count > MT_SERVICES_MAX ||
        !mt_arena_copy(&s->text, like->name, &name))
        return s->other;
    at = mt_intern_add(&s->keys, key);
    if (at == MT_INTERN_NONE)
        return s->other;
    assert(at <= MT_SERVICES_MAX);
    s->list[at] = *like;
    s->list[at].key = mt_intern_bytes(&s->keys, at);
    s->list[at].name = name;
    s->list[at].dirty = true;
    s->dirty = true;
    return at;
}

static void rename_service(struct mt_services *s, uint32_t at,
                           struct mt_span name, uint8_t source, int64_t ns)
{
    struct mt_span copy;
    struct mt_service *v = &s->list[at];
    if (!mt_arena_copy(&s->text, name, &copy))
        return;
    v->name = copy;
    v->name_source = source;
    v->from_ns = ns;
    v->dirty = true;
    s->dirty = true;
}

/* --- names --- */

struct name {
    struct mt_span text; /* empty: none */
    uint8_t source;
};

static bool is_address(struct mt_span host)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t ip[IP_BYTES];
    if (host.len >= 2 && host.ptr[0] == '[') /* RFC 3986: an IP literal */
        return true;
    if (host.len >= sizeof text)
        return false;
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    return inet_pton(AF_INET, text, ip) == 1 ||
           inet_pton(AF_INET6, text, ip) == 1;
}

static bool is_digits(struct mt_span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    return s.len > 0;
}

/**
 * The host that an authority names, in lower case, into buf. An address, or
 * localhost, names nobody: many services share it. A port that is not the
 * endpoint's usual one stays, as the name means another service with it.
 */
static struct mt_span host_of(struct mt_span authority, uint8_t *buf)
{
    struct mt_span host = authority;
    size_t colon = mt_span_find(host, ':');
    struct mt_span port = {.ptr = NULL, .len = 0};
    if (colon < host.len && host.ptr[0] != '[') {
        port = host;
        (void)mt_span_take(&port, colon + 1);
        host.len = colon;
    }
    if (host.len > 0 && host.ptr[host.len - 1] == '.')
        host.len--;
    struct mt_span none = {.ptr = NULL, .len = 0};
    if (host.len == 0 || authority.len > MT_SERVICE_NAME_MAX ||
        is_address(host) || mt_span_caseeq(host, MT_SPAN("localhost")))
        return none;
    size_t n = 0;
    for (; n < host.len; n++)
        buf[n] = mt_ascii_lower(host.ptr[n]);
    bool usual =
        mt_span_eq(port, MT_SPAN("80")) || mt_span_eq(port, MT_SPAN("443"));
    if (is_digits(port) && !usual) {
        buf[n++] = ':';
        memcpy(buf + n, port.ptr, port.len);
        n += port.len;
    }
    return (struct mt_span){.ptr = buf, .len = n};
}

/* The name of a party; for a server that nobody named, its Host. */
static struct name name_of(const struct mt_party *p, struct mt_span authority,
                           uint8_t *buf)
{
    struct name none = {.source = MT_NAME_NONE};
    if (p->service.len > 0 && p->name_source > MT_NAME_GROUP) {
        if (p->service.len > MT_SERVICE_NAME_MAX)
            return none;
        bool host =
            p->name_source == MT_NAME_HOST || p->name_source == MT_NAME_SNI;
        return (struct name){.text =
                                 host ? host_of(p->service, buf) : p->service,
                             .source = p->name_source};
    }
    struct mt_span host = host_of(authority, buf);
    return (struct name){.text = host, .source = MT_NAME_HOST};
}

/* --- servers --- */

static uint32_t make_endpoint(struct mt_services *s, const struct mt_addr *a,
                              int64_t ns)
{
    char text[TEXT_MAX];
    (void)addr_text(a, text, sizeof text);
    struct mt_service like = {.name = mt_span_str(text),
                              .addr = *a,
                              .kind = MT_SERVICE_ENDPOINT,
                              .name_source = MT_NAME_ADDRESS,
                              .from_ns = ns};
    return make(s, mt_span_str(text), &like);
}

/* The endpoint's entry, or NULL at the bounds. */
static struct mt_endpoint *endpoint_of(struct mt_services *s,
                                       const struct mt_addr *a, int64_t ns)
{
    uint8_t bytes[ADDR_BYTES];
    struct mt_span key = addr_bytes(a, bytes);
    uint32_t at = mt_intern_find(&s->endpoints, key);
    if (at != MT_INTERN_NONE)
        return &s->endpoint[at];
    uint32_t service = make_endpoint(s, a, ns);
    if (service == s->other)
        return NULL;
    at = mt_intern_add(&s->endpoints, key);
    if (at == MT_INTERN_NONE)
        return NULL;
    (void)mt_intern_add(&s->served, ip_bytes(a));
    s->endpoint[at] = (struct mt_endpoint){.names = {service}, .count = 1};
    return &s->endpoint[at];
}

/* A further name of an endpoint. */
static uint32_t add_host(struct mt_services *s, struct mt_endpoint *e,
                         const struct name *n, int64_t ns)
{
    const struct mt_service *first = &s->list[e->names[0]];
    char key[TEXT_MAX + MT_SERVICE_NAME_MAX];
    if (e->count == MT_ENDPOINT_NAMES_MAX)
        return e->names[0];
    char text[TEXT_MAX];
    int len = addr_text(&first->addr, text, sizeof text);
    assert(len > 0 && n->text.len <= MT_SERVICE_NAME_MAX);
    memcpy(key, text, (size_t)len);
    key[len] = '/';
    memcpy(key + len + 1, n->text.ptr, n->text.len);
    struct mt_span whole = {.ptr = (const uint8_t *)key,
                            .len = (size_t)len + 1 + n->text.len};
    struct mt_service like = {.name = n->text,
                              .addr = first->addr,
                              .kind = MT_SERVICE_HOST,
                              .name_source = n->source,
                              .from_ns = ns};
    uint32_t at = make(s, whole, &like);
    if (at == s->other)
        return e->names[0];
    e->names[e->count++] = at;
    return at;
}

uint32_t mt_services_server(struct mt_services *s, const struct mt_exchange *x)
{
    struct mt_endpoint *e = endpoint_of(s, &x->server.addr, x->end_ns);
    if (e == NULL)
        return s->other;
    uint8_t buf[MT_SERVICE_NAME_MAX + 1];
    struct name n = name_of(&x->server, x->authority, buf);
    if (n.text.len == 0)
        return e->names[0];
    for (uint32_t i = 0; i < e->count; i++)
        if (mt_span_eq(s->list[e->names[i]].name, n.text))
            return e->names[i];
    uint8_t source = s->list[e->names[0]].name_source;
    if (source < n.source) {
        rename_service(s, e->names[0], n.text, n.source, x->end_ns);
        return e->names[0];
    }
    return source > n.source ? e->names[0] : add_host(s, e, &n, x->end_ns);
}

/* --- clients --- */

static uint32_t make_client(struct mt_services *s, const struct mt_addr *a,
                            const struct name *n, int64_t ns)
{
    char text[INET6_ADDRSTRLEN];
    ip_text(a, text);
    struct mt_service like = {.name = mt_span_str(text),
                              .addr = *a,
                              .kind = MT_SERVICE_CLIENT,
                              .name_source = MT_NAME_ADDRESS,
                              .from_ns = ns};
    like.addr.port = 0;
    if (n->text.len > 0) {
        like.name = n->text;
        like.name_source = n->source;
    }
    uint32_t at = make(s, mt_span_str(text), &like);
    if (at == s->other)
        return at;
    uint32_t slot = mt_intern_add(&s->clients, ip_bytes(a));
    if (slot != MT_INTERN_NONE)
        s->client[slot] = at;
    return at;
}

static uint32_t make_group(struct mt_services *s, const struct mt_addr *a,
                           int64_t ns)
{
    char text[TEXT_MAX] = "internet";
    if (is_private(a)) {
        struct mt_addr net = *a;
        unsigned keep = is_v4(a) ? 15 : 8;
        memset(net.ip + keep, 0, IP_BYTES - keep);
        char ip[INET6_ADDRSTRLEN];
        ip_text(&net, ip);
        (void)snprintf(text, sizeof text, "%s/%s", ip, is_v4(a) ? "24" : "64");
    }
    struct mt_service like = {.name = mt_span_str(text),
                              .kind = MT_SERVICE_GROUP,
                              .name_source = MT_NAME_GROUP,
                              .from_ns = ns};
    return make(s, mt_span_str(text), &like);
}

static uint32_t new_client(struct mt_services *s, const struct mt_addr *a,
                           const struct name *n, int64_t ns)
{
    /* who also serves is somebody, whatever its address */
    bool serves = mt_intern_find(&s->served, ip_bytes(a)) != MT_INTERN_NONE;
    if (n->text.len > 0 || serves)
        return make_client(s, a, n, ns);
    if (!is_private(a) || s->own_clients >= MT_CLIENTS_MAX)
        return make_group(s, a, ns);
    s->own_clients++;
    return make_client(s, a, n, ns);
}

/* A process, which others share the address with; where it was missed, by the
 * address itself. */
static uint32_t caller(struct mt_services *s, const struct mt_addr *a,
                       const struct name *n, int64_t ns)
{
    char ip[INET6_ADDRSTRLEN], key[INET6_ADDRSTRLEN + MT_SERVICE_NAME_MAX + 2];
    ip_text(a, ip);
    (void)snprintf(key, sizeof key, "%s %.*s", ip, (int)n->text.len,
                   (const char *)n->text.ptr);
    struct mt_service like = {.name = n->text,
                              .addr = *a,
                              .kind = MT_SERVICE_CALLER,
                              .name_source = n->source,
                              .from_ns = ns};
    like.addr.port = 0;
    return make(s, mt_span_str(key), &like);
}

uint32_t mt_services_client(struct mt_services *s, const struct mt_exchange *x)
{
    struct name n = {.source = MT_NAME_NONE};
    const struct mt_addr addr = mt_exchange_caller(x);
    if (x->client.service.len > 0 &&
        x->client.service.len <= MT_SERVICE_NAME_MAX &&
        x->client.name_source != MT_NAME_GROUP)
        n = (struct name){.text = x->client.service,
                          .source = x->client.name_source};
    if (n.source == MT_NAME_PROCESS || n.source == MT_NAME_CONTAINER ||
        n.source == MT_NAME_ADDRESS)
        return caller(s, &addr, &n, x->end_ns);
    uint32_t slot = mt_intern_find(&s->clients, ip_bytes(&addr));
    if (slot == MT_INTERN_NONE)
        return new_client(s, &addr, &n, x->end_ns);
    uint32_t at = s->client[slot];
    if (n.text.len > 0 && n.source > s->list[at].name_source)
        rename_service(s, at, n.text, n.source, x->end_ns);
    return at;
}

/* --- names that come later --- */

static void name_one(struct mt_services *s, uint32_t at, const struct name *n,
                     int64_t ns)
{
    if (s->list[at].name_source < n->source)
        rename_service(s, at, n->text, n->source, ns);
}

static void name_address(struct mt_services *s, const struct mt_addr *a,
                         const struct name *n, int64_t ns)
{
    for (uint32_t i = 0; i < s->keys.count; i++) {
        const struct mt_service *v = &s->list[i];
        if ((v->kind == MT_SERVICE_ENDPOINT || v->kind == MT_SERVICE_CLIENT) &&
            memcmp(v->addr.ip, a->ip, IP_BYTES) == 0)
            name_one(s, i, n, ns);
    }
}

void mt_services_name(struct mt_services *s, const struct mt_addr *a,
                      struct mt_span text, uint8_t source, int64_t ns)
{
    uint8_t bytes[ADDR_BYTES];
    const struct name n = {.text = text, .source = source};
    if (text.len == 0 || text.len > MT_SERVICE_NAME_MAX)
        return;
    if (a->port == 0) {
        name_address(s, a, &n, ns);
        return;
    }
    uint32_t at = mt_intern_find(&s->endpoints, addr_bytes(a, bytes));
    if (at != MT_INTERN_NONE)
        name_one(s, s->endpoint[at].names[0], &n, ns);
}

/* --- what the database has --- */

static void place_endpoint(struct mt_services *s, uint32_t at)
{
    uint8_t bytes[ADDR_BYTES];
    struct mt_addr *a = &s->list[at].addr;
    uint32_t slot = mt_intern_add(&s->endpoints, addr_bytes(a, bytes));
    if (slot == MT_INTERN_NONE)
        return;
    (void)mt_intern_add(&s->served, ip_bytes(a));
    struct mt_endpoint *e = &s->endpoint[slot];
    if (e->count < MT_ENDPOINT_NAMES_MAX)
        e->names[e->count++] = at;
}

static void place(struct mt_services *s, uint32_t at)
{
    const struct mt_service *v = &s->list[at];
    switch (v->kind) {
    case MT_SERVICE_ENDPOINT:
    case MT_SERVICE_HOST:
        place_endpoint(s, at);
        break;
    case MT_SERVICE_CLIENT: {
        uint32_t slot = mt_intern_add(&s->clients, ip_bytes(&v->addr));
        if (slot != MT_INTERN_NONE)
            s->client[slot] = at;
        s->own_clients += v->name_source == MT_NAME_ADDRESS;
        break;
    }
    default:
        break;
    }
}

static void load_one(struct mt_services *s, const struct mt_service *v)
{
    struct mt_service like = *v;
    like.id = 0;
    uint32_t at = make(s, v->key, &like);
    struct mt_service *mine = &s->list[at];
    if (mine->id != 0) /* beyond the bound: `other` has its id */
        return;
    mine->id = v->id;
    mine->dirty = false;
    place(s, at);
}

static int load(struct mt_services *s, sqlite3 *db)
{
    sqlite3_stmt *st = NULL;
    /* an endpoint comes before its further names: they have later ids */
    int rc = mt_store_prepare(db, &st,
                              "SELECT id,key,kind,addr,port,name,name_source "
                              "FROM service ORDER BY id");
    int step = SQLITE_DONE;
    while (rc == 0 && (step = sqlite3_step(st)) == SQLITE_ROW) {
        struct mt_service v = {
            .id = sqlite3_column_int64(st, 0),
            .key = mt_column_text(st, 1),
            .name = mt_column_text(st, 5),
            .addr = mt_column_addr(st, 3, 4),
            .kind = (uint8_t)sqlite3_column_int(st, 2),
            .name_source = (uint8_t)sqlite3_column_int(st, 6),
        };
        load_one(s, &v);
    }
    (void)sqlite3_finalize(st);
    return rc != 0 ? rc : mt_store_rc_of(db, step);
}

int mt_services_init(struct mt_services *s, struct mt_pool *pool, sqlite3 *db)
{
    memset(s, 0, sizeof *s);
    mt_intern_init(&s->keys, pool, MT_SERVICES_MAX + 1);
    mt_intern_init(&s->endpoints, pool, MT_SERVICES_MAX + 1);
    mt_intern_init(&s->clients, pool, MT_SERVICES_MAX + 1);
    mt_intern_init(&s->served, pool, MT_SERVICES_MAX + 1);
    mt_arena_init(&s->text, pool, 8u << 20);
    struct mt_service like = {.name = MT_SPAN("{other}"),
                              .kind = MT_SERVICE_OTHER,
                              .name_source = MT_NAME_GROUP};
    s->other = make(s, MT_SPAN("{other}"), &like);
    return load(s, db);
}

void mt_services_deinit(struct mt_services *s)
{
    mt_intern_deinit(&s->keys);
    mt_intern_deinit(&s->endpoints);
    mt_intern_deinit(&s->clients);
    mt_intern_deinit(&s->served);
    mt_arena_deinit(&s->text);
}

void mt_services_committed(struct mt_services *s)
{
    for (uint32_t i = 0; s->dirty && i < s->keys.count; i++)
        s->list[i].dirty = false;
    s->dirty = false;
}

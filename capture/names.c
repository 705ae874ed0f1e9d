#include "capture/names.h"

#include "base/text_addr.h"
#include "capture/names_book.h"
#include "capture/names_host.h"

enum {
    TEXTS_MAX = 4096,
    PLACES_MAX = 8192,
    ADDRESS_MAX_BYTES = 64,
    COUNT_MAX = 1000, /* of requests, for the forward proxy's vote */
};

struct mt_names {
    const struct mt_names_file *file;
    const struct mt_own_addresses *own;
    struct mt_names_book book;
    struct mt_names_stats stats;
    bool told; /* some name was: else nobody looks for one */
    uint8_t host[MT_NAME_MAX_BYTES]; /* lent to the last exchange */
    struct mt_addr addressed;        /* whose text `address` holds */
    size_t address_bytes;            /* 0: nobody's */
    uint8_t address[ADDRESS_MAX_BYTES];
    uint8_t caller[ADDRESS_MAX_BYTES]; /* lent to the last exchange */
};

/* A name and how much it is worth. */
struct named {
    struct mt_span text;
    enum mt_name_source source;
};

static const struct named unnamed = {.source = MT_NAME_NONE};

struct mt_names *mt_names_new(const struct mt_names_config *config)
{
    struct mt_names *n = mt_pool_zalloc(config->pool, sizeof *n);
    if (n == NULL)
        return NULL;
    n->file = config->file;
    n->own = config->own;
    if (!mt_names_book_init(
            &n->book, config->pool,
            config->texts_max != 0 ? config->texts_max : TEXTS_MAX,
            config->places_max != 0 ? config->places_max : PLACES_MAX)) {
        mt_names_free(n);
        return NULL;
    }
    return n;
}

void mt_names_free(struct mt_names *n)
{
    if (n == NULL)
        return;
    struct mt_pool *pool = n->book.pool;
    mt_names_book_deinit(&n->book);
    mt_pool_free(pool, n, sizeof *n);
}

struct mt_names_stats mt_names_counters(const struct mt_names *n)
{
    struct mt_names_stats stats = n->stats;
    stats.evicted = n->book.evicted;
    return stats;
}

/* ---- what was told ---- */

static bool is_better(const struct mt_names_told *a,
                      const struct mt_names_told *b)
{
    if (a->source != b->source)
        return a->source > b->source;
    return a->ts_ns > b->ts_ns;
}

/* The slot for a name: its own, a free one, or the worst that it betters. */
static struct mt_names_told *slot_for(struct mt_names_place *p,
                                      const struct mt_names_told *t)
{
    struct mt_names_told *worst = NULL;
    for (int i = 0; i < MT_NAMES_PER_PLACE; i++) {
        struct mt_names_told *s = &p->told[i];
        if (s->text == 0 || (s->text == t->text && s->source == t->source))
            return s;
        if (worst == NULL || is_better(worst, s))
            worst = s;
    }
    return is_better(t, worst) ? worst : NULL;
}

bool mt_names_add(struct mt_names *n, const struct mt_addr *addr,
                  struct mt_span text, enum mt_name_source source,
                  int64_t ts_ns)
{
    uint8_t buffer[MT_NAME_MAX_BYTES];
    struct mt_span host = mt_names_host(text, buffer);
    if (host.len == 0) {
        n->stats.refused++;
        return false;
    }
    struct mt_names_told told = {.text = mt_names_book_keep(&n->book, host),
                                 .source = (uint8_t)source,
                                 .ts_ns = ts_ns};
    struct mt_names_told *slot =
        told.text != 0 ? slot_for(mt_names_book_place(&n->book, addr), &told)
                       : NULL;
    if (slot == NULL) {
        n->stats.overflow++;
        return false;
    }
    if (slot->text == told.text && slot->source == told.source &&
        slot->ts_ns > ts_ns)
        return true; /* older news of what is known */
    *slot = told;
    n->told = true;
    return true;
}

/* The question's name, not what CNAMEs made of it: that is what the client
 * was told to call. Kept past the answer's TTL, for connections outlive it. */
static void learn_answers(struct mt_names *n, const struct mt_exchange *x)
{
    if (x->protocol != MT_PROTOCOL_DNS)
        return;
    struct mt_span rest = mt_exchange_attr(x, MT_ATTR_DNS_ANSWERS);
    while (rest.len > 0) {
        struct mt_span ip = mt_span_take(&rest, mt_span_find(rest, ','));
        struct mt_addr addr = {.port = 0};
        if (mt_parse_ip(ip, addr.ip) == 0)
            (void)mt_names_add(n, &addr, x->path, MT_NAME_DNS, x->resp.end_ns);
        if (rest.len > 0)
            (void)mt_span_take(&rest, 1);
    }
}

static struct named best_told(const struct mt_names *n,
                              const struct mt_names_place *p)
{
    const struct mt_names_told *best = NULL;
    for (int i = 0; p != NULL && i < MT_NAMES_PER_PLACE; i++)
        if (p->told[i].text != 0 &&
            (best == NULL || is_better(&p->told[i], best)))
            best = &p->told[i];
    if (best == NULL)
        return unnamed;
    return (struct named){mt_names_book_span(&n->book, best->text),
                          (enum mt_name_source)best->source};
}

static struct named stronger(struct named a, struct named b)
{
    return b.source > a.source ? b : a;
}

/* Of the endpoint, or of its whole address. */
static struct named told_of(struct mt_names *n, const struct mt_addr *addr)
{
    if (!n->told)
        return unnamed;
    struct mt_addr whole = *addr;
    whole.port = 0;
    return stronger(best_told(n, mt_names_book_find(&n->book, addr)),
                    best_told(n, mt_names_book_find(&n->book, &whole)));
}

/* ---- what an exchange shows of its server ---- */

/* A request that the server passes on to someone else: CONNECT, or a target
 * in absolute-form (RFC 9112 section 3.2.2). */
static bool is_forwarded(const struct mt_exchange *x)
{
    bool http1 =
        x->protocol == MT_PROTOCOL_HTTP10 || x->protocol == MT_PROTOCOL_HTTP11;
    if (mt_span_eq(x->method, MT_SPAN("CONNECT")))
        return x->path.len == 0 || http1;
    return (x->quality & MT_QUALITY_FORWARD) != 0;
}

/* More for others than for itself. A few odd requests to a server do not make
 * a proxy of it. */
static bool is_forward_proxy(const struct mt_names_place *p)
{
    return p != NULL && p->forwarded > p->own;
}

static void count(uint16_t *counter)
{
    if (*counter < COUNT_MAX)
        (*counter)++;
}

/* Its own name for the server, in n->host; empty: it says none. */
static struct named shown_by(struct mt_names *n, const struct mt_exchange *x)
{
    if (x->tls != NULL && x->tls->sni.len > 0) {
        struct mt_span sni = mt_names_host(x->tls->sni, n->host);
        if (sni.len > 0)
            return (struct named){sni, MT_NAME_SNI};
        n->stats.refused++;
    }
    struct mt_span host = mt_names_host(x->authority, n->host);
    if (host.len > 0)
        return (struct named){host, MT_NAME_HOST};
    return unnamed;
}

/* The first name of a source stays the endpoint's own; a stronger source
 * replaces it. */
static void remember(struct mt_names_place *p, mt_names_id text,
                     enum mt_name_source source)
{
    if (p->served != 0 && p->served_source >= source)
        return;
    p->served = text;
    p->served_source = (uint8_t)source;
}

static struct named served(const struct mt_names *n,
                           const struct mt_names_place *p)
{
    if (p == NULL || p->served == 0)
        return unnamed;
    return (struct named){mt_names_book_span(&n->book, p->served),
                          (enum mt_name_source)p->served_source};
}

/* A new name needs more than an answer that says that it is wrong. */
static bool is_vouched_for(const struct mt_exchange *x)
{
    return x->status < 400 || x->status >= 500;
}

/**
 * What the exchange shows, if it may be believed: known names at once, new
 * ones within bounds. Beyond them the endpoint's own name serves.
 */
static struct named learn(struct mt_names *n, const struct mt_exchange *x,
                          struct named shown)
{
    struct mt_names_place *p = mt_names_book_place(&n->book, &x->server.addr);
    if (shown.source == MT_NAME_HOST)
        count(&p->own);
    if (is_forward_proxy(p))
        return unnamed;
    mt_names_id id = mt_names_book_text(&n->book, shown.text);
    if (id == 0) {
        if (!is_vouched_for(x))
            return p->served != 0 ? served(n, p) : shown;
        if (p->introduced < MT_NAMES_PER_ENDPOINT)
            id = mt_names_book_keep(&n->book, shown.text);
        if (id == 0) {
            n->stats.overflow++;
            return served(n, p);
        }
        p->introduced++;
    }
    remember(p, id, shown.source);
    return (struct named){mt_names_book_span(&n->book, id), shown.source};
}

static struct named name_of_address(struct mt_names *n,
                                    const struct mt_addr *addr)
{
    if (n->address_bytes == 0 || n->addressed.port != addr->port ||
        memcmp(n->addressed.ip, addr->ip, sizeof addr->ip) != 0) {
        struct mt_buf b = mt_buf_of(n->address, sizeof n->address);
        mt_put_ip_port(&b, addr->ip, addr->port);
        n->addressed = *addr;
        n->address_bytes = mt_buf_span(&b).len;
    }
    struct mt_span text = {.ptr = n->address, .len = n->address_bytes};
    return (struct named){text, MT_NAME_ADDRESS};
}

/* By what it served, or says it serves. */
static struct named name_by_traffic(struct mt_names *n,
                                    const struct mt_exchange *x)
{
    if (is_forwarded(x)) {
        struct mt_names_place *p =
            mt_names_book_place(&n->book, &x->server.addr);
        count(&p->forwarded);
        return is_forward_proxy(p) ? unnamed : served(n, p);
    }
    struct named shown = shown_by(n, x);
    if (shown.source != MT_NAME_NONE)
        return learn(n, x, shown);
    struct mt_names_place *p = mt_names_book_find(&n->book, &x->server.addr);
    return is_forward_proxy(p) ? unnamed : served(n, p);
}

static struct named name_server(struct mt_names *n, const struct mt_exchange *x)
{
    const struct mt_addr *addr = &x->server.addr;
    struct named best = name_by_traffic(n, x);
    if (n->file != NULL) {
        struct mt_span text = mt_names_file_service(n->file, addr);
        if (text.len > 0)
            return (struct named){text, MT_NAME_FILE};
    }
    best = stronger(best, told_of(n, addr));
    return best.source != MT_NAME_NONE ? best : name_of_address(n, addr);
}

/* Its process was missed: others of this machine share the address. */
static struct named name_caller(struct mt_names *n, const struct mt_addr *addr)
{
    if (n->own == NULL || !mt_own_addresses_have(n->own, addr->ip))
        return unnamed;
    struct mt_buf b = mt_buf_of(n->caller, sizeof n->caller);
    mt_put_ip(&b, addr->ip);
    return (struct named){mt_buf_span(&b), MT_NAME_ADDRESS};
}

static struct named name_client(struct mt_names *n, const struct mt_exchange *x)
{
    const struct mt_addr addr = mt_exchange_caller(x);
    if (n->file != NULL) {
        struct mt_span text = mt_names_file_client(n->file, &addr);
        if (text.len > 0)
            return (struct named){text, MT_NAME_FILE};
    }
    struct named told = told_of(n, &addr);
    return told.source != MT_NAME_NONE ? told : name_caller(n, &addr);
}

static void set(struct mt_party *party, struct named name)
{
    if (party->name_source == MT_NAME_ROUTE)
        return;
    party->service = name.text;
    party->name_source = (uint8_t)name.source;
}

void mt_names_apply(struct mt_names *n, struct mt_exchange *x)
{
    learn_answers(n, x);
    set(&x->server, name_server(n, x));
    set(&x->client, name_client(n, x));
}

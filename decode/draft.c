#include "decode/draft.h"

#include <assert.h>

#include "base/text.h"
#include "base/text_addr.h"
#include "decode/conn.h"
#include "decode/outcome.h"

enum {
    TEXT_MAX_BYTES = 4096,
    DRAFT_MAX_BYTES = 32768,
    PACKETS_MAX = 1024,
    FIRST_PACKETS = 8,
};

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value != 0 ? value : fallback;
}

void mt_decode_init(struct mt_decode *d, const struct mt_decode_config *config,
                    struct mt_pool *pool)
{
    *d = (struct mt_decode){.config = *config, .pool = pool};
    struct mt_decode_config *c = &d->config;
    c->text_max_bytes = or_default(c->text_max_bytes, TEXT_MAX_BYTES);
    c->draft_max_bytes = or_default(c->draft_max_bytes, DRAFT_MAX_BYTES);
    c->packets_max = or_default(c->packets_max, PACKETS_MAX);
}

static void append(struct mt_draft_list *list, struct mt_draft *r)
{
    r->prev = list->last;
    r->next = NULL;
    if (list->last != NULL)
        list->last->next = r;
    else
        list->first = r;
    list->last = r;
    list->count++;
}

static void take_out(struct mt_draft_list *list, struct mt_draft *r)
{
    if (r->prev != NULL)
        r->prev->next = r->next;
    else
        list->first = r->next;
    if (r->next != NULL)
        r->next->prev = r->prev;
    else
        list->last = r->prev;
    list->count--;
}

static void draft_free(struct mt_decode *d, struct mt_draft *r)
{
    if (r == NULL)
        return;
    mt_arena_deinit(&r->text);
    mt_pool_free(d->pool, r, sizeof *r);
}

void mt_decode_deinit(struct mt_decode *d)
{
    assert(d->open.count == 0);
    while (mt_decode_next(d) != NULL)
        continue;
    while (mt_decode_next_report(d) != NULL)
        continue;
}

const struct mt_exchange *mt_decode_next(struct mt_decode *d)
{
    draft_free(d, d->taken);
    d->taken = d->done.first;
    if (d->taken == NULL)
        return NULL;
    take_out(&d->done, d->taken);
    return &d->taken->x;
}

const struct mt_conn_report *mt_decode_next_report(struct mt_decode *d)
{
    struct mt_report *next = d->reports;
    mt_pool_free(d->pool, d->report_taken, sizeof *d->report_taken);
    d->report_taken = next;
    if (next == NULL)
        return NULL;
    d->reports = next->next;
    if (d->reports == NULL)
        d->last_report = NULL;
    return &next->r;
}

/* The client that the addresses of its packets hide. */
static void note_caller(struct mt_draft *r)
{
    const struct mt_addr *caller = &r->conn->caller;
    char text[64];
    struct mt_buf b = mt_buf_of(text, sizeof text);
    if (caller->port == 0)
        return;
    mt_put_ip(&b, caller->ip);
    mt_draft_attr(r, MT_ATTR_CLIENT_ADDRESS, mt_buf_span(&b));
    b.len = 0;
    mt_put_decimal(&b, caller->port);
    mt_draft_attr(r, MT_ATTR_CLIENT_PORT, mt_buf_span(&b));
}

struct mt_draft *mt_draft_new(struct mt_conn *conn, uint64_t stream,
                              int64_t ts_ns)
{
    struct mt_decode *d = conn->decode;
    struct mt_draft *r = mt_pool_zalloc(d->pool, sizeof *r);
    if (r == NULL) {
        d->stats.drafts_refused++;
        return NULL;
    }
    mt_arena_init(&r->text, d->pool, d->config.draft_max_bytes);
    r->conn = conn;
    r->x.conn = conn->id;
    r->x.stream = stream;
    r->x.end_ns = ts_ns;
    r->x.grpc_status = MT_GRPC_STATUS_NONE;
    r->x.observer = conn->copy ? MT_OBSERVER_TAP_SHADOW : MT_OBSERVER_TAP;
    r->content_length[MT_CLIENT] = r->content_length[MT_SERVER] = -1;
    for (int side = 0; side < 2; side++)
        r->retrans_base[side] = conn->stats.retransmissions[side];
    r->dup_base = conn->stats.dup_packets;
    note_caller(r);
    append(&d->open, r);
    return r;
}

static void note_packet(struct mt_draft *r, uint64_t packet)
{
    uint32_t n = r->x.packets_count;
    if (n > 0 && r->packets[n - 1] == packet)
        return;
    if (n == r->packets_capacity) {
        uint32_t max = r->conn->decode->config.packets_max;
        uint32_t grown = n == 0 ? FIRST_PACKETS : n * 2;
        uint64_t *list =
            n < max ? mt_arena_alloc(&r->text, grown * sizeof *list) : NULL;
        if (list == NULL) {
            r->x.quality |= MT_QUALITY_PACKETS_CLIPPED;
            return;
        }
        if (n > 0)
            memcpy(list, r->packets, n * sizeof *list);
        r->packets = list;
        r->packets_capacity = grown;
    }
    r->packets[n] = packet;
    r->x.packets_count = n + 1;
}

void mt_draft_touch(struct mt_draft *r, enum mt_role from,
                    const struct mt_chunk *chunk)
{
    struct mt_message *m = from == MT_CLIENT ? &r->x.req : &r->x.resp;
    if (m->start_ns == 0)
        m->start_ns = chunk->ts_ns;
    if (chunk->ts_ns > m->end_ns)
        m->end_ns = chunk->ts_ns;
    if (chunk->packet != 0 && r->conn->decode->config.keep_packets)
        note_packet(r, chunk->packet);
}

void mt_draft_text(struct mt_draft *r, struct mt_span *slot,
                   struct mt_span text)
{
    size_t max = r->conn->decode->config.text_max_bytes;
    if (text.len > max) {
        text.len = max;
        r->x.quality |= MT_QUALITY_CLIPPED;
    }
    if (!mt_arena_copy(&r->text, text, slot))
        r->x.quality |= MT_QUALITY_CLIPPED;
}

static void take_transport(const struct mt_draft *r, struct mt_exchange *x)
{
    const struct mt_conn *c = r->conn;
    int client = c->client, server = 1 - c->client;

    x->client.addr = c->addr[client];
    x->server.addr = c->addr[server];
    x->role_evidence = c->role_evidence;
    if (x->detection == MT_DETECTED_NONE)
        x->detection = c->detection;
    /* beside those that the decoder counted */
    x->req.retransmissions +=
        c->stats.retransmissions[client] - r->retrans_base[client];
    x->resp.retransmissions +=
        c->stats.retransmissions[server] - r->retrans_base[server];
    x->dup_packets = c->stats.dup_packets - r->dup_base;
    if (c->midstream)
        x->quality |= MT_QUALITY_MIDSTREAM;
    if (c->stats.truncated > 0)
        x->quality |= MT_QUALITY_TRUNCATED;
    if (c->decrypted)
        x->quality |= MT_QUALITY_DECRYPTED;
}

static void take_tls(struct mt_draft *r)
{
    const struct mt_tls *tls = &r->conn->tls;
    if (tls->version == 0 && tls->sni.len == 0 && tls->alpn.len == 0 &&
        r->x.protocol != MT_PROTOCOL_TLS)
        return;
    r->tls = *tls;
    mt_draft_text(r, &r->tls.sni, tls->sni);
    mt_draft_text(r, &r->tls.alpn, tls->alpn);
    r->x.tls = &r->tls;
}

static struct mt_fields kept(const struct mt_kept_fields *k)
{
    return (struct mt_fields){.list = k->list, .count = k->count};
}

static int64_t latest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void mt_draft_finish(struct mt_draft *r, enum mt_error error, int64_t at_ns)
{
    struct mt_decode *d = r->conn->decode;
    struct mt_exchange *x = &r->x;

    take_transport(r, x);
    take_tls(r);
    mt_exchange_name_operation(x);
    x->packets = r->packets;
    x->req_fields = kept(&r->fields[MT_CLIENT]);
    x->resp_fields = kept(&r->fields[MT_SERVER]);
    x->attrs = kept(&r->attrs);
    x->error = (uint8_t)error;
    x->end_ns =
        latest(latest(x->req.end_ns, x->resp.end_ns), latest(x->end_ns, at_ns));
    if (x->resp.start_ns != 0 && x->resp.start_ns < x->req.start_ns)
        x->quality |= MT_QUALITY_CLOCK_STEP;
    x->outcome = mt_outcome_of(x)->outcome;

    take_out(&d->open, r);
    append(&d->done, r);
    r->conn->known = true;
    r->conn = NULL;
    d->stats.exchanges++;
}

struct mt_exchange mt_draft_so_far(const struct mt_draft *r)
{
    struct mt_exchange x = r->x;
    if (r == r->conn->l4)
        mt_conn_fill_l4(r->conn, &x);
    take_transport(r, &x);
    mt_exchange_name_operation(&x);
    x.packets = r->packets;
    return x;
}

void mt_draft_drop(struct mt_draft *r)
{
    struct mt_decode *d = r->conn->decode;
    take_out(&d->open, r);
    draft_free(d, r);
}

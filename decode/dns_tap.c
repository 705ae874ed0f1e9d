/* DNS on a tap: queries and answers become exchanges.
 *
 * A query that is sent again is the same exchange: its time runs from the
 * first to the answer, as its client waits. A second answer belongs to an
 * exchange that is done, and makes no row. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/text_addr.h"
#include "decode/conn.h"
#include "decode/dns.h"
#include "decode/dns_detect.h"
#include "decode/dns_frame.h"
#include "decode/dns_pair.h"

enum { ADDRESSES_TEXT_MAX = MT_DNS_ADDRESSES_MAX * 40 };

/* Resolvers ask again, or someone else, after 5 s or less; but a server whose
 * own upstream is dead may take more than 10 s to say so. */
#define ANSWER_NS (15 * INT64_C(1000000000))

struct dns {
    struct mt_conn *conn;
    struct mt_dns_pair pair;
    int64_t due_ns;                 /* look for queries that had their time */
    struct mt_dns_frames frames[2]; /* by role */
};

/* ---- queries without an answer ---- */

/* Of the client's host and the server's endpoint; never 0. */
static uint64_t hash_of_pair(const struct mt_conn *c)
{
    const struct mt_addr *server = &c->addr[mt_conn_side(c, MT_SERVER)];
    uint8_t pair[34];
    memcpy(pair, c->addr[mt_conn_side(c, MT_CLIENT)].ip, 16);
    memcpy(pair + 16, server->ip, 16);
    memcpy(pair + 32, &server->port, sizeof server->port);
    return XXH3_64bits(pair, sizeof pair) | 1;
}

static void hear(struct dns *d)
{
    uint64_t h = hash_of_pair(d->conn);
    d->conn->decode->heard[h / 2 % MT_HEARD_MAX] = h;
}

/* In this flow or in another one: most clients take a new port for each
 * query, and then nothing but the query is seen of one that was lost. */
static bool server_seen(const struct dns *d)
{
    const struct mt_conn *c = d->conn;
    int side = mt_conn_side(c, MT_SERVER);
    if (c->seen[side] || c->ended[side] || c->stats.packets[side] > 0)
        return true;
    uint64_t h = hash_of_pair(c);
    return c->decode->heard[h / 2 % MT_HEARD_MAX] == h;
}

/* Why a query has no answer, if its server could be heard (DECISIONS 6). */
static enum mt_error why_unanswered(const struct dns *d,
                                    const struct mt_draft *r,
                                    enum mt_error error)
{
    if (error != MT_ERROR_EVICTED && !server_seen(d))
        return MT_ERROR_ONE_SIDED;
    if (error == MT_ERROR_NO_RESPONSE &&
        (r->decoder_word & MT_DNS_W_ANSWER_LOST) != 0)
        return MT_ERROR_CAPTURE_GAP;
    return error;
}

static void give_up(struct dns *d, struct mt_draft *r, enum mt_error error,
                    int64_t ts_ns)
{
    mt_dns_pair_take(&d->pair, r);
    r->x.half = MT_HALF_REQUEST;
    mt_draft_finish(r, why_unanswered(d, r, error), ts_ns);
}

/* Those whose time is over end at the moment when it was. */
static void expire(struct dns *d, int64_t now_ns)
{
    if (d->pair.first == NULL || now_ns < d->due_ns)
        return;
    d->due_ns = INT64_MAX;
    struct mt_draft *next;
    for (struct mt_draft *r = d->pair.first; r != NULL; r = next) {
        next = r->link;
        int64_t over_ns = r->x.req.end_ns + ANSWER_NS;
        if (over_ns <= now_ns)
            give_up(d, r, MT_ERROR_NO_RESPONSE, over_ns);
        else if (over_ns < d->due_ns)
            d->due_ns = over_ns;
    }
}

/* ---- one message ---- */

static void touch(struct mt_draft *r, enum mt_role from,
                  const struct mt_dns_frame *frame)
{
    mt_draft_touch(r, from, &frame->first);
    mt_draft_touch(r, from, &frame->last);
}

/* Method and path: "A", "example.com". UPDATE and NOTIFY ask for no type. */
static void take_question(struct mt_draft *r, const struct mt_dns_message *m)
{
    uint8_t bytes[MT_DNS_NAME_TEXT_MAX];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    mt_dns_put_name(&b, &m->question.name);
    mt_draft_text(r, &r->x.path, mt_buf_span(&b));
    b.len = 0;
    if (m->opcode == MT_DNS_QUERY)
        mt_dns_put_type(&b, m->question.type);
    else
        mt_put_str(&b, mt_dns_opcode_text(m->opcode));
    mt_draft_text(r, &r->x.method, mt_buf_span(&b));
    if (m->question.class_ == MT_DNS_IN)
        return;
    b.len = 0;
    mt_dns_put_class(&b, m->question.class_);
    mt_draft_attr(r, "dns.question.class", mt_buf_span(&b));
}

static struct mt_draft *draft_of(struct dns *d, const struct mt_dns_message *m,
                                 int64_t ts_ns)
{
    struct mt_draft *r = mt_draft_new(d->conn, ++d->conn->exchanges, ts_ns);
    if (r == NULL)
        return NULL;
    r->x.protocol = MT_PROTOCOL_DNS;
    r->x.kind = MT_KIND_UNARY;
    r->decoder_word = mt_dns_pair_key(m);
    take_question(r, m);
    if (!d->conn->datagrams)
        mt_draft_attr(r, "network.transport", MT_SPAN("tcp"));
    return r;
}

static void on_query(struct dns *d, const struct mt_dns_message *m,
                     const struct mt_dns_frame *frame)
{
    struct mt_draft *r = mt_dns_pair_find(&d->pair, m);
    if (r != NULL) {
        r->x.req.retransmissions++;
        touch(r, MT_CLIENT, frame);
        return;
    }
    if (d->pair.count == MT_DNS_PENDING_MAX) {
        d->conn->decode->stats.pipeline_overflow++;
        give_up(d, d->pair.first, MT_ERROR_EVICTED, frame->last.ts_ns);
    }
    r = draft_of(d, m, frame->first.ts_ns);
    if (r == NULL)
        return;
    r->x.req.body_bytes = frame->bytes.len;
    touch(r, MT_CLIENT, frame);
    if (d->pair.first == NULL || r->x.req.end_ns + ANSWER_NS < d->due_ns)
        d->due_ns = r->x.req.end_ns + ANSWER_NS;
    mt_dns_pair_add(&d->pair, r);
}

static void take_addresses(struct mt_draft *r, const struct mt_dns_message *m)
{
    uint8_t bytes[ADDRESSES_TEXT_MAX];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    for (unsigned i = 0; i < m->addresses_count; i++) {
        if (i > 0)
            mt_put_char(&b, ',');
        mt_put_ip(&b, m->addresses[i]);
    }
    if (b.len > 0)
        mt_draft_attr(r, MT_ATTR_DNS_ANSWERS, mt_buf_span(&b));
}

static void take_answer(struct mt_draft *r, const struct mt_dns_message *m)
{
    uint8_t bytes[MT_DNS_WORD_MAX];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    mt_dns_put_rcode(&b, m->rcode);
    mt_draft_attr(r, MT_ATTR_DNS_RESPONSE_CODE, mt_buf_span(&b));
    take_addresses(r, m);
    if (m->truncated)
        mt_draft_attr(r, MT_ATTR_DNS_TRUNCATED, MT_SPAN("true"));
}

/* Records that make no sense, unless the sender or the capture cut them. */
static enum mt_error error_of(const struct dns *d,
                              const struct mt_dns_message *m)
{
    bool cut = m->truncated || d->conn->stats.truncated > 0;
    return m->whole || cut ? MT_ERROR_NONE : MT_ERROR_PROTOCOL;
}

static void on_response(struct dns *d, const struct mt_dns_message *m,
                        const struct mt_dns_frame *frame)
{
    struct mt_draft *r = mt_dns_pair_find(&d->pair, m);
    if (r != NULL) {
        hear(d);
        mt_dns_pair_take(&d->pair, r);
    } else {
        if (mt_dns_pair_was_answered(&d->pair, m) || !m->has_question)
            return;
        r = draft_of(d, m, frame->first.ts_ns);
        if (r == NULL)
            return;
        r->x.half = MT_HALF_RESPONSE;
    }
    mt_dns_pair_remember(&d->pair, r);
    r->x.resp.body_bytes = frame->bytes.len;
    touch(r, MT_SERVER, frame);
    take_answer(r, m);
    mt_draft_finish(r, error_of(d, m), 0);
}

/* False: it is no message, or none that this role may send. */
static bool on_message(struct dns *d, enum mt_role from,
                       const struct mt_dns_frame *frame)
{
    struct mt_dns_message m;
    expire(d, frame->last.ts_ns);
    if (!mt_dns_parse(frame->bytes, &m) || m.response != (from == MT_SERVER)) {
        d->conn->decode->stats.undecoded_bytes += frame->bytes.len;
        return false;
    }
    if (m.response)
        on_response(d, &m, frame);
    else
        on_query(d, &m, frame);
    return true;
}

/* ---- the decoder ---- */

static int dns_open(void *state, struct mt_layer *layer,
                    const struct mt_switch_request *sw)
{
    struct dns *d = state;
    (void)sw;
    d->conn = layer->conn;
    for (int role = 0; role < 2; role++) {
        d->frames[role].pool = d->conn->decode->pool;
        d->frames[role].lost = layer->joined_late[role];
    }
    return 0;
}

static void dns_datagram(void *state, enum mt_role from,
                         const struct mt_chunk *in)
{
    struct mt_dns_frame frame = {in->bytes, *in, *in};
    (void)on_message(state, from, &frame);
}

/* What the frames counted goes to the tap's counters. */
static void count_losses(struct dns *d, struct mt_dns_frames *f)
{
    struct mt_decode_stats *stats = &d->conn->decode->stats;
    stats->undecoded_bytes += f->passed_bytes;
    stats->drafts_refused += f->refused;
    stats->resyncs += f->found;
    f->passed_bytes = f->refused = f->found = 0;
}

static int dns_feed(void *state, enum mt_role from, struct mt_chunk *in)
{
    struct dns *d = state;
    struct mt_dns_frames *f = &d->frames[from];
    struct mt_dns_frame frame;
    while (mt_dns_frames_next(f, in, &frame))
        if (!on_message(d, from, &frame))
            mt_dns_frames_lose(f);
    count_losses(d, f);
    return MT_MORE;
}

static void dns_gap(void *state, enum mt_role from, uint64_t n, int64_t ts_ns)
{
    struct dns *d = state;
    expire(d, ts_ns);
    mt_dns_frames_gap(&d->frames[from], n);
    if (from == MT_SERVER)
        for (struct mt_draft *r = d->pair.first; r != NULL; r = r->link)
            r->decoder_word |= MT_DNS_W_ANSWER_LOST;
}

static enum mt_error error_at(enum mt_role from, enum mt_end end)
{
    switch (end) {
    case MT_END_RST:
        return from == MT_CLIENT ? MT_ERROR_RESET_BY_CLIENT
                                 : MT_ERROR_RESET_BY_SERVER;
    case MT_END_EVICTED:
        return MT_ERROR_EVICTED;
    case MT_END_CAPTURE:
        return MT_ERROR_CAPTURE_END;
    default:
        return MT_ERROR_NO_RESPONSE;
    }
}

static void dns_close(void *state, enum mt_role from, enum mt_end end,
                      int64_t ts_ns)
{
    struct dns *d = state;
    expire(d, ts_ns);
    /* a client that sends no more may still be answered */
    if (end == MT_END_FIN && from == MT_CLIENT &&
        !d->conn->ended[mt_conn_side(d->conn, MT_SERVER)])
        return;
    while (d->pair.first != NULL)
        give_up(d, d->pair.first, error_at(from, end), ts_ns);
}

static void dns_free(void *state)
{
    struct dns *d = state;
    for (int role = 0; role < 2; role++)
        mt_dns_frames_deinit(&d->frames[role]);
}

const struct mt_decoder mt_dns_decoder = {
    .name = "dns",
    .state_bytes = sizeof(struct dns),
    .detect = mt_dns_detect,
    .open = dns_open,
    .feed = dns_feed,
    .may_be = mt_dns_may_be,
    .datagram = dns_datagram,
    .gap = dns_gap,
    .close = dns_close,
    .free = dns_free,
};

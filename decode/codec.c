#include "decode/codec.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/rc.h"

/* Every field of the exchange is a row of one of these tables. A new row moves
 * the bits of others and needs a new MT_CODEC_VERSION, which no older reader
 * of a relayed stream understands: once released, put a new field behind all
 * others instead, as its number, its length and its bytes (LATER_NUMBERS).
 * tests/decode/test_codec.c fails when one is forgotten. */

/* X(member, type, greatest value) */
#define NUMBERS(X)                                    \
    X(req.header_bytes, uint64_t, UINT64_MAX)         \
    X(req.body_bytes, uint64_t, UINT64_MAX)           \
    X(req.gap_bytes, uint64_t, UINT64_MAX)            \
    X(req.messages, uint32_t, UINT32_MAX)             \
    X(req.retransmissions, uint32_t, UINT32_MAX)      \
    X(resp.header_bytes, uint64_t, UINT64_MAX)        \
    X(resp.body_bytes, uint64_t, UINT64_MAX)          \
    X(resp.gap_bytes, uint64_t, UINT64_MAX)           \
    X(resp.messages, uint32_t, UINT32_MAX)            \
    X(resp.retransmissions, uint32_t, UINT32_MAX)     \
    X(client.addr.port, uint16_t, UINT16_MAX)         \
    X(client.name_source, uint8_t, MT_NAME_COUNT - 1) \
    X(server.addr.port, uint16_t, UINT16_MAX)         \
    X(server.name_source, uint8_t, MT_NAME_COUNT - 1) \
    X(conn, uint64_t, UINT64_MAX)                     \
    X(stream, uint64_t, UINT64_MAX)                   \
    X(protocol, uint8_t, MT_PROTOCOL_COUNT - 1)       \
    X(kind, uint8_t, MT_KIND_COUNT - 1)               \
    X(observer, uint8_t, MT_OBSERVER_COUNT - 1)       \
    X(outcome, uint8_t, MT_OUTCOME_COUNT - 1)         \
    X(error, uint8_t, MT_ERROR_COUNT - 1)             \
    X(half, uint8_t, MT_HALF_COUNT - 1)               \
    X(hpack, uint8_t, MT_HPACK_COUNT - 1)             \
    X(role_evidence, uint8_t, MT_ROLE_BY_COUNT - 1)   \
    X(detection, uint8_t, MT_DETECTED_COUNT - 1)      \
    X(quality, uint8_t, UINT8_MAX)                    \
    X(status, uint16_t, UINT16_MAX)                   \
    X(anomalies, uint32_t, UINT32_MAX)                \
    X(dup_packets, uint32_t, UINT32_MAX)              \
    X(attempt, uint32_t, UINT32_MAX)                  \
    X(retry_of, uint64_t, UINT64_MAX)                 \
    X(id, uint64_t, UINT64_MAX)

/* X(member): 0 is absent; else the distance from end_ns, zigzag */
#define TIMES(X)     \
    X(req.start_ns)  \
    X(req.end_ns)    \
    X(resp.start_ns) \
    X(resp.end_ns)

/* X(member, type, default): zigzag of the distance from the default */
#define SIGNED(X)                                \
    X(grpc_status, int16_t, MT_GRPC_STATUS_NONE) \
    X(grpc_timeout_ns, int64_t, 0)

/* X(member): all zero is absent */
#define IDS(X)        \
    X(client.addr.ip) \
    X(server.addr.ip) \
    X(trace_id)       \
    X(span_id)        \
    X(parent_id)

/* X(member) */
#define TEXTS(X)         \
    X(req.content_type)  \
    X(resp.content_type) \
    X(client.service)    \
    X(server.service)    \
    X(method)            \
    X(scheme)            \
    X(authority)         \
    X(path)              \
    X(query)             \
    X(route)             \
    X(operation)         \
    X(user_agent)        \
    X(request_id)        \
    X(error_message)     \
    X(endpoint)          \
    X(why_not_retried)

/* X(member) */
#define LISTS(X)   \
    X(req_fields)  \
    X(resp_fields) \
    X(attrs)

/* Behind all others since they were added. X(number, member, type, greatest):
 * its number is never used again; ascending. 0 is absent. */
#define LATER_NUMBERS(X)                        \
    X(1, ended_by, uint8_t, MT_ENDED_COUNT - 1) \
    X(2, ended_in, uint8_t, MT_PHASE_COUNT - 1) \
    X(3, endpoints, uint32_t, UINT32_MAX)       \
    X(4, endpoints_out, uint32_t, UINT32_MAX)   \
    X(5, budget_used, uint32_t, UINT32_MAX)     \
    X(6, budget_allowed, uint32_t, UINT32_MAX)  \
    X(7, connect_ns, int64_t, INT64_MAX)

/* X(number, member) */
#define LATER_TEXTS(X) X(8, rule)

#define COUNT_LATER(number, member, type, most) +1
#define COUNT_LATER_TEXT(number, member) +1
#define COUNT_NUMBER(member, type, most) +1
#define COUNT_SIGNED(member, type, none) +1
#define COUNT(member) +1

enum {
    N_NUMBERS = 0 NUMBERS(COUNT_NUMBER) TIMES(COUNT) SIGNED(COUNT_SIGNED),
    N_IDS = 0 IDS(COUNT),
    N_TEXTS = 0 TEXTS(COUNT),
    /* tls, packets and the lists of fields */
    N_OTHERS = 2 LISTS(COUNT),
    NUMBER_MASK = 8,
    TEXT_MASK = 4,
    HEAD = 1 + NUMBER_MASK + TEXT_MASK + 8, /* version, masks, end_ns */
    N_LATER = 0 LATER_NUMBERS(COUNT_LATER) LATER_TEXTS(COUNT_LATER_TEXT),
    TLS_MAX = 5 * MT_VARINT_MAX + 2 * MT_VARINT_MAX,
};

static_assert(N_NUMBERS + N_IDS <= 64, "a bit each");
static_assert(N_TEXTS + N_OTHERS <= 32, "a bit each");

/* ---- encode: the bound is checked once, so writing has no checks ---- */

static uint8_t *put_varint(uint8_t *p, uint64_t v)
{
    while (v >= 0x80) {
        *p++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *p++ = (uint8_t)v;
    return p;
}

static uint8_t *put_le(uint8_t *p, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        *p++ = (uint8_t)(v >> 8 * i);
    return p;
}

static uint8_t *put_bytes(uint8_t *p, const void *bytes, size_t n)
{
    memcpy(p, bytes, n);
    return p + n;
}

static uint8_t *put_text(uint8_t *p, struct mt_span s)
{
    p = put_varint(p, s.len);
    return s.len > 0 ? put_bytes(p, s.ptr, s.len) : p;
}

/* Signed difference without overflow: it wraps, and wraps back. */
static uint64_t distance(int64_t from, int64_t to)
{
    uint64_t d = (uint64_t)to - (uint64_t)from;
    return (d << 1) ^ (d >> 63 != 0 ? UINT64_MAX : 0);
}

static int64_t arrive(int64_t from, uint64_t zigzag)
{
    uint64_t d = (zigzag >> 1) ^ ((zigzag & 1) != 0 ? UINT64_MAX : 0);
    uint64_t to = (uint64_t)from + d;
    int64_t v;
    memcpy(&v, &to, sizeof v); /* two's complement, as C17 leaves open */
    return v;
}

static bool any(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != 0)
            return true;
    return false;
}

static uint8_t *put_numbers(const struct mt_exchange *x, uint8_t *p,
                            uint64_t *mask)
{
    uint64_t bits = 0, bit = 1;
#define PUT(member, type, most)       \
    if (x->member != 0) {             \
        bits |= bit;                  \
        p = put_varint(p, x->member); \
    }                                 \
    bit <<= 1;
#define PUT_TIME(member)                                   \
    if (x->member != 0) {                                  \
        bits |= bit;                                       \
        p = put_varint(p, distance(x->end_ns, x->member)); \
    }                                                      \
    bit <<= 1;
#define PUT_SIGNED(member, type, none)                \
    if (x->member != (none)) {                        \
        bits |= bit;                                  \
        p = put_varint(p, distance(none, x->member)); \
    }                                                 \
    bit <<= 1;
#define PUT_ID(member)                                 \
    if (any(x->member, sizeof x->member)) {            \
        bits |= bit;                                   \
        p = put_bytes(p, x->member, sizeof x->member); \
    }                                                  \
    bit <<= 1;
    NUMBERS(PUT)
    TIMES(PUT_TIME)
    SIGNED(PUT_SIGNED)
    IDS(PUT_ID)
#undef PUT
#undef PUT_TIME
#undef PUT_SIGNED
#undef PUT_ID
    *mask = bits;
    return p;
}

static uint8_t *put_tls(const struct mt_tls *t, uint8_t *p)
{
    p = put_varint(p, t->version);
    p = put_varint(p, t->cipher_suite);
    p = put_varint(p, t->alert);
    p = put_varint(p, t->resumed ? 1 : 0);
    p = put_varint(p, distance(0, t->handshake_ns));
    p = put_text(p, t->sni);
    return put_text(p, t->alpn);
}

static uint8_t *put_fields(struct mt_fields f, uint8_t *p)
{
    p = put_varint(p, f.count);
    for (uint32_t i = 0; i < f.count; i++) {
        p = put_text(p, f.list[i].name);
        p = put_text(p, f.list[i].value);
    }
    return p;
}

/* References of one source grow: each is the distance from the last. */
static uint8_t *put_packets(const struct mt_exchange *x, uint8_t *p)
{
    uint64_t last = 0;
    p = put_varint(p, x->packets_count);
    for (uint32_t i = 0; i < x->packets_count; i++) {
        uint64_t d = x->packets[i] - last;
        p = put_varint(p, (d << 1) ^ (d >> 63 != 0 ? UINT64_MAX : 0));
        last = x->packets[i];
    }
    return p;
}

static uint8_t *put_rest(const struct mt_exchange *x, uint8_t *p,
                         uint32_t *mask)
{
    uint32_t bits = 0, bit = 1;
#define PUT(member)                 \
    if (x->member.len > 0) {        \
        bits |= bit;                \
        p = put_text(p, x->member); \
    }                               \
    bit <<= 1;
    TEXTS(PUT)
#undef PUT
#define PUT(member)                   \
    if (x->member.count > 0) {        \
        bits |= bit;                  \
        p = put_fields(x->member, p); \
    }                                 \
    bit <<= 1;
    LISTS(PUT)
#undef PUT
    if (x->tls != NULL) {
        bits |= bit;
        p = put_tls(x->tls, p);
    }
    bit <<= 1;
    if (x->packets_count > 0) {
        bits |= bit;
        p = put_packets(x, p);
    }
    *mask = bits;
    return p;
}

/* A field's number, the length of what follows, and that. */
static uint8_t *put_later_number(uint8_t *p, unsigned number, uint64_t v)
{
    uint8_t bytes[MT_VARINT_MAX];
    size_t n = (size_t)(put_varint(bytes, v) - bytes);
    p = put_varint(p, number);
    return put_text(p, (struct mt_span){bytes, n});
}

static uint8_t *put_later(const struct mt_exchange *x, uint8_t *p)
{
#define PUT(number, member, type, most) \
    if (x->member > 0)                  \
        p = put_later_number(p, number, (uint64_t)x->member);
    LATER_NUMBERS(PUT)
#undef PUT
#define PUT(number, member)         \
    if (x->member.len > 0) {        \
        p = put_varint(p, number);  \
        p = put_text(p, x->member); \
    }
    LATER_TEXTS(PUT)
#undef PUT
    return p;
}

static size_t fields_max(struct mt_fields f)
{
    size_t n = MT_VARINT_MAX;
    for (uint32_t i = 0; i < f.count; i++)
        n += (size_t)2 * MT_VARINT_MAX + f.list[i].name.len +
             f.list[i].value.len;
    return n;
}

size_t mt_exchange_encoded_max(const struct mt_exchange *x)
{
    size_t n = HEAD + (size_t)N_IDS * 16 +
               (size_t)(N_NUMBERS + N_TEXTS + 3 * N_LATER) * MT_VARINT_MAX;
#define ADD(member) n += x->member.len;
    TEXTS(ADD)
#undef ADD
#define ADD(number, member) n += x->member.len;
    LATER_TEXTS(ADD)
#undef ADD
#define ADD(member)          \
    if (x->member.count > 0) \
        n += fields_max(x->member);
    LISTS(ADD)
#undef ADD
    if (x->tls != NULL)
        n += TLS_MAX + x->tls->sni.len + x->tls->alpn.len;
    return n + ((size_t)x->packets_count + 1) * MT_VARINT_MAX;
}

size_t mt_exchange_encode(const struct mt_exchange *x, uint8_t *buf, size_t cap)
{
    if (cap < mt_exchange_encoded_max(x))
        return 0;
    uint64_t numbers = 0;
    uint32_t texts = 0;
    uint64_t end;
    memcpy(&end, &x->end_ns, sizeof end);
    uint8_t *p = put_numbers(x, buf + HEAD, &numbers);
    p = put_rest(x, p, &texts);
    p = put_later(x, p);

    uint8_t *head = buf;
    *head++ = MT_CODEC_VERSION;
    head = put_le(head, numbers, NUMBER_MASK);
    head = put_le(head, texts, TEXT_MASK);
    (void)put_le(head, end, 8);
    return (size_t)(p - buf);
}

/* ---- decode ---- */

/* Most varints are one byte. */
static uint64_t get(struct mt_cursor *c)
{
    if (c->rest.len > 0 && c->rest.ptr[0] < 0x80)
        return *mt_span_take(&c->rest, 1).ptr;
    return mt_get_varint(c);
}

static uint64_t get_most(struct mt_cursor *c, uint64_t most)
{
    uint64_t v = get(c);
    if (v > most)
        c->bad = true;
    return v;
}

static struct mt_span get_text(struct mt_cursor *c)
{
    uint64_t n = get(c);
    if (n > c->rest.len)
        c->bad = true;
    return mt_get_span(c, c->bad ? 0 : (size_t)n);
}

/* A bit says "not the default": bytes that say both are refused, so that
 * equal exchanges have equal bytes. */
static void refuse_if(struct mt_cursor *c, bool is_default)
{
    if (is_default)
        c->bad = true;
}

static void get_numbers(struct mt_cursor *c, struct mt_exchange *x,
                        uint64_t mask)
{
#define GET(member, type, most)                \
    if ((mask & 1) != 0) {                     \
        x->member = (type)get_most(c, (most)); \
        refuse_if(c, x->member == 0);          \
    }                                          \
    mask >>= 1;
#define GET_TIME(member)                       \
    if ((mask & 1) != 0) {                     \
        x->member = arrive(x->end_ns, get(c)); \
        refuse_if(c, x->member == 0);          \
    }                                          \
    mask >>= 1;
#define GET_SIGNED(member, type, none)               \
    if ((mask & 1) != 0) {                           \
        int64_t v = arrive(none, get(c));            \
        x->member = (type)v;                         \
        refuse_if(c, x->member != v || v == (none)); \
    }                                                \
    mask >>= 1;
#define GET_ID(member)                                       \
    if ((mask & 1) != 0) {                                   \
        struct mt_span s = mt_get_span(c, sizeof x->member); \
        if (s.len > 0)                                       \
            memcpy(x->member, s.ptr, sizeof x->member);      \
        refuse_if(c, !any(x->member, sizeof x->member));     \
    }                                                        \
    mask >>= 1;
    NUMBERS(GET)
    TIMES(GET_TIME)
    SIGNED(GET_SIGNED)
    IDS(GET_ID)
#undef GET
#undef GET_TIME
#undef GET_SIGNED
#undef GET_ID
    refuse_if(c, mask != 0); /* bits of no field */
}

static void get_tls(struct mt_cursor *c, struct mt_tls *t)
{
    t->version = (uint16_t)get_most(c, UINT16_MAX);
    t->cipher_suite = (uint16_t)get_most(c, UINT16_MAX);
    t->alert = (uint8_t)get_most(c, UINT8_MAX);
    t->resumed = get_most(c, 1) != 0;
    t->handshake_ns = arrive(0, get(c));
    t->sni = get_text(c);
    t->alpn = get_text(c);
}

/* Make *list hold `need` items; `need` is bounded by the bytes of a record. */
static bool ensure(void **list, size_t *cap, size_t need, size_t item)
{
    if (need <= *cap)
        return true;
    size_t grown = need < 16 ? 16 : need + need / 2;
    void *p = realloc(*list, grown * item);
    if (p == NULL)
        return false;
    *list = p;
    *cap = grown;
    return true;
}

static bool ensure_fields(struct mt_codec_scratch *s, size_t need)
{
    void *list = s->fields;
    bool ok = ensure(&list, &s->fields_cap, need, sizeof s->fields[0]);
    s->fields = list;
    return ok;
}

static bool ensure_packets(struct mt_codec_scratch *s, size_t need)
{
    void *list = s->packets;
    bool ok = ensure(&list, &s->packets_cap, need, sizeof s->packets[0]);
    s->packets = list;
    return ok;
}

/* A count of items that take at least `least` bytes each. */
static uint32_t get_count(struct mt_cursor *c, size_t least)
{
    uint64_t n = get(c);
    refuse_if(c, n == 0 || n > c->rest.len / least || n > UINT32_MAX);
    return c->bad ? 0 : (uint32_t)n;
}

/* The lists share one array, which may move: they are set at the end. */
static int get_fields(struct mt_cursor *c, struct mt_codec_scratch *s,
                      size_t *used, uint32_t *count)
{
    *count = get_count(c, 2);
    if (!ensure_fields(s, *used + *count))
        return MT_ELIMIT;
    for (uint32_t i = 0; i < *count; i++) {
        struct mt_field *f = &s->fields[*used + i];
        f->name = get_text(c);
        f->value = get_text(c);
    }
    *used += *count;
    return 0;
}

static int get_lists(struct mt_cursor *c, struct mt_exchange *x, uint32_t mask,
                     struct mt_codec_scratch *s)
{
    size_t used = 0;
#define GET(member)                                             \
    if ((mask & 1) != 0 &&                                      \
        get_fields(c, s, &used, &x->member.count) == MT_ELIMIT) \
        return MT_ELIMIT;                                       \
    mask >>= 1;
    LISTS(GET)
#undef GET
    used = 0;
#define POINT(member)                      \
    if (x->member.count > 0)               \
        x->member.list = s->fields + used; \
    used += x->member.count;
    LISTS(POINT)
#undef POINT
    return 0;
}

static int get_packets(struct mt_cursor *c, struct mt_exchange *x,
                       struct mt_codec_scratch *s)
{
    uint32_t n = get_count(c, 1);
    if (!ensure_packets(s, n))
        return MT_ELIMIT;
    uint64_t last = 0;
    for (uint32_t i = 0; i < n; i++) {
        last += (uint64_t)arrive(0, get(c));
        s->packets[i] = last;
    }
    x->packets = s->packets;
    x->packets_count = n;
    return 0;
}

static int get_rest(struct mt_cursor *c, struct mt_exchange *x, uint32_t mask,
                    struct mt_codec_scratch *s)
{
#define GET(member)                       \
    if ((mask & 1) != 0) {                \
        x->member = get_text(c);          \
        refuse_if(c, x->member.len == 0); \
    }                                     \
    mask >>= 1;
    TEXTS(GET)
#undef GET
    int rc = get_lists(c, x, mask, s);
    mask >>= N_OTHERS - 2;
    if (rc == 0 && (mask & 1) != 0) {
        get_tls(c, &s->tls);
        x->tls = &s->tls;
    }
    mask >>= 1;
    if (rc == 0 && (mask & 1) != 0)
        rc = get_packets(c, x, s);
    refuse_if(c, mask > 1);
    return rc;
}

static uint64_t get_later(struct mt_cursor *c, struct mt_span bytes,
                          uint64_t most)
{
    struct mt_cursor one = mt_cursor_of(bytes);
    uint64_t v = get_most(&one, most);
    refuse_if(c, one.bad || one.rest.len > 0 || v == 0);
    return v;
}

static void take_later(struct mt_cursor *c, struct mt_exchange *x,
                       uint64_t number, struct mt_span bytes)
{
    switch (number) {
#define GET(n, member, type, most)                               \
    case n:                                                      \
        x->member = (type)get_later(c, bytes, (uint64_t)(most)); \
        return;
        LATER_NUMBERS(GET)
#undef GET
#define GET(n, member)                \
    case n:                           \
        x->member = bytes;            \
        refuse_if(c, bytes.len == 0); \
        return;
        LATER_TEXTS(GET)
#undef GET
    default: /* of a later version than this */
        return;
    }
}

/* Fields that later versions put behind the first ones, ascending. */
static void get_laters(struct mt_cursor *c, struct mt_exchange *x)
{
    uint64_t last = 0;
    while (!c->bad && c->rest.len > 0) {
        uint64_t number = get(c);
        struct mt_span bytes = get_text(c);
        refuse_if(c, number <= last);
        last = number;
        if (!c->bad)
            take_later(c, x, number, bytes);
    }
}

int mt_exchange_decode(struct mt_span bytes, struct mt_exchange *x,
                       struct mt_codec_scratch *s)
{
    *x = (struct mt_exchange){.grpc_status = MT_GRPC_STATUS_NONE};
    struct mt_cursor c = mt_cursor_of(bytes);
    if (mt_get_u8(&c) != MT_CODEC_VERSION)
        return MT_EPROTO;
    uint64_t numbers = mt_get_le64(&c);
    uint32_t texts = mt_get_le32(&c);
    uint64_t end = mt_get_le64(&c);
    memcpy(&x->end_ns, &end, sizeof end);
    get_numbers(&c, x, numbers);
    int rc = c.bad ? MT_EPROTO : get_rest(&c, x, texts, s);
    if (rc == 0)
        get_laters(&c, x);
    if (rc == 0 && c.bad)
        rc = MT_EPROTO;
    return rc;
}

void mt_codec_scratch_deinit(struct mt_codec_scratch *s)
{
    free(s->fields);
    free(s->packets);
    *s = (struct mt_codec_scratch){.fields = NULL};
}

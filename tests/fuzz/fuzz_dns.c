/* Properties: a name fits its bound, and read again from what was read it is
 * the same; a message cut short is not whole; a stream gives the same messages
 * wherever it is cut; and whatever a flow is told, every query ends, answers
 * are not older than their queries, and all memory comes back.
 *
 * The first byte chooses: bit 0 TCP or UDP, bit 1 port 53 or another, the rest
 * the step of the cuts. The rest is one message, a stream of them, and steps
 * of a flow: a byte for what, one for how many, then its bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "decode/conn.h"
#include "decode/dns.h"
#include "decode/dns_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECOND_NS INT64_C(1000000000)

static void must(bool holds)
{
    if (!holds)
        abort();
}

static uint8_t *copy_of(struct mt_span bytes)
{
    uint8_t *copy = malloc(bytes.len > 0 ? bytes.len : 1);
    must(copy != NULL);
    if (bytes.len > 0)
        memcpy(copy, bytes.ptr, bytes.len);
    return copy;
}

/* ---- one message ---- */

static bool parse(struct mt_span bytes, struct mt_dns_message *m)
{
    uint8_t *copy = copy_of(bytes);
    bool ok = mt_dns_parse((struct mt_span){copy, bytes.len}, m);
    free(copy);
    return ok;
}

/* The question alone, uncompressed, says the same. */
static void read_again(const struct mt_dns_message *m)
{
    uint8_t bytes[MT_DNS_HEADER_BYTES + MT_DNS_NAME_MAX + 4] = {[5] = 1};
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    b.len = MT_DNS_HEADER_BYTES;
    mt_put_span(&b,
                (struct mt_span){m->question.name.wire, m->question.name.len});
    mt_put_u8(&b, 0);
    mt_put_u8(&b, (uint8_t)(m->question.type >> 8));
    mt_put_u8(&b, (uint8_t)m->question.type);
    mt_put_u8(&b, (uint8_t)(m->question.class_ >> 8));
    mt_put_u8(&b, (uint8_t)m->question.class_);
    must(!b.full);
    struct mt_dns_message again;
    must(parse(mt_buf_span(&b), &again) && again.whole);
    must(again.question.name.len == m->question.name.len &&
         memcmp(again.question.name.wire, m->question.name.wire,
                m->question.name.len) == 0);
}

static void check_message(struct mt_span bytes)
{
    struct mt_dns_message m, cut;
    (void)mt_dns_may_be(bytes, bytes.len);
    if (!parse(bytes, &m))
        return;
    if (m.whole && bytes.len > 0) {
        must(mt_dns_may_be(bytes, bytes.len));
        struct mt_span shorter = {bytes.ptr, bytes.len - 1};
        must(!parse(shorter, &cut) || !cut.whole);
    }
    if (!m.has_question)
        return;
    uint8_t text[MT_DNS_NAME_TEXT_MAX];
    struct mt_buf b = mt_buf_of(text, sizeof text);
    mt_dns_put_name(&b, &m.question.name);
    must(!b.full && b.len > 0);
    read_again(&m);
}

/* ---- a stream ---- */

static uint64_t mix(uint64_t h, uint64_t v)
{
    return (h ^ v) * UINT64_C(1099511628211);
}

/* A number for the messages that a stream has. */
static uint64_t messages_of(struct mt_span bytes, size_t step)
{
    struct mt_pool pool;
    mt_pool_init(&pool, 1 << 20);
    struct mt_dns_frames f = {.pool = &pool};
    uint64_t h = 1;
    while (bytes.len > 0 && !f.lost) {
        struct mt_span piece =
            mt_span_take(&bytes, step < bytes.len ? step : bytes.len);
        uint8_t *copy = copy_of(piece);
        struct mt_chunk in = {.bytes = {copy, piece.len}};
        struct mt_dns_frame out;
        while (mt_dns_frames_next(&f, &in, &out)) {
            h = mix(h, out.bytes.len);
            for (size_t i = 0; i < out.bytes.len; i++)
                h = mix(h, out.bytes.ptr[i]);
        }
        must(in.bytes.len == 0);
        free(copy);
    }
    mt_dns_frames_deinit(&f);
    must(pool.used_bytes == 0);
    mt_pool_deinit(&pool);
    return h;
}

/* ---- a flow ---- */

struct run {
    struct mt_pool pool;
    struct mt_decode decode;
    struct mt_conn *conn;
    int64_t ts_ns;
};

static void take_rows(struct run *r)
{
    const struct mt_exchange *x;
    while ((x = mt_decode_next(&r->decode)) != NULL) {
        if (x->protocol != MT_PROTOCOL_DNS)
            continue;
        must((x->method.len > 0 && x->path.len > 0) ||
             (x->quality & MT_QUALITY_CLIPPED) != 0);
        must((x->half == MT_HALF_RESPONSE) == (x->req.start_ns == 0));
        must((x->half == MT_HALF_REQUEST) == (x->resp.start_ns == 0));
        if (x->half == MT_HALF_BOTH)
            must(x->resp.start_ns >= x->req.start_ns);
    }
}

static void tell(struct run *r, int side, struct mt_span bytes)
{
    if (bytes.len == 0)
        return;
    uint8_t *copy = copy_of(bytes);
    struct mt_chunk chunk = {{copy, bytes.len}, r->ts_ns, 1};
    if (r->conn->datagrams)
        mt_conn_datagram(r->conn, side, &chunk);
    else
        mt_conn_feed(r->conn, side, &chunk);
    free(copy);
}

static void step(struct run *r, uint8_t what, struct mt_span bytes)
{
    int side = what & 1;
    r->ts_ns += SECOND_NS / 10;
    switch (what >> 5) {
    case 0:
        r->ts_ns += SECOND_NS * (what >> 1 & 15);
        break;
    case 1:
        r->pool.limit_bytes = r->pool.used_bytes + 64u * (what >> 1 & 15u);
        break;
    case 2:
        if (!r->conn->datagrams)
            mt_conn_gap(r->conn, side, what & 2 ? UINT64_MAX : bytes.len,
                        r->ts_ns);
        break;
    case 3:
        if (!r->conn->datagrams)
            mt_conn_end(r->conn, side, what & 2 ? MT_END_RST : MT_END_FIN,
                        r->ts_ns);
        break;
    default:
        tell(r, side, bytes);
    }
}

static void check_flow(uint8_t mode, struct mt_span rest)
{
    struct run r = {.ts_ns = SECOND_NS};
    mt_pool_init(&r.pool, 8 << 20);
    mt_decode_init(&r.decode, &(struct mt_decode_config){.keep_packets = true},
                   &r.pool);
    struct mt_conn_start start = {
        .client = -1, .datagrams = (mode & 1) != 0, .ts_ns = r.ts_ns};
    start.addr[0].port = 40000;
    start.addr[1].port = (mode & 2) != 0 ? 53 : 5300;
    r.conn = mt_conn_new(&r.decode, &start);
    must(r.conn != NULL);
    while (rest.len >= 2) {
        struct mt_span head = mt_span_take(&rest, 2);
        size_t n = head.ptr[1] < rest.len ? head.ptr[1] : rest.len;
        step(&r, head.ptr[0], mt_span_take(&rest, n));
        take_rows(&r);
    }
    mt_conn_free(r.conn, (mode & 4) != 0 ? MT_END_IDLE : MT_END_CAPTURE,
                 r.ts_ns);
    take_rows(&r);
    must(r.decode.open.count == 0);
    mt_decode_deinit(&r.decode);
    must(r.pool.used_bytes == 0);
    mt_pool_deinit(&r.pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct mt_span rest = {data + 1, size - 1};
    check_message(rest);
    must(messages_of(rest, SIZE_MAX) == messages_of(rest, (data[0] >> 3) + 1u));
    check_flow(data[0], rest);
    return 0;
}

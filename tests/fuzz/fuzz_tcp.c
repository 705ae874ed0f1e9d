/* Properties of reassembly.
 *
 * Orderly input, packets of a true conversation, displaced by less than the
 * capture's reordering is allowed to be, and repeated: both streams come out
 * whole, without a gap, and nothing before what it acknowledges. Where packets
 * are lost or cut: bytes and gaps together are the true positions.
 *
 * Wild input, any segments: every byte handed on stands where its sequence
 * number says, what is held stays in bounds, and all memory comes back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "capture/tcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PACKETS_MAX = 200, PAYLOAD_MAX = 2048, DELAY_MAX = 5 };

struct packet {
    int side;
    uint32_t seq, ack, len, cut;
    unsigned flags;
    unsigned when; /* its place in the capture */
};

struct run {
    struct mt_pool pool;
    struct mt_tcp t;
    struct mt_tcp_counters n;
    uint32_t at[2]; /* what was handed on or named as lost, up to here */
    bool known[2];
    bool finished[2];
    bool whole;                /* nothing was lost: a gap is a mistake */
    const struct packet *sent; /* orderly input, for cause and effect */
    unsigned count;
};

static uint8_t stream_byte(int side, uint32_t seq)
{
    return (uint8_t)(seq * 31 + (seq >> 8) * 7 + (unsigned)side * 101);
}

static void check(bool ok)
{
    if (!ok)
        abort();
}

/* Whoever sent the byte at seq had been sent all that he acknowledged. */
static void check_cause(const struct run *r, int side, uint32_t seq)
{
    for (unsigned i = 0; i < r->count; i++) {
        const struct packet *p = &r->sent[i];
        if (p->side == side && seq - p->seq < p->len)
            check(mt_tcp_diff(p->ack, r->at[1 - side]) <= 0);
    }
}

static void feed(void *to, struct mt_tcp *t, int side,
                 const struct mt_chunk *chunk)
{
    struct run *r = to;
    uint32_t len = (uint32_t)chunk->bytes.len;
    uint32_t seq = t->side[side].next - len;
    check(len > 0 && !r->finished[side]);
    check(!r->known[side] || seq == r->at[side]);
    for (uint32_t i = 0; i < len; i++)
        check(chunk->bytes.ptr[i] == stream_byte(side, seq + i));
    if (r->whole)
        check_cause(r, side, seq);
    r->at[side] = seq + len;
    r->known[side] = true;
}

static void gap(void *to, struct mt_tcp *t, int side, uint64_t n, int64_t ts_ns)
{
    struct run *r = to;
    (void)ts_ns;
    check(!r->whole && n > 0 && !r->finished[side]);
    if (n == UINT64_MAX) {
        r->known[side] = false;
        return;
    }
    uint32_t from = t->side[side].next - (uint32_t)n;
    check(!r->known[side] || from == r->at[side]);
    r->at[side] = from + (uint32_t)n;
    r->known[side] = true;
}

static void end(void *to, struct mt_tcp *t, int side, enum mt_end e,
                int64_t ts_ns)
{
    struct run *r = to;
    (void)ts_ns;
    check(e != MT_END_RST || t->closed);
    check(e != MT_END_FIN || !r->finished[side]);
    r->finished[side] = true; /* nothing but a reset follows */
}

static const struct mt_tcp_sink sink = {.feed = feed, .gap = gap, .end = end};

static struct mt_tcp_env env_of(struct run *r, int64_t now_ns)
{
    return (struct mt_tcp_env){.pool = &r->pool,
                               .sink = &sink,
                               .to = r,
                               .counters = &r->n,
                               .now_ns = now_ns,
                               .ts_ns = now_ns};
}

static void check_bounds(const struct mt_tcp *t)
{
    for (int side = 0; side < 2; side++) {
        check(t->side[side].queued <= MT_TCP_QUEUE_SEGMENTS);
        check(t->side[side].queued_bytes <= MT_TCP_QUEUE_BYTES);
        check(t->side[side].queue == NULL || t->side[side].waits);
    }
}

static void input(struct run *r, const struct packet *p, int64_t now_ns)
{
    uint32_t held = p->len - p->cut;
    uint8_t *bytes = malloc(held > 0 ? held : 1); /* exact, for ASan */
    if (bytes == NULL)
        abort();
    for (uint32_t i = 0; i < held; i++)
        bytes[i] = stream_byte(p->side, p->seq + i);
    struct mt_segment s = {.ts_ns = now_ns,
                           .flags = (uint8_t)p->flags,
                           .window = 1,
                           .seq = p->seq,
                           .ack = p->ack,
                           .payload = {.ptr = bytes, .len = held},
                           .payload_bytes = p->len};
    struct mt_tcp_env env = env_of(r, now_ns);
    mt_tcp_tick(&r->t, &env);
    mt_tcp_input(&r->t, &env, p->side, &s);
    free(bytes);
    check_bounds(&r->t);
}

static void finish(struct run *r, int64_t now_ns)
{
    struct mt_tcp_env env = env_of(r, now_ns);
    mt_tcp_flush(&r->t, &env);
    check(r->t.side[0].queue == NULL && r->t.side[1].queue == NULL);
    mt_tcp_deinit(&r->t, &r->pool);
    check(r->pool.used_bytes == 0);
    mt_pool_deinit(&r->pool);
}

static int by_when(const void *a, const void *b)
{
    const struct packet *p = a, *q = b;
    if (p->when != q->when)
        return p->when < q->when ? -1 : 1;
    return mt_tcp_diff(p->seq, q->seq);
}

/* Two bytes a packet: side, length, fate; a repetition is one more packet. */
static void orderly(const uint8_t *data, size_t size, bool lossy)
{
    struct packet sent[PACKETS_MAX * 2], *list = sent;
    uint32_t next[2] = {0xfffffa00, 77};
    const uint32_t first[2] = {next[0], next[1]};
    unsigned count = 0, originals = 0;
    struct run r = {.whole = true};

    for (; size >= 2 && originals < PACKETS_MAX; data += 2, size -= 2) {
        int side = data[0] & 1;
        struct packet p = {.side = side,
                           .seq = next[side],
                           .ack = next[1 - side],
                           .len = (uint32_t)(data[0] >> 1) * 11,
                           .flags = MT_TCP_ACK,
                           .when = originals * 2 + data[1] % DELAY_MAX};
        next[side] += p.len;
        originals++;
        if (lossy && (data[1] & 0x30) == 0x30) {
            r.whole = false;
            continue;
        }
        if (lossy && (data[1] & 0x40) != 0 && p.len > 0) {
            p.cut = p.len / 2;
            r.whole = false;
        }
        list[count++] = p;
        if ((data[1] & 0x80) != 0) {
            p.when += 3;
            list[count++] = p;
        }
    }
    qsort(list, count, sizeof *list, by_when);
    r.sent = list;
    r.count = count;
    mt_pool_init(&r.pool, 16 << 20);
    mt_tcp_init(&r.t);
    for (int side = 0; side < 2; side++) {
        mt_tcp_expect(&r.t, side, first[side], true);
        r.at[side] = first[side];
        r.known[side] = true;
    }
    for (unsigned i = 0; i < count; i++)
        input(&r, &list[i], i * INT64_C(100000));
    finish(&r, count * INT64_C(100000));
    for (int side = 0; side < 2; side++)
        check(r.whole ? r.at[side] == next[side]
                      : mt_tcp_diff(r.at[side], next[side]) <= 0);
}

/* Eight bytes a segment. */
static void wild(const uint8_t *data, size_t size, bool poor)
{
    struct run r = {.whole = false};
    int64_t now_ns = 0;
    mt_pool_init(&r.pool, poor ? 3000 : 16 << 20);
    mt_tcp_init(&r.t);
    for (; size >= 8; data += 8, size -= 8) {
        uint32_t scale = (uint32_t)1 << (data[1] & 31);
        struct packet p = {
            .side = data[0] & 1,
            .seq = 1000 + ((uint32_t)data[2] << 8 | data[3]) * scale,
            .ack = 1000 + ((uint32_t)data[4] << 8 | data[5]) *
                              ((data[1] & 0x40) != 0 ? scale : 1),
            .len = ((uint32_t)data[6] << 3) % PAYLOAD_MAX,
            .flags = data[0] >> 1,
        };
        if ((data[1] & 0x80) != 0)
            p.cut = p.len / 3;
        if ((p.flags & MT_TCP_SYN) != 0) {
            mt_tcp_expect(&r.t, p.side, p.seq + 1, true);
            p.len = p.cut = 0; /* its first byte would be one further on */
        }
        now_ns += (int64_t)data[7] * data[7] * 40000;
        input(&r, &p, now_ns);
    }
    finish(&r, now_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    switch (data[0] % 4) {
    case 0:
        orderly(data + 1, size - 1, false);
        break;
    case 1:
        orderly(data + 1, size - 1, true);
        break;
    case 2:
        wild(data + 1, size - 1, false);
        break;
    default:
        wild(data + 1, size - 1, true);
        break;
    }
    return 0;
}

/* Packets of a few endpoints, in any order, with any flags, numbers, payload
 * and times, and packets of arbitrary bytes between them, under a small
 * ceiling: no crash, the ceiling holds, and what ends gives all memory back.
 * The same packets give the same exchanges, whatever the seed of the hash. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "capture/tap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    LINK_RAW = 101,
    IP_BYTES = 20,
    TCP_BYTES = 20,
    UDP_BYTES = 8,
    DNS_BYTES = 19,
    HEAD = 9,
};

static const char *const texts[] = {
    "",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
    "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
    "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03",
    "x",
};

static void be16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void be32(uint8_t *p, uint32_t v)
{
    be16(p, v >> 16);
    be16(p + 2, v);
}

/* A query or a response of few ids and names, at port 53 or another. */
static size_t make_datagram(const uint8_t *in, bool back, uint8_t *udp)
{
    unsigned client = (in[0] >> 1) & 3;
    uint32_t server_port = client == 3 ? 5300 : 53;
    uint8_t *dns = udp + UDP_BYTES;
    memset(udp, 0, UDP_BYTES + DNS_BYTES);
    be16(udp, back ? server_port : 40000u + client);
    be16(udp + 2, back ? 40000u + client : server_port);
    be16(udp + 4, UDP_BYTES + DNS_BYTES);
    dns[1] = in[2] & 3;
    be16(dns + 2, (in[3] & 0x8f) | (back ? 0x8000u : 0));
    dns[5] = 1;
    dns[12] = 1;
    dns[13] = (uint8_t)('a' + (in[3] >> 4 & 3));
    be16(dns + 15, 1);
    be16(dns + 17, 1);
    return UDP_BYTES + DNS_BYTES;
}

/* Nine bytes a packet: who, flags, seq, ack, text, time. The upper flag, which
 * nobody reads, makes it a datagram. */
static size_t make_packet(const uint8_t *in, uint8_t *out)
{
    unsigned client = (in[0] >> 1) & 3;
    bool back = (in[0] & 1) != 0;
    const char *text = texts[in[6] % 8];
    size_t len = strlen(text), cut = in[6] >> 6 == 3 ? len / 2 : 0;

    memset(out, 0, IP_BYTES + TCP_BYTES);
    out[0] = 0x45;
    be16(out + 2, (uint32_t)(IP_BYTES + TCP_BYTES + len));
    be16(out + 4, in[7]);
    out[8] = 64;
    out[9] = 6;
    uint8_t a[4] = {10, 0, 0, (uint8_t)client}, b[4] = {10, 0, 0, 9};
    memcpy(out + 12, back ? b : a, 4);
    memcpy(out + 16, back ? a : b, 4);
    if ((in[1] & 0x80) != 0) {
        out[9] = 17;
        size_t n = make_datagram(in, back, out + IP_BYTES);
        be16(out + 2, (uint32_t)(IP_BYTES + n));
        return IP_BYTES + n - (in[6] >> 6 == 3 ? 5 : 0);
    }
    uint8_t *tcp = out + IP_BYTES;
    be16(tcp + (back ? 2 : 0), 40000u + client);
    be16(tcp + (back ? 0 : 2), 80);
    be32(tcp + 4, 1000 + ((uint32_t)in[2] << (in[0] >> 4)));
    be32(tcp + 8, 1000 + ((uint32_t)in[3] << (in[0] >> 4)));
    tcp[12] = 5 << 4;
    tcp[13] = in[1];
    be16(tcp + 14, in[4]);
    memcpy(tcp + TCP_BYTES, text, len);
    return IP_BYTES + TCP_BYTES + len - cut;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    return (h ^ v) * 0x9e3779b97f4a7c15u;
}

static uint64_t drain(struct mt_tap *tap, uint64_t h)
{
    const struct mt_exchange *x;
    while ((x = mt_tap_next(tap)) != NULL) {
        h = mix(h, x->conn);
        h = mix(h, x->stream);
        h = mix(h, (uint64_t)x->end_ns);
        h = mix(h, x->req.body_bytes << 32 ^ x->resp.body_bytes);
        h = mix(h, (uint64_t)x->status << 8 | x->error);
    }
    return h;
}

static void put(struct mt_tap *tap, const uint8_t *bytes, size_t len,
                int64_t ts_ns, uint64_t ref)
{
    uint8_t *copy = malloc(len > 0 ? len : 1); /* exact, for ASan */
    if (copy == NULL)
        abort();
    memcpy(copy, bytes, len);
    struct mt_packet p = {.ts_ns = ts_ns,
                          .bytes = {.ptr = copy, .len = len},
                          .wire_bytes = (uint32_t)len,
                          .link_type = LINK_RAW,
                          .interface_id = (uint32_t)(ref & 1),
                          .ref = ref};
    mt_tap_packet(tap, &p);
    free(copy);
}

/* What connections report beside their exchanges: never more than what the
 * transport counted. */
static void drain_reports(struct mt_tap *tap, uint64_t *retransmissions)
{
    const struct mt_conn_report *r;
    struct mt_tap_stats stats;
    while ((r = mt_tap_next_report(tap)) != NULL)
        *retransmissions +=
            (uint64_t)r->retransmissions[0] + r->retransmissions[1];
    mt_tap_stats(tap, &stats);
    if (*retransmissions > stats.tcp.retransmissions)
        abort();
}

static uint64_t run(const uint8_t *data, size_t size, size_t limit,
                    uint64_t seed)
{
    struct mt_tap_config config = {.decode = {.reports = true},
                                   .limit_bytes = limit,
                                   .hash_seed = seed,
                                   .keep_duplicates = (limit & 8192) != 0};
    struct mt_tap *tap = mt_tap_new(&config);
    struct mt_tap_stats stats;
    int64_t ts_ns = INT64_C(1700000000000000000);
    uint64_t h = 0, retransmissions = 0;
    if (tap == NULL)
        abort();
    for (uint64_t i = 0; size >= HEAD; i++) {
        uint8_t made[256];
        ts_ns += (int64_t)data[8] * data[8] * data[8] * 10000;
        if (data[8] == 255)
            ts_ns = (int64_t)data[7] << 55;
        if (data[1] == 0xff && size >= HEAD + 40u) {
            put(tap, data + HEAD, 40, ts_ns, i);
            data += 40;
            size -= 40;
        } else {
            put(tap, made, make_packet(data, made), ts_ns, i);
        }
        h = drain(tap, h);
        drain_reports(tap, &retransmissions);
        data += HEAD;
        size -= HEAD;
    }
    mt_tap_end(tap);
    h = drain(tap, h);
    drain_reports(tap, &retransmissions);
    mt_tap_stats(tap, &stats);
    if (stats.flows_now != 0 || stats.memory_peak_bytes > limit)
        abort();
    mt_tap_free(tap); /* asserts that the pool is empty */
    return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    size_t limit = (size_t)(data[0] & 31) * 8192 + (64 << 10);
    if (run(data + 1, size - 1, limit, 1) != run(data + 1, size - 1, limit, 2))
        abort();
    return 0;
}

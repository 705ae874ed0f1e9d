/* Properties: whatever both sides send, with gaps and ends anywhere, every
 * exchange ends, once a stream at a time, and all memory is given back.
 *
 * Input: a mode, then steps: a kind, a length, bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "decode/conn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MIDSTREAM = 0x01, TINY_POOL = 0x02, ROLES_KNOWN = 0x04, PREFACE = 0x08 };

struct run {
    struct mt_pool pool;
    struct mt_decode decode;
    struct mt_conn *conn;
    int64_t ts_ns;
};

static void check(int ok)
{
    if (!ok)
        abort();
}

static void drain(struct run *r)
{
    const struct mt_exchange *x;
    while ((x = mt_decode_next(&r->decode)) != NULL) {
        check(x->outcome < MT_OUTCOME_COUNT && x->protocol < MT_PROTOCOL_COUNT);
        check(x->half != MT_HALF_RESPONSE || x->req.start_ns == 0);
    }
}

static void feed(struct run *r, int side, struct mt_span s)
{
    uint8_t *copy = malloc(s.len > 0 ? s.len : 1);
    check(copy != NULL);
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    struct mt_chunk chunk = {.bytes = {copy, s.len},
                             .ts_ns = r->ts_ns,
                             .packet = (uint64_t)r->ts_ns};
    mt_conn_feed(r->conn, side, &chunk);
    free(copy);
}

static void step(struct run *r, uint8_t kind, uint8_t len, struct mt_cursor *c)
{
    int side = kind & 1;
    r->ts_ns += (kind & 0x80) != 0 ? 61000000000 : 1000;
    switch (kind >> 1 & 7) {
    case 5:
        mt_conn_gap(r->conn, side, len == 255 ? UINT64_MAX : len, r->ts_ns);
        break;
    case 6:
        mt_conn_end(r->conn, side, MT_END_FIN, r->ts_ns);
        break;
    case 7:
        if (len > 250)
            mt_conn_end(r->conn, side, MT_END_RST, r->ts_ns);
        break;
    default:
        feed(r, side, mt_get_span(c, len < c->rest.len ? len : c->rest.len));
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mt_cursor c = mt_cursor_of((struct mt_span){data, size});
    uint8_t mode = mt_get_u8(&c);
    struct run r = {.ts_ns = 1000000000};
    bool late = (mode & MIDSTREAM) != 0;
    bool known = (mode & ROLES_KNOWN) != 0 || !late;
    mt_pool_init(&r.pool, (mode & TINY_POOL) != 0 ? 16384 : 8u << 20);
    mt_decode_init(&r.decode, &(struct mt_decode_config){.keep_packets = true},
                   &r.pool);
    r.conn = mt_conn_new(
        &r.decode,
        &(struct mt_conn_start){.client = known ? 0 : -1,
                                .role_evidence = known ? MT_ROLE_BY_SYN : 0,
                                .midstream = late,
                                .ts_ns = r.ts_ns});
    check(r.conn != NULL);
    if ((mode & PREFACE) != 0)
        feed(&r, 0, MT_SPAN("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    while (!c.bad && c.rest.len >= 2) {
        uint8_t kind = mt_get_u8(&c);
        uint8_t len = mt_get_u8(&c);
        step(&r, kind, len, &c);
        drain(&r);
    }
    mt_conn_free(r.conn, (enum mt_end)(MT_END_IDLE + (mode >> 4) % 4), r.ts_ns);
    check(r.decode.open.count == 0);
    mt_decode_deinit(&r.decode);
    check(r.pool.used_bytes == 0);
    mt_pool_deinit(&r.pool);
    return 0;
}

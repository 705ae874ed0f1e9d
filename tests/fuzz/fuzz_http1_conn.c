/* A connection fed with hostile bytes, gaps and ends. Properties: nothing
 * crashes, every draft ends, memory returns to zero, and a response is never
 * older than the request it is paired with.
 *
 * The input is steps: a byte that says which and how many, then its bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "decode/conn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct mt_pool pool;
    struct mt_decode decode;
    struct mt_conn *conn;
    int64_t ts_ns;
    uint64_t fed_bytes;
};

static void feed(struct run *r, int side, struct mt_span bytes)
{
    if (bytes.len == 0)
        return;
    uint8_t *copy = malloc(bytes.len);
    if (copy == NULL)
        abort();
    memcpy(copy, bytes.ptr, bytes.len);
    mt_conn_feed(r->conn, side,
                 &(struct mt_chunk){.bytes = {copy, bytes.len},
                                    .ts_ns = r->ts_ns,
                                    .packet = 1});
    r->fed_bytes += bytes.len;
    free(copy);
}

static void take_rows(struct run *r)
{
    const struct mt_exchange *x;
    while ((x = mt_decode_next(&r->decode)) != NULL) {
        if (x->protocol > MT_PROTOCOL_HTTP11)
            continue;
        if (x->half == MT_HALF_RESPONSE && x->method.len > 0)
            abort();
        if (x->req.body_bytes - x->req.gap_bytes > r->fed_bytes &&
            x->req.body_bytes > x->req.gap_bytes)
            abort();
    }
}

/* What one byte asks for; three of four feed. */
static void step(struct run *r, uint8_t what, struct mt_span *rest)
{
    int side = what & 1;
    r->ts_ns += 1000;
    if ((what & 6) != 6) {
        size_t n = what >> 3;
        n = (what & 6) == 4 ? n * 16 + 1 : n + 1;
        feed(r, side, mt_span_take(rest, n < rest->len ? n : rest->len));
        return;
    }
    switch (what >> 3) {
    case 0:
        mt_conn_end(r->conn, side, MT_END_FIN, r->ts_ns);
        break;
    case 1:
        mt_conn_end(r->conn, side, MT_END_RST, r->ts_ns);
        break;
    case 2:
        mt_conn_gap(r->conn, side, UINT64_MAX, r->ts_ns);
        break;
    case 3:
        r->ts_ns += 2000000000;
        break;
    case 4:
        r->ts_ns -= 5000;
        break;
    case 5:
        r->pool.limit_bytes = r->pool.used_bytes + 600;
        break;
    case 6:
        r->pool.limit_bytes = 4u << 20;
        break;
    default:
        mt_conn_gap(r->conn, side, what >> 3, r->ts_ns);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct run r = {.ts_ns = 1000000000};
    struct mt_span rest = {data, size};
    uint8_t mode = *mt_span_take(&rest, 1).ptr;

    mt_pool_init(&r.pool, 4u << 20);
    mt_decode_init(&r.decode,
                   &(struct mt_decode_config){.keep_headers = (mode & 1) != 0,
                                              .keep_packets = true},
                   &r.pool);
    bool known = (mode & 2) == 0;
    r.conn = mt_conn_new(
        &r.decode,
        &(struct mt_conn_start){.client = known ? 0 : -1,
                                .role_evidence =
                                    known ? MT_ROLE_BY_SYN : MT_ROLE_BY_NONE,
                                .midstream = (mode & 4) != 0,
                                .ts_ns = r.ts_ns});
    if (r.conn == NULL)
        abort();
    while (rest.len > 0) {
        uint8_t what = *mt_span_take(&rest, 1).ptr;
        step(&r, what, &rest);
        take_rows(&r);
    }
    mt_conn_free(r.conn, (enum mt_end)(mode >> 3 & 3) + MT_END_IDLE, r.ts_ns);
    take_rows(&r);
    if (r.decode.open.count != 0 || r.pool.used_bytes != 0)
        abort();
    mt_decode_deinit(&r.decode);
    mt_pool_deinit(&r.pool);
    return 0;
}

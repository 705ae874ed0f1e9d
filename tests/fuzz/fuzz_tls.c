/* Property: however the bytes of a TLS connection are cut into packets, the
 * rows are the same; and all memory comes back. The input is a list of steps:
 * one byte what (side, gap, end, or bytes), two bytes how many. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode/codec.h"
#include "decode/conn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { POOL_BYTES = 1 << 20, HASH_PRIME = 16777619 };

static void check(bool good)
{
    if (!good)
        abort();
}

static uint32_t mix(uint32_t h, uint64_t v)
{
    for (int i = 0; i < 8; i++, v >>= 8)
        h = (h ^ (uint32_t)(v & 0xff)) * HASH_PRIME;
    return h;
}

static uint32_t hash_row(uint32_t h, const struct mt_exchange *x)
{
    size_t max = mt_exchange_encoded_max(x);
    uint8_t *out = malloc(max);
    check(out != NULL);
    size_t n = mt_exchange_encode(x, out, max);
    for (size_t i = 0; i < n; i++)
        h = mix(h, out[i]);
    free(out);
    return h;
}

/* Detection looks at packets: the decoder is put there by hand. */
static void force_tls(struct mt_conn *c, bool late)
{
    struct mt_layer *l = c->top;
    l->joined_late[MT_CLIENT] = l->joined_late[MT_SERVER] = late;
    l->state = mt_pool_zalloc(c->decode->pool, mt_tls_decoder.state_bytes);
    check(l->state != NULL && mt_tls_decoder.open(l->state, l, NULL) == 0);
    l->decoder = &mt_tls_decoder;
    c->decoded = true;
}

static void feed(struct mt_conn *c, int side, struct mt_span bytes,
                 int64_t ts_ns, uint32_t piece)
{
    while (bytes.len > 0) {
        size_t n = piece == 0 || piece > bytes.len ? bytes.len : piece;
        struct mt_span part = mt_span_take(&bytes, n);
        uint8_t *copy = malloc(n); /* exact, for ASan */
        check(copy != NULL);
        memcpy(copy, part.ptr, n);
        mt_conn_feed(c, side,
                     &(struct mt_chunk){.bytes = {copy, n}, .ts_ns = ts_ns});
        free(copy);
    }
}

static void step(struct mt_conn *c, struct mt_cursor *in, int64_t ts_ns,
                 uint32_t piece)
{
    uint8_t what = mt_get_u8(in);
    uint16_t n = mt_get_be16(in);
    int side = what & 1;
    switch (what >> 4) {
    case 1:
        mt_conn_gap(c, side, n == 0 ? UINT64_MAX : n, ts_ns);
        break;
    case 2:
        mt_conn_end(c, side, n % 2 == 0 ? MT_END_FIN : MT_END_RST, ts_ns);
        break;
    default:
        if (n > in->rest.len)
            n = (uint16_t)in->rest.len;
        feed(c, side, mt_get_span(in, n), ts_ns, piece);
    }
}

static uint32_t run(struct mt_span input, uint32_t piece, bool detect)
{
    struct mt_pool pool;
    struct mt_decode decode;
    struct mt_cursor in = mt_cursor_of(input);
    uint8_t flags = mt_get_u8(&in);
    struct mt_conn_start start = {.client = flags & 1 ? 0 : -1,
                                  .midstream = (flags & 2) != 0,
                                  .ts_ns = 1};
    mt_pool_init(&pool, flags & 4 ? 8192 : POOL_BYTES);
    mt_decode_init(&decode, &(struct mt_decode_config){.keep_packets = true},
                   &pool);
    struct mt_conn *c = mt_conn_new(&decode, &start);
    check(c != NULL);
    if (!detect)
        force_tls(c, start.midstream);
    int64_t ts_ns = 1000;
    while (in.rest.len > 0) {
        step(c, &in, ts_ns, piece);
        ts_ns += 1000;
    }
    mt_conn_free(c, MT_END_CAPTURE, ts_ns);
    uint32_t h = 0;
    const struct mt_exchange *x;
    while ((x = mt_decode_next(&decode)) != NULL)
        h = hash_row(h, x);
    h = mix(h, decode.stats.resyncs);
    mt_decode_deinit(&decode);
    check(pool.used_bytes == 0);
    mt_pool_deinit(&pool);
    return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mt_span input = {.ptr = data, .len = size};
    static const uint32_t pieces[] = {1, 2, 5, 7, 64};
    (void)run(input, 0, true);
    (void)run(input, 1, true);
    /* At the ceiling, what is lost depends on how memory is asked for. */
    bool roomy = size > 0 && (data[0] & 4) == 0;
    uint32_t whole = run(input, 0, false);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        check(run(input, pieces[i], false) == whole || !roomy);
    return 0;
}

/* Streams of other versions, and wrong ones, made by hand. */
#include "relay_fixture.h"

#include <zstd.h>

struct raw {
    uint8_t bytes[1 << 16];
    struct mt_buf buf;
    uint64_t blocks;
};

static void put_record(struct mt_buf *b, uint64_t kind, struct mt_span payload)
{
    mt_put_varint(b, kind);
    mt_put_le32(b, (uint32_t)payload.len);
    mt_put_span(b, payload);
}

static void raw_block(struct raw *r, struct mt_span block, uint32_t length)
{
    mt_put_le32(&r->buf, length);
    mt_put_le32(&r->buf, (uint32_t)XXH64(block.ptr, block.len, r->blocks++));
    mt_put_span(&r->buf, block);
}

/* The head, and what raw_block() has put, compressed. */
static struct stream raw_stream(const struct raw *r, unsigned major,
                                unsigned minor)
{
    struct stream s = written(0);
    s.bytes[8] = (uint8_t)major;
    s.bytes[10] = (uint8_t)minor;
    size_t n =
        ZSTD_compress(s.bytes + 12, STREAM_MAX - 12, r->bytes, r->buf.len, 1);
    assert_false(ZSTD_isError(n));
    s.len = 12 + n;
    return s;
}

static struct raw *new_raw(void)
{
    struct raw *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->buf = mt_buf_of(r->bytes, sizeof r->bytes);
    return r;
}

/* HOST of a newer minor: fields behind those that are known. */
static void put_newer_host(struct mt_buf *b)
{
    put_record(b, MT_RELAY_HOST,
               MT_SPAN("\1i\1b\1n\1v\2\1"
                       "later"));
}

static void put_newer_exchange(struct mt_buf *b, bool later_field,
                               uint8_t version)
{
    uint8_t bytes[4096];
    struct mt_buf p = mt_buf_of(bytes, sizeof bytes);
    struct mt_exchange x;
    struct mt_tls tls;
    some_exchange(5, &x, &tls);
    mt_put_le32(&p, 0);
    p.len += mt_exchange_encode(&x, p.ptr + p.len, p.cap - p.len);
    bytes[4] = version;
    if (later_field)
        mt_put_span(&p, MT_SPAN("\x63\3abc"));
    struct mt_buf length = mt_buf_of(bytes, 4);
    mt_put_le32(&length, (uint32_t)p.len - 4);
    mt_put_span(&p, MT_SPAN("later"));
    put_record(b, MT_RELAY_EXCHANGE, mt_buf_span(&p));
}

static void test_newer_minor_is_read(void **state)
{
    (void)state;
    uint8_t bytes[8192];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    struct raw *raw = new_raw();
    struct digests *d = new_digests();
    put_newer_host(&b);
    put_record(&b, 77, MT_SPAN("a kind that is not known"));
    put_record(&b, MT_RELAY_LOSS, MT_SPAN("\x63\1"));    /* a newer loss */
    put_newer_exchange(&b, true, MT_CODEC_VERSION);      /* a newer field */
    put_newer_exchange(&b, false, MT_CODEC_VERSION + 1); /* not readable */
    put_record(&b, MT_RELAY_MARK, MT_SPAN("\2\4later"));
    put_record(&b, MT_RELAY_END, MT_SPAN("\2later"));
    raw_block(raw, mt_buf_span(&b), (uint32_t)b.len);
    struct stream s = raw_stream(raw, MT_RELAY_MAJOR, 9);
    read_stream(s.bytes, s.len, s.len, d);
    assert_string_equal(d->why, "");
    assert_int_equal(d->rc, MT_DONE);
    assert_int_equal(d->count, 4);
    struct mt_relay_record want = {.kind = MT_RELAY_EXCHANGE};
    struct mt_tls tls;
    some_exchange(5, &want.x, &tls);
    assert_true(d->list[1] == digest(&want));
    want = (struct mt_relay_record){
        .kind = MT_RELAY_MARK, .now_ns = 1, .wall_ns = 2};
    assert_true(d->list[2] == digest(&want));

    struct mt_relay_reader *r = mt_relay_reader_new();
    struct mt_relay_record record;
    mt_relay_give(r, (struct mt_span){s.bytes, s.len});
    while (mt_relay_next(r, &record) == MT_EVENT)
        ;
    assert_int_equal(mt_relay_read(r).exchanges, 1);
    assert_int_equal(mt_relay_read(r).refused, 1);
    assert_int_equal(mt_relay_read(r).bytes, s.len);
    mt_relay_reader_free(r);
    free(s.bytes);
    free(raw);
    free(d);
}

static void test_newer_major_is_refused(void **state)
{
    (void)state;
    struct stream s = written(1);
    struct digests *d = new_digests();
    s.bytes[8] = MT_RELAY_MAJOR + 1;
    read_stream(s.bytes, s.len, s.len, d);
    assert_int_equal(d->count, 0);
    assert_string_equal(d->why, "a stream of version 2, and this meshtop reads "
                                "version 1; use the same meshtop at both ends");
    free(s.bytes);
    free(d);
}

#define RECORDS(literal) literal, sizeof(literal) - 1

/* Wrong in one way each; the words that say so. */
static void test_wrong_streams(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *records;
        size_t bytes;
        int length; /* of the block; -1: its own */
    } rows[] = {
        {"who writes", RECORDS("\7\2\0\0\0\2\4"), -1},
        {"longer than its block", RECORDS("\1\xff\0\0\0\1i"), -1},
        {"too short", RECORDS("\1\4\0\0\0\1i\1b"), -1},
        {"too short", RECORDS("\1\2\0\0\0\5i"), -1},
        {"impossible length", RECORDS(""), 0},
        {"impossible length", RECORDS(""), MT_RELAY_BLOCK_MAX + 1},
        {"ends too early", RECORDS("\1"), 2},
        {"exchanges are missing",
         RECORDS("\1\12\0\0\0\1i\1b\1n\1v\2\1\10\1\0\0\0\7"), -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct raw *raw = new_raw();
        struct digests *d = new_digests();
        struct mt_span records = {(const uint8_t *)rows[i].records,
                                  rows[i].bytes};
        raw_block(raw, records,
                  rows[i].length >= 0 ? (uint32_t)rows[i].length
                                      : (uint32_t)rows[i].bytes);
        struct stream s = raw_stream(raw, MT_RELAY_MAJOR, 0);
        read_stream(s.bytes, s.len, s.len, d);
        assert_int_equal(d->rc, MT_EPROTO);
        if (strstr(d->why, rows[i].why) == NULL)
            fail_msg("row %zu: %s", i, d->why);
        free(s.bytes);
        free(raw);
        free(d);
    }
}

/* A gigabyte of zeros in a few bytes stops at the first block's head. */
static void test_bomb(void **state)
{
    (void)state;
    struct stream s = written(0);
    struct digests *d = new_digests();
    ZSTD_CCtx *z = ZSTD_createCCtx();
    uint8_t *zeros = calloc(1, 1 << 20);
    ZSTD_outBuffer out = {s.bytes + 12, STREAM_MAX - 12, 0};
    (void)ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, 18);
    for (int i = 0; i < 1024; i++) {
        ZSTD_inBuffer in = {zeros, 1 << 20, 0};
        (void)ZSTD_compressStream2(z, &out, &in,
                                   i < 1023 ? ZSTD_e_continue : ZSTD_e_end);
    }
    read_stream(s.bytes, 12 + out.pos, STREAM_MAX, d);
    assert_non_null(strstr(d->why, "impossible length"));
    (void)ZSTD_freeCCtx(z);
    free(zeros);

    /* nor does one get a window of its own size */
    ZSTD_CCtx *wide = ZSTD_createCCtx();
    uint8_t *much = calloc(1, 1 << 22);
    (void)ZSTD_CCtx_setParameter(wide, ZSTD_c_windowLog, 27);
    out.pos = 0;
    ZSTD_inBuffer in = {much, 1 << 22, 0};
    (void)ZSTD_compressStream2(wide, &out, &in, ZSTD_e_flush);
    read_stream(s.bytes, 12 + out.pos, STREAM_MAX, d);
    assert_non_null(strstr(d->why, "zstd"));
    (void)ZSTD_freeCCtx(wide);
    free(much);
    free(s.bytes);
    free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_newer_minor_is_read),
        cmocka_unit_test(test_newer_major_is_refused),
        cmocka_unit_test(test_wrong_streams),
        cmocka_unit_test(test_bomb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A stream of records, whole and in bytes, cut, damaged, of other versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <zstd.h>

#include "decode/codec.h"
#include "store/relay.h"
#include "tests/refuse_memory.h"
#include "tests/store/some_exchange.h"

/* ---- a stream in memory ---- */

enum { STREAM_MAX = 4 << 20 };

struct stream {
    uint8_t *bytes;
    size_t len;
    int fail; /* the sink's answer */
};

static int keep(void *arg, struct mt_span bytes)
{
    struct stream *s = arg;
    if (s->fail != 0)
        return s->fail;
    assert_true(s->len + bytes.len <= STREAM_MAX);
    memcpy(s->bytes + s->len, bytes.ptr, bytes.len);
    s->len += bytes.len;
    return 0;
}

static struct stream new_stream(void)
{
    struct stream s = {.bytes = malloc(STREAM_MAX)};
    assert_non_null(s.bytes);
    return s;
}

static struct mt_relay_host some_host(void)
{
    return (struct mt_relay_host){.id = MT_SPAN("5f0c"),
                                  .boot = MT_SPAN("b007"),
                                  .name = MT_SPAN("vm1"),
                                  .version = MT_SPAN("0.1.0"),
                                  .started_ns = SOME_NOW,
                                  .clock = MT_RELAY_CLOCK_HOST};
}

static const struct mt_source_info some_source = {.path = "trace.pcapng",
                                                  .size_bytes = UINT64_MAX,
                                                  .inode = UINT64_MAX,
                                                  .packets = UINT64_MAX,
                                                  .first_ns = INT64_MIN,
                                                  .last_ns = INT64_MAX};

static struct mt_relay_name some_name(void)
{
    struct mt_relay_name n = {.addr.port = UINT16_MAX,
                              .text = MT_SPAN("users-db"),
                              .source = MT_NAME_COUNT - 1,
                              .ts_ns = INT64_MAX};
    memset(n.addr.ip, 0xfe, sizeof n.addr.ip);
    return n;
}

static const struct mt_conn_report some_report = {
    .conn = UINT64_MAX,
    .ts_ns = INT64_MIN,
    .opened = true,
    .handshake_ns = INT64_MAX,
    .retransmissions = {UINT32_MAX, 1},
    .zero_windows = {2, UINT32_MAX - 1}};

static struct mt_relay_writer *new_writer(struct stream *s)
{
    struct mt_relay_writer *w;
    struct mt_relay_host host = some_host();
    assert_int_equal(mt_relay_writer_new(&w, (struct mt_sink){keep, s}, &host),
                     0);
    return w;
}

/* A record of each kind, and `n` exchanges. */
static struct stream written(unsigned n)
{
    struct stream s = new_stream();
    struct mt_relay_writer *w = new_writer(&s);
    struct mt_relay_name name = some_name();
    struct mt_exchange x;
    struct mt_tls tls;
    some_exchange(n + 1, &x, &tls);
    assert_int_equal(mt_relay_put_open(w, &x, INT64_MIN), 0);
    assert_int_equal(mt_relay_put_name(w, &name), 0);
    assert_int_equal(mt_relay_put_loss(w, MT_LOSS_COUNT - 1, UINT64_MAX), 0);
    assert_int_equal(mt_relay_put_source(w, 4095, &some_source), 0);
    for (unsigned i = 0; i < n; i++) {
        some_exchange(i, &x, &tls);
        assert_int_equal(mt_relay_put_exchange(w, &x), 0);
        if (i % 16 == 7)
            assert_int_equal(mt_relay_flush(w), 0);
    }
    assert_int_equal(mt_relay_put_report(w, &some_report), 0);
    assert_int_equal(mt_relay_put_sample(w, UINT32_MAX), 0);
    assert_int_equal(mt_relay_put_mark(w, INT64_MAX, INT64_MIN), 0);
    assert_int_equal(mt_relay_end(w), 0);
    assert_int_equal(mt_relay_written(w).exchanges, n);
    assert_int_equal(mt_relay_written(w).bytes, s.len);
    mt_relay_writer_free(w);
    return s;
}

/* ---- what a stream holds, as one number for each record ---- */

enum { DIGESTS_MAX = 4096 };

struct digests {
    uint64_t list[DIGESTS_MAX];
    size_t count;
    int rc; /* of mt_relay_finish() */
    char why[256];
};

static uint64_t add(uint64_t h, const void *bytes, size_t n)
{
    return XXH64(n > 0 ? bytes : "", n, h);
}

static uint64_t add_text(uint64_t h, struct mt_span s)
{
    return add(add(h, &s.len, sizeof s.len), s.ptr, s.len);
}

static uint64_t digest_x(const struct mt_exchange *x)
{
    size_t max = mt_exchange_encoded_max(x);
    uint8_t *bytes = malloc(max);
    assert_non_null(bytes);
    uint64_t h = add(1, bytes, mt_exchange_encode(x, bytes, max));
    free(bytes);
    return h;
}

static uint64_t digest(const struct mt_relay_record *r)
{
    uint64_t h = (uint64_t)r->kind;
    switch (r->kind) {
    case MT_RELAY_HOST:
        h = add_text(add_text(h, r->host.id), r->host.boot);
        h = add_text(add_text(h, r->host.name), r->host.version);
        h = add(h, &r->host.started_ns, 8);
        return add(h, &r->host.clock, 1);
    case MT_RELAY_OPEN:
        h = add(h, &r->now_ns, 8);
        return h + digest_x(&r->x);
    case MT_RELAY_EXCHANGE:
        return h + digest_x(&r->x);
    case MT_RELAY_NAME:
        h = add(h, r->name.addr.ip, 16);
        h = add(add(h, &r->name.addr.port, 2), &r->name.source, 1);
        return add_text(add(h, &r->name.ts_ns, 8), r->name.text);
    case MT_RELAY_LOSS:
        return add(add(h, &r->loss, sizeof r->loss), &r->total, 8);
    case MT_RELAY_SOURCE:
        h = add_text(add(h, &r->number, 4), mt_span_str(r->info.path));
        h = add(add(h, &r->info.size_bytes, 8), &r->info.inode, 8);
        h = add(add(h, &r->info.packets, 8), &r->info.first_ns, 8);
        return add(h, &r->info.last_ns, 8);
    case MT_RELAY_MARK:
        return add(add(h, &r->now_ns, 8), &r->wall_ns, 8);
    case MT_RELAY_END:
        return add(h, &r->total, 8);
    case MT_RELAY_REPORT:
        h = add(add(h, &r->report.conn, 8), &r->report.ts_ns, 8);
        h = add(add(h, &r->report.opened, 1), &r->report.closed, 1);
        h = add(h, &r->report.handshake_ns, 8);
        h = add(h, r->report.retransmissions, sizeof r->report.retransmissions);
        return add(h, r->report.zero_windows, sizeof r->report.zero_windows);
    case MT_RELAY_SAMPLE:
        return add(h, &r->number, 4);
    case MT_RELAY_NONE:
    case MT_RELAY_COUNT:
        break;
    }
    fail_msg("a record of no kind");
    return 0;
}

static void take_all(struct mt_relay_reader *r, struct digests *d)
{
    struct mt_relay_record record;
    int rc;
    while ((rc = mt_relay_next(r, &record)) == MT_EVENT) {
        assert_true(d->count < DIGESTS_MAX);
        d->list[d->count++] = digest(&record);
    }
    assert_true(rc == MT_MORE || rc == MT_EPROTO);
}

/* In pieces of `step` bytes, each in a block of just its size. */
static void read_stream(const uint8_t *bytes, size_t len, size_t step,
                        struct digests *d)
{
    struct mt_relay_reader *r = mt_relay_reader_new();
    assert_non_null(r);
    d->count = 0;
    for (size_t at = 0; at < len; at += step) {
        size_t n = len - at < step ? len - at : step;
        uint8_t *piece = malloc(n);
        assert_non_null(piece);
        memcpy(piece, bytes + at, n);
        mt_relay_give(r, (struct mt_span){piece, n});
        take_all(r, d);
        free(piece);
    }
    d->rc = mt_relay_finish(r);
    strncpy(d->why, mt_relay_why(r), sizeof d->why - 1);
    mt_relay_reader_free(r);
}

static struct digests *new_digests(void)
{
    struct digests *d = calloc(1, sizeof *d);
    assert_non_null(d);
    return d;
}

static bool is_prefix(const struct digests *part, const struct digests *whole)
{
    return part->count <= whole->count &&
           memcmp(part->list, whole->list,
                  part->count * sizeof part->list[0]) == 0;
}

/* ---- tests ---- */

static void test_what_goes_in_comes_out(void **state)
{
    (void)state;
    enum { N = 100 };
    struct stream s = written(N);
    struct digests *d = new_digests(), *bytewise = new_digests();
    read_stream(s.bytes, s.len, s.len, d);
    assert_int_equal(d->rc, MT_DONE);
    assert_int_equal(d->count, N + 9);

    struct mt_relay_record want = {.kind = MT_RELAY_HOST, .host = some_host()};
    struct mt_tls tls;
    assert_true(d->list[0] == digest(&want));
    want = (struct mt_relay_record){.kind = MT_RELAY_OPEN, .now_ns = INT64_MIN};
    some_exchange(N + 1, &want.x, &tls);
    assert_true(d->list[1] == digest(&want));
    want = (struct mt_relay_record){.kind = MT_RELAY_NAME, .name = some_name()};
    assert_true(d->list[2] == digest(&want));
    want = (struct mt_relay_record){
        .kind = MT_RELAY_LOSS, .loss = MT_LOSS_COUNT - 1, .total = UINT64_MAX};
    assert_true(d->list[3] == digest(&want));
    want = (struct mt_relay_record){
        .kind = MT_RELAY_SOURCE, .number = 4095, .info = some_source};
    assert_true(d->list[4] == digest(&want));
    for (unsigned i = 0; i < N; i++) {
        want = (struct mt_relay_record){.kind = MT_RELAY_EXCHANGE};
        some_exchange(i, &want.x, &tls);
        assert_true(d->list[5 + i] == digest(&want));
    }
    want = (struct mt_relay_record){.kind = MT_RELAY_REPORT,
                                    .report = some_report};
    assert_true(d->list[N + 5] == digest(&want));
    want =
        (struct mt_relay_record){.kind = MT_RELAY_SAMPLE, .number = UINT32_MAX};
    assert_true(d->list[N + 6] == digest(&want));
    want = (struct mt_relay_record){
        .kind = MT_RELAY_MARK, .now_ns = INT64_MAX, .wall_ns = INT64_MIN};
    assert_true(d->list[N + 7] == digest(&want));
    want = (struct mt_relay_record){.kind = MT_RELAY_END, .total = N};
    assert_true(d->list[N + 8] == digest(&want));

    read_stream(s.bytes, s.len, 1, bytewise);
    assert_int_equal(bytewise->rc, MT_DONE);
    assert_true(bytewise->count == d->count && is_prefix(bytewise, d));
    free(s.bytes);
    free(d);
    free(bytewise);
}

/* Asked again and again while nothing comes, as by who reads several. */
static void test_asked_in_vain(void **state)
{
    (void)state;
    struct stream s = written(20);
    struct digests *d = new_digests(), *patient = new_digests();
    struct mt_relay_reader *r = mt_relay_reader_new();
    read_stream(s.bytes, s.len, s.len, d);
    for (size_t at = 0; at < s.len; at++) {
        mt_relay_give(r, (struct mt_span){s.bytes + at, 1});
        for (int i = 0; i < 100; i++)
            take_all(r, patient);
    }
    assert_int_equal(mt_relay_finish(r), MT_DONE);
    assert_true(patient->count == d->count && is_prefix(patient, d));
    mt_relay_reader_free(r);
    free(s.bytes);
    free(d);
    free(patient);
}

/* Cut anywhere, all before is given, and the end tells that it is none. */
static void test_cut_at_every_offset(void **state)
{
    (void)state;
    struct stream s = written(20);
    struct digests *d = new_digests(), *part = new_digests();
    read_stream(s.bytes, s.len, s.len, d);
    for (size_t cut = 0; cut < s.len; cut++) {
        read_stream(s.bytes, cut, cut + 1, part);
        assert_true(is_prefix(part, d));
        if (part->count < d->count) {
            assert_int_equal(part->rc, MT_EPROTO);
            assert_non_null(strstr(part->why, "cut off here: "));
            assert_non_null(strstr(part->why, " exchanges were read"));
        }
    }
    free(s.bytes);
    free(d);
    free(part);
}

/* Flip any bit of any byte: an error, or nothing has changed. */
static void test_every_byte_flipped(void **state)
{
    (void)state;
    struct stream s = written(20);
    struct digests *d = new_digests(), *other = new_digests();
    unsigned noticed = 0;
    read_stream(s.bytes, s.len, s.len, d);
    for (size_t at = 0; at < s.len; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            s.bytes[at] ^= (uint8_t)(1u << bit);
            read_stream(s.bytes, s.len, s.len, other);
            assert_true(is_prefix(other, d));
            noticed += other->rc == MT_EPROTO;
            assert_true(other->rc == MT_EPROTO || other->count == d->count);
            s.bytes[at] ^= (uint8_t)(1u << bit);
        }
    assert_true(noticed > s.len * 7);
    free(s.bytes);
    free(d);
    free(other);
}

static void test_what_follows_the_end_is_seen(void **state)
{
    (void)state;
    struct stream s = written(3);
    struct digests *d = new_digests();
    memcpy(s.bytes + s.len, s.bytes, s.len);
    for (size_t step = 1; step <= 2 * s.len; step += 2 * s.len - 1) {
        read_stream(s.bytes, 2 * s.len, step, d);
        assert_int_equal(d->rc, MT_EPROTO);
        assert_non_null(strstr(d->why, "an -r of its own"));
    }
    free(s.bytes);
    free(d);
}

/* ---- other versions: streams made by hand ---- */

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

/* ---- writing ---- */

static void test_large_exchanges(void **state)
{
    (void)state;
    static char text[MT_RELAY_BLOCK_MAX];
    struct stream s = new_stream();
    struct mt_relay_writer *w = new_writer(&s);
    struct digests *d = new_digests();
    struct mt_exchange x = {.end_ns = 1};
    memset(text, 'a', sizeof text);
    x.path = (struct mt_span){(const uint8_t *)text, sizeof text};
    assert_int_equal(mt_relay_put_exchange(w, &x), 0); /* refused, counted */
    assert_int_equal(mt_relay_written(w).refused, 1);
    x.path.len -= 4096;
    for (int i = 0; i < 3; i++)
        assert_int_equal(mt_relay_put_exchange(w, &x), 0);
    struct mt_source_info info = {.path = "x"};
    char *path = malloc(2 * MT_RELAY_TEXT_MAX);
    memset(path, 'p', 2 * MT_RELAY_TEXT_MAX - 1);
    path[2 * MT_RELAY_TEXT_MAX - 1] = '\0';
    info.path = path; /* clipped */
    assert_int_equal(mt_relay_put_source(w, 0, &info), 0);
    assert_int_equal(mt_relay_end(w), 0);
    read_stream(s.bytes, s.len, s.len, d);
    assert_int_equal(d->rc, MT_DONE);
    assert_int_equal(d->count, 6);
    struct mt_relay_record want = {.kind = MT_RELAY_EXCHANGE, .x = x};
    want.x.grpc_status = 0;
    assert_true(d->list[3] == digest(&want));
    mt_relay_writer_free(w);
    free(path);
    free(s.bytes);
    free(d);
}

/* The sink's error is the writer's, and stays. */
static void test_sink_fails(void **state)
{
    (void)state;
    struct stream s = new_stream();
    struct mt_relay_writer *w = new_writer(&s);
    struct mt_exchange x;
    struct mt_tls tls;
    some_exchange(1, &x, &tls);
    assert_int_equal(mt_relay_flush(w), 0);
    s.fail = -EPIPE;
    assert_int_equal(mt_relay_put_exchange(w, &x), 0);
    assert_int_equal(mt_relay_flush(w), -EPIPE);
    s.fail = 0;
    assert_int_equal(mt_relay_put_exchange(w, &x), -EPIPE);
    assert_int_equal(mt_relay_end(w), -EPIPE);
    assert_int_equal(mt_relay_written(w).exchanges, 1);
    mt_relay_writer_free(w);
    free(s.bytes);
}

/* What was flushed can be read, and no sooner. */
static void test_flushed_is_there(void **state)
{
    (void)state;
    struct stream s = new_stream();
    struct mt_relay_writer *w = new_writer(&s);
    struct digests *d = new_digests();
    struct mt_exchange x;
    struct mt_tls tls;
    some_exchange(1, &x, &tls);
    assert_int_equal(s.len, 0);
    for (size_t i = 1; i <= 5; i++) {
        assert_int_equal(mt_relay_put_exchange(w, &x), 0);
        assert_int_equal(mt_relay_flush(w), 0);
        read_stream(s.bytes, s.len, s.len, d);
        assert_int_equal(d->count, 1 + i);
    }
    mt_relay_writer_free(w);
    free(s.bytes);
    free(d);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct stream s = written(3), made = new_stream();
    struct mt_relay_host host = some_host();
    for (unsigned n = 0; n < 64; n++) {
        struct mt_relay_writer *w;
        struct mt_relay_record record;
        refuse_memory(n, REFUSE_ALL_AFTER);
        int rc = mt_relay_writer_new(&w, (struct mt_sink){keep, &made}, &host);
        if (rc == 0 && mt_relay_flush(w) != 0)
            rc = -ENOMEM;
        give_memory();
        assert_true(rc == 0 || rc == -ENOMEM);
        mt_relay_writer_free(w);
        refuse_memory(n, REFUSE_ALL_AFTER);
        struct mt_relay_reader *r = mt_relay_reader_new();
        if (r != NULL) {
            mt_relay_give(r, (struct mt_span){s.bytes, s.len});
            while (mt_relay_next(r, &record) == MT_EVENT)
                ;
            rc = mt_relay_finish(r);
        }
        give_memory();
        mt_relay_reader_free(r);
        if (n == 0)
            assert_null(r);
        if (n == 63)
            assert_int_equal(rc, MT_DONE);
    }
    free(s.bytes);
    free(made.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_goes_in_comes_out),
        cmocka_unit_test(test_asked_in_vain),
        cmocka_unit_test(test_cut_at_every_offset),
        cmocka_unit_test(test_every_byte_flipped),
        cmocka_unit_test(test_what_follows_the_end_is_seen),
        cmocka_unit_test(test_newer_minor_is_read),
        cmocka_unit_test(test_newer_major_is_refused),
        cmocka_unit_test(test_wrong_streams),
        cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_large_exchanges),
        cmocka_unit_test(test_sink_fails),
        cmocka_unit_test(test_flushed_is_there),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Streams of records in memory, and what they hold. */
#ifndef MT_TESTS_STORE_RELAY_FIXTURE_H
#define MT_TESTS_STORE_RELAY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "decode/codec.h"
#include "store/relay.h"
#include "tests/store/some_exchange.h"

/* ---- a stream in memory ---- */

enum { STREAM_MAX = 4 << 20 };

struct stream {
    uint8_t *bytes;
    size_t len;
    int fail; /* the sink's answer */
};

static inline int keep(void *arg, struct mt_span bytes)
{
    struct stream *s = arg;
    if (s->fail != 0)
        return s->fail;
    assert_true(s->len + bytes.len <= STREAM_MAX);
    memcpy(s->bytes + s->len, bytes.ptr, bytes.len);
    s->len += bytes.len;
    return 0;
}

static inline struct stream new_stream(void)
{
    struct stream s = {.bytes = malloc(STREAM_MAX)};
    assert_non_null(s.bytes);
    return s;
}

static inline struct mt_relay_host some_host(void)
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

static inline struct mt_relay_name some_name(void)
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

static inline struct mt_relay_writer *new_writer(struct stream *s)
{
    struct mt_relay_writer *w;
    struct mt_relay_host host = some_host();
    assert_int_equal(mt_relay_writer_new(&w, (struct mt_sink){keep, s}, &host),
                     0);
    return w;
}

/* A record of each kind, and `n` exchanges. */
static inline struct stream written(unsigned n)
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

static inline uint64_t add(uint64_t h, const void *bytes, size_t n)
{
    return XXH64(n > 0 ? bytes : "", n, h);
}

static inline uint64_t add_text(uint64_t h, struct mt_span s)
{
    return add(add(h, &s.len, sizeof s.len), s.ptr, s.len);
}

static inline uint64_t digest_x(const struct mt_exchange *x)
{
    size_t max = mt_exchange_encoded_max(x);
    uint8_t *bytes = malloc(max);
    assert_non_null(bytes);
    uint64_t h = add(1, bytes, mt_exchange_encode(x, bytes, max));
    free(bytes);
    return h;
}

static inline uint64_t digest(const struct mt_relay_record *r)
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

static inline void take_all(struct mt_relay_reader *r, struct digests *d)
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
static inline void read_stream(const uint8_t *bytes, size_t len, size_t step,
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

static inline struct digests *new_digests(void)
{
    struct digests *d = calloc(1, sizeof *d);
    assert_non_null(d);
    return d;
}

static inline bool is_prefix(const struct digests *part,
                             const struct digests *whole)
{
    return part->count <= whole->count &&
           memcmp(part->list, whole->list,
                  part->count * sizeof part->list[0]) == 0;
}

#endif

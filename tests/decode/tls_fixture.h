/* Real handshakes (tests/data/tls), and records that real peers did not send
 * for us. */
#ifndef MT_TESTS_DECODE_TLS_FIXTURE_H
#define MT_TESTS_DECODE_TLS_FIXTURE_H

#include "conn_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "decode/tls.h"

enum { CHUNKS_MAX = 64, MS = 1000000, START_NS = 1000000000 };

struct vector {
    uint8_t *bytes[CHUNKS_MAX]; /* each an exact heap copy */
    size_t len[CHUNKS_MAX];
    int side[CHUNKS_MAX];
    unsigned count;
};

static inline unsigned hex_digit(int c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static inline void vector_load(struct vector *v, const char *name)
{
    char path[512], line[65536];
    *v = (struct vector){.count = 0};
    (void)snprintf(path, sizeof path, "%s/tls/%s.txt", MT_TEST_DATA, name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        size_t n = (strcspn(line, "\n") - 2) / 2;
        assert_true(v->count < CHUNKS_MAX && n > 0);
        uint8_t *b = malloc(n);
        assert_non_null(b);
        for (size_t i = 0; i < n; i++)
            b[i] = (uint8_t)(hex_digit(line[2 + 2 * i]) << 4 |
                             hex_digit(line[3 + 2 * i]));
        v->side[v->count] = line[0] == 's';
        v->len[v->count] = n;
        v->bytes[v->count++] = b;
    }
    (void)fclose(f);
}

static inline void vector_free(struct vector *v)
{
    for (unsigned i = 0; i < v->count; i++)
        free(v->bytes[i]);
}

/* Chunk i arrives at START + (i + 1) ms. */
static inline int64_t chunk_ns(unsigned i)
{
    return START_NS + (int64_t)(i + 1) * MS;
}

static inline void feed_pieces(struct fixture *f, const struct vector *v,
                               unsigned i, size_t piece)
{
    for (size_t at = 0; at < v->len[i]; at += piece) {
        size_t n = v->len[i] - at < piece ? v->len[i] - at : piece;
        uint8_t *copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, v->bytes[i] + at, n);
        fixture_feed(f, v->side[i], (struct mt_span){copy, n}, chunk_ns(i));
        free(copy);
    }
}

static inline void end_both(struct fixture *f)
{
    mt_conn_end(f->conn, 0, MT_END_FIN, 9000000000);
    mt_conn_end(f->conn, 1, MT_END_FIN, 9000000000);
}

/* A record of `bytes` bytes that look like ciphertext. */
static inline void feed_record(struct fixture *f, int side, uint8_t type,
                               uint16_t bytes, int64_t ts_ms)
{
    uint8_t *b = malloc(5u + bytes);
    assert_non_null(b);
    memcpy(b, (uint8_t[]){type, 3, 3, (uint8_t)(bytes >> 8), (uint8_t)bytes},
           5);
    memset(b + 5, 0xa5, bytes);
    fixture_feed(f, side, (struct mt_span){b, 5u + bytes},
                 START_NS + ts_ms * MS);
    free(b);
}

/* TLS 1.3 up to the server's flight: two chunks of a real handshake. */
static inline void open_tls13(struct fixture *f, const char *name)
{
    struct vector v;
    vector_load(&v, name);
    fixture_open(f);
    feed_pieces(f, &v, 0, SIZE_MAX / 2);
    feed_pieces(f, &v, 1, SIZE_MAX / 2);
    vector_free(&v);
}

enum { FINISHED = 69, REQUEST = 300, TICKET = 250, ANSWER = 900 };

static inline const struct mt_exchange *next_turn(struct fixture *f)
{
    const struct mt_exchange *x = mt_decode_next(&f->decode);
    assert_non_null(x);
    assert_int_equal(x->kind, MT_KIND_TURN);
    return x;
}

static inline void check_latency(const struct mt_exchange *x, int64_t ms)
{
    if (mt_exchange_latency_ns(x) != ms * MS)
        fail_msg("latency %lld ns, want %lld ms",
                 (long long)mt_exchange_latency_ns(x), (long long)ms);
}

static inline void open_midstream(struct fixture *f)
{
    fixture_open_with(
        f, &(struct mt_decode_config){.keep_packets = false},
        &(struct mt_conn_start){.addr = {addr_v4(1, 40000), addr_v4(2, 443)},
                                .client = 0,
                                .role_evidence = MT_ROLE_BY_PORT,
                                .midstream = true,
                                .ts_ns = START_NS});
}

#endif

/* A decode context and one connection, for tests that feed bytes by hand. */
#ifndef MT_TESTS_CONN_FIXTURE_H
#define MT_TESTS_CONN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode/conn.h"

struct fixture {
    struct mt_pool pool;
    struct mt_decode decode;
    struct mt_conn *conn;
};

static inline struct mt_addr addr_v4(uint8_t last, uint16_t port)
{
    return (struct mt_addr){.ip = {[10] = 0xff, [11] = 0xff, 10, 0, 0, last},
                            .port = port};
}

static inline void fixture_open_with(struct fixture *f,
                                     const struct mt_decode_config *config,
                                     const struct mt_conn_start *start)
{
    mt_pool_init(&f->pool, 64u << 20);
    mt_decode_init(&f->decode, config, &f->pool);
    f->conn = mt_conn_new(&f->decode, start);
    assert_non_null(f->conn);
}

/* A connection from 10.0.0.1:40000 to 10.0.0.2:8080, its SYN seen at 1 s. */
static inline void fixture_open(struct fixture *f)
{
    fixture_open_with(
        f, &(struct mt_decode_config){.keep_packets = true},
        &(struct mt_conn_start){.addr = {addr_v4(1, 40000), addr_v4(2, 8080)},
                                .client = 0,
                                .role_evidence = MT_ROLE_BY_SYN,
                                .ts_ns = 1000000000});
}

static inline void fixture_feed(struct fixture *f, int side, struct mt_span s,
                                int64_t ts_ns)
{
    struct mt_chunk chunk = {.bytes = s, .ts_ns = ts_ns, .packet = 1};
    mt_conn_feed(f->conn, side, &chunk);
}

/* Everything that was taken has been given back. */
static inline void fixture_close(struct fixture *f)
{
    mt_conn_free(f->conn, MT_END_CAPTURE, 0);
    mt_decode_deinit(&f->decode);
    assert_int_equal(f->pool.used_bytes, 0);
    mt_pool_deinit(&f->pool);
}

#define assert_span(span, literal)                               \
    do {                                                         \
        struct mt_span got_ = (span);                            \
        if (!mt_span_eq(got_, mt_span_str(literal)))             \
            fail_msg("got \"%.*s\", want \"%s\"", (int)got_.len, \
                     (const char *)got_.ptr, (literal));         \
    } while (0)

#endif

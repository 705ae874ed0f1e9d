/* The table below lists every member of struct mt_exchange by its place. The
 * first test fails when a byte of the struct is neither in a row nor in a
 * known hole, so that a new field cannot be forgotten: add it here and to
 * decode/codec.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rc.h"
#include "decode/codec.h"

enum what { NUMBER, BYTES, TEXT, FIELDS, TLS, PACKETS, PACKETS_COUNT };

struct row {
    const char *name;
    size_t at, size;
    enum what what;
    uint64_t most; /* of a number */
};

#define ROW(member, what, most)                                      \
    {                                                                \
#member, offsetof(struct mt_exchange, member),               \
            sizeof(((struct mt_exchange *)NULL)->member), what, most \
    }
#define NUM(member) ROW(member, NUMBER, UINT64_MAX)
#define ENUM(member, count) ROW(member, NUMBER, (count)-1)
#define MESSAGE(m)                                                          \
    NUM(m.start_ns), NUM(m.end_ns), NUM(m.header_bytes), NUM(m.body_bytes), \
        NUM(m.gap_bytes), NUM(m.messages), NUM(m.retransmissions),          \
        ROW(m.content_type, TEXT, 0)
#define PARTY(p)                                                         \
    ROW(p.addr.ip, BYTES, 0), NUM(p.addr.port), ROW(p.service, TEXT, 0), \
        ENUM(p.name_source, MT_NAME_COUNT)

static const struct row rows[] = {
    NUM(end_ns),
    MESSAGE(req),
    MESSAGE(resp),
    PARTY(client),
    PARTY(server),
    NUM(conn),
    NUM(stream),
    ROW(tls, TLS, 0),
    ENUM(protocol, MT_PROTOCOL_COUNT),
    ENUM(kind, MT_KIND_COUNT),
    ENUM(observer, MT_OBSERVER_COUNT),
    ENUM(outcome, MT_OUTCOME_COUNT),
    ENUM(error, MT_ERROR_COUNT),
    ENUM(half, MT_HALF_COUNT),
    ENUM(hpack, MT_HPACK_COUNT),
    ENUM(role_evidence, MT_ROLE_BY_COUNT),
    ENUM(detection, MT_DETECTED_COUNT),
    NUM(quality),
    NUM(status),
    NUM(grpc_status),
    NUM(anomalies),
    NUM(dup_packets),
    ROW(method, TEXT, 0),
    ROW(scheme, TEXT, 0),
    ROW(authority, TEXT, 0),
    ROW(path, TEXT, 0),
    ROW(query, TEXT, 0),
    ROW(route, TEXT, 0),
    ROW(operation, TEXT, 0),
    ROW(user_agent, TEXT, 0),
    ROW(request_id, TEXT, 0),
    ROW(error_message, TEXT, 0),
    ROW(trace_id, BYTES, 0),
    ROW(span_id, BYTES, 0),
    ROW(parent_id, BYTES, 0),
    NUM(grpc_timeout_ns),
    ROW(req_fields, FIELDS, 0),
    ROW(resp_fields, FIELDS, 0),
    ROW(attrs, FIELDS, 0),
    NUM(attempt),
    NUM(retry_of),
    ROW(endpoint, TEXT, 0),
    ROW(why_not_retried, TEXT, 0),
    ROW(rule, TEXT, 0),
    ENUM(ended_by, MT_ENDED_COUNT),
    ENUM(ended_in, MT_PHASE_COUNT),
    NUM(endpoints),
    NUM(endpoints_out),
    NUM(budget_used),
    NUM(budget_allowed),
    ROW(connect_ns, NUMBER, INT64_MAX),
    ROW(packets, PACKETS, 0),
    ROW(packets_count, PACKETS_COUNT, 0),
    NUM(id),
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static void test_no_field_is_forgotten(void **state)
{
    (void)state;
    static const char known[] =
        "client.addr.port+6 client.name_source+7 server.addr.port+6 "
        "server.name_source+7 grpc_status+2 attempt+4 "
        "ended_in+2 budget_allowed+4 packets_count+4 ";
    char holes[1024];
    size_t end = 0, used = 0;
    for (size_t i = 0; i <= ROWS; i++) {
        size_t at = i < ROWS ? rows[i].at : sizeof(struct mt_exchange);
        assert_true(at >= end); /* in the order of the struct */
        if (at > end)
            used += (size_t)snprintf(holes + used, sizeof holes - used,
                                     "%s+%zu ", rows[i - 1].name, at - end);
        assert_true(used < sizeof holes);
        end = i < ROWS ? at + rows[i].size : at;
    }
    holes[used] = 0;
    if (sizeof(void *) == 8)
        assert_string_equal(holes, known);
}

static uint64_t seed;

static uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* What an exchange under test points to. */
struct store {
    uint8_t bytes[1 << 16];
    size_t used;
    struct mt_field fields[64];
    size_t fields_used;
    struct mt_tls tls;
    uint64_t packets[64];
};

static struct mt_span some_text(struct store *st, size_t least)
{
    size_t n = least + (size_t)(rnd() % 8 == 0 ? rnd() % 300 : rnd() % 20);
    assert_true(st->used + n <= sizeof st->bytes);
    struct mt_span s = {.ptr = st->bytes + st->used, .len = n};
    for (size_t i = 0; i < n; i++)
        st->bytes[st->used++] = (uint8_t)rnd();
    return s;
}

static struct mt_fields some_fields(struct store *st)
{
    struct mt_fields f = {.list = st->fields + st->fields_used,
                          .count = 1 + (uint32_t)(rnd() % 9)};
    for (uint32_t i = 0; i < f.count; i++)
        st->fields[st->fields_used++] =
            (struct mt_field){some_text(st, 0), some_text(st, 0)};
    return f;
}

static uint64_t some_number(const struct row *r)
{
    uint64_t v = rnd() >> rnd() % 64;
    if (r->size < 8)
        v &= (UINT64_C(1) << 8 * r->size) - 1;
    if (r->most != UINT64_MAX)
        v %= r->most + 1;
    return v;
}

/* Give one field a value that is not its default, most of the time. */
static void fill(struct mt_exchange *x, const struct row *r, struct store *st)
{
    uint8_t *at = (uint8_t *)x + r->at;
    uint64_t v;
    struct mt_span text;
    struct mt_fields fields;
    switch (r->what) {
    case NUMBER:
        v = some_number(r);
        memcpy(at, &v, r->size); /* little endian machines */
        break;
    case BYTES:
        for (size_t i = 0; i < r->size; i++)
            at[i] = (uint8_t)rnd();
        break;
    case TEXT:
        text = some_text(st, 1);
        memcpy(at, &text, sizeof text);
        break;
    case FIELDS:
        fields = some_fields(st);
        memcpy(at, &fields, sizeof fields);
        break;
    case TLS:
        st->tls = (struct mt_tls){.version = (uint16_t)rnd(),
                                  .cipher_suite = (uint16_t)rnd(),
                                  .alert = (uint8_t)rnd(),
                                  .resumed = rnd() % 2,
                                  .handshake_ns = (int64_t)rnd(),
                                  .sni = some_text(st, 0),
                                  .alpn = some_text(st, 0)};
        x->tls = &st->tls;
        break;
    case PACKETS:
        x->packets_count = 1 + (uint32_t)(rnd() % 64);
        for (uint32_t i = 0; i < x->packets_count; i++)
            st->packets[i] = rnd() >> rnd() % 64;
        x->packets = st->packets;
        break;
    case PACKETS_COUNT:
        break;
    }
}

static void same_text(const char *name, struct mt_span a, struct mt_span b)
{
    if (!mt_span_eq(a, b))
        fail_msg("%s differs", name);
}

static void same_fields(const char *name, const void *pa, const void *pb)
{
    struct mt_fields a, b;
    memcpy(&a, pa, sizeof a);
    memcpy(&b, pb, sizeof b);
    assert_int_equal(a.count, b.count);
    for (uint32_t i = 0; i < a.count; i++) {
        same_text(name, a.list[i].name, b.list[i].name);
        same_text(name, a.list[i].value, b.list[i].value);
    }
}

static void same_tls(const struct mt_tls *a, const struct mt_tls *b)
{
    assert_int_equal(a == NULL, b == NULL);
    if (a == NULL)
        return;
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->cipher_suite, b->cipher_suite);
    assert_int_equal(a->alert, b->alert);
    assert_int_equal(a->resumed, b->resumed);
    assert_true(a->handshake_ns == b->handshake_ns);
    same_text("tls.sni", a->sni, b->sni);
    same_text("tls.alpn", a->alpn, b->alpn);
}

static void same_row(const struct row *r, const struct mt_exchange *a,
                     const struct mt_exchange *b)
{
    const uint8_t *pa = (const uint8_t *)a + r->at;
    const uint8_t *pb = (const uint8_t *)b + r->at;
    struct mt_span ta, tb;
    switch (r->what) {
    case NUMBER:
    case BYTES:
    case PACKETS_COUNT:
        if (memcmp(pa, pb, r->size) != 0)
            fail_msg("%s differs", r->name);
        break;
    case TEXT:
        memcpy(&ta, pa, sizeof ta);
        memcpy(&tb, pb, sizeof tb);
        same_text(r->name, ta, tb);
        break;
    case FIELDS:
        same_fields(r->name, pa, pb);
        break;
    case TLS:
        same_tls(a->tls, b->tls);
        break;
    case PACKETS:
        if (a->packets_count > 0)
            assert_memory_equal(a->packets, b->packets,
                                a->packets_count * sizeof a->packets[0]);
        break;
    }
}

static size_t encode(const struct mt_exchange *x, uint8_t **bytes)
{
    size_t max = mt_exchange_encoded_max(x);
    uint8_t *wide = malloc(max); /* exact: ASan sees a bound that is low */
    assert_non_null(wide);
    assert_int_equal(mt_exchange_encode(x, wide, max - 1), 0);
    size_t n = mt_exchange_encode(x, wide, max);
    assert_true(n > 0 && n <= max);
    *bytes = malloc(n);
    assert_non_null(*bytes);
    memcpy(*bytes, wide, n);
    free(wide);
    return n;
}

static void round_trip(const struct mt_exchange *x, struct mt_codec_scratch *s)
{
    uint8_t *bytes, *again;
    size_t n = encode(x, &bytes);
    struct mt_exchange back;
    struct mt_span whole = {.ptr = bytes, .len = n};
    assert_int_equal(mt_exchange_decode(whole, &back, s), 0);
    for (size_t i = 0; i < ROWS; i++)
        same_row(&rows[i], x, &back);
    assert_int_equal(encode(&back, &again), n);
    assert_memory_equal(bytes, again, n);
    free(bytes);
    free(again);
}

static const struct mt_exchange blank = {.grpc_status = MT_GRPC_STATUS_NONE};

static void test_each_field_alone(void **state)
{
    (void)state;
    static struct store st;
    struct mt_codec_scratch s = {.fields = NULL};
    round_trip(&blank, &s);
    for (size_t i = 0; i < ROWS; i++)
        for (seed = 1; seed < UINT64_C(1) << 40; seed *= 3) {
            struct mt_exchange x = blank;
            st.used = st.fields_used = 0;
            fill(&x, &rows[i], &st);
            round_trip(&x, &s);
        }
    mt_codec_scratch_deinit(&s);
}

static void some_exchange(struct mt_exchange *x, struct store *st)
{
    *x = blank;
    st->used = st->fields_used = 0;
    for (size_t i = 0; i < ROWS; i++)
        if (rnd() % 4 != 0)
            fill(x, &rows[i], st);
}

static void test_all_together(void **state)
{
    (void)state;
    static struct store st;
    struct mt_codec_scratch s = {.fields = NULL};
    seed = 42;
    for (unsigned i = 0; i < 3000; i++) {
        struct mt_exchange x;
        some_exchange(&x, &st);
        round_trip(&x, &s);
    }
    mt_codec_scratch_deinit(&s);
}

static void test_extreme_times(void **state)
{
    (void)state;
    static const int64_t times[] = {0,         1,         -1,
                                    INT64_MAX, INT64_MIN, 1795348000000000000};
    enum { T = sizeof times / sizeof times[0] };
    struct mt_codec_scratch s = {.fields = NULL};
    for (size_t i = 0; i < T * T; i++) {
        struct mt_exchange x = blank;
        x.end_ns = times[i / T];
        x.req.start_ns = x.resp.end_ns = times[i % T];
        x.grpc_timeout_ns = times[i % T];
        x.grpc_status = (int16_t)(i % 2 ? INT16_MAX : INT16_MIN);
        round_trip(&x, &s);
    }
    mt_codec_scratch_deinit(&s);
}

/* Cut, it is refused, or (between the fields that are behind all others) the
 * exchange of just these bytes. */
static void check_cut(const uint8_t *bytes, size_t n,
                      struct mt_codec_scratch *s)
{
    struct mt_exchange back;
    uint8_t *again, *copy = malloc(n > 0 ? n : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, n);
    int rc = mt_exchange_decode((struct mt_span){copy, n}, &back, s);
    if (rc == 0) {
        assert_int_equal(encode(&back, &again), n);
        assert_memory_equal(again, copy, n);
        free(again);
    } else {
        assert_int_equal(rc, MT_EPROTO);
    }
    free(copy);
}

/* Cut or lengthened it is another one or none; changed in one byte, either
 * refused or an exchange with these very bytes. */
static void test_hostile_bytes(void **state)
{
    (void)state;
    static struct store st;
    struct mt_codec_scratch s = {.fields = NULL};
    struct mt_exchange x, back;
    seed = 7;
    for (unsigned round = 0; round < 20; round++) {
        some_exchange(&x, &st);
        uint8_t *bytes, *again;
        size_t n = encode(&x, &bytes);
        for (size_t cut = 0; cut < n; cut++)
            check_cut(bytes, cut, &s);
        for (size_t i = 0; i < n; i++) {
            uint8_t was = bytes[i];
            bytes[i] = (uint8_t)rnd();
            struct mt_span all = {.ptr = bytes, .len = n};
            if (mt_exchange_decode(all, &back, &s) == 0) {
                size_t used = encode(&back, &again);
                assert_true(used <= n); /* fields of later versions */
                assert_memory_equal(again, bytes, used);
                free(again);
            }
            bytes[i] = was;
        }
        free(bytes);
    }
    mt_codec_scratch_deinit(&s);
}

/* The form is stored and sent: it may not change by accident. */
static void test_known_bytes(void **state)
{
    (void)state;
    static const uint8_t want[] = {
        1,                                 /* version */
        0x00, 0x00, 0x01, 4,   1, 0, 0, 0, /* protocol, status, req.start */
        0x10, 0,    0,    0,               /* method */
        0xe8, 0x03, 0,    0,   0, 0, 0, 0, /* end 1000 */
        2,                                 /* http/1.1 */
        0xc8, 0x01,                        /* 200 */
        0x31,                              /* 25 ns before the end */
        3,    'G',  'E',  'T',
    };
    struct mt_exchange x = blank;
    x.end_ns = 1000;
    x.req.start_ns = 975;
    x.protocol = MT_PROTOCOL_HTTP11;
    x.status = 200;
    x.method = MT_SPAN("GET");
    uint8_t *bytes;
    assert_int_equal(encode(&x, &bytes), sizeof want);
    assert_memory_equal(bytes, want, sizeof want);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_field_is_forgotten),
        cmocka_unit_test(test_each_field_alone),
        cmocka_unit_test(test_all_together),
        cmocka_unit_test(test_extreme_times),
        cmocka_unit_test(test_hostile_bytes),
        cmocka_unit_test(test_known_bytes),
    };
    return cmocka_run_group_tests_name("decode/codec", tests, NULL, NULL);
}

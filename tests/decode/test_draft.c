/* What an exchange takes from targets and fields, and what it must not keep. */
#include "conn_fixture.h"

#include <stdio.h>
#include <stdlib.h>

struct target_row {
    const char *method, *target;
    const char *scheme, *authority, *path, *query;
    bool fine;
};

static const struct target_row targets[] = {
    {"GET", "/", "", "", "/", "", true},
    {"GET", "/a/b?x=1&y=2", "", "", "/a/b", "x=*&y=*", true},
    {"GET", "/a?", "", "", "/a", "", true},
    {"GET", "/a?token", "", "", "/a", "*", true},
    {"GET", "/a?x=&&y", "", "", "/a", "x=*&&*", true},
    {"GET", "/a?x=1=2&y=a%26b", "", "", "/a", "x=*&y=*", true},
    {"GET", "/a#frag?x=1", "", "", "/a", "", true},
    {"GET", "http://u:secret@h:81/p?q=s", "http", "h:81", "/p", "q=*", true},
    {"GET", "http://h", "http", "h", "/", "", true},
    {"GET", "http://h?q=1", "http", "h", "/", "q=*", true},
    {"OPTIONS", "*", "", "", "*", "", true},
    {"CONNECT", "h.example:443", "", "h.example:443", "", "", true},
    {"CONNECT", "h.example", "", "h.example", "", "", false},
    {"GET", "no-slash", "", "", "no-slash", "", false},
    {"GET", "", "", "", "", "", false},
};

static struct mt_draft *draft_in(struct fixture *f, const char *method)
{
    struct mt_draft *r = mt_draft_new(f->conn, 1, 2000000000);
    assert_non_null(r);
    mt_draft_text(r, &r->x.method, mt_span_str(method));
    return r;
}

static void test_targets(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        const struct target_row *t = &targets[i];
        struct fixture f;
        fixture_open(&f);
        struct mt_draft *r = draft_in(&f, t->method);
        bool fine = mt_draft_target(r, mt_span_str(t->target));
        if (fine != t->fine)
            fail_msg("%s: %d", t->target, fine);
        assert_span(r->x.scheme, t->scheme);
        assert_span(r->x.authority, t->authority);
        assert_span(r->x.path, t->path);
        assert_span(r->x.query, t->query);
        mt_draft_drop(r);
        fixture_close(&f);
    }
}

static void test_query_is_kept_on_request(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    f.decode.config.keep_query = true;
    struct mt_draft *r = draft_in(&f, "GET");
    (void)mt_draft_target(r, mt_span_str("/a?x=1"));
    assert_span(r->x.query, "x=1");
    mt_draft_drop(r);
    fixture_close(&f);
}

static void field(struct mt_draft *r, enum mt_role from, const char *name,
                  const char *value)
{
    mt_draft_field(r, from, mt_span_str(name), mt_span_str(value));
}

static void test_trace_context(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct mt_draft *r = draft_in(&f, "GET");
    field(r, MT_CLIENT, "traceparent",
          "00-00000000000000000000000000000000-00f067aa0ba902b7-01");
    assert_int_equal(r->x.trace_id[0], 0);
    field(r, MT_CLIENT, "X-B3-TraceId", "a3ce929d0e0e4736");
    field(r, MT_CLIENT, "X-B3-SpanId", "00f067aa0ba902b8");
    assert_int_equal(r->x.trace_id[8], 0xa3);
    field(r, MT_CLIENT, "TraceParent",
          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    assert_int_equal(r->x.trace_id[0], 0x4b);
    assert_int_equal(r->x.span_id[7], 0xb7);
    field(r, MT_CLIENT, "b3", "0");
    assert_int_equal(r->x.trace_id[0], 0x4b);
    mt_draft_drop(r);

    r = draft_in(&f, "GET");
    field(r, MT_CLIENT, "b3",
          "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-"
          "05e3ac9a4f6e3b90");
    assert_int_equal(r->x.trace_id[0], 0x80);
    assert_int_equal(r->x.span_id[0], 0xe4);
    assert_int_equal(r->x.parent_id[0], 0x05);
    mt_draft_drop(r);
    fixture_close(&f);
}

static void test_grpc_fields(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct mt_draft *r = draft_in(&f, "POST");
    r->x.protocol = MT_PROTOCOL_H2;
    (void)mt_draft_target(r, mt_span_str("/shop.Cart/Add"));
    field(r, MT_CLIENT, "content-type", "application/grpc+proto");
    field(r, MT_CLIENT, "grpc-timeout", "250m");
    field(r, MT_SERVER, "grpc-message", "no%20stock: 100%");
    field(r, MT_SERVER, "grpc-status", "14");
    r->x.status = 200;
    mt_draft_finish(r, MT_ERROR_NONE, 0);

    const struct mt_exchange *x = mt_decode_next(&f.decode);
    assert_int_equal(x->protocol, MT_PROTOCOL_GRPC);
    assert_span(x->operation, "shop.Cart/Add");
    assert_int_equal(x->grpc_timeout_ns, 250000000);
    assert_int_equal(x->grpc_status, 14);
    assert_span(x->error_message, "no stock: 100%");
    assert_int_equal(x->outcome, MT_OUTCOME_FAILURE);
    fixture_close(&f);
}

static void test_headers_are_redacted(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    f.decode.config.keep_headers = true;
    struct mt_draft *r = draft_in(&f, "GET");
    field(r, MT_CLIENT, "Authorization", "Bearer secret");
    field(r, MT_CLIENT, "Accept", "*/*");
    field(r, MT_CLIENT, "Referer", "http://a/b?token=secret");
    field(r, MT_SERVER, "Set-Cookie", "sid=secret");
    for (int i = 0; i < 20; i++)
        field(r, MT_SERVER, "x-many", "v");
    mt_draft_finish(r, MT_ERROR_NONE, 0);

    const struct mt_exchange *x = mt_decode_next(&f.decode);
    assert_int_equal(x->req_fields.count, 3);
    assert_int_equal(x->resp_fields.count, 21);
    assert_span(x->req_fields.list[0].name, "Authorization");
    assert_span(x->req_fields.list[0].value,
                "\xe2\x80\xb9redacted\xe2\x80\xba");
    assert_span(x->req_fields.list[1].value, "*/*");
    assert_span(x->req_fields.list[2].value, "http://a/b?token=*");
    assert_span(x->resp_fields.list[0].value,
                "\xe2\x80\xb9redacted\xe2\x80\xba");
    assert_span(x->resp_fields.list[20].value, "v");
    fixture_close(&f);
}

static void test_headers_are_not_kept_by_default(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct mt_draft *r = draft_in(&f, "GET");
    field(r, MT_CLIENT, "Accept", "*/*");
    mt_draft_finish(r, MT_ERROR_NONE, 0);
    assert_int_equal(mt_decode_next(&f.decode)->req_fields.count, 0);
    fixture_close(&f);
}

static void test_times_packets_and_end(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct mt_draft *r = draft_in(&f, "GET");
    for (uint64_t i = 0; i < 40; i++) {
        struct mt_chunk c = {.ts_ns = 2000000000 + (int64_t)i * 10,
                             .packet = 100 + i / 2};
        mt_draft_touch(r, i < 4 ? MT_CLIENT : MT_SERVER, &c);
    }
    assert_int_equal(f.decode.open.count, 1);
    mt_draft_finish(r, MT_ERROR_NONE, 0);
    assert_int_equal(f.decode.open.count, 0);

    const struct mt_exchange *x = mt_decode_next(&f.decode);
    assert_int_equal(x->req.start_ns, 2000000000);
    assert_int_equal(x->req.end_ns, 2000000030);
    assert_int_equal(x->end_ns, 2000000390);
    assert_int_equal(mt_exchange_ttfb_ns(x), 40);
    assert_int_equal(mt_exchange_duration_ns(x), 390);
    assert_int_equal(x->packets_count, 20);
    assert_int_equal(x->packets[19], 119);
    assert_memory_equal(x->client.addr.ip, addr_v4(1, 0).ip, 16);
    assert_int_equal(x->server.addr.port, 8080);
    fixture_close(&f);
}

static void test_long_texts_are_clipped(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    static uint8_t text[10000];
    memset(text, 'a', sizeof text);
    struct mt_draft *r = draft_in(&f, "GET");
    for (int i = 0; i < 12; i++)
        mt_draft_text(r, &r->x.path, (struct mt_span){text, sizeof text});
    assert_true(r->x.quality & MT_QUALITY_CLIPPED);
    assert_true(r->text.used_bytes <= f.decode.config.draft_max_bytes);
    mt_draft_drop(r);
    fixture_close(&f);
}

static void test_no_memory_is_counted(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    f.pool.limit_bytes = f.pool.used_bytes;
    assert_null(mt_draft_new(f.conn, 1, 1));
    assert_int_equal(f.decode.stats.drafts_refused, 1);
    f.pool.limit_bytes = 64u << 20;
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_query_is_kept_on_request),
        cmocka_unit_test(test_trace_context),
        cmocka_unit_test(test_grpc_fields),
        cmocka_unit_test(test_headers_are_redacted),
        cmocka_unit_test(test_headers_are_not_kept_by_default),
        cmocka_unit_test(test_times_packets_and_end),
        cmocka_unit_test(test_long_texts_are_clipped),
        cmocka_unit_test(test_no_memory_is_counted),
    };
    return cmocka_run_group_tests_name("decode/draft", tests, NULL, NULL);
}

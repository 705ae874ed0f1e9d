/* One row a verdict: what a person would call it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode/outcome.h"

#define P(name) MT_PROTOCOL_##name
#define E(name) MT_ERROR_##name
#define K(name) MT_KIND_##name

static const struct row {
    const char *name;
    uint8_t protocol, kind, error;
    uint16_t status;
    int16_t grpc;
    uint8_t want;
} rows[] = {
    {"200", P(HTTP11), K(UNARY), E(NONE), 200, -1, MT_OUTCOME_OK},
    {"101", P(WEBSOCKET), K(STREAM), E(NONE), 101, -1, MT_OUTCOME_OK},
    {"304", P(H2), K(UNARY), E(NONE), 304, -1, MT_OUTCOME_OK},
    {"404", P(HTTP11), K(UNARY), E(NONE), 404, -1, MT_OUTCOME_CLIENT_ERROR},
    {"499", P(HTTP11), K(UNARY), E(NONE), 499, -1, MT_OUTCOME_CLIENT_ERROR},
    {"500", P(HTTP11), K(UNARY), E(NONE), 500, -1, MT_OUTCOME_FAILURE},
    {"999", P(HTTP11), K(UNARY), E(NONE), 999, -1, MT_OUTCOME_FAILURE},
    {"nothing seen", P(HTTP11), K(UNARY), E(NONE), 0, -1, MT_OUTCOME_UNKNOWN},
    {"no response", P(HTTP11), K(UNARY), E(NO_RESPONSE), 0, -1,
     MT_OUTCOME_FAILURE},
    {"cut body", P(HTTP11), K(UNARY), E(TRUNCATED), 200, -1,
     MT_OUTCOME_FAILURE},
    {"reset after headers", P(HTTP11), K(UNARY), E(RESET_BY_SERVER), 200, -1,
     MT_OUTCOME_FAILURE},
    {"client gave up", P(HTTP11), K(UNARY), E(RESET_BY_CLIENT), 0, -1,
     MT_OUTCOME_FAILURE},
    {"client leaves an SSE stream", P(SSE), K(STREAM), E(RESET_BY_CLIENT), 200,
     -1, MT_OUTCOME_OK},
    {"gap, no status", P(H2), K(UNARY), E(CAPTURE_GAP), 0, -1,
     MT_OUTCOME_UNKNOWN},
    {"gap, status seen", P(H2), K(UNARY), E(CAPTURE_GAP), 503, -1,
     MT_OUTCOME_FAILURE},
    {"open at the end", P(H2), K(UNARY), E(CAPTURE_END), 0, -1,
     MT_OUTCOME_UNKNOWN},
    {"one side", P(HTTP11), K(UNARY), E(ONE_SIDED), 0, -1, MT_OUTCOME_UNKNOWN},
    {"grpc ok", P(GRPC), K(UNARY), E(NONE), 200, 0, MT_OUTCOME_OK},
    {"grpc without status", P(GRPC), K(UNARY), E(NONE), 200, -1,
     MT_OUTCOME_UNKNOWN},
    {"grpc over 503", P(GRPC), K(UNARY), E(NONE), 503, -1, MT_OUTCOME_FAILURE},
    {"grpc ok over 404", P(GRPC), K(UNARY), E(NONE), 404, 0,
     MT_OUTCOME_FAILURE},
    {"grpc UNAVAILABLE", P(GRPC), K(UNARY), E(NONE), 200, 14,
     MT_OUTCOME_FAILURE},
    {"grpc NOT_FOUND", P(GRPC), K(UNARY), E(NONE), 200, 5,
     MT_OUTCOME_CLIENT_ERROR},
    {"grpc 99", P(GRPC_WEB), K(UNARY), E(NONE), 200, 99, MT_OUTCOME_FAILURE},
    {"grpc gap before status", P(GRPC), K(STREAM), E(CAPTURE_GAP), 200, -1,
     MT_OUTCOME_UNKNOWN},
    {"tls turn", P(TLS), K(TURN), E(NONE), 0, -1, MT_OUTCOME_UNKNOWN},
    {"tls connection reset", P(TLS), K(L4), E(RESET_BY_SERVER), 0, -1,
     MT_OUTCOME_UNKNOWN},
    {"tls handshake failed", P(TLS), K(L4), E(PROTOCOL), 0, -1,
     MT_OUTCOME_FAILURE},
    {"refused", P(TCP), K(L4), E(REFUSED), 0, -1, MT_OUTCOME_FAILURE},
    {"unanswered syn", P(TCP), K(L4), E(UNANSWERED), 0, -1, MT_OUTCOME_UNKNOWN},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mt_exchange x = {.protocol = rows[i].protocol,
                                .kind = rows[i].kind,
                                .error = rows[i].error,
                                .status = rows[i].status,
                                .grpc_status = rows[i].grpc};
        const struct mt_outcome_rule *r = mt_outcome_of(&x);
        if (r->outcome != rows[i].want)
            fail_msg("%s: %s (%s)", rows[i].name, mt_outcome_text(r->outcome),
                     r->when);
    }
}

/* What a proxy says to a request that it could not take is its client's
 * fault; what it says for a service is not. */
static void test_proxies(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t observer, error, by, in;
        uint16_t status;
        uint8_t want;
    } proxied[] = {
        {"a bad header", MT_OBSERVER_PROXY_REQUEST, E(PROTOCOL), MT_ENDED_PROXY,
         MT_PHASE_ROUTING, 400, MT_OUTCOME_CLIENT_ERROR},
        {"a version that is none", MT_OBSERVER_PROXY_REQUEST, E(PROTOCOL),
         MT_ENDED_PROXY, MT_PHASE_ROUTING, 505, MT_OUTCOME_CLIENT_ERROR},
        {"a malformed stream", MT_OBSERVER_PROXY_REQUEST, E(PROTOCOL),
         MT_ENDED_PROXY, MT_PHASE_ROUTING, 0, MT_OUTCOME_CLIENT_ERROR},
        {"a bad chunk", MT_OBSERVER_PROXY_REQUEST, E(PROTOCOL), MT_ENDED_CLIENT,
         MT_PHASE_SENDING, 400, MT_OUTCOME_CLIENT_ERROR},
        {"a slow header", MT_OBSERVER_PROXY_REQUEST, E(TIMEOUT), MT_ENDED_TIME,
         MT_PHASE_ROUTING, 408, MT_OUTCOME_CLIENT_ERROR},
        {"a slow header of HTTP/2", MT_OBSERVER_PROXY_REQUEST, E(TIMEOUT),
         MT_ENDED_TIME, MT_PHASE_ROUTING, 0, MT_OUTCOME_CLIENT_ERROR},
        {"a slow body", MT_OBSERVER_PROXY_REQUEST, E(TIMEOUT), MT_ENDED_TIME,
         MT_PHASE_SENDING, 408, MT_OUTCOME_CLIENT_ERROR},
        {"a client that left", MT_OBSERVER_PROXY_REQUEST, E(RESET_BY_CLIENT),
         MT_ENDED_CLIENT, MT_PHASE_ROUTING, 0, MT_OUTCOME_FAILURE},
        {"a service's nonsense", MT_OBSERVER_PROXY_REQUEST, E(PROTOCOL),
         MT_ENDED_SERVICE, MT_PHASE_WAITING, 502, MT_OUTCOME_FAILURE},
        {"a service's header", MT_OBSERVER_PROXY_REQUEST, E(PROTOCOL),
         MT_ENDED_PROXY, MT_PHASE_WAITING, 502, MT_OUTCOME_FAILURE},
        {"a slow service", MT_OBSERVER_PROXY_REQUEST, E(TIMEOUT), MT_ENDED_TIME,
         MT_PHASE_WAITING, 504, MT_OUTCOME_FAILURE},
        {"a try", MT_OBSERVER_PROXY_ATTEMPT, E(PROTOCOL), MT_ENDED_SERVICE,
         MT_PHASE_WAITING, 0, MT_OUTCOME_FAILURE},
        {"seen by a tap", MT_OBSERVER_TAP, E(PROTOCOL), MT_ENDED_NONE,
         MT_PHASE_NONE, 400, MT_OUTCOME_FAILURE},
    };
    for (size_t i = 0; i < sizeof proxied / sizeof proxied[0]; i++) {
        struct mt_exchange x = {.protocol = P(HTTP11),
                                .observer = proxied[i].observer,
                                .error = proxied[i].error,
                                .status = proxied[i].status,
                                .ended_by = proxied[i].by,
                                .ended_in = proxied[i].in,
                                .grpc_status = MT_GRPC_STATUS_NONE};
        const struct mt_outcome_rule *r = mt_outcome_of(&x);
        if (r->outcome != proxied[i].want)
            fail_msg("%s: %s (%s)", proxied[i].name,
                     mt_outcome_text(r->outcome), r->when);
    }
}

static const struct {
    const char *code;
    uint8_t error, want;
} dns_rows[] = {
    {"NOERROR", E(NONE), MT_OUTCOME_OK},
    {"NXDOMAIN", E(NONE), MT_OUTCOME_CLIENT_ERROR},
    {"FORMERR", E(NONE), MT_OUTCOME_CLIENT_ERROR},
    {"BADVERS", E(NONE), MT_OUTCOME_CLIENT_ERROR},
    {"SERVFAIL", E(NONE), MT_OUTCOME_FAILURE},
    {"REFUSED", E(NONE), MT_OUTCOME_FAILURE},
    {"NOTIMP", E(NONE), MT_OUTCOME_FAILURE},
    {"RCODE3841", E(NONE), MT_OUTCOME_FAILURE},
    {"NOERROR", E(PROTOCOL), MT_OUTCOME_FAILURE},
    {"", E(NONE), MT_OUTCOME_UNKNOWN},
    {"", E(NO_RESPONSE), MT_OUTCOME_FAILURE},
    {"", E(ONE_SIDED), MT_OUTCOME_UNKNOWN},
    {"", E(CAPTURE_END), MT_OUTCOME_UNKNOWN},
};

static void test_dns(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof dns_rows / sizeof dns_rows[0]; i++) {
        struct mt_span code = mt_span_str(dns_rows[i].code);
        struct mt_field attr = {MT_SPAN("dns.response_code"), code};
        struct mt_exchange x = {.protocol = P(DNS),
                                .error = dns_rows[i].error,
                                .grpc_status = MT_GRPC_STATUS_NONE,
                                .attrs = {&attr, code.len > 0}};
        const struct mt_outcome_rule *r = mt_outcome_of(&x);
        if (r->outcome != dns_rows[i].want)
            fail_msg("%s: %s (%s)", dns_rows[i].code,
                     mt_outcome_text(r->outcome), r->when);
    }
}

static void test_every_rule_can_be_printed(void **state)
{
    (void)state;
    for (unsigned i = 0; i < mt_outcome_rules_count; i++) {
        assert_non_null(mt_outcome_rules[i].when);
        assert_non_null(mt_outcome_rules[i].why);
    }
    assert_string_equal(mt_grpc_status_text(14), "UNAVAILABLE");
    assert_null(mt_grpc_status_text(17));
    assert_null(mt_grpc_status_text(-1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_proxies),
        cmocka_unit_test(test_dns),
        cmocka_unit_test(test_every_rule_can_be_printed),
    };
    return cmocka_run_group_tests_name("decode/outcome", tests, NULL, NULL);
}

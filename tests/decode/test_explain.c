/* The sentences that a person reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode/explain.h"

#define MS INT64_C(1000000)

#define TIMES(req_, resp_, end_)                                             \
    .req = {.start_ns = 1, .end_ns = (req_)}, .resp = {.start_ns = (resp_)}, \
    .end_ns = (end_)
/* MT_SPAN() as a constant initialiser. */
#define TEXT(literal)                                   \
    {                                                   \
        (const uint8_t *)(literal), sizeof(literal) - 1 \
    }
#define NO_GRPC .grpc_status = MT_GRPC_STATUS_NONE

static const struct mt_tls tls = {.alert = 48};

static const struct mt_field answered[] = {
    {TEXT("dns.response_code"), TEXT("NOERROR")},
    {TEXT("dns.answers"), TEXT("192.0.2.1,192.0.2.2")},
};

static const struct {
    struct mt_exchange x;
    const char *first; /* how it ended */
    const char *other; /* a sentence further down */
} cases[] = {
    {{NO_GRPC, .error = MT_ERROR_NO_RESPONSE, TIMES(1, 0, 12 * MS + 1)},
     "no response: the connection ended 12ms after the request",
     "counts as failure: the client did not get its answer"},
    {{NO_GRPC, .status = 503, .error_message = TEXT("no healthy\x1b[2J"),
      .req = {.start_ns = 1},
      .resp = {.start_ns = 2 * MS, .end_ns = 41 * MS + 1}},
     "answered 503 after 41ms: no healthy\\x1b[2J",
     "counts as failure: the server failed a valid request"},
    {{NO_GRPC, .status = 200, .req = {.start_ns = 1},
      .resp = {.start_ns = 3, .end_ns = 2 * MS + 1}},
     "answered 200 after 2.0ms",
     "counts as ok: answered as asked"},
    {{NO_GRPC, .error = MT_ERROR_RESET_BY_SERVER, TIMES(1, 0, 7 * MS + 1)},
     "the server reset the connection 7.0ms after the request, before any "
     "response",
     NULL},
    {{NO_GRPC, .error = MT_ERROR_RESET_BY_CLIENT, .protocol = MT_PROTOCOL_H2,
      .status = 200, .req = {.start_ns = 1, .end_ns = 1},
      .resp = {.start_ns = 4 * MS, .end_ns = 7 * MS}, .end_ns = 9 * MS + 1},
     "the client reset the stream or the connection 9.0ms after the request, "
     "3.0ms into the response",
     "its status had come before: 200"},
    {{NO_GRPC, .error = MT_ERROR_REFUSED, .kind = MT_KIND_L4},
     "the connection was refused",
     "counts as failure: nothing served the request"},
    {{NO_GRPC, .error = MT_ERROR_UNANSWERED, .kind = MT_KIND_L4},
     "the connection attempt got no answer",
     NULL},
    {{NO_GRPC, .error = MT_ERROR_PROTOCOL, .kind = MT_KIND_L4, .tls = &tls,
      .error_message = TEXT("TLS alert: unknown_ca (48) from client")},
     "the TLS handshake failed: TLS alert: unknown_ca (48) from client",
     "counts as failure: no request could be sent"},
    {{NO_GRPC, .error = MT_ERROR_PROTOCOL},
     "a message broke the protocol's grammar, before any response",
     NULL},
    {{NO_GRPC, .error = MT_ERROR_TIMEOUT, TIMES(1, 0, 5000 * MS + 1)},
     "no answer in time: given up 5.0 s after the request, before any response",
     NULL},
    {{NO_GRPC, .error = MT_ERROR_TRUNCATED, .status = 200,
      .resp = {.start_ns = 1, .body_bytes = 412}},
     "the response was cut short after 412 B of its body",
     NULL},
    {{NO_GRPC, .error = MT_ERROR_CAPTURE_GAP, .resp = {.gap_bytes = 1234},
      .quality = MT_QUALITY_TRUNCATED},
     "packets are missing from the capture where it ended, before any response",
     "the capture lacks 0 B of its request and 1.2 kB of its response"},
    {{NO_GRPC, .error = MT_ERROR_ONE_SIDED, .half = MT_HALF_REQUEST},
     "only the client's direction was captured",
     "counts as unknown: the capture is short, which is not the service's "
     "fault"},
    {{NO_GRPC, .error = MT_ERROR_CAPTURE_END, TIMES(1, 0, 20 * MS + 1)},
     "still open when the capture ended, 20ms after the request, before any "
     "response",
     NULL},
    {{NO_GRPC, .error = MT_ERROR_EVICTED},
     "meshtop dropped it to keep its memory ceiling, before any response",
     NULL},
    {{NO_GRPC, .error = MT_ERROR_ABANDONED},
     "the meshtop that wrote it died while it was open, before any response",
     NULL},
    {{.protocol = MT_PROTOCOL_GRPC,
      .grpc_status = 4,
      .status = 200,
      .req = {.start_ns = 1},
      .resp = {.start_ns = 2, .end_ns = 301 * MS + 1},
      .error_message = TEXT("too slow"),
      .grpc_timeout_ns = 300 * MS},
     "answered gRPC status 4 DEADLINE_EXCEEDED after 301ms: too slow",
     "the client allowed 300ms, it took 301ms"},
    {{.protocol = MT_PROTOCOL_GRPC,
      NO_GRPC,
      .status = 200,
      .req = {.start_ns = 1},
      .resp = {.start_ns = 2, .end_ns = 3 * MS + 1}},
     "answered HTTP 200 after 3.0ms, without a grpc-status",
     "counts as unknown: a missing status is never success"},
    {{NO_GRPC, .kind = MT_KIND_TURN, .protocol = MT_PROTOCOL_TLS,
      .quality = MT_QUALITY_INFERRED, .req = {.start_ns = 1},
      .resp = {.start_ns = 3 * MS + 1}},
     "encrypted: the server's data followed the client's by 3.0ms",
     "~ inferred from the shape of ciphertext, not read"},
    {{NO_GRPC, .kind = MT_KIND_L4, .protocol = MT_PROTOCOL_TLS, .tls = &tls,
      .req = {.body_bytes = 700}, .resp = {.body_bytes = 9000}},
     "a TLS connection of 700 B from the client and 9.0 kB from the server",
     NULL},
    {{NO_GRPC, .protocol = MT_PROTOCOL_DNS, .attrs = {answered, 2},
      .req = {.start_ns = 1, .retransmissions = 1},
      .resp = {.start_ns = 2, .end_ns = 3 * MS + 1}},
     "answered NOERROR after 3.0ms: 192.0.2.1,192.0.2.2",
     "counts as ok: the server said so"},
    {{NO_GRPC, .protocol = MT_PROTOCOL_DNS, .error = MT_ERROR_NO_RESPONSE,
      .req = {.start_ns = 1, .end_ns = 1}, .end_ns = 10000 * MS + 1},
     "no response: given up 10 s after the request",
     "counts as failure: the client did not get its answer"},
    {{NO_GRPC, .kind = MT_KIND_ONEWAY},
     "sent; it has no response by design",
     NULL},
    {{NO_GRPC, .half = MT_HALF_RESPONSE, .quality = MT_QUALITY_MIDSTREAM,
      .role_evidence = MT_ROLE_BY_LOWER_PORT},
     "nothing that was seen tells how it ended",
     "which side is the client is guessed: the lower port"},
    {{NO_GRPC, .status = 200, .half = MT_HALF_RESPONSE},
     "answered 200",
     "only its response was seen"},
    {{NO_GRPC, .status = 200, .attempt = 2, .endpoint = TEXT("10.0.0.6:80"),
      .why_not_retried = TEXT("attempts used up")},
     "answered 200",
     "attempt 2, at 10.0.0.6:80"},
    {{NO_GRPC, .status = 503, .why_not_retried = TEXT("limit")},
     "answered 503",
     "not tried again: its attempts were used up"},
    {{NO_GRPC, .status = 503, .why_not_retried = TEXT("some\nword")},
     "answered 503",
     "not tried again: some\\nword"},
    {{NO_GRPC, .status = 200, .req = {.retransmissions = 2}},
     "answered 200",
     "sent again while it was open: 2 packets of the client, 0 of the server"},
    {{NO_GRPC, .status = 200, .hpack = MT_HPACK_SUSPECT},
     "answered 200",
     "headers were lost before it: its own may be wrong"},
    {{NO_GRPC, .status = 200,
      .anomalies = MT_ANOMALY_BARE_LF | MT_ANOMALY_NO_HOST},
     "answered 200",
     "not as its standard says: bare_lf no_host"},
};

static bool has_line(struct mt_span text, const char *line)
{
    struct mt_span want = mt_span_str(line);
    while (text.len > 0) {
        struct mt_span got = mt_span_take(&text, mt_span_find(text, '\n'));
        if (mt_span_eq(got, want))
            return true;
        (void)mt_span_take(&text, 1);
    }
    return false;
}

static void test_sentences(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t bytes[MT_EXPLAIN_BYTES];
        struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
        mt_explain(&cases[i].x, &b);
        struct mt_span text = mt_buf_span(&b);
        struct mt_span first = text;
        first.len = mt_span_find(first, '\n');
        if (!mt_span_eq(first, mt_span_str(cases[i].first)))
            fail_msg("%zu: got \"%.*s\", want \"%s\"", i, (int)first.len,
                     (const char *)first.ptr, cases[i].first);
        if (cases[i].other != NULL && !has_line(text, cases[i].other))
            fail_msg("%zu: no \"%s\" in\n%.*s", i, cases[i].other,
                     (int)text.len, (const char *)text.ptr);
    }
}

/* ---- every error in every phase ---- */

enum phase { UNSEEN, ASKING, WAITING, HEADERS, BODY, PHASES };

static struct mt_exchange failed(unsigned error, unsigned kind,
                                 enum phase phase)
{
    struct mt_exchange x = {.error = (uint8_t)error,
                            .kind = (uint8_t)kind,
                            .protocol = MT_PROTOCOL_HTTP11,
                            NO_GRPC,
                            .end_ns = 100 * MS};
    if (phase >= ASKING)
        x.req = (struct mt_message){.start_ns = 10 * MS, .body_bytes = 7};
    if (phase >= WAITING)
        x.req.end_ns = 20 * MS;
    if (phase >= HEADERS)
        x.resp.start_ns = x.resp.end_ns = 50 * MS;
    if (phase >= BODY) {
        x.status = 200;
        x.resp.body_bytes = 412;
        x.resp.end_ns = 80 * MS;
    }
    return x;
}

static struct mt_span ending_of(unsigned error, unsigned kind, enum phase phase,
                                uint8_t bytes[MT_EXPLAIN_BYTES])
{
    struct mt_exchange x = failed(error, kind, phase);
    struct mt_buf b = mt_buf_of(bytes, MT_EXPLAIN_BYTES);
    mt_explain(&x, &b);
    struct mt_span first = mt_buf_span(&b);
    first.len = mt_span_find(first, '\n');
    assert_true(first.len > 0);
    return first;
}

static bool has_word(struct mt_span text, const char *word)
{
    for (; text.len > 0; (void)mt_span_take(&text, 1))
        if (mt_span_starts(text, mt_span_str(word)))
            return true;
    return false;
}

/* Each error has a sentence of its own, in whichever phase it came; and what
 * had no request is not said to have had one. */
static void test_each_error_has_its_own_sentence(void **state)
{
    static uint8_t one[MT_EXPLAIN_BYTES], two[MT_EXPLAIN_BYTES];
    (void)state;
    for (unsigned kind = 0; kind < MT_KIND_COUNT; kind++)
        for (unsigned error = 1; error < MT_ERROR_COUNT; error++)
            for (unsigned phase = 0; phase < PHASES; phase++) {
                struct mt_span mine =
                    ending_of(error, kind, (enum phase)phase, one);
                if (kind == MT_KIND_L4 && has_word(mine, "request"))
                    fail_msg("of a connection: %.*s", (int)mine.len,
                             (const char *)mine.ptr);
                if (has_word(mine, "nothing that was seen"))
                    fail_msg("%s has no sentence", mt_error_text(error));
                for (unsigned other = 0; other < error; other++)
                    if (mt_span_eq(mine, ending_of(other, kind,
                                                   (enum phase)phase, two)))
                        fail_msg("%s and %s in phase %u: %.*s",
                                 mt_error_text(error), mt_error_text(other),
                                 phase, (int)mine.len, (const char *)mine.ptr);
            }
}

/* And where it matters to whom one turns, the phase is told. */
static void test_phases_are_told(void **state)
{
    static const unsigned errors[] = {
        MT_ERROR_TIMEOUT,     MT_ERROR_RESET_BY_CLIENT,
        MT_ERROR_PROTOCOL,    MT_ERROR_RESET_BY_SERVER,
        MT_ERROR_CAPTURE_GAP, MT_ERROR_CAPTURE_END,
        MT_ERROR_EVICTED,     MT_ERROR_ABANDONED};
    static uint8_t one[MT_EXPLAIN_BYTES], two[MT_EXPLAIN_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        for (unsigned a = WAITING; a < PHASES; a++)
            for (unsigned b = a + 1; b < PHASES; b++) {
                struct mt_span x =
                    ending_of(errors[i], MT_KIND_UNARY, (enum phase)a, one);
                struct mt_span y =
                    ending_of(errors[i], MT_KIND_UNARY, (enum phase)b, two);
                if (mt_span_eq(x, y))
                    fail_msg("phases %u and %u: %.*s", a, b, (int)x.len,
                             (const char *)x.ptr);
            }
}

/* Every value of every enum, and the longest texts: it fits, and ends whole. */
static void test_any_exchange_fits(void **state)
{
    (void)state;
    static uint8_t long_text[4096];
    memset(long_text, 1, sizeof long_text);
    struct mt_span text = {long_text, sizeof long_text};
    for (unsigned error = 0; error <= MT_ERROR_COUNT; error++) {
        for (unsigned kind = 0; kind < MT_KIND_COUNT; kind++) {
            struct mt_exchange x = {.error = (uint8_t)error,
                                    .kind = (uint8_t)kind,
                                    .protocol = MT_PROTOCOL_GRPC,
                                    .grpc_status = (int16_t)(kind + 14),
                                    .quality = UINT8_MAX,
                                    .anomalies = UINT32_MAX,
                                    .half = MT_HALF_RESPONSE,
                                    .hpack = MT_HPACK_SUSPECT,
                                    .role_evidence = MT_ROLE_BY_PORT,
                                    .status = 599,
                                    .attempt = UINT32_MAX,
                                    .endpoint = text,
                                    .why_not_retried = text,
                                    .rule = text,
                                    .observer = MT_OBSERVER_PROXY_REQUEST,
                                    .connect_ns = INT64_MAX,
                                    .endpoints_out = UINT32_MAX,
                                    .budget_used = UINT32_MAX,
                                    .error_message = text,
                                    .end_ns = INT64_MAX,
                                    .grpc_timeout_ns = 1,
                                    .req = {.start_ns = 1,
                                            .gap_bytes = UINT64_MAX,
                                            .retransmissions = UINT32_MAX},
                                    .resp = {.start_ns = 2,
                                             .end_ns = INT64_MAX,
                                             .gap_bytes = UINT64_MAX}};
            uint8_t bytes[MT_EXPLAIN_BYTES];
            struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
            mt_explain(&x, &b);
            assert_false(b.full);
            assert_int_equal(bytes[b.len - 1], '\n');
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_each_error_has_its_own_sentence),
        cmocka_unit_test(test_phases_are_told),
        cmocka_unit_test(test_any_exchange_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

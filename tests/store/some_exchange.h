/* Exchanges made of few values each, so that filters hit and miss: for tests
 * of this folder. Deterministic: a seed is one exchange. */
#ifndef MT_TESTS_STORE_SOME_EXCHANGE_H
#define MT_TESTS_STORE_SOME_EXCHANGE_H

#include "base/text_addr.h"
#include "decode/exchange.h"

#define SOME_NOW INT64_C(1795349071500000000) /* 2026-11-22T12:04:31.5Z */

static inline uint64_t some_next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

#define SOME_PICK(seed, list) \
    (list)[some_next(seed) % (sizeof(list) / sizeof((list)[0]))]

static inline struct mt_span some_text(uint64_t *seed, const char *const *list,
                                       size_t n)
{
    return mt_span_str(list[some_next(seed) % n]);
}

#define SOME_TEXT(seed, ...)                               \
    some_text(seed, (const char *const[]){__VA_ARGS__},    \
              sizeof((const char *const[]){__VA_ARGS__}) / \
                  sizeof(const char *))

static inline void some_address(uint64_t *seed, struct mt_addr *a)
{
    static const uint16_t ports[] = {80, 8080, 42312};
    struct mt_span text = SOME_TEXT(seed, "10.0.0.1", "10.1.2.3", "192.168.0.9",
                                    "2001:db8::1", "fe80::2");
    if (mt_parse_ip(text, a->ip) != 0)
        abort();
    a->port = SOME_PICK(seed, ports);
}

static inline void some_messages(uint64_t *seed, struct mt_exchange *x)
{
    int64_t start = SOME_NOW - (int64_t)(some_next(seed) % 600) * 1000000000;
    int64_t ttfb = (int64_t)(some_next(seed) % 400) * 1000000;
    x->req.start_ns = start;
    x->req.end_ns = start + 1000;
    x->req.header_bytes = some_next(seed) % 500;
    x->req.body_bytes = some_next(seed) % 3 * 1000;
    x->end_ns = start + ttfb;
    if (some_next(seed) % 5 > 0) {
        x->resp.start_ns = start + ttfb;
        x->end_ns = x->resp.end_ns =
            x->resp.start_ns + (int64_t)(some_next(seed) % 100) * 1000000;
        x->resp.header_bytes = some_next(seed) % 500;
        x->resp.body_bytes = some_next(seed) % 5 * 1000;
    }
    x->req.gap_bytes = some_next(seed) % 6 == 0 ? 1460 : 0;
    x->resp.gap_bytes = some_next(seed) % 6 == 0 ? 1460 : 0;
    x->req.messages = (uint32_t)(some_next(seed) % 3);
    x->resp.messages = (uint32_t)(some_next(seed) % 3);
}

static inline void some_texts(uint64_t *seed, struct mt_exchange *x)
{
    x->method = SOME_TEXT(seed, "GET", "POST", "PUT", "");
    x->scheme = SOME_TEXT(seed, "http", "https", "");
    x->authority =
        SOME_TEXT(seed, "cart", "Cart:8080", "api.example.com", "[::1]:80", "");
    x->path = SOME_TEXT(seed, "/", "/cart/8812", "/api/v1/users", "/a*b",
                        "/caf\xc3\xa9", "/\xff\x01", "");
    x->query = SOME_TEXT(seed, "", "", "q=x");
    x->route = SOME_TEXT(seed, "/", "/cart/{id}", "/api/v1/users", "");
    x->operation = SOME_TEXT(seed, "", "payments.Payments/Charge");
    x->client.service = SOME_TEXT(seed, "frontend", "internet");
    x->server.service = SOME_TEXT(seed, "cart", "payments", "10.0.0.1:80");
    x->user_agent = SOME_TEXT(seed, "", "curl/7.88.1", "Mozilla \"5\"");
    x->req.content_type = SOME_TEXT(seed, "", "application/json");
    x->resp.content_type = SOME_TEXT(seed, "", "text/html", "Text/HTML");
    x->request_id = SOME_TEXT(seed, "", "", "req-1");
    x->error_message = SOME_TEXT(seed, "", "", "deadline exceeded");
    x->endpoint = SOME_TEXT(seed, "", "", "10.0.0.5:8080");
}

/* Enumerations, status and the rest. */
static inline void some_numbers(uint64_t *seed, struct mt_exchange *x)
{
    static const uint16_t statuses[] = {0, 200, 204, 404, 500, 503, 599};
    static const int16_t grpc[] = {-1, -1, 0, 5, 14};
    x->protocol = (uint8_t)(some_next(seed) % MT_PROTOCOL_COUNT);
    x->kind = (uint8_t)(some_next(seed) % MT_KIND_COUNT);
    x->observer = (uint8_t)(some_next(seed) % MT_OBSERVER_COUNT);
    x->outcome = (uint8_t)(some_next(seed) % MT_OUTCOME_COUNT);
    x->error = (uint8_t)(some_next(seed) % MT_ERROR_COUNT);
    x->half = (uint8_t)(some_next(seed) % MT_HALF_COUNT);
    x->quality = (uint8_t)(some_next(seed) % 128);
    x->anomalies = (uint32_t)(some_next(seed) & some_next(seed));
    x->status = SOME_PICK(seed, statuses);
    x->grpc_status = SOME_PICK(seed, grpc);
    x->dup_packets = (uint32_t)(some_next(seed) % 3);
    x->conn = 1 + some_next(seed) % 5;
    x->stream = 1 + some_next(seed) % 5;
    x->attempt = (uint32_t)(some_next(seed) % 3);
}

/* tls is filled, and pointed to by some. */
static inline void some_exchange(uint64_t seed, struct mt_exchange *x,
                                 struct mt_tls *tls)
{
    *x = (struct mt_exchange){.id = seed};
    seed = seed * 7919 + 17;
    some_messages(&seed, x);
    some_address(&seed, &x->client.addr);
    some_address(&seed, &x->server.addr);
    some_texts(&seed, x);
    some_numbers(&seed, x);
    if (some_next(&seed) % 3 == 0) {
        x->trace_id[0] = 0x4b;
        x->trace_id[1] = (uint8_t)some_next(&seed);
        x->span_id[7] = (uint8_t)(1 + some_next(&seed) % 3);
    }
    *tls = (struct mt_tls){.alert = 255};
    if (some_next(&seed) % 3 == 0) {
        tls->version = (uint16_t)(0x0303 + some_next(&seed) % 2);
        tls->sni = SOME_TEXT(&seed, "", "api.example.com");
        tls->alpn = SOME_TEXT(&seed, "", "h2");
        x->tls = tls;
    }
}

#endif

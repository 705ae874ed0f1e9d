/* A database as a proxy writes it that retries. */
#ifndef MT_TESTS_STORE_SOME_ATTEMPTS_H
#define MT_TESTS_STORE_SOME_ATTEMPTS_H

#include "store_fixture.h"

/* Number `n` of a proxy's requests, as its client saw it. */
static inline struct mt_exchange proxied(uint64_t n, int64_t end_ns)
{
    struct mt_exchange x = simple(end_ns);
    x.conn = n;
    x.stream = 1;
    x.observer = MT_OBSERVER_PROXY_REQUEST;
    x.method = MT_SPAN("POST");
    x.path = x.route = MT_SPAN("/items");
    x.scheme = MT_SPAN("http");
    x.authority = MT_SPAN("cart");
    x.client.addr = v4(10, 0, 9, 9, 40000);
    x.server.addr = v4(10, 0, 0, 5, 8000);
    x.retry_of = n;
    x.req.start_ns = x.req.end_ns = end_ns - 41 * MS;
    return x;
}

/* One try of it. */
static inline struct mt_exchange tried(uint64_t n, uint32_t attempt,
                                       int64_t end_ns, int64_t lasted_ns)
{
    static const char *const endpoints[] = {"10.0.0.5:8080", "10.0.0.6:8080"};
    struct mt_exchange x = proxied(n, end_ns);
    x.conn = 1000 + n * 100 + attempt;
    x.observer = MT_OBSERVER_PROXY_ATTEMPT;
    x.attempt = attempt;
    x.endpoint = mt_span_str(endpoints[(attempt + 1) % 2]);
    x.server.addr = v4(10, 0, 0, 5 + (attempt + 1) % 2, 8080);
    x.req.start_ns = x.req.end_ns = end_ns - lasted_ns;
    return x;
}

/* The connection first, then its exchange. */
static inline void proxy_add(struct mt_writer *w, const struct mt_exchange *x)
{
    const struct mt_writer_conn c = {.conn = x->conn,
                                     .client = x->client.addr,
                                     .server = x->server.addr,
                                     .ns = x->req.start_ns};
    assert_int_equal(mt_writer_conn(w, &c), 0);
    writer_add(w, x);
}

/* Request 7: reset by the first endpoint, 503 of the second. Their rows are 1
 * and 2, the request's is 3. */
static inline void proxy_retries(struct mt_writer *w)
{
    struct mt_exchange x = tried(7, 1, T0 + 12 * MS, 12 * MS);
    x.status = 0;
    x.error = MT_ERROR_RESET_BY_SERVER;
    x.outcome = MT_OUTCOME_FAILURE;
    x.resp = (struct mt_message){.start_ns = 0};
    proxy_add(w, &x);
    x = tried(7, 2, T0 + 41 * MS, 28 * MS);
    x.status = 503;
    x.outcome = MT_OUTCOME_FAILURE;
    proxy_add(w, &x);
    x = proxied(7, T0 + 41 * MS);
    x.status = 503;
    x.outcome = MT_OUTCOME_FAILURE;
    x.why_not_retried = MT_SPAN("limit");
    proxy_add(w, &x);
}

#endif

/* How long the HTTP/1 parser takes for one message, and a tap for one
 * exchange: `bench_http1 [SECONDS]`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "decode/conn.h"
#include "decode/http1.h"

static const char request[] =
    "GET /api/v1/orders/4711?expand=items HTTP/1.1\r\n"
    "Host: orders.shop.local:8080\r\n"
    "User-Agent: curl/7.88.1\r\n"
    "Accept: */*\r\n"
    "X-Request-Id: 6f1c2b7e9a\r\n"
    "\r\n";

static const char response[] =
    "HTTP/1.1 200 OK\r\n"
    "Server: nginx/1.22.1\r\n"
    "Date: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 42\r\n"
    "Connection: keep-alive\r\n"
    "ETag: \"65b1-2a\"\r\n"
    "\r\n"
    "{\"id\":4711,\"state\":\"paid\",\"total\":\"12.50\"}";

enum { BATCH = 1000 };

static double now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

struct bench {
    struct mt_http1 parser;
    struct mt_decode decode;
    struct mt_conn *conn;
    int64_t ts_ns;
    uint64_t events;
};

static void parse(struct bench *b, struct mt_span in)
{
    struct mt_http1_event ev;
    while (mt_http1_next(&b->parser, &in, &ev) == MT_EVENT)
        b->events++;
}

static void run_request(struct bench *b)
{
    parse(b, (struct mt_span){(const uint8_t *)request, sizeof request - 1});
}

static void run_response(struct bench *b)
{
    parse(b, (struct mt_span){(const uint8_t *)response, sizeof response - 1});
}

static void feed(struct bench *b, int side, const char *text, size_t len)
{
    b->ts_ns += 1000;
    mt_conn_feed(b->conn, side,
                 &(struct mt_chunk){.bytes = {(const uint8_t *)text, len},
                                    .ts_ns = b->ts_ns});
}

static void run_exchange(struct bench *b)
{
    feed(b, 0, request, sizeof request - 1);
    feed(b, 1, response, sizeof response - 1);
    while (mt_decode_next(&b->decode) != NULL)
        b->events++;
}

static void measure(const char *what, struct bench *b,
                    void (*run)(struct bench *), double seconds)
{
    double best = 1e18, end = now_ns() + seconds * 1e9;
    while (now_ns() < end) {
        double start = now_ns();
        for (int i = 0; i < BATCH; i++)
            run(b);
        double each = (now_ns() - start) / BATCH;
        best = each < best ? each : best;
    }
    printf("%-44s %7.1f ns\n", what, best);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
    struct mt_pool pool;
    struct bench b = {.ts_ns = 1000000000};
    char what[64];

    mt_pool_init(&pool, 16u << 20);
    mt_http1_init(&b.parser, MT_HTTP1_REQUESTS, &mt_http1_strict, &pool);
    (void)snprintf(what, sizeof what, "parse a request of %zu bytes",
                   sizeof request - 1);
    measure(what, &b, run_request, seconds);
    mt_http1_init(&b.parser, MT_HTTP1_RESPONSES, &mt_http1_strict, &pool);
    (void)snprintf(what, sizeof what, "parse a response of %zu bytes",
                   sizeof response - 1);
    measure(what, &b, run_response, seconds);

    mt_decode_init(&b.decode, &(struct mt_decode_config){0}, &pool);
    b.conn = mt_conn_new(
        &b.decode, &(struct mt_conn_start){.role_evidence = MT_ROLE_BY_SYN,
                                           .ts_ns = b.ts_ns});
    if (b.conn == NULL)
        return 1;
    measure("an exchange of both through a connection", &b, run_exchange,
            seconds);
    mt_conn_free(b.conn, MT_END_CAPTURE, b.ts_ns);
    mt_decode_deinit(&b.decode);
    mt_pool_deinit(&pool);
    return b.events == 0;
}

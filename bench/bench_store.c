/**
 * bench_store - how fast exchanges go into a database, and answers out of it.
 *
 *     bench_store FILE few|many|wide|routes [ROWS [BATCH]]
 *     bench_store FILE ask [FILTER...]
 *
 * few: keep-alive traffic of a few shapes. many: 50 services of one client
 * each, 3 300 routes, a third of the paths unique. wide: the same with 400
 * edges and so 26 000 route keys. routes: many, with 10 000 routes. Prints the
 * CPU seconds that the store took and what answers cost; filters that no cell
 * can answer scan all rows.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "store/filter.h"
#include "store/query.h"
#include "store/writer.h"

#define START_NS INT64_C(1795000000000000000)

static double cpu_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int64_t steady_ns(void *arg)
{
    (void)arg;
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static uint32_t seed = 1;

static uint32_t roll(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)seed * below >> 32);
}

static struct mt_addr v4(uint32_t ip, uint16_t port)
{
    struct mt_addr a = {.port = port};
    a.ip[10] = a.ip[11] = 0xff;
    for (int i = 0; i < 4; i++)
        a.ip[12 + i] = (uint8_t)(ip >> (24 - 8 * i));
    return a;
}

struct load {
    struct mt_exchange x;
    char path[128], host[32];
    uint64_t streams[512];
    bool many, wide;
    uint32_t routes; /* of a service, each under two templates if many */
};

static void make(struct load *l, uint64_t i)
{
    static const char *const areas[] = {"api", "shop", "admin", "feed"};
    struct mt_exchange *x = &l->x;
    uint32_t conn = roll(l->many ? 500 : 100);
    uint32_t service = l->many ? conn % 50 : 0;
    int64_t ttfb = 200000 + roll(3000000);
    x->end_ns = START_NS + (int64_t)(i * 25000) + roll(20000);
    x->resp.end_ns = x->end_ns;
    x->resp.start_ns = x->end_ns - roll(200000);
    x->req.start_ns = x->resp.start_ns - ttfb;
    x->req.end_ns = x->req.start_ns;
    x->conn = conn + 1;
    x->stream = ++l->streams[conn];
    uint32_t client = l->wide || !l->many ? conn % 16 : service % 16;
    x->client.addr = v4(0x0a000100 + client, (uint16_t)(40000 + conn));
    x->server.addr = v4(0x0a000200 + service, 8080);
    int n = snprintf(l->host, sizeof l->host, "service-%u", service);
    x->authority = (struct mt_span){(uint8_t *)l->host, (size_t)n};
    uint32_t route = roll(l->routes);
    const char *area = areas[route / 30]; /* below the branches of a template */
    if (l->many && roll(3) == 0)
        n = snprintf(l->path, sizeof l->path, "/%s/r%u/items/%" PRIu64 "-%u",
                     area, route, i, roll(1u << 30));
    else
        n = snprintf(l->path, sizeof l->path, "/%s/route-%c%c/list", area,
                     'a' + (int)route % 26, 'a' + (int)route / 26);
    x->path = (struct mt_span){(uint8_t *)l->path, (size_t)n};
    bool bad = roll(100) == 0;
    x->status = bad ? 503 : 200;
    x->outcome = bad ? MT_OUTCOME_FAILURE : MT_OUTCOME_OK;
    x->req.header_bytes = 90 + roll(20);
    x->resp.header_bytes = 150;
    x->resp.body_bytes = 600 + roll(5000);
}

static void fail(const char *what, int rc)
{
    (void)fprintf(stderr, "bench_store: %s: %s\n", what, mt_store_strerror(rc));
    exit(1);
}

static void write_all(const char *path, struct load *l, uint64_t rows,
                      uint32_t batch)
{
    const struct mt_writer_options options = {
        .kind = MT_WRITER_OFFLINE, .epoch = 1, .batch_rows = batch};
    struct mt_writer *w;
    double start = cpu_s(), made = 0;
    int rc = mt_writer_open(&w, path, &options);
    if (rc != 0)
        fail(path, rc);
    for (uint64_t i = 0; rc == 0 && i < rows; i++) {
        make(l, i);
        rc = mt_writer_add(w, &l->x);
    }
    if (rc != 0)
        fail(mt_writer_detail(w), rc);
    struct mt_writer_stats s = mt_writer_stats(w);
    rc = mt_writer_close(w, 0);
    if (rc != 0)
        fail("close", rc);
    double took = cpu_s() - start;
    start = cpu_s();
    for (uint64_t i = 0; i < rows; i++)
        make(l, i);
    made = cpu_s() - start;
    took -= made; /* making the rows is not the store's work */
    (void)printf("write    %" PRIu64 " rows  %.3f s CPU  %.0f rows/s  "
                 "%" PRIu64 " shapes %" PRIu64 " routes %" PRIu64 " services\n",
                 rows, took, (double)rows / took, s.shapes, s.routes,
                 s.services);
}

static int64_t elapsed(int64_t *since)
{
    int64_t now = steady_ns(NULL), d = now - *since;
    *since = now;
    return d / 1000;
}

static void ask_all(const char *path)
{
    const struct mt_store_options options = {.clock = steady_ns};
    struct mt_store *s;
    int64_t t = steady_ns(NULL);
    int rc = mt_store_open(&s, path, &options);
    if (rc != 0)
        fail(path, rc);
    (void)printf("open     %" PRId64 " us\n", elapsed(&t));
    struct mt_ask ask = {.filter = NULL};
    const struct mt_window_spec all = {.wall_ns = START_NS};
    rc = mt_query_window(s, &all, &ask.from_ns, &ask.to_ns);
    (void)printf("window   %" PRId64 " us\n", elapsed(&t));
    static const struct {
        const char *name;
        int (*ask)(struct mt_store *, const struct mt_ask *,
                   struct mt_answer *);
    } questions[] = {{"summary", mt_query_summary},
                     {"services", mt_query_services},
                     {"edges", mt_query_edges},
                     {"routes", mt_query_routes}};
    for (size_t i = 0; rc == 0 && i < 4; i++) {
        struct mt_answer a;
        rc = questions[i].ask(s, &ask, &a);
        if (rc != 0)
            break;
        (void)printf("%-8s %" PRId64 " us  %zu rows, %" PRIu64 " %s read\n",
                     questions[i].name, elapsed(&t), a.count,
                     a.coverage.scanned, a.coverage.rows ? "rows" : "cells");
        mt_answer_free(&a);
    }
    if (rc != 0)
        fail("query", rc);
    mt_store_free(s);
}

/* How long a scan of all rows takes, without a limit. */
static void scan_all(const char *path, const char *text)
{
    struct mt_filter *f;
    struct mt_filter_error e;
    const struct mt_time_ref ref = {.now_ns = START_NS};
    const struct mt_store_options options = {.clock = NULL};
    struct mt_store *s;
    if (mt_filter_new(&f, mt_span_str(text), &ref, &e) != 0) {
        (void)fprintf(stderr, "bench_store: %s\n", e.text);
        exit(1);
    }
    int rc = mt_store_open(&s, path, &options);
    if (rc != 0)
        fail(path, rc);
    const struct mt_scan scan = {.ask = {.filter = f}, .all_time = true};
    struct mt_rows *rows;
    const struct mt_exchange *x;
    double start = cpu_s();
    uint64_t found = 0;
    rc = mt_query_exchanges(s, &scan, &rows);
    while (rc == 0 && mt_rows_next(rows, &x) == 1)
        found++;
    if (rc != 0)
        fail(text, rc);
    mt_rows_free(rows);
    (void)printf("scan     %.3f s CPU  %" PRIu64 " found: %s\n",
                 cpu_s() - start, found, text);
    mt_store_free(s);
    mt_filter_free(f);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        (void)fprintf(stderr, "usage: bench_store FILE few|many|wide|routes "
                              "[ROWS [BATCH]] | FILE ask [FILTER...]\n");
        return 2;
    }
    static struct load l;
    bool ask = strcmp(argv[2], "ask") == 0;
    l.wide = strcmp(argv[2], "wide") == 0;
    bool routes = strcmp(argv[2], "routes") == 0;
    l.many = l.wide || routes || strcmp(argv[2], "many") == 0;
    l.routes = routes ? 100 : l.many ? 40 : 4;
    l.x = (struct mt_exchange){.protocol = MT_PROTOCOL_HTTP11,
                               .grpc_status = MT_GRPC_STATUS_NONE,
                               .method = MT_SPAN("GET"),
                               .scheme = MT_SPAN("http"),
                               .user_agent = MT_SPAN("h2load nghttp2/1.52.0")};
    l.x.resp.content_type = MT_SPAN("text/plain");
    uint64_t rows = argc > 3 ? strtoull(argv[3], NULL, 10) : 200000;
    uint32_t batch = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 0;
    if (!ask)
        write_all(argv[1], &l, rows, batch);
    ask_all(argv[1]);
    for (int i = 3; ask && i < argc; i++)
        scan_all(argv[1], argv[i]);
    struct rusage u;
    (void)getrusage(RUSAGE_SELF, &u);
    (void)printf("peak RSS %ld KiB\n", u.ru_maxrss);
    return 0;
}

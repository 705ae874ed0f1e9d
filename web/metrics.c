/* /metrics: counters of the mesh for Prometheus.
 *
 * Each scrape asks for all time that cells cover: the coarsest are kept as long
 * as the database is, so that counters only grow, and survive a restart. Names
 * and labels are those of Linkerd's proxy and of OpenTelemetry. No label holds
 * a path or what a client sent; what was idle for 10 minutes is left out. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "decode/outcome.h"
#include "web/answer.h"

#define IDLE_NS INT64_C(600000000000)
#define HOUR_NS INT64_C(3600000000000)

enum { BOUNDS = 14, LABEL_BYTES = 256 };

/* OpenTelemetry's buckets of http.server.request.duration. */
static const int64_t bounds_ns[BOUNDS] = {5000000,
                                          10000000,
                                          25000000,
                                          50000000,
                                          75000000,
                                          100000000,
                                          250000000,
                                          500000000,
                                          750000000,
                                          1000000000,
                                          INT64_C(2500000000),
                                          INT64_C(5000000000),
                                          INT64_C(7500000000),
                                          INT64_C(10000000000)};
static const char *const bounds_text[BOUNDS] = {
    "0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25",
    "0.5",   "0.75", "1.0",   "2.5",  "5.0",   "7.5", "10.0"};
static const char *const bounds_ms_text[BOUNDS] = {
    "5.0",   "10.0",  "25.0",   "50.0",   "75.0",   "100.0",  "250.0",
    "500.0", "750.0", "1000.0", "2500.0", "5000.0", "7500.0", "10000.0"};

struct scrape {
    struct mt_web_question *q;
    struct mt_out *o;
    struct mt_answer edges;
    uint64_t losses[MT_LOSS_COUNT];
};

/* ---- lines ---- */

/* OpenMetrics names a family of counters without "_total". */
static void put_family(struct scrape *s, const char *name, const char *type,
                       const char *help)
{
    struct mt_span family = mt_span_str(name);
    struct mt_span total = MT_SPAN("_total");
    const char *const words[] = {"# HELP ", "# TYPE "};
    if (s->q->openmetrics && strcmp(type, "counter") == 0)
        family.len -= total.len;
    for (unsigned i = 0; i < 2; i++) {
        mt_out_str(s->o, words[i]);
        mt_out_span(s->o, family);
        mt_out_char(s->o, ' ');
        mt_out_str(s->o, i == 0 ? help : type);
        mt_out_char(s->o, '\n');
    }
}

static void put_label(struct scrape *s, const char *name, const char *value)
{
    mt_out_str(s->o, name);
    mt_out_str(s->o, "=\"");
    for (const char *c = value; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            mt_out_char(s->o, '\\');
        if (*c == '\n')
            mt_out_str(s->o, "\\n");
        else
            mt_out_char(s->o, *c);
    }
    mt_out_char(s->o, '"');
}

static void put_edge(struct scrape *s, const char *name, const struct mt_row *r)
{
    mt_out_str(s->o, name);
    mt_out_char(s->o, '{');
    put_label(s, "src", r->client);
    put_label(s, ",dst", r->server);
    put_label(s, ",protocol", mt_protocol_text(r->protocol));
    put_label(s, ",kind", mt_kind_text(r->kind));
    put_label(s, ",observer", mt_observer_text(r->observer));
}

static void put_value(struct scrape *s, uint64_t v)
{
    struct mt_buf *b = mt_out_room(s->o, 24);
    mt_put_str(b, "} ");
    mt_put_decimal(b, v);
    mt_put_char(b, '\n');
}

/* ---- families ---- */

static bool is_shown(const struct scrape *s, const struct mt_row *r)
{
    return r->open > 0 || s->q->now_ns - r->counts.last_ns < IDLE_NS;
}

#define EACH_EDGE(s, r)                                            \
    for (const struct mt_row *r = (s)->edges.rows;                 \
         r != NULL && r < (s)->edges.rows + (s)->edges.count; r++) \
        if (is_shown(s, r))

static void put_counter(struct scrape *s, const char *name, const char *help,
                        uint64_t (*of)(const struct mt_row *r))
{
    put_family(s, name, "counter", help);
    EACH_EDGE(s, r)
    {
        put_edge(s, name, r);
        put_value(s, of(r));
    }
}

static uint64_t of_requests(const struct mt_row *r)
{
    return r->counts.exchanges;
}

static uint64_t of_retries(const struct mt_row *r)
{
    return r->counts.retries;
}

static uint64_t of_conns(const struct mt_row *r)
{
    return r->counts.conns;
}

static uint64_t of_read(const struct mt_row *r)
{
    return r->counts.bytes_in;
}

static uint64_t of_written(const struct mt_row *r)
{
    return r->counts.bytes_out;
}

static void put_responses(struct scrape *s)
{
    put_family(s, "response_total", "counter",
               "Requests that ended, by how they were judged.");
    EACH_EDGE(s, r)
    {
        const struct mt_counts *n = &r->counts;
        const struct {
            const char *word;
            uint64_t count;
        } ends[] = {
            {"success", n->ok + n->client_error},
            {"failure", n->failure},
            {"unknown", n->exchanges - n->ok - n->client_error - n->failure}};
        for (unsigned i = 0; i < sizeof ends / sizeof ends[0]; i++) {
            put_edge(s, "response_total", r);
            put_label(s, ",classification", ends[i].word);
            put_value(s, ends[i].count);
        }
    }
}

static void put_status(struct scrape *s)
{
    static const char *const classes[] = {"none", "1xx", "2xx",
                                          "3xx",  "4xx", "5xx"};
    put_family(s, "response_status_total", "counter",
               "Requests that ended, by class of HTTP status.");
    EACH_EDGE(s, r)
    {
        for (unsigned i = 0; i < 6; i++) {
            put_edge(s, "response_status_total", r);
            put_label(s, ",status_class", classes[i]);
            put_value(s, r->counts.status[i]);
        }
    }
}

static void put_open(struct scrape *s)
{
    put_family(s, "requests_open", "gauge", "Requests begun and not ended.");
    EACH_EDGE(s, r)
    {
        put_edge(s, "requests_open", r);
        put_value(s, r->open);
    }
}

/* ---- durations ---- */

static bool is_rpc(const struct mt_row *r)
{
    return r->protocol == MT_PROTOCOL_GRPC ||
           r->protocol == MT_PROTOCOL_GRPC_WEB;
}

struct duration {
    const char *name, *help;
    const char *const *bounds;
    int64_t unit_ns;
    bool rpc, http;
};

static void put_sum(struct scrape *s, const struct duration *d,
                    const struct mt_row *r)
{
    char name[LABEL_BYTES], value[64];
    (void)snprintf(name, sizeof name, "%s_sum", d->name);
    (void)snprintf(value, sizeof value, "} %.9g\n",
                   (double)r->sum_ns / (double)d->unit_ns);
    put_edge(s, name, r);
    mt_out_str(s->o, value);
}

static void put_buckets(struct scrape *s, const struct duration *d,
                        const struct mt_row *r)
{
    char name[LABEL_BYTES];
    (void)snprintf(name, sizeof name, "%s_bucket", d->name);
    for (unsigned i = 0; i <= BOUNDS; i++) {
        put_edge(s, name, r);
        put_label(s, ",le", i < BOUNDS ? d->bounds[i] : "+Inf");
        put_value(s, i < BOUNDS ? r->below[i] : r->latencies);
    }
    put_sum(s, d, r);
    (void)snprintf(name, sizeof name, "%s_count", d->name);
    put_edge(s, name, r);
    put_value(s, r->latencies);
}

static void put_durations(struct scrape *s)
{
    static const struct duration families[] = {
        {"response_latency_ms",
         "Time from a request to the end of its response (of streams to its "
         "first byte), in ms.",
         bounds_ms_text, 1000000, true, true},
        {"http_server_request_duration_seconds",
         "Time from an HTTP request to the end of its response.", bounds_text,
         1000000000, false, true},
        {"rpc_server_call_duration_seconds",
         "Time from a gRPC call to its end.", bounds_text, 1000000000, true,
         false}};
    for (unsigned i = 0; i < sizeof families / sizeof families[0]; i++) {
        const struct duration *d = &families[i];
        put_family(s, d->name, "histogram", d->help);
        EACH_EDGE(s, r)
        {
            if (is_rpc(r) ? d->rpc : d->http)
                put_buckets(s, d, r);
        }
    }
}

static void put_losses(struct scrape *s)
{
    put_family(s, "lost_events_total", "counter",
               "What was lost, by where: packets, exchanges, flows or bytes.");
    for (unsigned i = 0; i < MT_LOSS_COUNT; i++) {
        mt_out_str(s->o, "lost_events_total{");
        put_label(s, "source", mt_loss_text(i));
        put_value(s, s->losses[i]);
    }
}

static void put_all(struct scrape *s)
{
    put_counter(s, "request_total", "Requests seen.", of_requests);
    put_responses(s);
    put_status(s);
    put_durations(s);
    put_open(s);
    put_counter(s, "retry_requests_total", "Tries beyond the first.",
                of_retries);
    put_counter(s, "tcp_open_total", "Connections that began.", of_conns);
    put_counter(s, "tcp_read_bytes_total", "Bytes of requests.", of_read);
    put_counter(s, "tcp_write_bytes_total", "Bytes of responses.", of_written);
    put_losses(s);
    if (s->q->openmetrics)
        mt_out_str(s->o, "# EOF\n");
}

int mt_web_write_metrics(struct mt_web_question *q)
{
    struct scrape s = {.q = q, .o = q->out};
    q->type = q->openmetrics ? "application/openmetrics-text; version=1.0.0; "
                               "charset=utf-8"
                             : "text/plain; version=0.0.4; charset=utf-8";
    const struct mt_window_spec all = {.wall_ns = q->site->wall_ns()};
    int rc = mt_query_window(q->store, &all, &q->ask.from_ns, &q->ask.to_ns);
    q->ask.from_ns -= q->ask.from_ns % HOUR_NS; /* in whole coarse cells */
    q->ask.bounds_ns = bounds_ns;
    q->ask.bounds_count = BOUNDS;
    if (rc == 0)
        rc = mt_query_edges(q->store, &q->ask, &s.edges);
    if (rc == 0)
        rc = mt_query_losses(q->store, s.losses);
    if (rc == 0)
        put_all(&s);
    mt_answer_free(&s.edges);
    return rc;
}

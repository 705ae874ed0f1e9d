#include "store/column_impl.h"

#include "base/text.h"
#include "base/text_addr.h"
#include "base/text_escape.h"
#include "base/text_time.h"
#include "decode/outcome.h"

const char *mt_unit_suffix(enum mt_unit unit)
{
    static const char *const suffixes[] = {
#define X(name, suffix) suffix,
        MT_UNITS(X)
#undef X
    };
    return suffixes[unit];
}

/* ---- values as a table shows them ---- */

static uint64_t rounded(double v)
{
    return (uint64_t)(v + 0.5);
}

/* Fixed decimals of a number below 2^53. */
static void put_fixed(struct mt_buf *out, double v, unsigned decimals)
{
    uint64_t scale = decimals == 2 ? 100 : decimals == 1 ? 10 : 1;
    uint64_t n = rounded(v * (double)scale);
    mt_put_count(out, n / scale);
    if (decimals > 0) {
        mt_put_char(out, '.');
        mt_put_padded(out, n % scale, decimals);
    }
}

/* Three significant digits. */
static void put_rate(struct mt_buf *out, double v)
{
    put_fixed(out, v, v < 9.995 ? 2 : v < 99.95 ? 1 : 0);
}

/* "93.8": half up, from the six decimals that programs get, so that the page
 * shows the same. What is not all never reads 100.0. */
static void put_percentage(struct mt_buf *out, double share)
{
    uint64_t tenths = (rounded(share * 1e6) + 500) / 1000;
    if (share < 1 && tenths >= 1000)
        tenths = 999;
    mt_put_count(out, tenths / 10);
    mt_put_char(out, '.');
    mt_put_decimal(out, tenths % 10);
}

static bool is_zero(const struct mt_value *v)
{
    switch (v->unit) {
    case MT_UNIT_RATE:
    case MT_UNIT_RATIO:
    case MT_UNIT_BYTE_RATE:
        return v->number == 0.0;
    case MT_UNIT_TEXT:
        return false;
    default:
        return v->whole == 0;
    }
}

static uint64_t magnitude(int64_t n)
{
    return n > 0 ? (uint64_t)n : 0;
}

static void put_number(struct mt_buf *out, const struct mt_value *v,
                       const struct mt_value_style *style)
{
    switch (v->unit) {
    case MT_UNIT_ID:
        mt_put_decimal(out, magnitude(v->whole));
        break;
    case MT_UNIT_RATE:
        put_rate(out, v->number);
        break;
    case MT_UNIT_RATIO:
        put_percentage(out, v->number);
        break;
    case MT_UNIT_DURATION:
        mt_put_latency(out, v->whole);
        break;
    case MT_UNIT_BYTES:
        mt_put_bytes(out, magnitude(v->whole));
        break;
    case MT_UNIT_BYTE_RATE:
        mt_put_bytes(out, rounded(v->number));
        break;
    case MT_UNIT_TIME:
        mt_put_clock(out, v->whole, style->offset_s, 3);
        break;
    default:
        mt_put_count(out, magnitude(v->whole));
    }
}

void mt_value_put(struct mt_buf *out, const struct mt_value *v,
                  const struct mt_value_style *style)
{
    if (v->unit == MT_UNIT_TEXT) {
        size_t max = style->max_width != 0 ? style->max_width : SIZE_MAX;
        (void)mt_put_escaped(out, v->text, max);
        return;
    }
    if (!v->known) {
        mt_put_str(out, style->ascii ? "-" : "\xe2\x80\x93");
        return;
    }
    if (is_zero(v)) {
        mt_put_str(out, style->ascii ? "0" : "\xc2\xb7");
        return;
    }
    if (v->inferred)
        mt_put_char(out, '~');
    put_number(out, v, style);
}

/* ---- columns of rows ---- */

static const struct mt_row *row_of(const void *row)
{
    return row;
}

/* Encrypted traffic: its rate and latency are inferred from its shape. */
static struct mt_value maybe_inferred(const struct mt_row *r, struct mt_value v)
{
    v.inferred =
        r->counts.inferred > 0 && r->counts.inferred == r->counts.exchanges;
    return v;
}

/* Saturation is counted with edges: a scan of rows does not know it. */
static struct mt_value saturation(const struct mt_row *r, uint64_t n)
{
    struct mt_value v = count(n);
    v.known = r->saturation;
    return v;
}

/* Where a client's error was tried again, cells do not know what became of it.
 */
static struct mt_value tries_success(const struct mt_row *r)
{
    struct mt_value v = number(MT_UNIT_RATIO, r->tries_success);
    v.inferred = r->tries_inferred;
    return v;
}

static int64_t handshake_max(const struct mt_row *r)
{
    return r->counts.handshakes > 0
               ? (int64_t)(r->counts.handshake_max_ns & INT64_MAX)
               : -1;
}

#define GET(name, expression)                                                  \
    static struct mt_value get_##name(const void *row, struct mt_buf *scratch) \
    {                                                                          \
        const struct mt_row *r = row_of(row);                                  \
        (void)scratch;                                                         \
        return expression;                                                     \
    }

GET(server, text_of(r->server))
GET(client, text_of(r->client))
GET(method, text_of(r->method))
GET(route, text_of(r->route))
GET(endpoint, text_of(r->endpoint))
GET(protocol, text_of(mt_protocol_text(r->protocol)))
GET(server_source, text_of(mt_name_source_text(r->server_source)))
GET(success, number(MT_UNIT_RATIO, r->success))
GET(rate, maybe_inferred(r, number(MT_UNIT_RATE, r->rps)))
GET(p50, maybe_inferred(r, whole(MT_UNIT_DURATION, r->quantile_ns[MT_P50])))
GET(p90, maybe_inferred(r, whole(MT_UNIT_DURATION, r->quantile_ns[MT_P90])))
GET(p95, maybe_inferred(r, whole(MT_UNIT_DURATION, r->quantile_ns[MT_P95])))
GET(p99, maybe_inferred(r, whole(MT_UNIT_DURATION, r->quantile_ns[MT_P99])))
GET(p999, maybe_inferred(r, whole(MT_UNIT_DURATION, r->quantile_ns[MT_P999])))
GET(mean, maybe_inferred(r, whole(MT_UNIT_DURATION, r->mean_ns)))
GET(worst, maybe_inferred(r, whole(MT_UNIT_DURATION, r->max_ns)))
GET(open, count(r->open))
GET(load, number(MT_UNIT_RATIO, r->load))
GET(bytes_in, number(MT_UNIT_BYTE_RATE, r->in_per_s))
GET(bytes_out, number(MT_UNIT_BYTE_RATE, r->out_per_s))
GET(conns, count(r->counts.conns))
GET(exchanges, count(r->counts.exchanges))
GET(unknown, count(r->counts.exchanges - r->counts.ok - r->counts.client_error -
                   r->counts.failure))
GET(timeouts, ratio(r->counts.timeouts, r->counts.exchanges))
GET(retries, ratio(r->counts.retries, r->counts.exchanges))
GET(resets, count(r->counts.resets))
GET(refused, count(r->counts.refused))
GET(gaps, count(r->counts.gaps))
GET(unanswered, saturation(r, r->counts.unanswered))
GET(syn_mean, whole(MT_UNIT_DURATION, r->handshake_mean_ns))
GET(syn_worst, whole(MT_UNIT_DURATION, handshake_max(r)))
GET(rtx_request, saturation(r, r->counts.retransmissions[MT_CLIENT]))
GET(rtx_response, saturation(r, r->counts.retransmissions[MT_SERVER]))
GET(full_client, saturation(r, r->counts.zero_windows[MT_CLIENT]))
GET(full_server, saturation(r, r->counts.zero_windows[MT_SERVER]))
GET(conns_max, saturation(r, r->counts.conns_max))
GET(open_max, saturation(r, r->counts.open_max))
GET(tries_success, tries_success(r))
GET(tries_rate, number(MT_UNIT_RATE, r->tries_per_s))
GET(budget, text_of(r->budget))
GET(breaker, text_of(r->breaker))
GET(slowest, id(r->counts.slowest_id))
GET(failed, id(r->counts.failed_id))
GET(last, whole(MT_UNIT_TIME, r->counts.last_ns))
GET(failures, ratio(r->counts.failure,
                    r->counts.ok + r->counts.client_error + r->counts.failure))
GET(client_errors,
    ratio(r->counts.client_error,
          r->counts.ok + r->counts.client_error + r->counts.failure))

static struct mt_value get_oldest(const void *row, struct mt_buf *scratch)
{
    const struct mt_row *r = row_of(row);
    (void)scratch;
    return whole(MT_UNIT_DURATION, r->open > 0 ? r->oldest_ns : 0);
}

static const char *tls_text(uint16_t version)
{
    switch (version) {
    case 0:
        return "plain";
    case 0x0301:
        return "TLS 1.0";
    case 0x0302:
        return "TLS 1.1";
    case 0x0303:
        return "TLS 1.2";
    case 0x0304:
        return "TLS 1.3";
    default:
        return "TLS";
    }
}

static struct mt_value get_secured(const void *row, struct mt_buf *scratch)
{
    const struct mt_row *r = row_of(row);
    (void)scratch;
    if (r->tls_version == 0 && r->protocol == MT_PROTOCOL_TLS)
        return text_of("TLS");
    return text_of(tls_text(r->tls_version));
}

#define SUCCESS                                                             \
    COLUMN("success_ratio", "OK %",                                         \
           "answered as asked or the client's own fault, of all that were " \
           "judged",                                                        \
           MT_UNIT_RATIO, 1, 0, false, get_success)
#define RATE                                                             \
    COLUMN("requests_per_s", "RPS", "requests per second of the window", \
           MT_UNIT_RATE, 1, 0, false, get_rate)
#define P50                                                              \
    COLUMN("latency_p50_ns", "P50", "half of the responses were faster", \
           MT_UNIT_DURATION, 2, 0, false, get_p50)
#define P95                                                              \
    COLUMN("latency_p95_ns", "P95", "95 % of the responses were faster", \
           MT_UNIT_DURATION, 3, 0, false, get_p95)
#define P99                                                              \
    COLUMN("latency_p99_ns", "P99", "99 % of the responses were faster", \
           MT_UNIT_DURATION, 2, 0, false, get_p99)
#define CLIENT_ERRORS                                               \
    COLUMN("client_error_ratio", "4XX %", "the client's own fault", \
           MT_UNIT_RATIO, 4, 0, false, get_client_errors)
#define OPEN                                                                  \
    COLUMN("open", "OPEN", "begun and not ended", MT_UNIT_COUNT, 3, 0, false, \
           get_open)
#define COMMON_WIDE                                                            \
    COLUMN("failure_ratio", "FAIL %", "failed its client", MT_UNIT_RATIO, 5,   \
           0, true, get_failures),                                             \
        COLUMN("latency_p90_ns", "P90", "90 % were faster", MT_UNIT_DURATION,  \
               7, 0, true, get_p90),                                           \
        COLUMN("latency_p999_ns", "P99.9", "99.9 % were faster",               \
               MT_UNIT_DURATION, 7, 0, true, get_p999),                        \
        COLUMN("latency_mean_ns", "MEAN", "mean latency", MT_UNIT_DURATION, 7, \
               0, true, get_mean),                                             \
        COLUMN("latency_max_ns", "WORST", "the slowest", MT_UNIT_DURATION, 6,  \
               0, true, get_worst),                                            \
        COLUMN("timeout_ratio", "TIMED OUT %",                                 \
               "given up for lack of an answer", MT_UNIT_RATIO, 6, 0, true,    \
               get_timeouts),                                                  \
        COLUMN("reset", "RESET", "reset by either side", MT_UNIT_COUNT, 7, 0,  \
               true, get_resets),                                              \
        COLUMN("refused", "REFUSED", "connections refused or unanswered",      \
               MT_UNIT_COUNT, 7, 0, true, get_refused),                        \
        COLUMN("unknown", "UNKNOWN", "not enough was seen to judge them",      \
               MT_UNIT_COUNT, 7, 0, true, get_unknown),                        \
        COLUMN("gap_affected", "GAPS",                                         \
               "bytes of theirs are missing in the capture", MT_UNIT_COUNT, 7, \
               0, true, get_gaps),                                             \
        COLUMN("request_bytes_per_s", "IN/s", "bytes of requests",             \
               MT_UNIT_BYTE_RATE, 5, 0, true, get_bytes_in),                   \
        COLUMN("response_bytes_per_s", "OUT/s", "bytes of responses",          \
               MT_UNIT_BYTE_RATE, 5, 0, true, get_bytes_out),                  \
        COLUMN("exchanges", "COUNT", "exchanges in the window", MT_UNIT_COUNT, \
               5, 0, true, get_exchanges),                                     \
        COLUMN("slowest_id", "SLOWEST", "id of the slowest exchange",          \
               MT_UNIT_ID, 8, 0, true, get_slowest),                           \
        COLUMN("failed_id", "FAILED", "id of the first that failed",           \
               MT_UNIT_ID, 8, 0, true, get_failed)

/* Of services, edges and series: see MT_EDGE_SUMS. */
#define SATURATION                                                             \
    COLUMN("unanswered", "UNANSWERED",                                         \
           "of the refused: connection attempts that nobody answered",         \
           MT_UNIT_COUNT, 7, 0, true, get_unanswered),                         \
        COLUMN("handshake_mean_ns", "SYN RTT",                                 \
               "mean TCP handshake, repeated SYNs included", MT_UNIT_DURATION, \
               6, 0, true, get_syn_mean),                                      \
        COLUMN("handshake_max_ns", "SYN WORST", "the slowest TCP handshake",   \
               MT_UNIT_DURATION, 7, 0, true, get_syn_worst),                   \
        COLUMN("req_retransmitted", "RTX REQ",                                 \
               "segments that the client sent again", MT_UNIT_COUNT, 6, 0,     \
               true, get_rtx_request),                                         \
        COLUMN("resp_retransmitted", "RTX RESP",                               \
               "segments that the server sent again", MT_UNIT_COUNT, 6, 0,     \
               true, get_rtx_response),                                        \
        COLUMN("client_zero_windows", "FULL CLIENT",                           \
               "times the client's receive buffer was announced as full",      \
               MT_UNIT_COUNT, 7, 0, true, get_full_client),                    \
        COLUMN("server_zero_windows", "FULL SERVER",                           \
               "times the server's receive buffer was announced as full",      \
               MT_UNIT_COUNT, 7, 0, true, get_full_server),                    \
        COLUMN("connections_max", "CONN MAX",                                  \
               "most connections older than 1 s at once, of one edge",         \
               MT_UNIT_COUNT, 6, 0, true, get_conns_max),                      \
        COLUMN("open_max", "OPEN MAX",                                         \
               "most requests open for more than 1 s at once, of one edge",    \
               MT_UNIT_COUNT, 6, 0, true, get_open_max)

#define OLDEST                                                           \
    COLUMN("open_oldest_ns", "OLDEST", "age of the oldest open request", \
           MT_UNIT_DURATION, 4, 0, false, get_oldest)

static const struct mt_column service_columns[] = {
    COLUMN("service", "NAME", "the service", MT_UNIT_TEXT, 1, 40, false,
           get_server),
    COLUMN("protocol", "PROTO", "its busiest protocol", MT_UNIT_TEXT, 4, 12,
           false, get_protocol),
    SUCCESS,
    RATE,
    P50,
    P95,
    P99,
    CLIENT_ERRORS,
    OPEN,
    OLDEST,
    COLUMN("load_ratio", "LOAD %", "rate x mean latency, as a share",
           MT_UNIT_RATIO, 5, 0, false, get_load),
    COLUMN("connections", "CONN", "connections that began", MT_UNIT_COUNT, 6, 0,
           true, get_conns),
    COMMON_WIDE,
    SATURATION,
    COLUMN("name_source", "NAMED BY", "where its name comes from", MT_UNIT_TEXT,
           8, 12, true, get_server_source),
};

static const struct mt_column summary_columns[] = {
    SUCCESS, RATE, P50, P95, P99, CLIENT_ERRORS, OPEN, OLDEST, COMMON_WIDE,
};

static const struct mt_column edge_columns[] = {
    COLUMN("client", "SRC", "who calls", MT_UNIT_TEXT, 1, 32, false,
           get_client),
    COLUMN("server", "DST", "who is called", MT_UNIT_TEXT, 1, 32, false,
           get_server),
    COLUMN("protocol", "PROTO", "how", MT_UNIT_TEXT, 2, 12, false,
           get_protocol),
    COLUMN("secured", "SECURED", "plain, or the version of TLS", MT_UNIT_TEXT,
           4, 12, false, get_secured),
    SUCCESS,
    RATE,
    P50,
    P95,
    P99,
    COLUMN("retry_ratio", "RETRY %", "attempts beyond the first", MT_UNIT_RATIO,
           5, 0, true, get_retries),
    CLIENT_ERRORS,
    OPEN,
    COMMON_WIDE,
    SATURATION,
};

static const struct mt_column route_columns[] = {
    COLUMN("service", "SERVICE", "who serves it", MT_UNIT_TEXT, 1, 32, false,
           get_server),
    COLUMN("method", "METHOD", "the request method", MT_UNIT_TEXT, 2, 10, false,
           get_method),
    COLUMN("route", "ROUTE", "the path, identifiers replaced", MT_UNIT_TEXT, 1,
           48, false, get_route),
    COLUMN("endpoint", "ENDPOINT", "address and port", MT_UNIT_TEXT, 5, 48,
           true, get_endpoint),
    SUCCESS,
    RATE,
    P50,
    P95,
    P99,
    CLIENT_ERRORS,
    COLUMN("retry_ratio", "RETRIED %", "attempts beyond the first",
           MT_UNIT_RATIO, 6, 0, true, get_retries),
    COLUMN("last_ns", "LAST", "when the newest ended", MT_UNIT_TIME, 6, 0, true,
           get_last),
    COMMON_WIDE,
};

static const struct mt_column policy_columns[] = {
    COLUMN("service", "SERVICE", "the route's service", MT_UNIT_TEXT, 1, 32,
           false, get_server),
    COLUMN("method", "METHOD", "the request method", MT_UNIT_TEXT, 3, 10, false,
           get_method),
    COLUMN("route", "ROUTE", "the path, identifiers replaced", MT_UNIT_TEXT, 1,
           48, false, get_route),
    SUCCESS,
    COLUMN("tries_success_ratio", "TRIES OK %",
           "the same of every try, also those that were tried again",
           MT_UNIT_RATIO, 1, 0, false, get_tries_success),
    RATE,
    COLUMN("tries_per_s", "TRIES/s", "tries per second of the window",
           MT_UNIT_RATE, 4, 0, false, get_tries_rate),
    COLUMN("retry_ratio", "RETRIED %", "attempts beyond the first",
           MT_UNIT_RATIO, 4, 0, false, get_retries),
    COLUMN("timeout_ratio", "TIMED OUT %", "given up for lack of an answer",
           MT_UNIT_RATIO, 5, 0, false, get_timeouts),
    COLUMN("latency_p50_ns", "P50", "half of the responses were faster",
           MT_UNIT_DURATION, 6, 0, false, get_p50),
    COLUMN("latency_p95_ns", "P95", "95 % of the responses were faster",
           MT_UNIT_DURATION, 7, 0, false, get_p95),
    COLUMN("latency_p99_ns", "P99", "99 % of the responses were faster",
           MT_UNIT_DURATION, 8, 0, false, get_p99),
    RIGHT_COLUMN("budget", "BUDGET",
                 "retries that there may be now, of those of 10 s",
                 MT_UNIT_TEXT, 2, 18, false, get_budget),
    RIGHT_COLUMN("breaker", "BREAKER",
                 "of the service's endpoints, now: the worst that is so",
                 MT_UNIT_TEXT, 1, 18, false, get_breaker),
};

static const struct mt_column series_columns[] = {
    COLUMN("start_ns", "TIME", "when the stretch begins", MT_UNIT_TIME, 1, 0,
           false, get_last),
    SUCCESS,
    RATE,
    P50,
    P95,
    P99,
    CLIENT_ERRORS,
    COMMON_WIDE,
    SATURATION,
};

/* ---- columns of exchanges ---- */

static const struct mt_exchange *exchange_of(const void *row)
{
    return row;
}

static bool is_grpc(const struct mt_exchange *x)
{
    return x->protocol == MT_PROTOCOL_GRPC ||
           x->protocol == MT_PROTOCOL_GRPC_WEB;
}

static struct mt_value inferred(const struct mt_exchange *x, struct mt_value v)
{
    v.inferred = (x->quality & MT_QUALITY_INFERRED) != 0;
    return v;
}

/* A service's name, else its address. A client's port says nothing. */
static struct mt_value party(const struct mt_party *p, bool with_port,
                             struct mt_buf *scratch)
{
    if (p->service.len > 0)
        return text(p->service);
    size_t from = scratch->len;
    if (with_port)
        mt_put_ip_port(scratch, p->addr.ip, p->addr.port);
    else
        mt_put_ip(scratch, p->addr.ip);
    return text((struct mt_span){scratch->ptr + from, scratch->len - from});
}

#define GET_X(name, expression)                                 \
    static struct mt_value get_x_##name(const void *row,        \
                                        struct mt_buf *scratch) \
    {                                                           \
        const struct mt_exchange *x = exchange_of(row);         \
        (void)scratch;                                          \
        return expression;                                      \
    }

/* Behind a translator of addresses it is not who the packets are from. */
static struct mt_value caller(const struct mt_exchange *x,
                              struct mt_buf *scratch)
{
    struct mt_party p = x->client;
    p.addr = mt_exchange_caller(x);
    return party(&p, false, scratch);
}

GET_X(id, id(x->id))
GET_X(time, whole(MT_UNIT_TIME, x->end_ns))
GET_X(client, caller(x, scratch))
GET_X(server, party(&x->server, true, scratch))
GET_X(protocol, text_of(mt_protocol_text(x->protocol)))
GET_X(host, text(x->authority))
GET_X(latency, inferred(x, whole(MT_UNIT_DURATION, mt_exchange_latency_ns(x))))
GET_X(size, whole(MT_UNIT_BYTES, (int64_t)(x->resp.body_bytes &INT64_MAX)))
GET_X(outcome, text_of(mt_outcome_text(x->outcome)))
GET_X(route, text(x->route))

/* gRPC: the method of "package.Service/Method". */
static struct mt_value get_x_method(const void *row, struct mt_buf *scratch)
{
    const struct mt_exchange *x = exchange_of(row);
    (void)scratch;
    size_t slash = mt_span_find(x->operation, '/');
    if (!is_grpc(x) || slash == x->operation.len)
        return text(x->method);
    return text((struct mt_span){x->operation.ptr + slash + 1,
                                 x->operation.len - slash - 1});
}

static struct mt_value get_x_path(const void *row, struct mt_buf *scratch)
{
    const struct mt_exchange *x = exchange_of(row);
    size_t slash = mt_span_find(x->operation, '/');
    if (is_grpc(x) && slash < x->operation.len)
        return text((struct mt_span){x->operation.ptr, slash});
    if (x->query.len == 0)
        return text(x->path);
    size_t from = scratch->len;
    mt_put_span(scratch, x->path);
    mt_put_char(scratch, '?');
    mt_put_span(scratch, x->query);
    return text((struct mt_span){scratch->ptr + from, scratch->len - from});
}

static struct mt_value get_x_status(const void *row, struct mt_buf *scratch)
{
    const struct mt_exchange *x = exchange_of(row);
    if (is_grpc(x) && x->grpc_status != MT_GRPC_STATUS_NONE) {
        const char *name = mt_grpc_status_text(x->grpc_status);
        return text_of(name != NULL ? name : "undefined");
    }
    struct mt_span dns = mt_exchange_attr(x, MT_ATTR_DNS_RESPONSE_CODE);
    if (dns.len > 0)
        return text(dns);
    if (x->status == 0)
        return text_of("\xe2\x80\x93");
    size_t from = scratch->len;
    mt_put_decimal(scratch, x->status);
    return text((struct mt_span){scratch->ptr + from, scratch->len - from});
}

static void add_note(struct mt_buf *b, size_t from, const char *note)
{
    if (note[0] == '\0')
        return;
    if (b->len > from)
        mt_put_str(b, ", ");
    mt_put_str(b, note);
}

/* What a person would want to be told beside the figures. */
static struct mt_value get_x_notes(const void *row, struct mt_buf *scratch)
{
    static const char *const errors[] = {
#define X(name, text, help) help,
        MT_ERRORS(X)
#undef X
    };
    const struct mt_exchange *x = exchange_of(row);
    size_t from = scratch->len;
    if (x->error != MT_ERROR_NONE && x->error < MT_ERROR_COUNT)
        add_note(scratch, from, errors[x->error]);
    if (x->observer == MT_OBSERVER_TAP_SHADOW)
        add_note(scratch, from, "a copy, not counted");
    if (x->half == MT_HALF_RESPONSE)
        add_note(scratch, from, "request not seen");
    if (x->kind == MT_KIND_TURN)
        add_note(scratch, from, "inferred turn");
    if (x->hpack == MT_HPACK_LEARNING)
        add_note(scratch, from, "joined late");
    if (x->attempt > 1)
        add_note(scratch, from, "retried");
    if (x->protocol == MT_PROTOCOL_DNS && x->req.retransmissions > 0)
        add_note(scratch, from, "asked again");
    if (mt_exchange_attr(x, MT_ATTR_DNS_TRUNCATED).len > 0)
        add_note(scratch, from, "cut: TCP has the rest");
    if (x->req.gap_bytes + x->resp.gap_bytes > 0)
        add_note(scratch, from, "bytes missing");
    if (x->tls != NULL && x->kind == MT_KIND_L4)
        add_note(scratch, from, "encrypted");
    return text((struct mt_span){scratch->ptr + from, scratch->len - from});
}

static const struct mt_column exchange_columns[] = {
    COLUMN("id", "ID", "its number in the database", MT_UNIT_ID, 5, 0, false,
           get_x_id),
    COLUMN("end_ns", "TIME", "when it ended", MT_UNIT_TIME, 2, 0, false,
           get_x_time),
    COLUMN("client", "SRC", "who asked", MT_UNIT_TEXT, 3, 24, false,
           get_x_client),
    COLUMN("server", "DST", "who answered", MT_UNIT_TEXT, 2, 24, false,
           get_x_server),
    COLUMN("protocol", "PROTO", "how", MT_UNIT_TEXT, 5, 12, true,
           get_x_protocol),
    COLUMN("method", "METHOD",
           "the request method, the gRPC method, or the type of a DNS question",
           MT_UNIT_TEXT, 2, 16, false, get_x_method),
    COLUMN("host", "HOST", "Host or :authority", MT_UNIT_TEXT, 6, 32, true,
           get_x_host),
    COLUMN(
        "path", "PATH",
        "path, query redacted; the gRPC service; or the name of a DNS question",
        MT_UNIT_TEXT, 1, 48, false, get_x_path),
    COLUMN("route", "ROUTE", "the path, identifiers replaced", MT_UNIT_TEXT, 8,
           48, true, get_x_route),
    RIGHT_COLUMN("status", "STATUS",
                 "HTTP or gRPC status, or DNS response code", MT_UNIT_TEXT, 1,
                 18, false, get_x_status),
    COLUMN("latency_ns", "LAT", "duration; of streams the time to first byte",
           MT_UNIT_DURATION, 1, 0, false, get_x_latency),
    COLUMN("response_body_bytes", "SIZE", "response body", MT_UNIT_BYTES, 5, 0,
           true, get_x_size),
    COLUMN("outcome", "OUTCOME", "meshtop explain outcome", MT_UNIT_TEXT, 7, 14,
           true, get_x_outcome),
    COLUMN("notes", "", "what else there is to say", MT_UNIT_TEXT, 4, 0, false,
           get_x_notes),
};

const struct mt_screen mt_screen_services = {"services",
                                             SCREEN(service_columns)};
const struct mt_screen mt_screen_summary = {"summary", SCREEN(summary_columns)};
const struct mt_screen mt_screen_edges = {"edges", SCREEN(edge_columns)};
const struct mt_screen mt_screen_routes = {"routes", SCREEN(route_columns)};
const struct mt_screen mt_screen_policy = {"policy", SCREEN(policy_columns)};
const struct mt_screen mt_screen_series = {"series", SCREEN(series_columns)};
const struct mt_screen mt_screen_exchanges = {"exchanges",
                                              SCREEN(exchange_columns)};

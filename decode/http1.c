#include "decode/http1.h"

#include "decode/http1_parts.h"
#include "decode/http1_scan.h"

/* One list gives the states, their names and their step functions. */
#define STATES(X)             \
    X(SEARCH, search)         \
    X(START, start)           \
    X(FIELD, field)           \
    X(BODY, body)             \
    X(CLOSE, close)           \
    X(CHUNK_SIZE, chunk_size) \
    X(CHUNK_DATA, chunk_data) \
    X(CHUNK_END, chunk_end)   \
    X(TRAILER, trailer)       \
    X(END, end)               \
    X(TUNNEL, tunnel)

enum state {
#define X(upper, lower) ST_##upper,
    STATES(X)
#undef X
};

enum { AGAIN = 100 }; /* private: run the next state's step at once */

enum {
    LINE_MAX_BYTES = 16 << 10,
    HEADER_MAX_BYTES = 128 << 10,
    PROXIED_MAX_BYTES = 96 << 10, /* a header, be it one line */
};

const struct mt_http1_config mt_http1_lenient = {
    .fatal = 0,
    .line_max_bytes = LINE_MAX_BYTES,
    .header_max_bytes = HEADER_MAX_BYTES,
};

const struct mt_http1_config mt_http1_strict = {
    .fatal = ~(uint32_t)(MT_ANOMALY_CHUNK_EXT | MT_ANOMALY_EMPTY_LINES),
    .line_max_bytes = PROXIED_MAX_BYTES,
    .header_max_bytes = PROXIED_MAX_BYTES,
};

static int go(struct mt_http1 *p, enum state next)
{
    p->state = (uint8_t)next;
    return AGAIN;
}

static int fail(struct mt_http1 *p, int code)
{
    assert(code < 0);
    p->failed = (int8_t)code;
    return code;
}

/* What a step returns once its event is set: the policy has its word first. */
static int event(struct mt_http1 *p)
{
    uint32_t fatal = p->anomalies & p->config->fatal;
    if (fatal == 0)
        return MT_EVENT;
    return fail(p, (fatal & MT_ANOMALY_TOO_LONG) != 0 ? MT_ELIMIT : MT_EPROTO);
}

static int again(struct mt_http1 *p)
{
    int rc = event(p);
    return rc == MT_EVENT ? AGAIN : rc;
}

/* A line, unless the policy forbids what it takes to call it one: that is so
 * from the byte on that shows it, wherever the input is cut. */
static int take_line(struct mt_http1 *p, struct mt_span *in, bool folds,
                     struct mt_span *line)
{
    int rc = mt_http1_line(p, in, folds, line);
    if (rc < 0)
        return fail(p, rc);
    int verdict = event(p);
    return verdict < 0 ? verdict : rc;
}

static void begin_message(struct mt_http1 *p)
{
    p->anomalies = 0;
    p->length = 0;
    p->left = 0;
    p->header_bytes = 0;
    p->overhead_bytes = 0;
    p->status = 0;
    p->minor = 0;
    p->transfer_codings = 0;
    p->hosts = 0;
    p->has_length = p->close = p->keep = false;
    p->connection_upgrade = p->upgrade = p->connect = false;
    p->searching = p->lost_after = p->body_begun = p->tunnel = false;
}

static int step_search(struct mt_http1 *p, struct mt_span *in,
                       struct mt_http1_event *ev)
{
    (void)ev;
    if (!mt_http1_search(p, in))
        return MT_MORE;
    p->searching = true;
    return go(p, ST_START);
}

static int step_start(struct mt_http1 *p, struct mt_span *in,
                      struct mt_http1_event *ev)
{
    struct mt_span line;
    int rc = take_line(p, in, false, &line);
    if (rc != MT_EVENT)
        return rc;
    if (line.len == 0) {
        p->anomalies |= MT_ANOMALY_EMPTY_LINES;
        if (p->side == MT_HTTP1_RESPONSES && p->config->fatal != 0)
            return fail(p, MT_EPROTO); /* only requests may have them */
        return again(p);
    }
    bool good = mt_http1_read_start(p, line, ev);
    if (p->searching && (!good || p->anomalies != 0)) {
        p->skipped_bytes += p->line_bytes;
        bool crlf = (p->anomalies & MT_ANOMALY_BARE_LF) == 0;
        mt_http1_resync(p, crlf);
        return AGAIN;
    }
    if (!good)
        return fail(p, MT_EPROTO);
    p->header_bytes = p->line_bytes;
    p->state = ST_FIELD;
    return event(p);
}

static bool keep_alive(const struct mt_http1 *p)
{
    return !p->close && (p->minor > 0 || p->keep);
}

static int end_header(struct mt_http1 *p, struct mt_http1_event *ev)
{
    static const uint8_t next[] = {
        [MT_HTTP1_NO_BODY] = ST_END,        [MT_HTTP1_LENGTH] = ST_BODY,
        [MT_HTTP1_CHUNKED] = ST_CHUNK_SIZE, [MT_HTTP1_UNTIL_CLOSE] = ST_CLOSE,
        [MT_HTTP1_TUNNEL] = ST_END,
    };
    enum mt_http1_framing framing = mt_http1_framing_of(p);
    mt_http1_release(p);
    p->left = p->length;
    p->tunnel = framing == MT_HTTP1_TUNNEL;
    p->state = next[framing];
    ev->kind = MT_HTTP1_HEADERS;
    ev->headers.framing = framing;
    ev->headers.length = framing == MT_HTTP1_LENGTH ? p->length : 0;
    ev->headers.header_bytes = p->header_bytes;
    ev->headers.keep_alive = keep_alive(p);
    ev->headers.upgrade = p->upgrade && p->connection_upgrade;
    return event(p);
}

enum {
    /* In a message that was only guessed to begin here they refute it. */
    REFUTING = MT_ANOMALY_BAD_NAME | MT_ANOMALY_CTL | MT_ANOMALY_NUL,
};

static int step_field(struct mt_http1 *p, struct mt_span *in,
                      struct mt_http1_event *ev)
{
    struct mt_span line;
    int rc = take_line(p, in, true, &line);
    if (rc != MT_EVENT)
        return rc;
    p->header_bytes += p->line_bytes;
    if (p->header_bytes > p->config->header_max_bytes)
        p->anomalies |= MT_ANOMALY_TOO_LONG;
    if (line.len == 0)
        return end_header(p, ev);
    bool field = mt_http1_read_field(p, line, ev);
    if (p->searching && (p->anomalies & REFUTING) != 0)
        return fail(p, MT_EPROTO);
    if (!field)
        return again(p);
    mt_http1_note_field(p, ev);
    ev->kind = MT_HTTP1_FIELD;
    return event(p);
}

/* The request may have been HEAD, then a response begins where its
 * predecessor's body would. */
static bool is_no_body(struct mt_http1 *p, struct mt_span in)
{
    bool first = !p->body_begun;
    p->body_begun = true;
    return first && p->answers == MT_HTTP1_TO_UNKNOWN &&
           mt_span_starts(in, MT_SPAN("HTTP/1."));
}

static struct mt_span take_body(struct mt_http1 *p, struct mt_span *in)
{
    size_t n = in->len < p->left ? in->len : (size_t)p->left;
    p->left -= n;
    return mt_span_take(in, n);
}

static int step_body(struct mt_http1 *p, struct mt_span *in,
                     struct mt_http1_event *ev)
{
    if (is_no_body(p, *in))
        return go(p, ST_END);
    ev->kind = MT_HTTP1_BODY;
    ev->body = take_body(p, in);
    if (p->left == 0)
        p->state = ST_END;
    return MT_EVENT;
}

static int step_close(struct mt_http1 *p, struct mt_span *in,
                      struct mt_http1_event *ev)
{
    if (is_no_body(p, *in))
        return go(p, ST_END);
    ev->kind = MT_HTTP1_BODY;
    ev->body = mt_span_take(in, in->len);
    return MT_EVENT;
}

/* Chunk lines and trailers together are bounded, or a peer feeds us
 * extensions for ever. The line of a plain chunk costs nothing. */
static void add_overhead(struct mt_http1 *p, size_t free_bytes)
{
    if (p->line_bytes > free_bytes)
        p->overhead_bytes += p->line_bytes - free_bytes;
    if (p->overhead_bytes > p->config->header_max_bytes)
        p->anomalies |= MT_ANOMALY_TOO_LONG;
}

static int step_chunk_size(struct mt_http1 *p, struct mt_span *in,
                           struct mt_http1_event *ev)
{
    if (is_no_body(p, *in))
        return go(p, ST_END);
    struct mt_span line;
    int rc = take_line(p, in, false, &line);
    if (rc != MT_EVENT)
        return rc;
    add_overhead(p, 18); /* 16 digits and CRLF */
    if (!mt_http1_read_chunk(p, line, ev)) {
        p->anomalies |= MT_ANOMALY_BAD_CHUNK;
        return fail(p, MT_EPROTO);
    }
    p->left = ev->chunk.bytes;
    p->state = p->left > 0 ? ST_CHUNK_DATA : ST_TRAILER;
    return event(p);
}

static int step_chunk_data(struct mt_http1 *p, struct mt_span *in,
                           struct mt_http1_event *ev)
{
    mt_http1_release(p);
    ev->kind = MT_HTTP1_BODY;
    ev->body = take_body(p, in);
    if (p->left == 0)
        p->state = ST_CHUNK_END;
    return MT_EVENT;
}

static int step_chunk_end(struct mt_http1 *p, struct mt_span *in,
                          struct mt_http1_event *ev)
{
    (void)ev;
    uint8_t c = *mt_span_take(in, 1).ptr;
    if (c == '\r' && !p->cr) {
        p->cr = true;
        return AGAIN;
    }
    bool cr = p->cr;
    p->cr = false;
    if (c != '\n') {
        p->anomalies |= MT_ANOMALY_BAD_CHUNK;
        return fail(p, MT_EPROTO);
    }
    if (!cr)
        p->anomalies |= MT_ANOMALY_BARE_LF;
    p->state = ST_CHUNK_SIZE;
    return again(p);
}

static int step_trailer(struct mt_http1 *p, struct mt_span *in,
                        struct mt_http1_event *ev)
{
    struct mt_span line;
    int rc = take_line(p, in, true, &line);
    if (rc != MT_EVENT)
        return rc;
    add_overhead(p, 2);
    if (line.len == 0) {
        p->state = ST_END;
        return again(p);
    }
    if (!mt_http1_read_field(p, line, ev))
        return again(p);
    ev->kind = MT_HTTP1_TRAILER;
    return event(p);
}

static int step_end(struct mt_http1 *p, struct mt_span *in,
                    struct mt_http1_event *ev)
{
    (void)in;
    bool tunnel = p->tunnel;
    bool interim = p->side == MT_HTTP1_RESPONSES && p->status < 200 && !tunnel;
    ev->kind = MT_HTTP1_END;
    ev->end.anomalies = p->anomalies;
    ev->end.tunnel = tunnel;
    bool lost = p->lost_after;
    mt_http1_release(p);
    if (!interim)
        p->answers = MT_HTTP1_TO_ANY;
    begin_message(p);
    p->state = tunnel ? ST_TUNNEL : ST_START;
    if (lost)
        mt_http1_resync(p, true);
    return MT_EVENT;
}

static int step_tunnel(struct mt_http1 *p, struct mt_span *in,
                       struct mt_http1_event *ev)
{
    (void)p, (void)in, (void)ev;
    return MT_DONE;
}

static const struct {
    const char *name;
    int (*step)(struct mt_http1 *, struct mt_span *, struct mt_http1_event *);
} states[] = {
#define X(upper, lower) [ST_##upper] = {#lower, step_##lower},
    STATES(X)
#undef X
};

void mt_http1_init(struct mt_http1 *p, enum mt_http1_side side,
                   const struct mt_http1_config *config, struct mt_pool *pool)
{
    *p = (struct mt_http1){.config = config,
                           .pool = pool,
                           .side = (uint8_t)side,
                           .state = ST_START};
}

void mt_http1_deinit(struct mt_http1 *p)
{
    mt_http1_release(p);
}

int mt_http1_next(struct mt_http1 *p, struct mt_span *in,
                  struct mt_http1_event *ev)
{
    int rc;

    if (p->failed != 0)
        return p->failed;
    do {
        if (in->len == 0 && p->state < ST_END)
            return MT_MORE;
        rc = states[p->state].step(p, in, ev);
    } while (rc == AGAIN);
    return rc;
}

void mt_http1_answers(struct mt_http1 *p, enum mt_http1_answers what)
{
    if (p->side == MT_HTTP1_RESPONSES)
        p->answers = (uint8_t)what;
}

int mt_http1_eof(struct mt_http1 *p, struct mt_http1_event *ev)
{
    struct mt_span none = {.ptr = NULL, .len = 0};

    if (p->failed != 0)
        return p->failed;
    if (p->state == ST_CLOSE)
        p->state = ST_END;
    if (p->state == ST_END)
        return step_end(p, &none, ev);
    bool between =
        p->state == ST_SEARCH || p->state == ST_TUNNEL || mt_http1_idle(p);
    return between ? MT_DONE : fail(p, MT_EPROTO);
}

/* A gap in content whose length is known. */
static enum mt_http1_gap counted_gap(struct mt_http1 *p, uint64_t n,
                                     uint64_t *body)
{
    bool inside = n <= p->left, chunk = p->state == ST_CHUNK_DATA;
    *body = inside ? n : p->left;
    p->left -= *body;
    p->body_begun = true;
    if (p->left == 0)
        p->state = chunk ? ST_CHUNK_END : ST_END;
    if (inside)
        return MT_HTTP1_GAP_INSIDE;
    p->lost_after = true;
    return chunk ? MT_HTTP1_GAP_LOST : MT_HTTP1_GAP_ENDED;
}

enum mt_http1_gap mt_http1_gap(struct mt_http1 *p, uint64_t n, uint64_t *body)
{
    enum mt_http1_gap verdict = MT_HTTP1_GAP_LOST;
    enum state at = p->failed == 0 ? (enum state)p->state : ST_SEARCH;

    *body = 0;
    if (at == ST_CLOSE || at == ST_TUNNEL) {
        *body = n == UINT64_MAX ? 0 : n;
        verdict = MT_HTTP1_GAP_INSIDE;
    } else if (at == ST_BODY || at == ST_CHUNK_DATA) {
        verdict = counted_gap(p, n, body);
    }
    if (verdict == MT_HTTP1_GAP_LOST)
        mt_http1_resync(p, true);
    return verdict;
}

void mt_http1_resync(struct mt_http1 *p, bool edge)
{
    mt_http1_release(p);
    begin_message(p);
    p->failed = 0;
    p->edge = edge;
    p->cr = false;
    p->state = ST_SEARCH;
}

bool mt_http1_idle(const struct mt_http1 *p)
{
    return p->state == ST_START && !p->holding && !p->searching;
}

bool mt_http1_lost(const struct mt_http1 *p)
{
    return p->state == ST_SEARCH || (p->state == ST_START && p->searching);
}

const char *mt_http1_state_name(const struct mt_http1 *p)
{
    return states[p->state].name;
}

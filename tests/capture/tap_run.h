/* A tap over a sink that writes down what each connection is told. */
#ifndef MT_TESTS_CAPTURE_TAP_RUN_H
#define MT_TESTS_CAPTURE_TAP_RUN_H

#include "segments.h"

#include "capture/tap.h"

struct conn {
    struct log *log;
    struct mt_conn_stats stats;
};

static inline void *sink_open(void *context, const struct mt_conn_start *start,
                              struct mt_conn_stats **stats)
{
    struct log *l = context;
    struct conn *c = calloc(1, sizeof *c);
    assert_non_null(c);
    c->log = l;
    l->open++;
    l->opened++;
    l->start = *start;
    *stats = &c->stats;
    return c;
}

static inline void sink_feed(void *conn, int side, const struct mt_chunk *chunk)
{
    log_feed(((struct conn *)conn)->log, side, chunk);
}

static inline void sink_gap(void *conn, int side, uint64_t n, int64_t ts_ns)
{
    (void)ts_ns;
    log_gap(((struct conn *)conn)->log, side, n);
}

static inline void sink_end(void *conn, int side, enum mt_end end,
                            int64_t ts_ns)
{
    (void)ts_ns;
    log_event(((struct conn *)conn)->log, side, log_end_name(end));
}

static inline bool sink_is_decoded(const void *conn)
{
    return ((const struct conn *)conn)->stats.bytes[0] >= 3;
}

static inline void sink_close(void *conn, enum mt_end end, int64_t ts_ns)
{
    struct conn *c = conn;
    const char *name = log_end_name(end) + 1;
    log_add(c->log, name, strlen(name));
    c->log->last_ts_ns = ts_ns;
    c->log->open--;
    c->log->stats = c->stats;
    free(c);
}

static inline void sink_refused(void *context,
                                const struct mt_conn_start *start,
                                enum mt_error error, int64_t ts_ns)
{
    struct log *l = context;
    const char *name = mt_error_text(error);
    log_add(l, name, strlen(name));
    l->start = *start;
    l->last_ts_ns = ts_ns;
}

static const struct mt_tap_sink sink = {
    .open = sink_open,
    .feed = sink_feed,
    .gap = sink_gap,
    .end = sink_end,
    .is_decoded = sink_is_decoded,
    .close = sink_close,
    .refused = sink_refused,
};

struct run {
    struct mt_tap *tap;
    struct log log;
    int64_t ts_ns;
    uint16_t ip_id; /* of the next segment; 0 none */
    uint32_t ts_val;
    uint32_t interface_id;
    uint64_t network;
    uint16_t port; /* of side 0 */
};

static inline void start_with(struct run *r, const struct mt_tap_config *config)
{
    struct mt_tap_config c = *config;
    *r = (struct run){.ts_ns = T0_NS, .port = 40000};
    c.sink = &sink;
    c.sink_context = &r->log;
    r->tap = mt_tap_new(&c);
    assert_non_null(r->tap);
}

static inline void start(struct run *r)
{
    start_with(r, &(struct mt_tap_config){.limit_bytes = 0});
}

static inline struct mt_tap_stats stats_of(const struct run *r)
{
    struct mt_tap_stats s;
    mt_tap_stats(r->tap, &s);
    return s;
}

/* Nothing is left once the tap has ended. */
static inline void stop(struct run *r)
{
    mt_tap_end(r->tap);
    assert_int_equal(r->log.open, 0);
    assert_int_equal(stats_of(r).flows_now, 0);
    mt_tap_free(r->tap);
}

static inline void put(struct run *r, int side, uint32_t seq, uint32_t ack,
                       unsigned flags, const char *payload)
{
    struct mt_segment s = segment(side, seq, ack, flags, payload);
    (side == 0 ? &s.src : &s.dst)->port = r->port;
    s.ts_ns = r->ts_ns;
    s.network = r->network;
    s.interface_id = r->interface_id;
    s.has_ip_id = r->ip_id != 0;
    s.ip_id = r->ip_id;
    s.has_timestamps = r->ts_val != 0;
    s.ts_val = r->ts_val;
    mt_tap_segment(r->tap, &s);
    segment_free(&s);
}

static inline void later_ms(struct run *r, int64_t ms)
{
    r->ts_ns += ms * MS_NS;
}

static inline void handshake(struct run *r)
{
    put(r, 0, 999, 0, S, "");
    later_ms(r, 3);
    put(r, 1, 4999, 1000, S | A, "");
    later_ms(r, 3);
    put(r, 0, 1000, 5000, A, "");
}

#endif
